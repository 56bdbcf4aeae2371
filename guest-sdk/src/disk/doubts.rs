//! What a failed sync leaves in doubt.

use serde::{Deserialize, Serialize};

use super::SyncFailure;

/// Which logs may have another end on the disk than they know.
///
/// A sync that has failed because the disk was full takes the changes behind it. One that has failed because of the disk takes any
/// that were not durable, of which nobody knows how many there were. A record behind one that is missing would be cut
/// off when the log is opened again, so such a log is replaced first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Doubts {
    /// How many syncs the disk has failed: a log that was written as a whole before the last one is in doubt.
    errors: u64,
    /// The logs that were changed behind a sync of the last step.
    behind_sync: Vec<String>,
    /// Those that were changed behind a sync that failed.
    lost: Vec<String>,
}

impl Doubts {
    /// A step begins: whether a sync of the last one has failed is known now.
    pub(crate) fn settle(&mut self, failed: Option<SyncFailure>) {
        match failed {
            None => self.behind_sync.clear(),
            Some(SyncFailure::Full) => self.lost.append(&mut self.behind_sync),
            Some(SyncFailure::Error) => {
                self.errors += 1;
                self.behind_sync.clear();
                self.lost.clear();
            }
        }
    }

    /// Whether there are none: nothing to keep in a snapshot.
    pub(crate) fn is_none(&self) -> bool {
        self.errors == 0 && self.behind_sync.is_empty() && self.lost.is_empty()
    }

    pub(super) fn errors(&self) -> u64 {
        self.errors
    }

    /// Whether the end is in doubt of a log that was written as a whole after so many errors.
    pub(super) fn concern(&self, file: &str, errors: u64) -> bool {
        errors != self.errors || self.lost.iter().any(|lost| lost == file)
    }

    /// A log is changed behind a sync of this step.
    pub(super) fn add(&mut self, file: &str) {
        if !self.behind_sync.iter().any(|added| added == file) {
            self.behind_sync.push(file.to_owned());
        }
    }

    /// A log is written as a whole.
    pub(super) fn remove(&mut self, file: &str) {
        self.lost.retain(|lost| lost != file);
    }
}
