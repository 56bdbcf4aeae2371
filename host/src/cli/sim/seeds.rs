//! Many seeds, tried in parallel.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::tally::Progress;
use host_check::validity::Validity;
use host_grade::grade::Shard;
use host_grade::suite::{Target, judge_targets};
use host_grade::sweep::Try;
use host_sim::SeedRange;
use host_trial::Trial;

/// How many runs may be done before an earlier one is.
const WAITING_MAX: usize = 4096;

/// The seeds of a range, or every so many-th of them.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct SeedSet {
    pub(in crate::cli) first: u64,
    pub(in crate::cli) count: usize,
    step: u64,
    /// What they are of.
    pub(in crate::cli) range: SeedRange,
}

impl SeedSet {
    /// The share of the seeds of a range.
    pub(in crate::cli) fn share(range: SeedRange, shard: Option<Shard>) -> Self {
        let (before, step) = shard.map_or((0, 1), |it| (it.index() - 1, it.of()));
        let (before, step) = (u64::from(before), u64::from(step));
        let count = range.count.saturating_sub(before).div_ceil(step);
        SeedSet {
            // Without any, nobody asks for the first.
            first: range.first.saturating_add(before),
            count: usize::try_from(count).unwrap_or(usize::MAX),
            step,
            range,
        }
    }

    /// All but so many of the first.
    pub(in crate::cli) fn after(self, done: u64) -> Self {
        let done = usize::try_from(done).map_or(self.count, |done| done.min(self.count));
        SeedSet {
            first: self.first.saturating_add(done as u64 * self.step),
            count: self.count - done,
            ..self
        }
    }

    pub(in crate::cli) fn seed(&self, index: usize) -> u64 {
        self.first + index as u64 * self.step
    }
}

/// Runs each trial with each seed in parallel, judges them by `targets` too, and hands what they have shown to
/// `take`, in the order of the seeds and, of one seed, of the trials, as soon as all before them are done. Ends with the first
/// run that is not valid, unless all are to be tried: what `take` gets does not depend on the number of threads. After an
/// interrupt it has got all runs up to the first that was not done.
pub(in crate::cli) fn try_all(
    trials: &[&Trial<'_>],
    targets: &[Target],
    seeds: &SeedSet,
    ends_at_failure: bool,
    take: impl FnMut(usize, Try) + Send,
) {
    let count = seeds.count.saturating_mul(trials.len());
    let is_interrupted = || trials.iter().any(|trial| trial.is_interrupted());
    let progress = Progress::of(count);
    let next = AtomicUsize::new(0);
    let in_order = InOrder {
        line: Mutex::new(Line {
            taken: 0,
            is_over: false,
            waiting: BTreeMap::new(),
            take,
        }),
        has_moved: Condvar::new(),
    };
    let work = || {
        let _over = OverOnPanic(&in_order);
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count || !in_order.awaits(index) {
                return;
            }
            let seed = seeds.seed(index / trials.len());
            let run = || {
                trials[index % trials.len()].with(seed, None, |mut report| {
                    judge_targets(targets, &mut report);
                    (!report.is_interrupted()).then(|| Try::of(&report))
                })
            };
            // One that is not made ends the line, for which others may wait.
            let tried = (!is_interrupted()).then(run).flatten();
            if let Some(tried) = &tried {
                progress.count(tried);
            }
            in_order.give(index, tried, |index, tried, take| {
                let fails = tried.valid() != Validity::True;
                take(index % trials.len(), tried);
                fails && ends_at_failure
            });
        }
    };
    thread::scope(|scope| {
        for _ in 0..rayon::current_num_threads().min(count) {
            scope.spawn(work);
        }
    });
    progress.end();
}

/// Ends the line if the thread panics: others would wait for its run for ever.
struct OverOnPanic<'o, T: FnMut(usize, Try)>(&'o InOrder<T>);

impl<T: FnMut(usize, Try)> Drop for OverOnPanic<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.line().is_over = true;
            self.0.has_moved.notify_all();
        }
    }
}

/// Runs that are done, until they can be taken in their order.
struct InOrder<T> {
    line: Mutex<Line<T>>,
    /// That the line has moved on, or is over.
    has_moved: Condvar,
}

struct Line<T> {
    /// How many were taken.
    taken: usize,
    /// Whether no more are taken: one ends all, or was not done.
    is_over: bool,
    /// Those that have ended while one before them has not; `None` if they were interrupted.
    waiting: BTreeMap<usize, Option<Try>>,
    take: T,
}

impl<T: FnMut(usize, Try)> InOrder<T> {
    fn line(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for what this run will show. Returns whether it is still to be made.
    fn awaits(&self, index: usize) -> bool {
        // The earliest that is not taken never waits here, so the line moves on.
        let is_full = |line: &mut Line<T>| !line.is_over && index >= line.taken + WAITING_MAX;
        let line = self.has_moved.wait_while(self.line(), is_full);
        !line.unwrap_or_else(PoisonError::into_inner).is_over
    }

    /// Adds what a run has shown, if it was done, and has all taken that nothing stands before. `take` says whether it is
    /// the last.
    fn give(&self, index: usize, tried: Option<Try>, take: impl Fn(usize, Try, &mut T) -> bool) {
        let mut line = self.line();
        line.waiting.insert(index, tried);
        while !line.is_over
            && let next = line.taken
            && let Some(ended) = line.waiting.remove(&next)
        {
            line.taken += 1;
            line.is_over = match ended {
                Some(tried) => take(next, tried, &mut line.take),
                None => true,
            };
        }
        self.has_moved.notify_all();
    }
}
