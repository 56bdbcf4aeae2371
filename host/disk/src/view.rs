//! The files of a node as its program sees them: those of its disk, and what is mounted.
//!
//! Each first name of mounts is a read-only file system of its own, mounted in the root, which is the
//! disk's. What is refused, and as what, is as on Linux with bind mounts.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use crate::disk::{Disk, SharedDisk, lock};
use crate::mount::{Mounted, Mounts, first};
use crate::path::{Last, Place, walk};
use crate::tree::{Node, Opening, TreeError};

/// The disk and the mounts, for as long as this lives.
pub struct View<'a> {
    disk: MutexGuard<'a, Disk>,
    mounts: &'a Mounts,
}

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A folder.
    Folder,
    /// A file.
    File(File),
}

/// A file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// Of the disk, by its number there.
    Own(u64),
    /// Of mounts, by its number there.
    Mounted(usize),
}

impl From<Node> for Found {
    fn from(node: Node) -> Self {
        match node {
            Node::Folder => Found::Folder,
            Node::File(file) => Found::File(File::Own(file)),
        }
    }
}

impl From<Mounted> for Found {
    fn from(mounted: Mounted) -> Self {
        match mounted {
            Mounted::Folder => Found::Folder,
            Mounted::File(file) => Found::File(File::Mounted(file)),
        }
    }
}

impl<'a> View<'a> {
    /// Makes a view, which has the disk to itself.
    #[must_use]
    pub fn new(disk: &'a SharedDisk, mounts: &'a Mounts) -> Self {
        View {
            disk: lock(disk),
            mounts,
        }
    }

    /// Follows a path, as [`Disk::walk`] does.
    ///
    /// # Errors
    /// As for [`Disk::walk`].
    pub fn walk(&self, folder: &str, path: &str) -> Result<Place, TreeError> {
        walk(folder, path, |path| match self.mounts.get(path) {
            _ if self.is_own(path) => self.disk.enter(path),
            Some(Mounted::Folder) => Ok(()),
            Some(Mounted::File(_)) => Err(TreeError::NotFolder),
            None => Err(TreeError::NotFound),
        })
    }

    /// Whether what is at a path is on the disk.
    #[must_use]
    pub fn is_own(&self, path: &str) -> bool {
        !self.mounts.covers(path)
    }

    /// What is at a place.
    ///
    /// # Errors
    /// If there is nothing, or a file where the path says that it is a folder.
    pub fn look_up(&self, place: &Place) -> Result<Found, TreeError> {
        if self.is_own(&place.path) {
            return self.disk.look_up(place).map(Found::from);
        }
        match self.mounts.get(&place.path).ok_or(TreeError::NotFound)? {
            Mounted::File(_) if place.has_slash => Err(TreeError::NotFolder),
            found => Ok(found.into()),
        }
    }

    /// The names in a folder, in order.
    #[must_use]
    pub fn list(&self, folder: &str) -> Vec<(String, Found)> {
        let mounted = self.mounts.list(folder);
        let mounted = mounted.map(|(name, it)| (name.to_owned(), it.into()));
        if !self.is_own(folder) {
            return mounted.collect();
        }
        let own = self.disk.list(folder).into_iter();
        let own = own.map(|(name, node)| (name, node.into()));
        if !folder.is_empty() || self.mounts.is_empty() {
            return own.collect();
        }
        own.chain(mounted)
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect()
    }

    /// Opens what is at a place, as [`Disk::open`] does.
    ///
    /// # Errors
    /// As `open` in POSIX.
    pub fn open(&mut self, place: &Place, opening: Opening) -> Result<Found, TreeError> {
        if self.is_own(&place.path) {
            return self.disk.open(place, opening).map(Found::from);
        }
        opening.check(place)?;
        let found = match self.look_up(place) {
            Ok(_) if opening.makes && opening.is_exclusive => Err(TreeError::Exists),
            Err(TreeError::NotFound) if opening.makes => Err(TreeError::ReadOnly),
            found => found,
        }?;
        match found {
            Found::Folder if opening.changes() => Err(TreeError::IsFolder),
            Found::File(_) if opening.needs_folder => Err(TreeError::NotFolder),
            Found::File(_) if opening.writes || opening.truncates => Err(TreeError::ReadOnly),
            found => Ok(found),
        }
    }

    /// Closes a file.
    pub fn close(&mut self, file: File) {
        if let File::Own(file) = file {
            self.disk.close(file);
        }
    }

