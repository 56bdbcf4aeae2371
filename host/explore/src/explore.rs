//! An exploration from its beginning to its result.

use host_guest::Start;
use host_trial::Scenario;

use crate::bounds::Bounds;
use crate::breadth::{Breadth, Budget, Failure, Over, Progress};
use crate::guests::{Mode, Wrong};
use crate::model::{Model, Sink};
use crate::state::State;

/// What is explored.
pub struct Exploration<'a> {
    /// The program of every node.
    pub module: &'a dyn Start,
    /// The workload, the cluster, its clients, its limits.
    pub scenario: &'a Scenario,
    /// What is tried.
    pub bounds: &'a Bounds,
    /// When to stop.
    pub budget: Budget,
    /// Decides the operations, and what guests draw.
    pub seed: u64,
}

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
pub enum End {
    /// Every state within the bounds was met, and none fails.
    Complete,
    /// So were all that a schedule of the greatest depth reaches; longer ones were not tried.
    Depth,
    /// The budget of states is used up.
    States,
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
    /// Its moves.
    pub moves: usize,
    /// Whether it shows only when nothing more goes wrong, in the end.
    pub is_at_end: bool,
}

/// Why there is no exploration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Impossible(pub(crate) String);

impl Exploration<'_> {
    /// Tries all schedules within the bounds, shorter ones first.
    ///
    /// # Errors
    /// If the workload cannot be made so, or the cluster does not begin.
    pub fn search(&self, show: &mut dyn FnMut(Progress)) -> Result<Explored, Impossible> {
        let mut mode = Mode::default();
        loop {
            match self.search_in(mode, show) {
                Err(Wrong::Mode(found)) if found != mode => mode = found,
                Err(wrong) => return Err(Impossible(format!("{wrong:?}"))),
                Ok(explored) => return Ok(explored),
            }
        }
    }

    /// The rules of the cluster.
    pub(crate) fn model(&self, mode: Mode) -> Result<Model<'_>, Wrong> {
        Model::new(self.module, self.scenario, self.bounds, self.seed, mode)
            .map_err(Wrong::Internal)
    }

    /// The state in which schedules begin.
    pub(crate) fn begin(&self, model: &Model<'_>) -> Result<State, Wrong> {
        let (mut begin, queue) = model.begin(&mut Sink::default())?;
        for message in queue {
            model.insert(&mut begin, message);
        }
        Ok(begin)
    }

    /// The end of an exploration that has found a failure.
    pub(crate) fn failing(&self, model: &Model<'_>, failure: Failure) -> End {
        for it in &failure.moves {
            eprintln!("  {}", model.describe(*it));
        }
        End::Failure(FailingSchedule {
            names: failure.names,
            moves: failure.moves.len(),
            is_at_end: failure.is_at_end,
        })
    }

    fn search_in(&self, mode: Mode, show: &mut dyn FnMut(Progress)) -> Result<Explored, Wrong> {
        let model = self.model(mode)?;
        let begin = self.begin(&model)?;
        let interrupt = self.module.interrupt();
        let is_interrupted = || interrupt.is_some_and(host_guest::Interrupt::is_requested);
        let mut breadth = Breadth::new(&model);
        let (progress, over) = breadth.search(begin, self.budget, &is_interrupted, show)?;
        let end = match over {
            Over::Complete => End::Complete,
            Over::Depth => End::Depth,
            Over::States => End::States,
            Over::Interrupted => End::Interrupted,
            Over::Failure(failure) => self.failing(&model, failure),
        };
        eprintln!(
            "guests {} nodes {} clients {}",
            model.guests.len(),
            model.nodes.len(),
            model.clients.len()
        );
        Ok(Explored {
            progress,
            end,
            mode,
        })
    }
}
