//! Files that come from outside: trees of folders and files that programs read and nobody writes.
//!
//! They are read once, before a run, and all nodes share them. A mount stands in the root of a node's
//! files under its first name, and all below that name is of mounts. The root itself, and all other
//! names in it, are of the node's disk ([`View`](crate::view::View)).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::change::parent;

/// What is mounted at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mounted {
    /// A folder.
    Folder,
    /// A file, by its number.
    File(usize),
}

/// All that is mounted. Paths have no slash at either end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mounts {
    /// With the root, if there is anything.
    entries: BTreeMap<Box<str>, Entry>,
    /// The bytes of files, by their number.
    files: Vec<Arc<[u8]>>,
    /// The length of all files together.
    bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// The names in it.
    Folder(BTreeMap<Box<str>, Mounted>),
    File(usize),
}

/// Two mounts have something at the same path, and not both a folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two mounts have /{path}")]
pub struct MountedTwice {
    /// The path, without the first slash.
    pub path: String,
}

impl Mounts {
    /// Makes a folder, and those on the way to it, unless they are there.
    ///
    /// # Errors
    /// If a file is there.
    pub fn add_folder(&mut self, path: &str) -> Result<(), MountedTwice> {
        match self.entries.get(path) {
            Some(Entry::Folder(_)) => return Ok(()),
            Some(Entry::File(_)) => return Err(MountedTwice { path: path.into() }),
            None if path.is_empty() => {}
            None => self.enter(path, Mounted::Folder)?,
        }
        let empty = Entry::Folder(BTreeMap::new());
        self.entries.insert(path.into(), empty);
        Ok(())
    }

    /// Adds a file, and the folders on the way to it.
    ///
    /// # Errors
    /// If something is there.
    pub fn add_file(&mut self, path: &str, bytes: Arc<[u8]>) -> Result<(), MountedTwice> {
        if path.is_empty() || self.entries.contains_key(path) {
            return Err(MountedTwice { path: path.into() });
        }
        let number = self.files.len();
        self.enter(path, Mounted::File(number))?;
        self.entries.insert(path.into(), Entry::File(number));
        self.bytes += bytes.len() as u64;
        self.files.push(bytes);
        Ok(())
    }

    /// Names something in its folder.
    fn enter(&mut self, path: &str, what: Mounted) -> Result<(), MountedTwice> {
        let folder = parent(path);
        self.add_folder(folder)?;
        if let Some(Entry::Folder(names)) = self.entries.get_mut(folder) {
            let name = path[folder.len()..].trim_start_matches('/');
            names.insert(name.into(), what);
        }
        Ok(())
    }

    /// Adds all of `others` whose first names are not here. Returns the first names that are.
    pub fn add_under(&mut self, others: &Mounts) -> Vec<String> {
        let firsts = others.list("").map(|(name, _)| name.to_owned());
        let hidden: Vec<String> = firsts.filter(|name| self.covers(name)).collect();
        let added = others.entries.iter();
        for (path, entry) in added.filter(|(path, _)| !hidden.iter().any(|it| it == first(path))) {
            // Nothing is there under their first names.
            let _ = match entry {
                Entry::Folder(_) => self.add_folder(path),
                Entry::File(number) => self.add_file(path, Arc::clone(&others.files[*number])),
            };
        }
        hidden
    }

    /// Whether nothing is mounted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The length of all files together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether a path is of mounts, whatever is there. The root is not.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        !path.is_empty() && self.entries.contains_key(first(path))
    }

    /// What is mounted at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Mounted> {
        Some(match self.entries.get(path)? {
            Entry::Folder(_) => Mounted::Folder,
            Entry::File(number) => Mounted::File(*number),
        })
    }

    /// The names in a folder, in order, and what they are.
    pub fn list(&self, folder: &str) -> impl Iterator<Item = (&str, Mounted)> {
        let names = match self.entries.get(folder) {
            Some(Entry::Folder(names)) => Some(names),
            Some(Entry::File(_)) | None => None,
        };
        let names = names.into_iter().flatten();
        names.map(|(name, what)| (&**name, *what))
    }

    /// All paths but the root, in order, with the bytes of files; `None` for a folder.
    pub fn all(&self) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        let below = self.entries.iter().filter(|(path, _)| !path.is_empty());
        below.map(|(path, entry)| match entry {
            Entry::Folder(_) => (&**path, None),
            Entry::File(number) => (&**path, Some(self.file(*number))),
        })
    }

    /// The bytes of a file.
    #[must_use]
    pub fn file(&self, number: usize) -> &[u8] {
        self.files.get(number).map_or(&[], |bytes| bytes)
    }
}

/// The first name of a path.
pub(crate) fn first(path: &str) -> &str {
    path.split_once('/').map_or(path, |(first, _)| first)
}
