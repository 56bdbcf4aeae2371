//! A sparse index of a run's journal, made during the first run: it gives the position of a point
//! in time, so that the second run knows which entries to keep.

use std::io;

use host_sim::journal::{Entry, Observer};

/// The index has the time of every 64th entry.
const STRIDE: usize = 64;

/// Maps virtual time to positions in the journal.
#[derive(Debug, Default)]
pub(super) struct JournalIndex {
    count: usize,
    /// The times of the entries 0, 64, 128 and so on.
    times_ns: Vec<u64>,
}

impl JournalIndex {
    /// The number of entries.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The position of an entry at `at_ns`, up to 64 too early.
    fn position(&self, at_ns: u64) -> usize {
        let later = self.times_ns.partition_point(|time_ns| *time_ns <= at_ns);
        later.saturating_sub(1) * STRIDE
    }

    /// The position of the first of `max` entries around `at_ns`. Three quarters of them come
    /// before it, since causes come before effects.
    pub(super) fn window(&self, at_ns: Option<u64>, max: usize) -> usize {
        let Some(at_ns) = at_ns else { return 0 };
        let after = max / 4;
        let end = (self.position(at_ns) + after).min(self.count);
        end.saturating_sub(max)
    }
}

impl Observer for JournalIndex {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        if self.count.is_multiple_of(STRIDE) {
            self.times_ns.push(entry.at_ns);
        }
        self.count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_sim::journal::EntryKind;

    #[test]
    fn the_window_holds_the_moment_and_mostly_what_came_before() {
        let mut index = JournalIndex::default();
        for at_ns in 0..100_000 {
            let kind = EntryKind::Timer { node: "n1", id: 1 };
            index.note(&Entry { at_ns, kind }).unwrap();
        }
        assert_eq!(index.count(), 100_000);
        assert_eq!(index.window(None, 1000), 0);
        assert_eq!(index.window(Some(100), 1000), 0);
        assert_eq!(index.window(Some(64_000), 1000), 64_000 - 750);
        assert_eq!(index.window(Some(99_999), 1000), 99_000);
    }
}
