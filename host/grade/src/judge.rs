//! Judges the work: runs every module on every seed, in parallel.
//!
//! The results are a function of the work alone. Seeds are tried in any order, but only those up to
//! the first that fails count, so the results do not depend on the number of threads.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::grade::Usage;
use super::resume::Resume;
use super::run::{SeedRun, panic_text};
use super::suite::Challenge;
use super::work::{Work, WorkItem};
use super::{Verdict, sanitize};
use host_guest::{Interrupt, Limits};
use host_sandbox::{Compiler, GuestModule, LoadError, Sandbox};
use host_trial::shrink::Budget;

/// The result of judging a work item.
#[derive(Debug, Clone, PartialEq)]
pub enum JudgeResult {
    /// Judging was interrupted.
    Unfinished,
    /// The module cannot be loaded, for these reasons.
    Rejected(Vec<String>),
    /// An internal error occurred before the first run.
    InternalError(Vec<String>),
    /// The module was run on the seeds, up to the first that failed.
    Judged(JudgedRuns),
}

/// The runs of a work item up to the first that failed. Of a class of ten thousand there are a
/// million, so only what a grade needs is kept of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JudgedRuns {
    /// How many passed before the first that failed.
    pub passed: usize,
    /// The most that a run used of each limited resource.
    pub usage: BTreeMap<String, Usage>,
    /// The worst measurement for each target.
    pub worst: BTreeMap<String, f64>,
    /// The first that failed.
    pub failed: Option<Box<SeedRun>>,
    /// The time that they took together, in milliseconds.
    pub ms: u64,
}

impl JudgedRuns {
    /// What is kept of these runs, the last of which may have failed, and of their times.
    fn of(runs: Vec<(SeedRun, u64)>) -> Self {
        let mut kept = JudgedRuns::default();
        for (mut run, ms) in runs {
            kept.ms += ms;
            for (name, usage) in std::mem::take(&mut run.usage) {
                let most = kept.usage.entry(name).or_insert(usage);
                most.used = most.used.max(usage.used);
            }
            for (name, measured) in &run.measured {
                let worst = kept.worst.entry(name.clone()).or_insert(*measured);
                *worst = worst.max(*measured);
            }
            match run.verdict {
                Verdict::Accepted => kept.passed += 1,
                _ => kept.failed = Some(Box::new(run)),
            }
        }
        kept
    }
}

/// What judging needs besides the work.
pub struct JudgeContext<'a> {
    /// The sandbox that guests run in, with room for [`guests_max`] of them.
    pub sandbox: &'a Sandbox,
    /// Compiles modules.
    pub compiler: &'a Compiler,
    /// Has the runs made earlier, and keeps those made now.
    pub resume: &'a Resume,
    /// Called with a number of runs that are finished or turned out to be unnecessary.
    pub progress: &'a (dyn Fn(usize) + Sync),
    /// How much may be spent on shrinking one failure, or as much as judging it took; usually
    /// [`Budget::ONE_SECOND`].
    pub shrinking: Budget,
    /// Once requested, no further run begins. The sandbox ends those that run, which then do not
    /// count.
    pub interrupt: &'a Interrupt,
}

/// The most guests that exist at a time: those of a run on each thread, and one more for each run
/// while a node is replaced.
#[must_use]
pub fn guests_max(work: &Work<'_>) -> usize {
    rayon::current_num_threads() * (work.suite.nodes_max() + 1)
}

/// Judges the work.
#[must_use]
pub fn judge(work: &Work<'_>, context: &JudgeContext<'_>) -> BTreeMap<WorkItem, JudgeResult> {
    let modules: Vec<_> = work.modules.iter().collect();
    let results: Vec<Vec<(WorkItem, JudgeResult)>> = modules
        .into_par_iter()
        .map(|((sha256, stem), (path, challenges))| {
            let item = |challenge: &Challenge| WorkItem {
                sha256: sha256.clone(),
                stem: stem.clone(),
                challenge: challenge.id.clone(),
            };
            let challenges = || {
                challenges
                    .iter()
                    .map(|index| &work.suite.challenges[*index])
            };
            let all = |result: &JudgeResult| {
                let seeds = challenges().map(|challenge| challenge.seeds.len());
                (context.progress)(seeds.sum());
                let results = challenges().map(|challenge| (item(challenge), result.clone()));
                results.collect()
            };
            if context.interrupt.is_requested() {
                return all(&JudgeResult::Unfinished);
            }
            // All challenges of a suite have the same limits.
            let limits = challenges()
                .next()
                .map(|challenge| challenge.scenario.options.limits);
            let module = match load(context, path, sha256, &limits.unwrap_or_default()) {
                Ok(module) => module,
                Err(result) => return all(&result),
            };
            let challenges: Vec<&Challenge> = challenges().collect();
            let results = challenges.into_par_iter().map(|challenge| {
                let item = item(challenge);
                let result = run_all(context, &item, challenge, &module);
                (item, result)
            });
            results.collect()
        })
        .collect();
    results.into_iter().flatten().collect()
}

