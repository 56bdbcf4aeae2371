//! Where paths lead, by POSIX's rules ("Pathname Resolution").

use host_protocol::disk::NAME_BYTES_MAX;

use crate::change::{Entry, parent};
use crate::disk::Disk;
use crate::tree::{Node, TreeError};

/// The most bytes of a path, from the root or as a program gives it.
pub const PATH_BYTES_MAX: usize = 4096;

/// Where a path leads: to a name in a folder that exists. The name itself may stand for nothing yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From the root, without `.`, `..` and needless slashes; the root is empty.
    pub(crate) path: String,
    /// Whether a slash follows it: then it can only be a folder.
    pub(crate) has_slash: bool,
    /// What stands at its end.
    pub(crate) last: Last,
}

/// What stands at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    Name,
    Dot,
    DotDot,
}

impl Place {
    /// The path from the root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it can only be a folder, as the path is written.
    pub(crate) fn is_of_folder(&self) -> bool {
        self.has_slash || self.last != Last::Name
    }
}

impl Disk {
    /// Follows `path` from `folder`, which exists, up to its last name.
    ///
    /// # Errors
    /// If a folder on the way does not exist, or the path is not one or leads out of the root.
    pub fn walk(&self, folder: &str, path: &str) -> Result<Place, TreeError> {
        walk(folder, path, |path| self.enter(path))
    }

    /// Checks that a path whose parent exists is a folder.
    pub(crate) fn enter(&self, path: &str) -> Result<(), TreeError> {
        match self.visible.names.get(path) {
            Some(Entry::Folder) => Ok(()),
            Some(Entry::File(_)) => Err(TreeError::NotFolder),
            None => Err(TreeError::NotFound),
        }
    }

    /// What is at a place.
    ///
    /// # Errors
    /// If there is nothing, or a file where the path says that it is a folder.
    pub fn look_up(&self, place: &Place) -> Result<Node, TreeError> {
        let entry = match place.path.as_str() {
            "" => Entry::Folder,
            path => *self.visible.names.get(path).ok_or(TreeError::NotFound)?,
        };
        match entry {
            Entry::File(_) if place.has_slash => Err(TreeError::NotFolder),
            Entry::File(file) => Ok(Node::File(file)),
            Entry::Folder => Ok(Node::Folder),
        }
    }
}

/// Follows `path` from `folder`, which exists, up to its last name. `enter` checks that a
/// path whose parent exists is a folder.
pub(crate) fn walk(
    folder: &str,
    path: &str,
    enter: impl Fn(&str) -> Result<(), TreeError>,
) -> Result<Place, TreeError> {
    match path {
        "" => return Err(TreeError::NotFound),
        _ if path.starts_with('/') => return Err(TreeError::Outside),
        _ if path.len() >= PATH_BYTES_MAX => return Err(TreeError::NameTooLong),
        _ if path.contains('\0') => return Err(TreeError::Invalid),
        _ => {}
    }
    let mut place = Place {
        path: folder.to_owned(),
        has_slash: path.ends_with('/'),
        last: Last::Dot,
    };
    for name in path.split('/').filter(|name| !name.is_empty()) {
        if place.last == Last::Name {
            enter(&place.path)?;
        }
        place.last = match name {
            "." => Last::Dot,
            ".." if place.path.is_empty() => return Err(TreeError::Outside),
            ".." => {
                place.path.truncate(parent(&place.path).len());
                Last::DotDot
            }
            _ => {
                let slash = if place.path.is_empty() { "" } else { "/" };
                place.path.extend([slash, name]);
                Last::Name
            }
        };
        if name.len() > NAME_BYTES_MAX || place.path.len() > PATH_BYTES_MAX {
            return Err(TreeError::NameTooLong);
        }
    }
    Ok(place)
}
