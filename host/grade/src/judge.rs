//! Judges the work: makes every run of every module, in parallel.
//!
//! The results are a function of the work alone. The runs of a challenge are made in any order, but
//! only those up to the first that fails count, so the results do not depend on the number of
//! threads.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::grade::{ExploredWorld, Usage};
use super::resume::Resume;
use super::run::{SeedRun, panic_text};
use super::runtimes::{NotLoaded, Runtimes, untrusted};
use super::submission::ModuleFile;
use super::suite::{Challenge, PlannedRun, Suite};
use super::work::{Work, WorkItem};
use super::{Verdict, sanitize};
use host_guest::Interrupt;
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
    /// The runs were made, up to the first that failed.
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
    /// The worst measurement for each target, by [`Setting::name_of`](super::suite::Setting::name_of).
    pub worst: BTreeMap<String, f64>,
    /// With how many seeds the faults touched nothing.
    pub untouched: usize,
    /// What explorations have tried without a failure.
    pub explored: Vec<ExploredWorld>,
    /// What the author should know though it decides nothing.
    pub warnings: Warnings,
    /// The first that failed.
    pub failed: Option<Box<SeedRun>>,
    /// The time that they took together, in milliseconds.
    pub ms: u64,
}

/// The warnings about the runs of a work item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Warnings {
    /// With how many seeds there was one.
    pub seeds: usize,
    /// Those of the first such seed.
    pub first: Vec<String>,
}

