//! Which changes a sync means.

use std::borrow::Cow;

use crate::change::{Change, Entry};
use crate::disk::{Disk, Scope};

impl Disk {
    /// The last change of a name that a sync means. Names reach the disk in order: those before it come
    /// along.
    pub(crate) fn last_name(&self, scope: &Scope) -> Option<usize> {
        match scope {
            Scope::All => self.unsynced.len().checked_sub(1),
            Scope::File(file) => self.unsynced.iter().rposition(|change| match change {
                Change::Made { entry, .. } => *entry == Entry::File(*file),
                Change::Put { file: put, .. } => put == file,
                _ => false,
            }),
            Scope::Folder(folder) => {
                // Before it was renamed, what is in it had other paths.
                let mut folder = Cow::Borrowed(&**folder);
                self.unsynced.iter().rposition(|change| {
                    let is_in = change.is_in(&folder);
                    if let Some(before) = change.path_before(&folder) {
                        folder = Cow::Owned(before);
                    }
                    is_in
                })
            }
        }
    }

    /// Whether a sync has anything to make durable.
    #[must_use]
    pub fn needs_sync(&self, scope: &Scope) -> bool {
        let is_of_file = |change: &Change| match scope {
            Scope::File(file) => change.changes_file() == Some(*file),
            Scope::All | Scope::Folder(_) => false,
        };
        self.unsynced.iter().any(is_of_file) || self.last_name(scope).is_some()
    }
}
