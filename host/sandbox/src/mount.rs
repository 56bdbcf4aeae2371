//! Reads folders of this machine that programs are to find in their files.
//!
//! All is read before a run: what happens to a folder afterwards changes nothing. A folder may be a
//! submission's, so nobody vouches for it: symbolic links are not followed, pipes and devices are not
//! opened, and there is a limit on bytes, files, and depth.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use host_disk::Mounts;
use host_disk::path::PATH_BYTES_MAX;
use host_protocol::text::one_line;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::module_file::regular;
use crate::vet::hex;

/// The most names that are told of those that are left out.
const TOLD_MAX: usize = 5;

/// The longest name in a folder, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// How much may be mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MountLimits {
    /// The bytes of all files together.
    pub bytes: u64,
    /// Files and folders, and what is left out of folders.
    pub files: usize,
    /// How deep folders lie in each other.
    pub depth: usize,
}

impl MountLimits {
    /// What a user may mount: CPython's library is 60 MiB in 4,000 files with its tests.
    pub const OF_USER: Self = MountLimits {
        bytes: 256 << 20,
        files: 50_000,
        depth: 64,
    };

    /// What a submission may have: sources, and libraries that are sources.
    pub const OF_SUBMISSION: Self = MountLimits {
        bytes: 4 << 20,
        files: 1_000,
        depth: 16,
    };
}

/// Why a folder cannot be mounted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// It, or something in it, cannot be read.
    #[error("cannot mount {}: {error}", shown(path))]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is a file.
    #[error(
        "cannot mount {}: it is a file; mount the folder that it is in",
        shown(path)
    )]
    NoFolder {
        /// The file.
        path: PathBuf,
    },
    /// All files together are too large.
    #[error(
        "cannot mount {}: with {} there are more than {limit} bytes; mount a folder that has only what \
         the program reads",
        shown(folder),
        shown(path)
    )]
    Bytes {
        /// What is mounted.
        folder: PathBuf,
        /// The file that is too much.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// There are too many files.
    #[error(
        "cannot mount {}: with {} there are more than {limit} files and folders; mount a folder that \
         has only what the program reads",
        shown(folder),
        shown(path)
    )]
    Files {
        /// What is mounted.
        folder: PathBuf,
        /// The folder with the file that is too much.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// Folders lie too deep, or a path is too long.
    #[error(
        "cannot mount {}: {} lies deeper than {depth} folders, or its path has more than {} bytes",
        shown(folder), shown(path), PATH_BYTES_MAX - 1
    )]
    Depth {
        /// What is mounted.
        folder: PathBuf,
        /// What lies too deep.
        path: PathBuf,
        /// The limit.
        depth: usize,
    },
    /// Another mount has the same file.
    #[error("cannot mount {} at /{at}: {error}", shown(folder))]
    Twice {
        /// What is mounted.
        folder: PathBuf,
        /// Where.
        at: String,
        /// What is there twice.
        error: host_disk::mount::MountedTwice,
    },
    /// The module is none that has files.
    #[error(
        "{name} is a guest of the ABI, which has no files to mount: only programs do (docs/programs.md)"
    )]
    NoProgram {
        /// The name of the module.
        name: String,
    },
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    one_line(&text).into_owned()
}

/// What is not mounted of a folder, of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Symbolic links.
    pub links: Names,
    /// Pipes, sockets and devices.
    pub special: Names,
    /// Names that are not UTF-8.
    pub not_text: Names,
}

/// Paths in a folder: the first few, and how many they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    first: Vec<String>,
    count: usize,
}

impl Names {
    fn add(&mut self, path: &Path) {
        self.count += 1;
        if self.first.len() < TOLD_MAX {
            self.first.push(shown(path));
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.join(", "))?;
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl LeftOut {
    /// A sentence for each kind.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let kinds = [
            (&self.links, "symbolic links are not followed"),
            (&self.special, "pipes, sockets and devices are left out"),
            (&self.not_text, "names that are not UTF-8 are left out"),
        ];
        let there = kinds.iter().filter(|(names, _)| names.count > 0);
        there
            .map(|(names, what)| format!("{what}: {names}"))
            .collect()
    }
}

/// Reads folders, one after the other, under limits on all of them.
#[derive(Debug)]
pub struct MountReader {
    limits: MountLimits,
    mounts: Mounts,
    left_out: LeftOut,
    /// How many more files and folders there may be.
    files_left: usize,
}

