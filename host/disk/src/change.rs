//! A change that is not durable yet.

use std::sync::Arc;

/// The number of a file, which stays when it is renamed.
pub(crate) type FileId = u64;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A folder.
    Folder,
    /// A file.
    File(FileId),
}

/// A change that the node sees and a power loss may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Bytes were written to a file.
    Data {
        file: FileId,
        at: u64,
        data: Arc<[u8]>,
    },
    /// A file got a length.
    Length { file: FileId, len: u64 },
    /// A name came to be.
    Made { path: Box<str>, entry: Entry },
    /// A file with all these bytes got a name, instead of another that had it.
    Put {
        path: Box<str>,
        file: FileId,
        data: Arc<[u8]>,
    },
    /// A name is gone.
    Removed { path: Box<str> },
    /// A name and all below it became another.
    Renamed { from: Box<str>, to: Box<str> },
}

/// What a change takes besides its bytes, in bytes.
const CHANGE_BYTES: usize = 128;

impl Change {
    /// The file whose bytes or length it changes, if it is such a change.
    pub(crate) fn changes_file(&self) -> Option<FileId> {
        match self {
            Change::Data { file, .. } | Change::Length { file, .. } => Some(*file),
            _ => None,
        }
    }

    /// Whether it changes what is in this folder, and not below it.
    pub(crate) fn is_in(&self, folder: &str) -> bool {
        match self {
            Change::Data { .. } | Change::Length { .. } => false,
            Change::Made { path, .. } | Change::Put { path, .. } | Change::Removed { path } => {
                parent(path) == folder
            }
            Change::Renamed { from, to } => parent(from) == folder || parent(to) == folder,
        }
    }

    /// The path that something had before this change, if this gave it another.
    pub(crate) fn path_before(&self, path: &str) -> Option<String> {
        let Change::Renamed { from, to } = self else {
            return None;
        };
        let rest = path.strip_prefix(&**to)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{from}{rest}"))
    }

    /// What it takes in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        CHANGE_BYTES
            + match self {
                Change::Data { data, .. } => data.len(),
                Change::Put { path, data, .. } => path.len() + data.len(),
                Change::Length { .. } => 0,
                Change::Made { path, .. } | Change::Removed { path } => path.len(),
                Change::Renamed { from, to } => from.len() + to.len(),
            }
    }
}

/// The folder that a path is in; the empty path is the root.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
