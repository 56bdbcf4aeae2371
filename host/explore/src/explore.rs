//! An exploration from its beginning to its result.

use std::sync::Arc;

use host_sim::Script;
use host_trial::schedule::Schedule;

use crate::account::Account;
use crate::bounds::{NODES_MAX, PARTITIONED_NODES_MAX, Progress, Spent};
use crate::breadth::{Breadth, Failure, Over};
use crate::exploration::Exploration;
use crate::model::{Model, Sink};
use crate::state::State;
use crate::trace;
use crate::wrong::{Mode, Wrong};

/// What came of an exploration.
#[derive(Debug)]
pub struct Explored {
    /// How far it came.
    pub progress: Progress,
    /// Why it is over.
    pub end: End,
    /// What states consisted of.
    pub mode: Mode,
}

/// Why an exploration is over.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one")]
pub enum End {
    /// Every state within the bounds was met, and none fails.
    Complete,
    /// So were all that a schedule of the greatest depth reaches; longer ones were not tried.
    Depth,
    /// The budget of states is used up.
    States,
    /// Another part of the budget is.
    Spent(Spent),
    /// All runs of a guided search were made, and none fails.
    Runs,
    /// The program was asked to end.
    Interrupted,
    /// A schedule fails.
    Failure(FailingSchedule),
}

/// A schedule that fails.
#[derive(Debug)]
pub struct FailingSchedule {
    /// What is wrong, by name.
    pub names: Vec<String>,
    /// How many moves lead to it.
    pub moves: usize,
    /// Whether it shows only once all faults are over, every message has arrived, and clients have
    /// done their last operations.
    pub is_at_end: bool,
    /// The same for the simulator, which replays it.
    pub schedule: Schedule,
    /// What happens, a line each.
    pub story: Vec<String>,
}

/// Why there is no exploration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The workload cannot be made in this scenario, or the cluster is too large; says which.
    #[error("{0}")]
    Scenario(String),
    /// The nodes do not get as far as the first operation: one fails, or does not answer.
    #[error("the cluster does not begin: {0}")]
    Begin(String),
    /// A fault of the explorer, or of the machine.
    #[error("{0}")]
    Internal(String),
}

impl From<Wrong> for Impossible {
    fn from(wrong: Wrong) -> Self {
        match wrong.is_no_failure() {
            true => Impossible::Internal(wrong.to_string()),
            false => Impossible::Begin(wrong.to_string()),
        }
    }
}

impl Exploration<'_> {
    /// Tries all schedules within the bounds, shorter ones first.
    ///
    /// # Errors
    /// If the workload cannot be made so, or the cluster does not begin.
    pub fn search(&self, show: &mut dyn FnMut(Progress)) -> Result<Explored, Impossible> {
        self.verify()?;
        let mut mode = Mode::default();
        let mut progress = Progress::default();
        let account = Account::of(&self.budget);
        loop {
            let mut note = |now| {
                progress = now;
                show(now);
            };
            match self.search_in(mode, &account, &mut note) {
                Err(Wrong::Mode(found)) if found != mode => mode = found,
                Err(Wrong::Interrupted) => {
                    return Ok(Explored {
                        progress,
                        end: End::Interrupted,
                        mode,
                    });
                }
                Err(Wrong::Spent(spent)) => {
                    return Ok(Explored {
                        progress,
                        end: End::Spent(spent),
                        mode,
                    });
                }
                Err(wrong) => return Err(wrong.into()),
                Ok(explored) => return Ok(explored),
            }
        }
    }

    /// The operations that clients may begin, in their order, in words: `broadcast 3`.
    ///
    /// # Errors
    /// If the workload cannot be made so.
    pub fn planned(&self) -> Result<Vec<String>, Impossible> {
        self.verify()?;
        let account = Account::of(&self.budget);
        let model = Model::new(self, Mode::default(), &account);
        Ok(model.map_err(Impossible::Scenario)?.planned())
    }

    /// Whether it can be made.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn verify(&self) -> Result<(), Impossible> {
        let wrong = |why: String| Err(Impossible::Scenario(why));
        if let Err(why) = self.scenario.verify() {
            return wrong(why.to_string());
        }
        let nodes = self.scenario.options.cluster.count;
        if nodes > NODES_MAX {
            return wrong(format!(
                "{nodes} nodes are too many to explore: at most {NODES_MAX}"
            ));
        }
        if nodes > PARTITIONED_NODES_MAX && self.bounds.partitions > 0 {
            return wrong(format!(
                "a network of {nodes} nodes splits in too many ways: with partitions at most \
                 {PARTITIONED_NODES_MAX}"
            ));
        }
        Ok(())
    }

    fn search_in(
        &self,
        mode: Mode,
        account: &Arc<Account>,
        show: &mut dyn FnMut(Progress),
    ) -> Result<Explored, Wrong> {
        let model = Model::new(self, mode, account).map_err(Wrong::Internal)?;
        let begin = begin(&model)?;
        let interrupt = self.module.interrupt();
        let is_interrupted = || interrupt.is_some_and(host_guest::Interrupt::is_requested);
        let mut breadth = Breadth::new(&model);
        let (progress, over) = breadth.search(begin, self.budget.states, &is_interrupted, show)?;
        let end = match over {
            Over::Complete => End::Complete,
            Over::Depth => End::Depth,
            Over::States => End::States,
            Over::Interrupted => End::Interrupted,
            Over::Failure(failure) => failing(&model, failure)?,
        };
        Ok(Explored {
            progress,
            end,
            mode,
        })
    }
}

impl Exploration<'_> {
    /// The schedule in which nothing happens once the cluster has begun: for one that does not begin.
    #[must_use]
    pub fn beginning(&self) -> Schedule {
        Schedule {
            seed: self.seed,
            scenario: trace::directed(self.scenario),
            script: Script {
                warm_up_ns: self.bounds.warm_up_ns,
                ..Script::default()
            },
        }
    }
}

/// The state in which schedules begin.
pub(crate) fn begin(model: &Model<'_>) -> Result<State, Wrong> {
    let (mut begin, queue) = model.begin(&mut Sink::default())?;
    for message in queue {
        model.insert(&mut begin, message);
    }
    Ok(begin)
}

/// How an exploration ends that has found a failure.
pub(crate) fn failing(model: &Model<'_>, failure: Failure) -> Result<End, Wrong> {
    let begin = begin(model)?;
    Ok(End::Failure(FailingSchedule {
        story: model.story(&begin, &failure.moves),
        schedule: trace::schedule(model, &failure.moves, failure.is_at_end)?,
        names: failure.names,
        moves: failure.moves.len(),
        is_at_end: failure.is_at_end,
    }))
}
