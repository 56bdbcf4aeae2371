//! The replicated log: paper §5.3. A prefix that is applied can be cut off, §7.

use guest_sdk::prelude::*;

use crate::machine::Command;

/// A place in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) term: u64,
    /// `None` is how a new leader gets something of its own term to commit.
    pub(crate) command: Option<Command>,
}

/// Entries from `base + 1` on; what came before is only in the state machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Log {
    base: u64,
    base_term: u64,
    entries: Vec<Entry>,
}

impl Log {
    /// A log whose entries up to `base` are in a snapshot.
    pub(crate) fn after(base: u64, base_term: u64) -> Self {
        Log {
            base,
            base_term,
            entries: Vec::new(),
        }
    }

    /// The index of the last entry; the first has 1.
    pub(crate) fn last(&self) -> u64 {
        self.base + self.entries.len() as u64
    }

    pub(crate) fn last_term(&self) -> u64 {
        self.entries.last().map_or(self.base_term, |last| last.term)
    }

    /// The index before the first entry that is still here.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// The term of the entry at `index`, if that is known.
    pub(crate) fn term_at(&self, index: u64) -> Option<u64> {
        if index == self.base {
            return Some(self.base_term);
        }
        self.get(index).map(|entry| entry.term)
    }

    pub(crate) fn get(&self, index: u64) -> Option<&Entry> {
        let position = index.checked_sub(self.base + 1)?;
        self.entries.get(usize::try_from(position).ok()?)
    }

    /// The entries behind `index`, which must not be before the base.
    pub(crate) fn behind(&self, index: u64) -> &[Entry] {
        let position = usize::try_from(index - self.base).unwrap_or(usize::MAX);
        self.entries.get(position..).unwrap_or_default()
    }

    /// Puts an entry at `index`, instead of the one that is there and all behind it.
    pub(crate) fn put(&mut self, index: u64, entry: Entry) {
        let position = usize::try_from(index - self.base - 1).unwrap_or(usize::MAX);
        self.entries.truncate(position);
        self.entries.push(entry);
    }

    /// Whether a log that ends like this has at least all of this one's committed entries
    /// (§5.4.1).
    pub(crate) fn is_covered_by(&self, last_index: u64, last_term: u64) -> bool {
        (last_term, last_index) >= (self.last_term(), self.last())
    }

    /// Takes over a leader's entries behind `prev`, which both logs have. Entries of ours give
    /// way only where they differ: an old message must not take back what came after it. Returns the
    /// index of the first one that is new, if any is: all behind it are new, too.
    ///
    /// # Panics
    /// When a committed entry would have to give way, which Raft rules out.
    pub(crate) fn merge(&mut self, prev: u64, entries: Vec<Entry>, commit: u64) -> Option<u64> {
        let mut first = None;
        for (index, entry) in (prev + 1..).zip(entries) {
            if index <= self.base || self.term_at(index) == Some(entry.term) {
                continue;
            }
            if index <= self.last() {
                assert!(index > commit, "entry {index} is committed and differs");
            }
            self.put(index, entry);
            first.get_or_insert(index);
        }
        first
    }

    /// Forgets the entries up to `index`.
    pub(crate) fn cut(&mut self, index: u64) {
        if let Some(term) = self.term_at(index) {
            let count = usize::try_from(index - self.base).unwrap_or(usize::MAX);
            self.entries.drain(..count);
            (self.base, self.base_term) = (index, term);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log whose entries have these terms.
    fn log(terms: &[u64]) -> Log {
        let mut log = Log::default();
        for (index, entry) in (1..).zip(entries(terms)) {
            log.put(index, entry);
        }
        log
    }

    fn entries(terms: &[u64]) -> Vec<Entry> {
        let entry = |term: &u64| Entry {
            term: *term,
            command: None,
        };
        terms.iter().map(entry).collect()
    }

    fn terms(log: &Log) -> Vec<u64> {
        (1..=log.last()).filter_map(|i| log.term_at(i)).collect()
    }

    /// Figure 7: what becomes of each follower's log when the leader of term 8 sends
    /// everything behind the last entry that they share.
    #[test]
    fn the_logs_of_figure_7_become_the_leaders() {
        let leader = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
        for (follower, shared, result) in [
            (&[1, 1, 1, 4, 4, 5, 5, 6, 6][..], 9, &leader[..]), // a
            (&[1, 1, 1, 4], 4, &leader),                        // b
            // c has one more: it stays until something else is sent for its place.
            (
                &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
                10,
                &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
            ),
            (&[1, 1, 1, 4, 4, 4, 4], 5, &leader), // e
            (&[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], 3, &leader), // f
        ] {
            let mut log = log(follower);
            log.merge(
                shared,
                entries(&leader[usize::try_from(shared).unwrap()..]),
                3,
            );
            assert_eq!(terms(&log), result, "{follower:?}");
        }
    }

    #[test]
    fn an_old_message_takes_nothing_back() {
        let mut log = log(&[1, 1, 2, 2]);
        assert_eq!(log.merge(1, entries(&[1, 2]), 2), None);
        assert_eq!(terms(&log), [1, 1, 2, 2]);
        assert_eq!(log.merge(1, entries(&[1, 2, 3, 3]), 2), Some(4));
        assert_eq!(terms(&log), [1, 1, 2, 3, 3]);
    }

    #[test]
    fn a_later_term_beats_a_longer_log() {
        let log = log(&[1, 2, 2]);
        assert!(log.is_covered_by(3, 2));
        assert!(log.is_covered_by(1, 3));
        assert!(!log.is_covered_by(2, 2));
        assert!(!log.is_covered_by(9, 1));
    }

    #[test]
    fn what_is_cut_off_is_known_by_its_last_term_alone() {
        let mut log = log(&[1, 1, 2, 3]);
        log.cut(3);
        assert_eq!((log.base(), log.last(), log.last_term()), (3, 4, 3));
        assert_eq!((log.term_at(2), log.term_at(3)), (None, Some(2)));
        assert_eq!(log.behind(3), entries(&[3]));
        log.merge(1, entries(&[1, 2, 3, 3]), 3); // from before it was cut
        assert_eq!((log.last(), log.last_term()), (5, 3));
        log.cut(5);
        assert_eq!(log, Log::after(5, 3));
    }
}