/// Loads a module, which must still have the hash that it was found with.
fn load(
    context: &JudgeContext<'_>,
    path: &Path,
    sha256: &str,
    limits: &Limits,
) -> Result<GuestModule, JudgeResult> {
    let internal = |why: &str| JudgeResult::InternalError(sanitize::lines(why));
    let load = || {
        context
            .sandbox
            .load_untrusted(path, limits, context.compiler)
    };
    // A panic leaves nothing behind that is used again.
    match catch_unwind(AssertUnwindSafe(load)) {
        Ok(Ok(module)) if module.facts.sha256 == sha256 => Ok(module),
        Ok(Ok(_)) => Err(internal("the module changed while it was judged")),
        Ok(Err(LoadError::Rejected { problems, .. })) => {
            Err(JudgeResult::Rejected(sanitize::lines(&problems.join("\n"))))
        }
        Ok(Err(error @ LoadError::Unreadable { .. })) => {
            let why = "the file changed after the submissions were read; judge again";
            Err(internal(&format!("{error}\n{why}")))
        }
        Ok(Err(LoadError::Interrupted { .. })) => Err(JudgeResult::Unfinished),
        Ok(Err(error)) => Err(internal(&error.to_string())),
        Err(panic) => Err(internal(&format!(
            "loading the module failed on our side: {}",
            panic_text(&*panic)
        ))),
    }
}

/// Runs a work item on its seeds up to the first that fails.
fn run_all(
    context: &JudgeContext<'_>,
    item: &WorkItem,
    challenge: &Challenge,
    module: &GuestModule,
) -> JudgeResult {
    let first_failure = AtomicUsize::new(usize::MAX);
    let run_at = |(index, &seed): (usize, &u64)| {
        let is_unnecessary = index > first_failure.load(Ordering::Relaxed);
        let run = match context.resume.known(item, seed) {
            _ if is_unnecessary => None,
            Some(known) => Some(known),
            None if context.interrupt.is_requested() => None,
            None => run_one(context, item, challenge, module, seed),
        };
        if run
            .as_ref()
            .is_some_and(|(run, _)| run.verdict != Verdict::Accepted)
        {
            first_failure.fetch_min(index, Ordering::Relaxed);
        }
        (context.progress)(1);
        run
    };
    // Most modules that fail do so at once, and a run on each core would be for nothing.
    let first = challenge.seeds.iter().enumerate().take(1).map(run_at);
    let mut runs: Vec<Option<(SeedRun, u64)>> = first.collect();
    let others = challenge.seeds.par_iter().enumerate().skip(1).map(run_at);
    runs.par_extend(others);
    let judged = first_failure.into_inner().saturating_add(1).min(runs.len());
    let runs: Option<Vec<(SeedRun, u64)>> = runs.into_iter().take(judged).collect();
    let Some(mut runs) = runs else {
        return JudgeResult::Unfinished;
    };
    let passes_for_want =
        |run: &SeedRun| run.verdict == Verdict::Accepted && run.has_too_few_samples;
    if runs.iter().all(|(run, _)| passes_for_want(run))
        && let Some((run, _)) = runs.last_mut()
    {
        run.without_samples();
    }
    let units = runs.iter().map(|(run, _)| run.units());
    let units = units.fold(0, u64::saturating_add);
    if let Some((run, ms)) = runs.last_mut()
        && run.needs_trace()
    {
        let seed = challenge.seeds[judged - 1];
        let shrinking = context.shrinking.or_as_much_as(units);
        let explained = run.clone().explained(challenge, module, seed, shrinking);
        if context.interrupt.is_requested() {
            return JudgeResult::Unfinished; // the search may have been cut short
        }
        *run = explained;
        context.resume.keep(item, seed, run, *ms);
    }
    JudgeResult::Judged(JudgedRuns::of(runs))
}

/// Runs a work item on a seed; `None` if the run was interrupted.
fn run_one(
    context: &JudgeContext<'_>,
    item: &WorkItem,
    challenge: &Challenge,
    module: &GuestModule,
    seed: u64,
) -> Option<(SeedRun, u64)> {
    let begin = Instant::now();
    let run = SeedRun::of(challenge, module, seed)?;
    let ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    // An internal error may not occur again.
    if run.verdict != Verdict::Internal {
        context.resume.keep(item, seed, &run, ms);
    }
    Some((run, ms))
}
