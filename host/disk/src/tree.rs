//! Folders and files as programs see them, by POSIX's rules. Paths are relative to the root, without
//! `.`, `..` and needless slashes; the empty path is the root.

use host_protocol::disk::NAME_BYTES_MAX;

use crate::bytes::Bytes;
use crate::change::{Change, Entry, FileId, parent};
use crate::disk::Disk;

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Folder,
    /// A file, by its number, which stays when it is renamed.
    File(u64),
}

/// Why an operation fails, as POSIX names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeError {
    /// `ENOENT`
    NotFound,
    /// `EEXIST`
    Exists,
    /// `ENOTDIR`
    NotFolder,
    /// `EISDIR`
    IsFolder,
    /// `ENOTEMPTY`
    NotEmpty,
    /// `EINVAL`
    Invalid,
    /// `ENAMETOOLONG`
    NameTooLong,
    /// `ENOSPC`
    Full,
    /// `EBUSY`: the root cannot be removed or renamed.
    Busy,
}

impl From<Entry> for Node {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Folder => Node::Folder,
            Entry::File(file) => Node::File(file),
        }
    }
}

impl Disk {
    /// What a path stands for.
    ///
    /// # Errors
    /// If there is no such thing, or a file stands where the path needs a folder.
    pub fn look_up(&self, path: &str) -> Result<Node, TreeError> {
        if path.is_empty() {
            return Ok(Node::Folder);
        }
        if let Some(entry) = self.visible.names.get(path) {
            return Ok((*entry).into());
        }
        match self.look_up(parent(path))? {
            Node::Folder => Err(TreeError::NotFound),
            Node::File(_) => Err(TreeError::NotFolder),
        }
    }

    /// The names in a folder, in order.
    ///
    /// # Errors
    /// If it is none.
    pub fn list(&self, folder: &str) -> Result<Vec<(String, Node)>, TreeError> {
        match self.look_up(folder)? {
            Node::File(_) => return Err(TreeError::NotFolder),
            Node::Folder => {}
        }
        let skip = match folder {
            "" => 0,
            _ => folder.len() + 1,
        };
        let below = self.visible.below(folder);
        let names = below.map(|(path, entry)| (&path[skip..], entry));
        let own = names.filter(|(name, _)| !name.contains('/'));
        Ok(own
            .map(|(name, entry)| (name.to_owned(), entry.into()))
            .collect())
    }

    /// Makes an empty file.
    ///
    /// # Errors
    /// If something has the path, or it cannot be made.
    pub fn make_file(&mut self, path: &str) -> Result<u64, TreeError> {
        self.check_new(path)?;
        let file = self.new_file();
        self.make(Change::Made {
            path: path.into(),
            entry: Entry::File(file),
        });
        Ok(file)
    }

    /// Makes an empty folder.
    ///
    /// # Errors
    /// As for [`make_file`](Disk::make_file).
    pub fn make_folder(&mut self, path: &str) -> Result<(), TreeError> {
        self.check_new(path)?;
        self.make(Change::Made {
            path: path.into(),
            entry: Entry::Folder,
        });
        Ok(())
    }

    fn check_new(&self, path: &str) -> Result<(), TreeError> {
        match self.look_up(path) {
            Ok(_) => return Err(TreeError::Exists),
            Err(TreeError::NotFound) => {}
            Err(error) => return Err(error),
        }
        self.check_path(path)?;
        let folder = self.look_up(parent(path))?;
        match folder {
            Node::Folder if self.is_full() => Err(TreeError::Full),
            Node::Folder if self.visible.names.len() >= self.limits().files => Err(TreeError::Full),
            Node::Folder => Ok(()),
            Node::File(_) => Err(TreeError::NotFolder),
        }
    }

