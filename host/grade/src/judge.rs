//! Does the work: every module on every seed, in parallel.
//!
//! What comes out is a function of the work alone. A task's seeds are tried in any order, but
//! what counts is everything up to the first that fails, so however many threads there are,
//! they agree.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::resume::Resume;
use super::run::{Run, panic_text};
use super::suite::Challenge;
use super::work::{Task, Work};
use super::{Verdict, words};
use host_guest::Limits;
use host_sandbox::{Compiler, GuestModule, LoadError, Sandbox};
use host_trial::shrink::Budget;

/// What became of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was interrupted.
    Unfinished,
    /// The module cannot be loaded, and why.
    Rejected(Vec<String>),
    /// Something broke on our side before the first run.
    Broken(Vec<String>),
    /// It was run on its seeds, up to the first that failed.
    Ran(Ran),
}

/// The runs of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// Up to the first that failed, in the order of the seeds.
    pub runs: Vec<Run>,
    /// How long they took, together.
    pub ms: u64,
}

/// What the work is done with.
pub struct Bench<'a> {
    /// Where guests run; with room for [`guests_max`] of them.
    pub sandbox: &'a Sandbox,
    /// What compiles modules.
    pub compiler: &'a Compiler,
    /// What has been done, and where to note what will be.
    pub resume: &'a Resume,
    /// Told whenever so many runs are over, or turn out to be needless.
    pub progress: &'a (dyn Fn(usize) + Sync),
    /// How much may be spent on making one failure short; usually
    /// [`Budget::ONE_SECOND`].
    pub shrinking: Budget,
    /// Set when no further run is to begin.
    pub interrupted: &'a AtomicBool,
}

/// How many guests there are at a time: a run on each thread, with one more while a node is
/// replaced.
#[must_use]
pub fn guests_max(work: &Work<'_>) -> usize {
    rayon::current_num_threads() * (work.suite.nodes_max() + 1)
}

/// Does the work.
#[must_use]
pub fn judge(work: &Work<'_>, bench: &Bench<'_>) -> BTreeMap<Task, Outcome> {
    let modules: Vec<_> = work.modules.iter().collect();
    let outcomes: Vec<Vec<(Task, Outcome)>> = modules
        .into_par_iter()
        .map(|((sha256, stem), (path, challenges))| {
            let task = |challenge: &Challenge| Task {
                sha256: sha256.clone(),
                stem: stem.clone(),
                challenge: challenge.id.clone(),
            };
            let challenges = || {
                challenges
                    .iter()
                    .map(|index| &work.suite.challenges[*index])
            };
            let all = |outcome: &Outcome| {
                let seeds = challenges().map(|challenge| challenge.seeds.len());
                (bench.progress)(seeds.sum());
                let outcomes = challenges().map(|challenge| (task(challenge), outcome.clone()));
                outcomes.collect()
            };
            if bench.interrupted.load(Ordering::Relaxed) {
                return all(&Outcome::Unfinished);
            }
            // Limits are the suite's, so they are the same for all of its challenges.
            let limits = challenges()
                .next()
                .map(|challenge| challenge.scenario.options.limits);
            let module = match load(bench, path, sha256, &limits.unwrap_or_default()) {
                Ok(module) => module,
                Err(outcome) => return all(&outcome),
            };
            let challenges: Vec<&Challenge> = challenges().collect();
            let outcomes = challenges.into_par_iter().map(|challenge| {
                let task = task(challenge);
                let outcome = run_all(bench, &task, challenge, &module);
                (task, outcome)
            });
            outcomes.collect()
        })
        .collect();
    outcomes.into_iter().flatten().collect()
}

/// Loads a module, which has to be the one that was found.
fn load(
    bench: &Bench<'_>,
    path: &Path,
    sha256: &str,
    limits: &Limits,
) -> Result<GuestModule, Outcome> {
    let broken = |why: &str| Outcome::Broken(words::lines(why));
    let load = || bench.sandbox.load_untrusted(path, limits, bench.compiler);
    // What loading has touched is gone with it.
    match catch_unwind(AssertUnwindSafe(load)) {
        Ok(Ok(module)) if module.facts.sha256 == sha256 => Ok(module),
        Ok(Ok(_)) => Err(broken("the module changed while it was judged")),
        Ok(Err(LoadError::Rejected { problems, .. })) => {
            Err(Outcome::Rejected(words::lines(&problems.join("\n"))))
        }
        Ok(Err(error)) => Err(broken(&error.to_string())),
        Err(panic) => Err(broken(&format!(
            "loading the module failed on our side: {}",
            panic_text(&*panic)
        ))),
    }
}

/// Runs a task on its seeds up to the first that fails.
fn run_all(bench: &Bench<'_>, task: &Task, challenge: &Challenge, module: &GuestModule) -> Outcome {
    let first_failure = AtomicUsize::new(usize::MAX);
    let seeds = challenge.seeds.par_iter().enumerate();
    let runs: Vec<Option<(Run, u64)>> = seeds
        .map(|(index, &seed)| {
            let is_needless = index > first_failure.load(Ordering::Relaxed);
            let run = match bench.resume.known(task, seed) {
                _ if is_needless => None,
                Some(known) => Some(known),
                None if bench.interrupted.load(Ordering::Relaxed) => None,
                None => Some(run_one(bench, task, challenge, module, seed)),
            };
            if run
                .as_ref()
                .is_some_and(|(run, _)| run.verdict != Verdict::Accepted)
            {
                first_failure.fetch_min(index, Ordering::Relaxed);
            }
            (bench.progress)(1);
            run
        })
        .collect();
    let judged = first_failure.into_inner().saturating_add(1).min(runs.len());
    let runs: Option<Vec<(Run, u64)>> = runs.into_iter().take(judged).collect();
    let Some(mut runs) = runs else {
        return Outcome::Unfinished;
    };
    if let Some((run, ms)) = runs.last_mut()
        && run.needs_trace()
    {
        if bench.interrupted.load(Ordering::Relaxed) {
            return Outcome::Unfinished;
        }
        let seed = challenge.seeds[judged - 1];
        *run = run
            .clone()
            .explained(challenge, module, seed, bench.shrinking);
        bench.resume.keep(task, seed, run, *ms);
    }
    Outcome::Ran(Ran {
        ms: runs.iter().map(|(_, ms)| ms).sum(),
        runs: runs.into_iter().map(|(run, _)| run).collect(),
    })
}

fn run_one(
    bench: &Bench<'_>,
    task: &Task,
    challenge: &Challenge,
    module: &GuestModule,
    seed: u64,
) -> (Run, u64) {
    let begin = Instant::now();
    let run = Run::of(challenge, module, seed);
    let ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    // What broke on our side may not break again.
    if run.verdict != Verdict::Internal {
        bench.resume.keep(task, seed, &run, ms);
    }
    (run, ms)
}
