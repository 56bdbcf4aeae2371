//! A world that is explored: instead of a run for each seed, all schedules within bounds, or those that a
//! strategy chooses.
//!
//! An exploration may use what a run may: as much fuel, processor time and memory. What it does itself is paid
//! for in fuel too ([`Budget`]), so a hostile module makes it no longer than a run. One that has used
//! it up has found nothing, which is no failure, and the grade says how far it came.
//!
//! It has a thread of its own, so that where it stops does not depend on how many there are; and it
//! does not take part in the work of others, so that no run is begun on top of it.
//!
//! A schedule that fails is played in the simulator, and that run is judged like any other. If the simulator finds
//! nothing wrong, the fault is ours.

use std::panic::resume_unwind;
use std::sync::Arc;

use super::proof::{Proof, ProofEnd};
use super::run::SeedRun;
use super::runtimes::scenario;
use super::suite::{Explore, Search, Setting};
use super::{Verdict, sanitize};
use host_check::text::render_problems;
use host_check::validity::Validity;
use host_explore::{Budget, End, Exploration, FailingSchedule, Spent};
use host_guest::Interrupt;
use host_protocol::text::counted;
use host_sandbox::GuestModule;
use host_sim::MemoryGrant;
use host_trial::in_room;
use host_trial::schedule::{Schedule, trace};

/// What came of exploring a module.
enum Found {
    Nothing(Proof),
    /// A schedule that fails, and why.
    Failure(Box<Schedule>, String),
    /// The fault is ours.
    Internal(String),
}

/// Explores a module in a setting, and judges what was found. `None` if that was interrupted.
pub(super) fn judge(
    setting: Setting<'_>,
    explore: &Explore,
    module: &GuestModule,
    seed: u64,
) -> Option<SeedRun> {
    match found(setting, explore, module, seed)? {
        Found::Nothing(proof) => Some(SeedRun::proved(proof)),
        Found::Internal(why) => Some(SeedRun::internal(&why)),
        Found::Failure(schedule, why) => judge_schedule(setting, module, &schedule, &why),
    }
}

/// The schedule that fails, if one does and nobody interrupts.
pub(super) fn failing(
    setting: Setting<'_>,
    explore: &Explore,
    module: &GuestModule,
    seed: u64,
) -> Option<Schedule> {
    match found(setting, explore, module, seed)? {
        Found::Failure(schedule, _) => Some(*schedule),
        Found::Nothing(_) | Found::Internal(_) => None,
    }
}

fn found(
    setting: Setting<'_>,
    explore: &Explore,
    module: &GuestModule,
    seed: u64,
) -> Option<Found> {
    let scenario = scenario(setting, &module.first_args);
    let interrupt = host_guest::Start::interrupt(module);
    let is_interrupted = || interrupt.is_some_and(Interrupt::is_requested);
    let bounds = scenario.options.bounds;
    let explored = |room: Option<Arc<dyn MemoryGrant>>| {
        let exploration = Exploration {
            module,
            scenario: &scenario,
            bounds: &explore.bounds,
            budget: Budget {
                states: match explore.search {
                    Search::Exhaustive { states_max } => states_max,
                    Search::Guided(_) => usize::MAX,
                },
                fuel: bounds.fuel,
                bytes: bounds.memory_bytes,
                room,
                has_net: true,
            },
            seed: setting.run_seed(seed),
            operations: host_explore::Operations::Drawn,
        };
        let found = on_its_own_thread(|| explored(&exploration, explore));
        match found {
            Ok((End::Spent(Spent::Room), _)) => None,
            found => Some(found.map_err(|why| (exploration.beginning(), why))),
        }
    };
    let found = in_room(explored)?;
    if is_interrupted() {
        return None;
    }
    Some(match found {
        Ok((End::Failure(failing), _)) => {
            let FailingSchedule {
                names, schedule, ..
            } = failing;
            Found::Failure(Box::new(schedule), names.join(", "))
        }
        Ok((end, mut proof)) => match ProofEnd::of(&end) {
            Some(end) => {
                proof.end = end;
                proof.bounds = explore.in_words(&scenario);
                Found::Nothing(proof)
            }
            None => Found::Internal(format!("the exploration ended in {end:?}")),
        },
        // What fails before anything is explored fails in the simulator too.
        Err((beginning, why)) => Found::Failure(Box::new(beginning), why),
    })
}