impl JudgedRuns {
    /// What is kept of the challenge's first runs, the last of which may have failed, and of their
    /// times.
    fn of(challenge: &Challenge, runs: Vec<(SeedRun, u64)>) -> Self {
        let mut kept = JudgedRuns::default();
        for (planned, (mut run, ms)) in challenge.runs().zip(runs) {
            kept.ms += ms;
            for (name, usage) in std::mem::take(&mut run.usage) {
                let most = kept.usage.entry(name).or_insert(usage);
                *most = most.greater(usage);
            }
            for (name, measured) in &run.measured {
                let name = planned.setting.qualified(name);
                let worst = kept.worst.entry(name).or_insert(*measured);
                *worst = worst.max(*measured);
            }
            kept.untouched += usize::from(run.faults_touched_nothing);
            if !run.warnings.is_empty() {
                kept.warnings.seeds += 1;
                if kept.warnings.first.is_empty() {
                    kept.warnings.first.clone_from(&run.warnings);
                }
            }
            if let Some((proof, world)) = run.proof.take().zip(planned.setting.world_name()) {
                kept.explored.push(ExploredWorld {
                    world: world.to_owned(),
                    seed: planned.seed,
                    proof,
                });
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
    /// The runtimes of scripts, loaded.
    pub runtimes: &'a Runtimes,
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

/// The most guests that exist at a time, on all threads.
#[must_use]
pub fn guests_max(work: &Work<'_>) -> usize {
    rayon::current_num_threads() * guests_of_run(work)
}

/// The most guests that one thread has at a time: those of a run or an exploration, and one more for each run while a node
/// is replaced.
#[must_use]
pub fn guests_of_run(work: &Work<'_>) -> usize {
    let of_run = work.suite.nodes_max() + 1;
    let of_exploration = match work.suite.is_explored() {
        true => host_explore::instances(1),
        false => 0,
    };
    of_run.max(of_exploration)
}

/// Judges the work.
#[must_use]
pub fn judge(work: &Work<'_>, context: &JudgeContext<'_>) -> BTreeMap<WorkItem, JudgeResult> {
    let modules: Vec<_> = work.modules.iter().collect();
    let results: Vec<Vec<(WorkItem, JudgeResult)>> = modules
        .into_par_iter()
        .map(|((sha256, stem), (file, challenges))| {
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
                let runs = challenges().map(|challenge| challenge.runs().count());
                (context.progress)(runs.sum());
                let results = challenges().map(|challenge| (item(challenge), result.clone()));
                results.collect()
            };
            if context.interrupt.is_requested() {
                return all(&JudgeResult::Unfinished);
            }
            let module = match load(context, file, work.suite) {
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
#[expect(clippy::result_large_err, reason = "it is made once a module")]
fn load(
    context: &JudgeContext<'_>,
    file: &ModuleFile,
    suite: &Suite,
) -> Result<GuestModule, JudgeResult> {
    let internal = |why: &str| JudgeResult::InternalError(sanitize::lines(why));
    let load = || {
        let load = untrusted(context.sandbox, context.compiler);
        let limits = suite.guest_limits();
        context.runtimes.module(file, suite, &limits, load)
    };
    // A panic leaves nothing behind that is used again.
    match catch_unwind(AssertUnwindSafe(load)) {
        Ok(Ok(module)) => Ok(module),
        Ok(Err(NotLoaded::Refused(why))) => Err(JudgeResult::Rejected(sanitize::lines(&why))),
        Ok(Err(NotLoaded::Changed(_))) => Err(internal("the module changed while it was judged")),
        Ok(Err(NotLoaded::Module(LoadError::Rejected { problems, .. }))) => {
            Err(JudgeResult::Rejected(sanitize::lines(&problems.join("\n"))))
        }
        Ok(Err(
            error @ (NotLoaded::Module(LoadError::Unreadable { .. }) | NotLoaded::Folder(_)),
        )) => {
            let why = "the file changed after the submissions were read; judge again";
            Err(internal(&format!("{error}\n{why}")))
        }
        Ok(Err(NotLoaded::Module(LoadError::Interrupted { .. }))) => Err(JudgeResult::Unfinished),
        Ok(Err(error)) => Err(internal(&error.to_string())),
        Err(panic) => Err(internal(&format!(
            "loading the module failed on our side: {}",
            panic_text(&*panic)
        ))),
    }
}

/// Makes the runs of a work item up to the first that fails.
fn run_all(
    context: &JudgeContext<'_>,
    item: &WorkItem,
    challenge: &Challenge,
    module: &GuestModule,
) -> JudgeResult {
    let planned: Vec<PlannedRun<'_>> = challenge.runs().collect();
    let first_failure = AtomicUsize::new(usize::MAX);
    let run_at = |(index, &planned): (usize, &PlannedRun<'_>)| {
        let is_unnecessary = index > first_failure.load(Ordering::Relaxed);
        let run = match context.resume.known(item, planned) {
            _ if is_unnecessary => None,
            Some(known) => Some(known),
            None if context.interrupt.is_requested() => None,
            None => run_one(context, item, planned, module),
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
    let first = planned.iter().enumerate().take(1).map(run_at);
    let mut runs: Vec<Option<(SeedRun, u64)>> = first.collect();
    let others = planned.par_iter().enumerate().skip(1).map(run_at);
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
        let last = planned[judged - 1];
        let shrinking = context.shrinking.or_as_much_as(units);
        let found = run
            .clone()
            .explained(last.setting, module, last.seed, shrinking);
        if context.interrupt.is_requested() {
            return JudgeResult::Unfinished; // the search may have been cut short
        }
        *run = found;
        context.resume.keep(item, last, run, *ms);
    }
    JudgeResult::Judged(JudgedRuns::of(challenge, runs))
}

/// Makes a run of a work item; `None` if it was interrupted.
fn run_one(
    context: &JudgeContext<'_>,
    item: &WorkItem,
    planned: PlannedRun<'_>,
    module: &GuestModule,
) -> Option<(SeedRun, u64)> {
    let begin = Instant::now();
    let run = SeedRun::of(planned.setting, module, planned.seed)?;
    let ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    // An internal error may not occur again.
    if run.verdict != Verdict::Internal {
        context.resume.keep(item, planned, &run, ms);
    }
    Some((run, ms))
}
