//! Folders and files as programs see them, by POSIX's rules and with Linux's choices where POSIX has
//! several.

use std::ops::Bound;

use crate::bytes::Bytes;
use crate::change::{Change, Entry, FileId};
use crate::disk::Disk;
use crate::path::{Last, PATH_BYTES_MAX, Place};

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Folder,
    /// A file, by its number, which stays when it is renamed.
    File(u64),
}

/// How something is opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Opening {
    /// Make a file if there is none.
    pub makes: bool,
    /// Fail if there is something, when it may be made.
    pub is_exclusive: bool,
    /// Cut the file to nothing.
    pub truncates: bool,
    /// Fail if it is no folder.
    pub needs_folder: bool,
    /// It is going to be written, which a folder cannot.
    pub writes: bool,
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
    /// `EBUSY`: what ends in a dot cannot be renamed.
    Busy,
    /// `EPERM`: the path leads out of the root.
    Outside,
    /// `EROFS`: it is mounted.
    ReadOnly,
    /// `EXDEV`: one is mounted, the other is elsewhere.
    OtherDevice,
}

impl Opening {
    /// Checks what does not depend on what is there.
    pub(crate) fn check(self, place: &Place) -> Result<(), TreeError> {
        if self.makes && self.needs_folder {
            return Err(TreeError::Invalid);
        }
        if self.makes && place.has_slash && place.last == Last::Name {
            return Err(TreeError::IsFolder);
        }
        Ok(())
    }

