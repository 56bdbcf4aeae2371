//! The disk of a live node: in memory, and with `--data-dir` in a file too.
//!
//! Nothing that stands behind a sync may leave the process before the disk has answered. So a sync is
//! only noted, and made before the output is written: one for all steps whose output is written
//! together (group commit). A sync that fails ends the node, so no guest has to be told.

use std::path::PathBuf;

use host_disk::disk::data_len;
use host_disk::{Disk, Scope, SharedDisk, Store, StoreError, lock};
use host_protocol::disk::Change;
use host_protocol::text::printable;
use tracing::warn;

/// What waits to be written to the file is written early when it exceeds this, in bytes and in syncs.
const WAITING_BYTES_MAX: usize = 1 << 20;
const WAITING_SYNCS_MAX: usize = 1000;

pub(super) struct LiveDisk {
    pub(super) disk: SharedDisk,
    place: Place,
    /// How many syncs wait for the file.
    syncs: usize,
    /// How many bytes of changes wait for it at least.
    bytes: usize,
}

/// Where the disk is kept.
enum Place {
    /// Nowhere else.
    Memory {
        /// Whether the log says so.
        is_told: bool,
    },
    /// In this folder, once the node has a name.
    DataDir(PathBuf),
    /// In a file.
    Store(Store),
}

impl LiveDisk {
    pub(super) fn new(disk: SharedDisk, data_dir: Option<PathBuf>) -> Self {
        let memory = Place::Memory { is_told: false };
        LiveDisk {
            disk,
            place: data_dir.map_or(memory, Place::DataDir),
            syncs: 0,
            bytes: 0,
        }
    }

    /// The node has a name: what its disk held is there from now on.
    pub(super) fn open(&mut self, node: &str) -> Result<(), StoreError> {
        let Place::DataDir(dir) = &self.place else {
            return Ok(());
        };
        let mut disk = lock(&self.disk);
        let (store, opened, cut) = Store::open(dir, node, disk.limits())?;
        if let Some(cut) = cut {
            let path = cut.path.display().to_string();
            let (path, bytes) = (printable(&path), cut.bytes);
            warn!(
                "{path}: the last {bytes} bytes were being written when the node stopped, and are cut off"
            );
        }
        *disk = opened;
        self.place = Place::Store(store);
        Ok(())
    }

    /// Changes the disk.
    pub(super) fn change(&mut self, change: &Change<'_>) {
        lock(&self.disk).apply(change);
        self.bytes += data_len(change);
    }

    /// What follows has to wait for a sync.
    pub(super) fn sync(&mut self, scope: &Scope, node: &str) {
        match &mut self.place {
            Place::Memory { is_told } => {
                // Nothing makes it fail.
                let _ = lock(&self.disk).sync(scope);
                if !std::mem::replace(is_told, true) {
                    let node = printable(node);
                    warn!(
                        "{node} syncs its disk, which lives only as long as this process; \
                         --data-dir DIR keeps it"
                    );
                }
            }
            Place::DataDir(_) | Place::Store(_) => self.syncs += 1,
        }
    }

    /// Whether output has to wait for [`flush`](Self::flush).
    pub(super) fn is_sync_due(&self) -> bool {
        self.syncs > 0
    }

    /// Whether much waits to be written.
    pub(super) fn is_large(&self) -> bool {
        self.bytes > WAITING_BYTES_MAX || self.syncs > WAITING_SYNCS_MAX
    }

    /// Writes what has changed to the file, and syncs it if a sync waits.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        let Place::Store(store) = &mut self.place else {
            return Ok(());
        };
        store.write(&mut lock(&self.disk))?;
        if self.syncs > 0 {
            store.sync()?;
            self.syncs = 0;
        }
        Ok(())
    }

    /// The guest has ended: it has no file open any more.
    pub(super) fn end_of_guest(&self) {
        let mut disk = lock(&self.disk);
        Disk::kill(&mut disk);
    }
}