/// The folder that is being read.
#[derive(Clone, Copy)]
struct Root<'a> {
    path: &'a Path,
    at: &'a str,
}

impl MountReader {
    /// A reader that has read nothing.
    #[must_use]
    pub fn new(limits: MountLimits) -> Self {
        MountReader {
            limits,
            mounts: Mounts::default(),
            left_out: LeftOut::default(),
            files_left: limits.files,
        }
    }

    /// Reads `folder`, to be found at the path `at`, which has no slash at either end: empty for the
    /// root. The folder itself may be a symbolic link.
    ///
    /// # Errors
    /// If it cannot be read, or exceeds a limit, or has a file where another mount has something.
    pub fn read(&mut self, folder: &Path, at: &str) -> Result<(), MountError> {
        let unreadable = |error| MountError::Unreadable {
            path: folder.to_owned(),
            error,
        };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(folder, flags | OFlags::DIRECTORY, Mode::empty());
        let opened = opened.map_err(|error| match error {
            rustix::io::Errno::NOTDIR => MountError::NoFolder {
                path: folder.to_owned(),
            },
            error => unreadable(error.into()),
        })?;
        let root = Root { path: folder, at };
        self.folder(root, &opened, Path::new(""), 0)
    }

    /// What was read, and what was left out.
    #[must_use]
    pub fn finish(self) -> (Mounts, LeftOut) {
        (self.mounts, self.left_out)
    }

    /// Reads a folder that is open, at the path `inner` in the root.
    fn folder(
        &mut self,
        root: Root<'_>,
        opened: &OwnedFd,
        inner: &Path,
        depth: usize,
    ) -> Result<(), MountError> {
        let path = root.inner(inner, self.limits.depth)?;
        if depth > self.limits.depth {
            return Err(root.too_deep(inner, self.limits.depth));
        }
        let twice = |error| root.twice(error);
        self.mounts.add_folder(&path).map_err(twice)?;
        for (name, kind) in self.names(root, opened, inner)? {
            let inner = inner.join(OsStr::from_bytes(&name));
            match kind {
                FileType::RegularFile | FileType::Directory => {}
                FileType::Symlink => {
                    self.left_out.links.add(&inner);
                    continue;
                }
                _ => {
                    self.left_out.special.add(&inner);
                    continue;
                }
            }
            if std::str::from_utf8(&name).is_err() {
                self.left_out.not_text.add(&inner);
                continue;
            }
            // It may have become another since its kind was told.
            let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
            flags |= OFlags::NOFOLLOW | OFlags::CLOEXEC;
            if kind == FileType::Directory {
                flags |= OFlags::DIRECTORY;
            }
            let unreadable = |error: io::Error| root.unreadable(&inner, error);
            let entry = rustix::fs::openat(opened, name.as_slice(), flags, Mode::empty());
            let entry = entry.map_err(|error| unreadable(error.into()))?;
            if kind == FileType::Directory {
                self.folder(root, &entry, &inner, depth + 1)?;
                continue;
            }
            let bytes = self.bytes(root, &inner, File::from(entry))?;
            let path = root.inner(&inner, self.limits.depth)?;
            self.mounts.add_file(&path, bytes.into()).map_err(twice)?;
        }
        Ok(())
    }

    /// The names in a folder, in order, and what they are.
    fn names(
        &mut self,
        root: Root<'_>,
        opened: &OwnedFd,
        inner: &Path,
    ) -> Result<Vec<(Vec<u8>, FileType)>, MountError> {
        let unreadable = |error: rustix::io::Errno| root.unreadable(inner, error.into());
        let mut names = Vec::new();
        for entry in Dir::read_from(opened).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            self.files_left = self
                .files_left
                .checked_sub(1)
                .ok_or_else(|| MountError::Files {
                    folder: root.path.to_owned(),
                    path: root.whole(inner),
                    limit: self.limits.files,
                })?;
            let kind = match entry.file_type() {
                FileType::Unknown => {
                    let stat = rustix::fs::statat(opened, name, AtFlags::SYMLINK_NOFOLLOW);
                    FileType::from_raw_mode(stat.map_err(unreadable)?.st_mode)
                }
                known => known,
            };
            names.push((name.to_owned(), kind));
        }
        names.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(names)
    }

    /// The bytes of a file.
    fn bytes(&self, root: Root<'_>, inner: &Path, file: File) -> Result<Vec<u8>, MountError> {
        let unreadable = |error| root.unreadable(inner, error);
        let file = regular(file).map_err(unreadable)?;
        let left = self.limits.bytes.saturating_sub(self.mounts.bytes());
        let len = file.metadata().map_err(unreadable)?.len();
        let mut bytes = Vec::new();
        if len <= left {
            // With a byte more than there should be, the end is found without growing.
            bytes.reserve_exact(usize::try_from(len + 1).unwrap_or(0));
            file.take(left + 1)
                .read_to_end(&mut bytes)
                .map_err(unreadable)?;
        }
        if len.max(bytes.len() as u64) > left {
            return Err(MountError::Bytes {
                folder: root.path.to_owned(),
                path: root.whole(inner),
                limit: self.limits.bytes,
            });
        }
        Ok(bytes)
    }
}