    /// Makes an empty folder.
    ///
    /// # Errors
    /// As for [`Disk::make_folder`].
    pub fn make_folder(&mut self, place: &Place) -> Result<(), TreeError> {
        match (self.is_own(&place.path), self.mounts.get(&place.path)) {
            (true, _) => self.disk.make_folder(place),
            (false, Some(_)) => Err(TreeError::Exists),
            (false, None) => Err(TreeError::ReadOnly),
        }
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// As for [`Disk::remove_folder`].
    pub fn remove_folder(&mut self, place: &Place) -> Result<(), TreeError> {
        if self.is_own(&place.path) {
            return self.disk.remove_folder(place);
        }
        match (
            place.last,
            self.is_mount(place),
            self.mounts.get(&place.path),
        ) {
            (Last::Dot, ..) => Err(TreeError::Invalid),
            (Last::DotDot, ..) => Err(TreeError::NotEmpty),
            (_, true, Some(Mounted::File(_))) => Err(TreeError::NotFolder),
            (_, true, _) => Err(TreeError::Busy),
            (_, false, _) => Err(TreeError::ReadOnly),
        }
    }

    /// Removes a file.
    ///
    /// # Errors
    /// As for [`Disk::remove_file`].
    pub fn remove_file(&mut self, place: &Place) -> Result<(), TreeError> {
        if self.is_own(&place.path) {
            return self.disk.remove_file(place);
        }
        match (place.last, self.is_mount(place), self.look_up(place)) {
            (Last::Dot | Last::DotDot, ..) | (_, true, Ok(Found::Folder)) => {
                Err(TreeError::IsFolder)
            }
            (_, true, found) => Err(found.err().unwrap_or(TreeError::Busy)),
            (_, false, _) => Err(TreeError::ReadOnly),
        }
    }

    /// How many names are below what a rename moves: below a folder of the disk.
    #[must_use]
    pub fn count_below(&self, place: &Place) -> usize {
        match self.look_up(place) {
            Ok(Found::Folder) if self.is_own(&place.path) => self.disk.count_below(&place.path),
            _ => 0,
        }
    }

    /// Renames a file or a folder.
    ///
    /// # Errors
    /// As for [`Disk::rename`].
    pub fn rename(&mut self, from: &Place, to: &Place) -> Result<(), TreeError> {
        if self.is_own(&from.path) && self.is_own(&to.path) {
            return self.disk.rename(from, to);
        }
        if self.file_system(from) != self.file_system(to) {
            return Err(TreeError::OtherDevice);
        }
        if from.last != Last::Name || to.last != Last::Name {
            return Err(TreeError::Busy);
        }
        if self.file_system(from).is_some() {
            return Err(TreeError::ReadOnly);
        }
        // Both are in the root, and one of them is a mount.
        let any = |place: &Place| {
            let bare = Place {
                has_slash: false,
                ..place.clone()
            };
            self.look_up(&bare)
        };
        match (any(from)?, any(to)) {
            (Found::File(_), _) if from.has_slash || to.has_slash => Err(TreeError::NotFolder),
            _ if from.path == to.path => Ok(()),
            (Found::Folder, Ok(Found::File(_))) => Err(TreeError::NotFolder),
            (Found::File(_), Ok(Found::Folder)) => Err(TreeError::IsFolder),
            _ => Err(TreeError::Busy),
        }
    }

    /// Whether a name is that of a mount.
    fn is_mount(&self, place: &Place) -> bool {
        place.last == Last::Name && !place.path.contains('/') && !self.is_own(&place.path)
    }

    /// The mount that has the folder of a place; `None` if the disk has it.
    fn file_system<'b>(&self, place: &'b Place) -> Option<&'b str> {
        let is_own = self.is_own(&place.path) || self.is_mount(place);
        (!is_own).then(|| first(&place.path))
    }

    /// Sets the times of what is at a place. None are kept, but those of a mount cannot be set.
    ///
    /// # Errors
    /// If there is nothing, or it is of a mount.
    pub fn set_times(&self, place: &Place) -> Result<(), TreeError> {
        self.look_up(place)?;
        match self.is_own(&place.path) {
            true => Ok(()),
            false => Err(TreeError::ReadOnly),
        }
    }

    /// The length of a file, in bytes.
    #[must_use]
    pub fn file_len(&self, file: File) -> u64 {
        match file {
            File::Own(file) => self.disk.file_len(file),
            File::Mounted(file) => self.mounts.file(file).len() as u64,
        }
    }

    /// Copies bytes of a file from an offset on. Returns how many.
    pub fn read(&self, file: File, at: u64, target: &mut [u8]) -> usize {
        match file {
            File::Own(file) => self.disk.read(file, at, target),
            File::Mounted(file) => {
                let bytes = self.mounts.file(file);
                let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
                let rest = rest.unwrap_or_default();
                let count = rest.len().min(target.len());
                target[..count].copy_from_slice(&rest[..count]);
                count
            }
        }
    }
}

#[cfg(test)]
mod tests;
