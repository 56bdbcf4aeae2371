//! The folder that a node's disk is kept in.

use std::fmt::Write;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::StoreError;

/// The file with the disk.
const FILE: &str = "disk";

/// The file that is about to replace it.
const NEXT: &str = "disk.new";

/// The most bytes that the name of a file has on most systems.
const NAME_BYTES_MAX: usize = 255;

/// A folder of one process: it is locked as long as this lives.
#[derive(Debug)]
pub(super) struct Folder {
    /// The folder itself: what is done in it goes through this, not through its path, which may have
    /// come to mean another.
    folder: File,
    path: PathBuf,
}

impl Folder {
    /// Opens and locks the folder of a node in `dir`. Both are made if they are not there.
    pub(super) fn open(dir: &Path, node: &str) -> Result<Self, StoreError> {
        let name = folder_name(node).ok_or_else(|| StoreError::Name {
            node: node.to_owned(),
        })?;
        make_dir(dir).map_err(StoreError::io("make", dir))?;
        let parent = File::open(dir).map_err(StoreError::io("open", dir))?;
        let path = dir.join(&name);
        match rustix::fs::mkdirat(&parent, &name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(StoreError::io("make", &path)(error.into())),
        }
        parent.sync_all().map_err(StoreError::io("sync", dir))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(&parent, &name, flags, Mode::empty());
        let folder = match folder {
            Ok(folder) => File::from(folder),
            Err(Errno::NOTDIR | Errno::LOOP) => return Err(StoreError::NotFolder { path }),
            Err(error) => return Err(StoreError::io("open", &path)(error.into())),
        };
        match rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Folder { folder, path }),
            Err(Errno::WOULDBLOCK) => Err(StoreError::InUse { path }),
            Err(error) => Err(StoreError::io("lock", &path)(error.into())),
        }
    }

    /// The path of the file with the disk.
    pub(super) fn file_path(&self) -> PathBuf {
        self.path.join(FILE)
    }

    /// Opens the file with the disk, if there is one.
    pub(super) fn open_file(&self) -> Result<Option<File>, StoreError> {
        let path = self.file_path();
        let file = rustix::fs::openat(&self.folder, FILE, OFlags::RDWR | OPEN, Mode::empty());
        opened(file, &path)
    }

    /// Begins the file that replaces the disk.
    pub(super) fn make_next(&self) -> Result<File, StoreError> {
        self.remove_next()?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OPEN;
        let mode = Mode::RUSR | Mode::WUSR;
        let made = rustix::fs::openat(&self.folder, NEXT, flags, mode);
        let path = self.path.join(NEXT);
        made.map(File::from)
            .map_err(|error| StoreError::io("make", &path)(error.into()))
    }

    /// Puts the file that was begun, and is durable, in the place of the disk.
    pub(super) fn take_next(&self) -> Result<(), StoreError> {
        let renamed = rustix::fs::renameat(&self.folder, NEXT, &self.folder, FILE);
        renamed.map_err(|error| StoreError::io("replace", &self.file_path())(error.into()))?;
        self.sync()
    }

    /// Makes the names in it durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let synced = self.folder.sync_all();
        synced.map_err(StoreError::io("sync", &self.path))
    }

    /// Removes a file that was begun and is not the disk yet, if there is one.
    pub(super) fn remove_next(&self) -> Result<(), StoreError> {
        match rustix::fs::unlinkat(&self.folder, NEXT, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(StoreError::io("remove", &self.path.join(NEXT))(
                error.into(),
            )),
        }
    }
}

/// Opens the file with the disk in `folder`, to look at it.
pub(super) fn open_to_read(folder: &Path) -> Result<(File, PathBuf), StoreError> {
    let path = folder.join(FILE);
    let file = rustix::fs::open(&path, OFlags::RDONLY | OPEN, Mode::empty());
    let file = opened(file, &path)?;
    let none = || StoreError::io("open", &path)(Errno::NOENT.into());
    Ok((file.ok_or_else(none)?, path.clone()))
}

/// How files are opened: links are not followed, and pipes are not waited for.
const OPEN: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

fn opened<F: Into<File>>(file: Result<F, Errno>, path: &Path) -> Result<Option<File>, StoreError> {
    let not_ours = || StoreError::Foreign {
        path: path.to_owned(),
    };
    let file: File = match file {
        Ok(file) => file.into(),
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => return Err(not_ours()),
        Err(error) => return Err(StoreError::io("open", path)(error.into())),
    };
    let metadata = file.metadata().map_err(StoreError::io("open", path))?;
    match metadata.is_file() {
        true => Ok(Some(file)),
        false => Err(not_ours()),
    }
}

/// Makes a folder and those that it is in, and has them last.
fn make_dir(dir: &Path) -> io::Result<()> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let missing: Vec<&Path> = dir.ancestors().take_while(is_missing).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    for made in missing {
        let parent = made.parent().filter(|path| !path.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// The name of a node's folder: the bytes of its name, those in percent-encoding that are not letters,
/// digits, `-` or `_`. So there is one for each name, in the folder of all of them. `None` if it is too
/// long.
fn folder_name(node: &str) -> Option<String> {
    let mut name = String::new();
    for byte in node.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(byte.into()),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    match name.len() {
        0 => Some("%".to_owned()),
        1..=NAME_BYTES_MAX => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_node_has_a_folder_of_its_own() {
        for (node, folder) in [
            ("n1", "n1"),
            ("A-b_9", "A-b_9"),
            ("", "%"),
            ("%", "%25"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("../x", "%2E%2E%2Fx"),
            ("/etc", "%2Fetc"),
            ("a\0b", "a%00b"),
            ("ä", "%C3%A4"),
        ] {
            assert_eq!(folder_name(node).as_deref(), Some(folder), "{node:?}");
        }
        assert_eq!(folder_name(&"x".repeat(255)), Some("x".repeat(255)));
        assert_eq!(folder_name(&"x".repeat(256)), None);
        assert_eq!(folder_name(&"/".repeat(86)), None);
    }
}
