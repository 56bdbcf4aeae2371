//! The first look at a run: where in it a time is, so that the second look knows what to keep.

use std::io;

use host_sim::journal::{Entry, Observer};

/// Between two entries whose time is kept.
const STRIDE: usize = 64;

/// Counts the entries of a journal.
#[derive(Debug, Default)]
pub(super) struct Pace {
    count: usize,
    /// The times of entry 0, 64, 128 and so on.
    times_ns: Vec<u64>,
}

impl Pace {
    /// How many entries there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The position of an entry at `at_ns`, up to 64 too early.
    fn position(&self, at_ns: u64) -> usize {
        let later = self.times_ns.partition_point(|time_ns| *time_ns <= at_ns);
        later.saturating_sub(1) * STRIDE
    }

    /// The first of `max` entries to keep: those around `at_ns`, most of them before it, since
    /// causes come before effects.
    pub(super) fn window(&self, at_ns: Option<u64>, max: usize) -> usize {
        let Some(at_ns) = at_ns else { return 0 };
        let after = max / 4;
        let end = (self.position(at_ns) + after).min(self.count);
        end.saturating_sub(max)
    }
}

impl Observer for Pace {
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
        let mut pace = Pace::default();
        for at_ns in 0..100_000 {
            let kind = EntryKind::Timer { node: "n1", id: 1 };
            pace.note(&Entry { at_ns, kind }).unwrap();
        }
        assert_eq!(pace.count(), 100_000);
        assert_eq!(pace.window(None, 1000), 0);
        assert_eq!(pace.window(Some(100), 1000), 0);
        assert_eq!(pace.window(Some(64_000), 1000), 64_000 - 750);
        assert_eq!(pace.window(Some(99_999), 1000), 99_000);
    }
}
