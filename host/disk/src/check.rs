//! Whether the changes of a step can be made.

use std::collections::BTreeMap;

use host_protocol::disk::Change;

use crate::bytes::Bytes;
use crate::disk::{Disk, DiskError};

impl Disk {
    /// Checks that the changes of a step can be made one after the other.
    ///
    /// # Errors
    /// Why one cannot.
    pub fn check<'a>(
        &self,
        changes: impl Iterator<Item = &'a Change<'a>>,
    ) -> Result<(), DiskError> {
        let mut sizes: BTreeMap<&str, Option<u64>> = BTreeMap::new();
        let mut total = self.visible.total_bytes();
        let mut count = self.visible.names.len();
        let limits = self.limits();
        // A power loss may leave more than the limit: the guest may go on with as much.
        let bytes_max = limits.bytes.max(total);
        let files_max = limits.files.max(count);
        for change in changes {
            let mut set = |name: &'a str, new: &dyn Fn(u64) -> Option<u64>| {
                let before = sizes.get(name).copied().unwrap_or_else(|| self.len(name));
                let after = new(before.unwrap_or(0));
                total = total - before.unwrap_or(0) + after.unwrap_or(0).min(bytes_max + 1);
                count = count + usize::from(after.is_some()) - usize::from(before.is_some());
                sizes.insert(name, after);
                if total > bytes_max {
                    return Err(DiskError::Bytes {
                        limit: limits.bytes,
                    });
                }
                if count > files_max {
                    return Err(DiskError::Files {
                        limit: limits.files,
                    });
                }
                Ok(before)
            };
            match change {
                Change::Write { file, at, data } => {
                    let end = |before: u64| match data.len() {
                        0 => Some(before),
                        len => Some(before.max(at.saturating_add(len as u64))),
                    };
                    set(file, &end)?;
                }
                Change::Append { file, data } => {
                    set(file, &|before| {
                        Some(before.saturating_add(data.len() as u64))
                    })?;
                }
                Change::Put { file, data } => {
                    set(file, &|_| Some(data.len() as u64))?;
                }
                Change::Truncate { file, len } => {
                    set(file, &|_| Some(*len))?;
                }
                Change::Rename { from, to } => {
                    let Some(len) = set(from, &|_| None)? else {
                        return Err(DiskError::NotFound(from.to_string()));
                    };
                    set(to, &|_| Some(len))?;
                }
                Change::Remove { file } => {
                    set(file, &|_| None)?;
                }
            }
        }
        Ok(())
    }

    /// How many zeros the changes of a step add, besides the bytes that they have.
    #[must_use]
    pub fn zeros<'a>(&self, changes: impl Iterator<Item = &'a Change<'a>> + Clone) -> u64 {
        let fills =
            |change: &Change<'_>| matches!(change, Change::Write { .. } | Change::Truncate { .. });
        if !changes.clone().any(fills) {
            return 0; // the usual case
        }
        let most = self.limits().bytes;
        let mut lens: BTreeMap<&str, u64> = BTreeMap::new();
        let mut zeros: u64 = 0;
        for change in changes {
            let len = |name: &str| match lens.get(name) {
                Some(len) => *len,
                None => self.len(name).unwrap_or(0),
            };
            let (name, after) = match change {
                Change::Write { file, at, data } => {
                    let before = len(file);
                    if !data.is_empty() {
                        zeros = zeros.saturating_add(at.saturating_sub(before).min(most));
                    }
                    let end = match data.len() {
                        0 => 0,
                        bytes => at.saturating_add(bytes as u64),
                    };
                    (file, before.max(end))
                }
                Change::Truncate { file, len: after } => {
                    let before = len(file);
                    zeros = zeros.saturating_add(after.saturating_sub(before).min(most));
                    (file, *after)
                }
                Change::Append { file, data } => {
                    (file, len(file).saturating_add(data.len() as u64))
                }
                Change::Put { file, data } => (file, data.len() as u64),
                Change::Remove { file } => (file, 0),
                Change::Rename { from, to } => {
                    let moved = len(from);
                    lens.insert(from, 0);
                    (to, moved)
                }
            };
            lens.insert(name, after);
        }
        zeros
    }

    /// The length of the file in the root with this name, if there is one.
    fn len(&self, name: &str) -> Option<u64> {
        let file = self.visible.file(name)?;
        Some(self.visible.files.get(&file).map_or(0, Bytes::len))
    }
}
