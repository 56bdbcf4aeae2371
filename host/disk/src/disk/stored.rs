//! What a store asks of a disk, and tells it.

use crate::change::FileId;
use crate::image::Image;

use super::{Disk, DiskLimits, Scope};

impl Disk {
    /// A disk with this state, all of it durable.
    pub(crate) fn restored(limits: DiskLimits, image: Image, next_file: FileId) -> Self {
        Disk {
            visible: image.clone(),
            durable: image,
            next_file,
            ..Disk::new(limits)
        }
    }

    /// What the unsynced changes take, in bytes.
    #[must_use]
    pub fn unsynced_bytes(&self) -> usize {
        self.unsynced_bytes
    }

    /// Whether a store has all changes.
    pub(crate) fn is_stored(&self) -> bool {
        self.unsynced.is_empty() && !self.has_written_back
    }

    /// Whether there are changes, besides the unsynced ones, that a store does not have.
    pub(crate) fn has_written_back(&self) -> bool {
        self.has_written_back
    }

    /// A store has all changes.
    pub(crate) fn set_stored(&mut self) {
        let changes = self.take(&Scope::All);
        self.make_durable(&changes);
        self.has_written_back = false;
    }
}
