//! Opens and reads the files of modules.
//!
//! Folders of submissions are not trusted, and any file can become another between two looks at
//! it. So a file is opened without waiting, what was opened must be a regular file, and no more is
//! read than a module may have: a pipe, a device or a file that grows cannot hold up a grader.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::load_error::LoadError;

/// What to do if the last part of a path is a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Open what it leads to.
    Follow,
    /// Fail.
    Refuse,
}

/// Opens a regular file for reading. Never waits.
///
/// # Errors
/// If the file cannot be opened, or is not a regular file.
pub fn open_regular(path: &Path, links: Links) -> io::Result<File> {
    let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    regular(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// The file, if it is a regular one.
///
/// # Errors
/// If it is another.
pub(crate) fn regular(file: File) -> io::Result<File> {
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(rustix::io::Errno::ISDIR.into());
    }
    if !metadata.is_file() {
        let text = "it is not a regular file, but a pipe or a device";
        return Err(io::Error::other(text));
    }
    Ok(file)
}

/// Reads a regular file of `bytes_max` bytes at most; `None` if it has more.
///
/// # Errors
/// As for [`open_regular`], and if reading fails.
pub fn read_regular(path: &Path, links: Links, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = open_regular(path, links)?;
    // With a byte more than there should be, the end is found without growing.
    let room = file.metadata()?.len().min(bytes_max) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= bytes_max).then_some(bytes))
}

/// Reads the file of a module, of `bytes_max` bytes at most.
///
/// # Errors
/// If the file cannot be read, is not a regular file or is too large.
pub fn read_module(path: &Path, bytes_max: u64) -> Result<Vec<u8>, LoadError> {
    match read_regular(path, Links::Follow, bytes_max) {
        Ok(Some(wasm)) => Ok(wasm),
        Ok(None) => Err(LoadError::Rejected {
            path: path.to_owned(),
            problems: vec![format!("the file has more than {bytes_max} bytes")],
        }),
        Err(error) => Err(LoadError::Unreadable {
            path: path.to_owned(),
            error,
        }),
    }
}
