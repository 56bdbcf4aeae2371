//! The log, of which the beginning may have been cut off.

use guest_sdk::prelude::*;

use crate::disk::earliest;
use crate::machine::{Command, RequestId};

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) term: u64,
    pub(crate) command: Command,
    /// Whose request it is; an entry of the leader's own has none.
    pub(crate) id: Option<RequestId>,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Log {
    /// The last entry that was cut off.
    base: usize,
    base_term: u64,
    entries: Vec<Entry>,
    /// The first entry that has changed since that was last asked.
    changed: Option<usize>,
}

impl Log {
    pub(crate) fn base(&self) -> usize {
        self.base
    }

    pub(crate) fn last(&self) -> usize {
        self.base + self.entries.len()
    }

    pub(crate) fn last_term(&self) -> u64 {
        self.term_of(self.last()).unwrap_or_default()
    }

    /// The term of an entry that is here, or of the one before all.
    pub(crate) fn term_of(&self, index: usize) -> Option<u64> {
        if index == self.base {
            return Some(self.base_term);
        }
        self.get(index).map(|entry| entry.term)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index.checked_sub(self.base + 1)?)
    }

    /// The entries after `index`.
    pub(crate) fn after(&self, index: usize) -> &[Entry] {
        let from = index.saturating_sub(self.base);
        self.entries.get(from..).unwrap_or_default()
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        let last = self.last();
        earliest(&mut self.changed, last);
    }

    /// Keeps the entries up to `index`.
    pub(crate) fn truncate(&mut self, index: usize) {
        if index < self.last() {
            self.entries.truncate(index.saturating_sub(self.base));
            earliest(&mut self.changed, index + 1);
        }
    }

    pub(crate) fn replace(&mut self, index: usize, entry: Entry) {
        let at = index.checked_sub(self.base + 1);
        if let Some(place) = at.and_then(|at| self.entries.get_mut(at)) {
            *place = entry;
            earliest(&mut self.changed, index);
        }
    }

    /// Cuts the entries up to `index` off, which is of `term`. If it is not here nothing is left.
    pub(crate) fn cut(&mut self, index: usize, term: u64) {
        if self.term_of(index) == Some(term) {
            self.entries.drain(..index - self.base);
        } else {
            self.entries.clear();
        }
        self.base = index;
        self.base_term = term;
    }

    /// The first entry that has changed since this was last called, if one has.
    pub(crate) fn take_changed(&mut self) -> Option<usize> {
        self.changed.take()
    }
}