impl Root<'_> {
    /// The path on this machine.
    fn whole(self, inner: &Path) -> PathBuf {
        match inner.as_os_str().is_empty() {
            true => self.path.to_owned(),
            false => self.path.join(inner),
        }
    }

    /// The path in the files of a program.
    fn inner(self, inner: &Path, depth: usize) -> Result<String, MountError> {
        let inner_text = inner.to_string_lossy();
        let slash = if self.at.is_empty() || inner_text.is_empty() {
            ""
        } else {
            "/"
        };
        let path = format!("{}{slash}{inner_text}", self.at);
        match path.len() < PATH_BYTES_MAX {
            true => Ok(path),
            false => Err(self.too_deep(inner, depth)),
        }
    }

    fn too_deep(self, inner: &Path, depth: usize) -> MountError {
        MountError::Depth {
            folder: self.path.to_owned(),
            path: self.whole(inner),
            depth,
        }
    }

    fn twice(self, error: host_disk::mount::MountedTwice) -> MountError {
        MountError::Twice {
            folder: self.path.to_owned(),
            at: self.at.to_owned(),
            error,
        }
    }

    fn unreadable(self, inner: &Path, error: io::Error) -> MountError {
        MountError::Unreadable {
            path: self.whole(inner),
            error,
        }
    }
}

/// A folder and where it is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The folder.
    pub folder: PathBuf,
    /// The path, without slashes at its ends; empty for the root.
    pub at: String,
}

impl Mount {
    /// Reads `DIR` or `DIR:PATH`: what follows the last colon is a path if it begins with a slash.
    ///
    /// # Errors
    /// If nothing can be mounted at the path.
    pub fn parse(text: OsString) -> Result<Self, BadMountPoint> {
        let bytes = text.as_bytes();
        let colon = bytes.windows(2).rposition(|two| two == b":/");
        let Some(colon) = colon.filter(|colon| *colon > 0) else {
            return Ok(Mount {
                folder: text.into(),
                at: String::new(),
            });
        };
        let at = String::from_utf8_lossy(&bytes[colon + 1..]);
        Ok(Mount {
            folder: OsStr::from_bytes(&bytes[..colon]).into(),
            at: mount_point(&at)?,
        })
    }
}

/// Checks a path to mount something at, as a user writes it: `/usr/lib`. Returns it without slashes at
/// its ends.
///
/// # Errors
/// What is wrong with it, and what to write.
fn mount_point(text: &str) -> Result<String, BadMountPoint> {
    let bad = |why| BadMountPoint {
        path: text.to_owned(),
        why,
    };
    let Some(path) = text.strip_prefix('/') else {
        return Err(bad("it does not begin with /"));
    };
    let path = path.trim_end_matches('/');
    let mut names = path.split('/');
    if !path.is_empty() && names.any(|name| matches!(name, "" | "." | "..")) {
        return Err(bad("it has a name that is empty, . or .."));
    }
    let is_long = path.split('/').any(|name| name.len() > NAME_BYTES_MAX);
    if is_long || path.len() >= PATH_BYTES_MAX || path.contains('\0') {
        return Err(bad("it is no path of a file"));
    }
    if path.split('/').next() == Some("tmp") {
        return Err(bad("/tmp is for what programs write; mount it elsewhere"));
    }
    Ok(path.to_owned())
}

/// A path that nothing can be mounted at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot mount at {path:?}: {why}")]
pub struct BadMountPoint {
    path: String,
    why: &'static str,
}

/// The hash of all that is mounted, as hexadecimal digits: of paths and contents.
#[must_use]
pub fn sha256(mounts: &Mounts) -> String {
    let mut hash = Sha256::new();
    for (path, bytes) in mounts.all() {
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path);
        match bytes {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update((bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            }
        }
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests;