    /// Whether it is opened as no folder can be.
    pub(crate) fn changes(self) -> bool {
        self.makes || self.writes || self.truncates
    }
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
    /// The names in a folder, in order.
    #[must_use]
    pub fn list(&self, folder: &str) -> Vec<(String, Node)> {
        let mut start = match folder {
            "" => String::new(),
            _ => format!("{folder}/"),
        };
        let prefix = start.len();
        let mut found = Vec::new();
        // What is below a folder in it is passed over as a whole.
        'below: loop {
            let from = (Bound::Included(&*start), Bound::Unbounded);
            for (path, entry) in self.visible.names.range::<str, _>(from) {
                let Some(name) = path.strip_prefix(&start[..prefix]) else {
                    break 'below;
                };
                if let Some((inner, _)) = name.split_once('/') {
                    let end = prefix + inner.len();
                    start = format!("{}{AFTER_SLASH}", &path[..end]);
                    continue 'below;
                }
                found.push((name.to_owned(), (*entry).into()));
            }
            break;
        }
        found
    }

    /// How many names are in and below a folder.
    #[must_use]
    pub fn count_below(&self, folder: &str) -> usize {
        self.visible.below(folder).count()
    }

    /// Makes an empty file.
    ///
    /// # Errors
    /// If something has the name, or it cannot be one, or there is no room.
    pub fn make_file(&mut self, place: &Place) -> Result<u64, TreeError> {
        if place.is_of_folder() {
            return Err(TreeError::IsFolder);
        }
        self.check_new(place)?;
        let file = self.new_file();
        self.make(Change::Made {
            path: place.path().into(),
            entry: Entry::File(file),
        });
        Ok(file)
    }

    /// Makes an empty folder.
    ///
    /// # Errors
    /// As for [`make_file`](Disk::make_file).
    pub fn make_folder(&mut self, place: &Place) -> Result<(), TreeError> {
        self.check_new(place)?;
        self.make(Change::Made {
            path: place.path().into(),
            entry: Entry::Folder,
        });
        Ok(())
    }

    fn check_new(&self, place: &Place) -> Result<(), TreeError> {
        let is_there = place.path.is_empty() || self.visible.names.contains_key(place.path());
        match is_there {
            true => Err(TreeError::Exists),
            false if self.is_full() => Err(TreeError::Full),
            false if self.visible.names.len() >= self.limits().files => Err(TreeError::Full),
            false => Ok(()),
        }
    }

    /// Removes a file. Programs that have it open still see it.
    ///
    /// # Errors
    /// If there is none, or it is a folder.
    pub fn remove_file(&mut self, place: &Place) -> Result<(), TreeError> {
        match self.look_up(place)? {
            Node::Folder => return Err(TreeError::IsFolder),
            Node::File(_) => {}
        }
        self.make(Change::Removed {
            path: place.path().into(),
        });
        Ok(())
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// If there is none, or it is not empty, or a file, or the path ends in a dot.
    pub fn remove_folder(&mut self, place: &Place) -> Result<(), TreeError> {
        match place.last {
            Last::Name => {}
            Last::Dot => return Err(TreeError::Invalid),
            Last::DotDot => return Err(TreeError::NotEmpty),
        }
        match self.look_up(place)? {
            Node::File(_) => return Err(TreeError::NotFolder),
            Node::Folder if self.has_names(place.path()) => return Err(TreeError::NotEmpty),
            Node::Folder => {}
        }
        self.make(Change::Removed {
            path: place.path().into(),
        });
        Ok(())
    }

    fn has_names(&self, folder: &str) -> bool {
        self.visible.below(folder).next().is_some()
    }

    /// Renames a file or a folder. A file may replace a file, a folder an empty folder. What is below a
    /// folder moves with it.
    ///
    /// # Errors
    /// As `rename` in POSIX, in the order in which Linux finds them; and if a path below would be too
    /// long.
    pub fn rename(&mut self, from: &Place, to: &Place) -> Result<(), TreeError> {
        if from.last != Last::Name || to.last != Last::Name {
            return Err(TreeError::Busy);
        }
        let any = |place: &Place| self.visible.names.get(place.path()).copied();
        let (entry, target) = (any(from).ok_or(TreeError::NotFound)?, any(to));
        let is_below = |path: &str, folder: &str| {
            let rest = path.strip_prefix(folder);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        match (entry, target) {
            (Entry::File(_), _) if from.has_slash || to.has_slash => {
                return Err(TreeError::NotFolder);
            }
            _ if is_below(to.path(), from.path()) => return Err(TreeError::Invalid),
            _ if is_below(from.path(), to.path()) => return Err(TreeError::NotEmpty),
            _ if from.path == to.path => return Ok(()),
            (Entry::File(_), Some(Entry::Folder)) => return Err(TreeError::IsFolder),
            (Entry::Folder, Some(Entry::File(_))) => return Err(TreeError::NotFolder),
            (Entry::Folder, Some(Entry::Folder)) if self.has_names(to.path()) => {
                return Err(TreeError::NotEmpty);
            }
            (Entry::Folder, _) => {
                let lens = self.visible.below(from.path()).map(|(path, _)| path.len());
                let longest = lens.max().unwrap_or(0);
                if longest + to.path.len() > PATH_BYTES_MAX + from.path.len() {
                    return Err(TreeError::NameTooLong);
                }
            }
            (Entry::File(_), _) => {}
        }
        self.make(Change::Renamed {
            from: from.path().into(),
            to: to.path().into(),
        });
        Ok(())
    }

    /// Opens what is at a place, or a file that it makes there. A file is there until it is closed, even
    /// without a name.
    ///
    /// # Errors
    /// As `open` in POSIX.
    pub fn open(&mut self, place: &Place, opening: Opening) -> Result<Node, TreeError> {
        opening.check(place)?;
        let node = match self.look_up(place) {
            Ok(_) if opening.makes && opening.is_exclusive => Err(TreeError::Exists),
            Err(TreeError::NotFound) if opening.makes => self.make_file(place).map(Node::File),
            found => found,
        }?;
        match node {
            Node::Folder if opening.changes() => return Err(TreeError::IsFolder),
            Node::Folder => {}
            Node::File(_) if opening.needs_folder => return Err(TreeError::NotFolder),
            Node::File(file) => {
                if opening.truncates {
                    self.set_len(file, 0)?;
                }
                self.hold(file);
            }
        }
        Ok(node)
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

/// The character behind the slash: no path below a folder is behind the folder's path with it.
const AFTER_SLASH: char = '0';

#[cfg(test)]
mod tests;
