//! Many seeds, tried in parallel.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::tally::Progress;
use host_check::validity::Validity;
use host_grade::grade::Shard;
use host_grade::suite::{Target, judge_targets};
use host_grade::sweep::Try;
use host_sim::SeedRange;
use host_trial::Trial;

/// How many runs are kept until they are counted in their order. Processors wait for each other's last
/// runs after each so many, which costs less than one run of each.
const BATCH: usize = 4096;

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

    pub(in crate::cli) fn seed(&self, index: usize) -> u64 {
        self.first + index as u64 * self.step
    }
}

/// Runs each trial with each seed in parallel, judges them by `targets` too, and hands what they have shown to
/// `take`, in the order of the seeds and, of one seed, of the trials. Ends with the first run that is not valid, unless all
/// are to be tried: what `take` gets does not depend on the number of threads. After an interrupt it gets what is done.
pub(in crate::cli) fn try_all(
    trials: &[&Trial<'_>],
    targets: &[Target],
    seeds: &SeedSet,
    ends_at_failure: bool,
    mut take: impl FnMut(usize, Try),
) {
    let count = seeds.count.saturating_mul(trials.len());
    let is_interrupted = || trials.iter().any(|trial| trial.is_interrupted());
    let progress = Progress::of(count);
    let mut begin = 0;
    while begin < count && !is_interrupted() {
        let end = count.min(begin.saturating_add(BATCH));
        let first_failure = AtomicUsize::new(usize::MAX);
        let is_needless = |index| ends_at_failure && index > first_failure.load(Ordering::Relaxed);
        let tries: Vec<Option<Try>> = (begin..end)
            .into_par_iter()
            .map(|index| {
                if is_needless(index) || is_interrupted() {
                    return None;
                }
                let seed = seeds.seed(index / trials.len());
                let tried = trials[index % trials.len()].with(seed, None, |mut report| {
                    judge_targets(targets, &mut report);
                    (!report.is_interrupted()).then(|| Try::of(&report))
                })?;
                if tried.valid() != Validity::True {
                    first_failure.fetch_min(index, Ordering::Relaxed);
                }
                progress.count(&tried);
                Some(tried)
            })
            .collect();
        let failed = first_failure.into_inner();
        let ends = ends_at_failure && failed < usize::MAX;
        let kept = match ends {
            true => failed - begin + 1,
            false => end - begin,
        };
        for (index, tried) in (begin..).zip(tries).take(kept) {
            if let Some(tried) = tried {
                take(index % trials.len(), tried);
            }
        }
        if ends {
            break;
        }
        begin = end;
    }
    progress.end();
}
