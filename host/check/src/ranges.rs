//! A set of integers as its maximal runs, for the sums that a counter may show.

/// The most runs that a set may fall into. Deltas of a counter are small, so their sums run
/// together; a history made to have a power of two of separate sums must not take a power of two of
/// memory.
pub(super) const RUNS_MAX: usize = 1 << 14;

/// The most steps that [`Ranges::or_plus`] takes over the life of a set, for the same reason.
pub(super) const STEPS_MAX: usize = 1 << 27;

/// A set of integers, none of them at the very ends of their type: disjoint inclusive runs in
/// order, no two of them adjacent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranges {
    runs: Vec<(i64, i64)>,
    steps: usize,
}

impl Ranges {
    /// The set of one number.
    pub(super) fn one(n: i64) -> Self {
        Self {
            runs: vec![(n, n)],
            steps: 0,
        }
    }

    /// The runs, in order, as (first, last).
    pub(super) fn runs(&self) -> &[(i64, i64)] {
        &self.runs
    }

    /// Whether `n` is in the set.
    pub(super) fn contains(&self, n: i64) -> bool {
        let after = self.runs.partition_point(|&(first, _)| first <= n);
        after.checked_sub(1).is_some_and(|at| n <= self.runs[at].1)
    }

    /// Adds, for every number in the set, that number plus `delta`. False, and the set is
    /// unchanged, if that would be beyond [`RUNS_MAX`] or [`STEPS_MAX`].
    #[must_use]
    pub(super) fn or_plus(&mut self, delta: i64) -> bool {
        self.steps += 2 * self.runs.len();
        if self.steps > STEPS_MAX {
            return false;
        }
        let mut shifted = self
            .runs
            .iter()
            .map(|&(first, last)| (first + delta, last + delta))
            .peekable();
        let mut same = self.runs.iter().copied().peekable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        loop {
            let run = match (same.peek(), shifted.peek()) {
                (Some(a), Some(b)) if a <= b => same.next(),
                (_, Some(_)) => shifted.next(),
                (_, None) => same.next(),
            };
            let Some((first, last)) = run else { break };
            match merged.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        if merged.len() > RUNS_MAX {
            return false;
        }
        self.runs = merged;
        true
    }
}