/// Explores, and says how far it came.
fn explored(exploration: &Exploration<'_>, explore: &Explore) -> Result<(End, Proof), String> {
    let proof = Proof {
        bounds: String::new(),
        end: ProofEnd::Complete,
        states: 0,
        depth: None,
        strategy: None,
        schedules: None,
    };
    match explore.search {
        Search::Exhaustive { .. } => {
            let explored = exploration.search(&mut |_| ());
            let explored = explored.map_err(|why| why.to_string())?;
            let proof = Proof {
                states: explored.progress.states as u64,
                depth: Some(explored.progress.depth),
                ..proof
            };
            Ok((explored.end, proof))
        }
        Search::Guided(guidance) => {
            let guided = exploration.guide(guidance, &mut |_| ());
            let guided = guided.map_err(|why| why.to_string())?;
            let proof = Proof {
                states: guided.tried.states as u64,
                strategy: Some(guidance.strategy.name().to_owned()),
                schedules: Some(guided.tried.runs),
                ..proof
            };
            Ok((guided.end, proof))
        }
    }
}

impl ProofEnd {
    fn of(end: &End) -> Option<Self> {
        Some(match end {
            End::Complete => ProofEnd::Complete,
            End::Depth => ProofEnd::Depth,
            End::States => ProofEnd::States,
            End::Runs => ProofEnd::Schedules,
            End::Spent(Spent::Fuel) => ProofEnd::Fuel,
            End::Spent(Spent::Memory) => ProofEnd::Memory,
            End::Spent(Spent::Time) => ProofEnd::ProcessorTime,
            End::Spent(Spent::Room) | End::Interrupted | End::Failure(_) => return None,
        })
    }
}

/// Calls `work` on a thread that nobody else gives work to.
fn on_its_own_thread<T: Send>(
    work: impl FnOnce() -> Result<T, String> + Send,
) -> Result<T, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|error| format!("cannot start a thread: {error}"))?;
    // Whoever waits for another pool takes up other work of its own meanwhile, unless it belongs to none.
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.install(work));
        waiting.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Plays a schedule that an exploration found to fail, for the reason `why`, and judges that run. `None` if it was
/// interrupted.
#[must_use]
pub fn judge_schedule(
    setting: Setting<'_>,
    module: &GuestModule,
    schedule: &Schedule,
    why: &str,
) -> Option<SeedRun> {
    let trial = schedule.trial(module, None);
    let play = |result: host_trial::TrialResult| {
        if result.is_interrupted() {
            return None;
        }
        let anomaly = result.anomalies().into_iter().next();
        let problems = result.result.as_ref().ok().or(result.before_stop.as_ref());
        let problems = problems.map(render_problems).unwrap_or_default();
        let run = match result.valid() {
            Validity::False => SeedRun::judged(setting, &result),
            Validity::True | Validity::Unknown => SeedRun::internal(&format!(
                "the exploration finds a schedule that fails ({why}), and the simulator finds nothing wrong in \
                 it: one of them is wrong"
            )),
        };
        Some((run, anomaly, problems))
    };
    let (mut run, anomaly, problems) = trial.with(schedule.seed, Some(&schedule.script), play)?;
    run.faults_touched_nothing = false; // there were none that nobody asked for
    if run.verdict == Verdict::Internal {
        return Some(run);
    }
    let Some(anomaly) = anomaly else {
        return Some(run);
    };
    let mut lines = trace(schedule, module, None, &anomaly);
    if !lines.is_empty() {
        let moves = schedule.script.moves.len();
        lines.insert(0, format!("a schedule of {}:", counted(moves, "move")));
        lines.extend(problems.lines().map(str::to_owned));
    }
    run.trace = Some(sanitize::trace(&lines));
    run.evidence = Some(Vec::new());
    Some(run)
}