    fn check_path(&self, path: &str) -> Result<(), TreeError> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match () {
            () if name.len() > NAME_BYTES_MAX || path.len() > PATH_BYTES_MAX => {
                Err(TreeError::NameTooLong)
            }
            () if name.contains('\0') => Err(TreeError::Invalid),
            () => Ok(()),
        }
    }

    /// Removes a file. Programs that have it open still see it.
    ///
    /// # Errors
    /// If there is none, or it is a folder.
    pub fn remove_file(&mut self, path: &str) -> Result<(), TreeError> {
        match self.look_up(path)? {
            Node::Folder => return Err(TreeError::IsFolder),
            Node::File(_) => {}
        }
        self.make(Change::Removed { path: path.into() });
        Ok(())
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// If there is none, or it is not empty, or a file.
    pub fn remove_folder(&mut self, path: &str) -> Result<(), TreeError> {
        match self.look_up(path)? {
            Node::File(_) => return Err(TreeError::NotFolder),
            Node::Folder if path.is_empty() => return Err(TreeError::Busy),
            Node::Folder if self.visible.below(path).next().is_some() => {
                return Err(TreeError::NotEmpty);
            }
            Node::Folder => {}
        }
        self.make(Change::Removed { path: path.into() });
        Ok(())
    }

    /// Renames a file or a folder. A file may replace a file, a folder an empty folder.
    ///
    /// # Errors
    /// As `rename` in POSIX.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), TreeError> {
        if from.is_empty() || to.is_empty() {
            return Err(TreeError::Busy);
        }
        let node = self.look_up(from)?;
        self.check_path(to)?;
        match self.look_up(parent(to))? {
            Node::Folder => {}
            Node::File(_) => return Err(TreeError::NotFolder),
        }
        let target = match self.look_up(to) {
            Ok(target) => Some(target),
            Err(TreeError::NotFound) => None,
            Err(error) => return Err(error),
        };
        if from == to {
            return Ok(());
        }
        match (node, target) {
            (Node::File(_), Some(Node::Folder)) => return Err(TreeError::IsFolder),
            (Node::Folder, Some(Node::File(_))) => return Err(TreeError::NotFolder),
            (Node::Folder, Some(Node::Folder)) if self.visible.below(to).next().is_some() => {
                return Err(TreeError::NotEmpty);
            }
            (Node::Folder, _) if to.starts_with(&format!("{from}/")) => {
                return Err(TreeError::Invalid);
            }
            _ => {}
        }
        self.make(Change::Renamed {
            from: from.into(),
            to: to.into(),
        });
        Ok(())
    }

    /// Opens a file: it is there until it is closed, even without a name.
    pub fn open(&mut self, file: u64) {
        self.hold(file);
    }

    /// Closes a file.
    pub fn close(&mut self, file: u64) {
        self.release(file);
    }

    /// The length of a file.
    #[must_use]
    pub fn file_len(&self, file: u64) -> u64 {
        self.visible.files.get(&file).map_or(0, Bytes::len)
    }

    /// Copies bytes of a file from an offset on. Returns how many.
    pub fn read(&self, file: u64, at: u64, target: &mut [u8]) -> usize {
        let bytes = self.visible.files.get(&file);
        bytes.map_or(0, |bytes| bytes.read(at, target))
    }

    /// Writes bytes to a file. Returns how many fit.
    ///
    /// # Errors
    /// If none does.
    pub fn write(&mut self, file: FileId, at: u64, data: &[u8]) -> Result<usize, TreeError> {
        let len = self.file_len(file);
        let room = self.limits().bytes - self.visible.total_bytes().min(self.limits().bytes);
        let end_max = len.saturating_add(room);
        let fits = usize::try_from(end_max.saturating_sub(at)).unwrap_or(usize::MAX);
        let fits = match self.is_full() {
            true => 0,
            false => fits.min(data.len()),
        };
        if fits == 0 && !data.is_empty() {
            return Err(TreeError::Full);
        }
        self.write_data(file, at, &data[..fits]);
        Ok(fits)
    }

    /// Sets the length of a file.
    ///
    /// # Errors
    /// If there is no room.
    pub fn set_len(&mut self, file: FileId, len: u64) -> Result<(), TreeError> {
        let before = self.file_len(file);
        let total = self.visible.total_bytes() - before;
        if len > before && (self.is_full() || total.saturating_add(len) > self.limits().bytes) {
            return Err(TreeError::Full);
        }
        if len != before {
            self.make(Change::Length { file, len });
        }
        Ok(())
    }
}

/// The most bytes of a path.
const PATH_BYTES_MAX: usize = 4096;
