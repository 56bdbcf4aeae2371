//! Rounds of runs, to the first that fails.

use std::collections::HashSet;

use host_sim::random::Streams;
use rayon::prelude::*;

use super::agenda::Agenda;
use super::pool::Pool;
use super::renew::{NODES_MAX, Renewal};
use super::round::{Outcome, Plan, Round};
use super::run::Run;
use super::schedulers::Uniform;
use super::shape::{Clocks, Shapes};
use super::shorten::Shortening;
use super::strategy::{Guidance, Guided, Strategy, Tried};
use crate::breadth::Failure;
use crate::ends::Ends;
use crate::explore::{End, Exploration, Impossible};
use crate::guests::{Mode, Wrong};
use crate::hash::{BuildQuick, Hash};
use crate::model::Model;
use crate::state::{Left, State};

/// How many runs are made before what they have found is used.
const ROUND: u64 = 64;

/// How many states are counted.
const STATES_MAX: usize = 1 << 22;

/// How many of the states that were new in a run are kept.
const KEPT: usize = 4;

impl Exploration<'_> {
    /// Tries schedules within the bounds that a strategy chooses, until one fails or there were enough, and shortens the
    /// one that fails. `show` is told after each round of runs how far it came.
    ///
    /// # Errors
    /// If the workload cannot be made so, or the cluster does not begin.
    pub fn guide(
        &self,
        guidance: Guidance,
        show: &mut dyn FnMut(Tried),
    ) -> Result<Guided, Impossible> {
        self.verify()?;
        let mut mode = Mode::default();
        loop {
            match self.guide_in(mode, guidance, show) {
                Err(Wrong::Mode(found)) if found != mode => mode = found,
                Err(wrong) => return Err(wrong.into()),
                Ok(guided) => return Ok(guided),
            }
        }
    }

    fn guide_in(
        &self,
        mode: Mode,
        guidance: Guidance,
        show: &mut dyn FnMut(Tried),
    ) -> Result<Guided, Wrong> {
        let mut model = self.model(mode)?;
        let mut search = Search::new(&model, guidance, self.begin(&model)?)?;
        let is_interrupted = || self.is_interrupted();
        while search.tried.runs < guidance.runs {
            let found = search.round(&model);
            // A run that was interrupted has found nothing.
            if is_interrupted() {
                return Ok(search.over(&model, End::Interrupted, None));
            }
            if let Some((number, failure)) = found? {
                let names = failure.names.clone();
                let shortening = Shortening::new(&model, &search.begin, &search.ends, names);
                let failure = shortening.shorten(failure, &is_interrupted)?;
                let end = self.failing(&model, failure)?;
                return Ok(search.over(&model, end, Some(number)));
            }
            show(search.tried);
            if model.nodes.len() > NODES_MAX {
                let new = self.model(mode)?;
                search = search.renewed(&Renewal {
                    old: &model,
                    new: &new,
                });
                model = new;
            }
        }
        Ok(search.over(&model, End::Runs, None))
    }
}

/// A search between two rounds.
struct Search {
    guidance: Guidance,
    begin: State,
    /// How many moves a run has, about.
    length: u64,
    ends: Ends,
    met: HashSet<Hash, BuildQuick>,
    shapes: Shapes,
    pool: Pool,
    tried: Tried,
}

impl Search {
    fn new(model: &Model<'_>, guidance: Guidance, begin: State) -> Result<Self, Wrong> {
        let mut search = Search {
            guidance,
            begin,
            length: 0,
            ends: Ends::default(),
            met: HashSet::default(),
            shapes: Shapes::default(),
            pool: Pool::default(),
            tried: Tried::default(),
        };
        search.pilot(model)?;
        Ok(search)
    }

    /// Makes a run without faults, to see how long runs are and which numbers are clocks.
    fn pilot(&mut self, model: &Model<'_>) -> Result<(), Wrong> {
        let mut stream = Streams::new(model.seed).stream("pilot run");
        let guess = u64::from(model.bounds.fires) + model.bounds.operations as u64;
        let begin = State {
            left: Left {
                fires: self.begin.left.fires,
                ..Left::NOTHING
            },
            ..self.begin.clone()
        };
        let mut agenda = Agenda::new(model, &begin, 0, guess, &mut stream);
        let mut run = Run::begin(model, begin);
        let mut clocks = Clocks::default();
        let shapes = &self.shapes;
        run.finish(&mut agenda, &mut Uniform, &mut stream, &mut |run, _| {
            clocks.note(shapes, model, run);
            true
        })?;
        self.length = (run.moves.len() as u64).max(1);
        clocks.leave_out(&mut self.shapes);
        Ok(())
    }

    /// Makes the runs of a round. Returns the first that fails.
    fn round(&mut self, model: &Model<'_>) -> Result<Option<(u64, Failure)>, Wrong> {
        let first = self.tried.runs;
        let last = self.guidance.runs.min(first + ROUND);
        let streams = Streams::new(model.seed);
        let plans: Vec<Plan> = (first..last)
            .map(|number| {
                let stream = streams.stream(&format!("run {number}"));
                Plan::draw(self.guidance.strategy, &mut self.pool, stream)
            })
            .collect();
        let round = Round {
            model,
            guidance: self.guidance,
            length: self.length,
            begin: &self.begin,
            ends: &self.ends,
            shapes: &self.shapes,
            pool: &self.pool,
        };
        let outcomes: Vec<Result<Outcome, Wrong>> =
            plans.into_par_iter().map(|plan| round.run(plan)).collect();
        let mut moves = 0;
        for (number, outcome) in (first..).zip(outcomes) {
            let outcome = outcome?;
            moves += outcome.moves.len() as u64;
            if let Some(failure) = self.join(outcome) {
                return Ok(Some((number, failure)));
            }
        }
        self.length = (moves / (last - first)).max(1);
        Ok(None)
    }

    /// Takes over what a run has found. Returns the failure, if it has failed.
    fn join(&mut self, outcome: Outcome) -> Option<Failure> {
        self.tried.runs += 1;
        self.tried.moves += outcome.made;
        for hash in outcome.hashes {
            if self.met.len() < STATES_MAX {
                self.met.insert(hash);
            }
        }
        self.tried.states = self.met.len();
        if let Some(fault) = outcome.fault {
            return Some(Failure {
                moves: outcome.moves,
                names: fault.names,
                is_at_end: fault.is_at_end,
            });
        }
        // What is new since the round began may have been reached by several of its runs.
        let mut news = outcome.news;
        news.retain(|new| self.pool.is_new(new.shape));
        for shape in outcome.shapes {
            self.pool.count(shape);
        }
        let kept = match self.guidance.strategy {
            Strategy::Mutate => 1,
            _ => KEPT,
        };
        let every = news.len().div_ceil(kept).max(1);
        for new in news.into_iter().step_by(every) {
            let moves = match self.guidance.strategy {
                Strategy::Mutate => outcome.moves.clone(),
                _ => outcome.moves[..new.depth].to_vec(),
            };
            self.pool.add(new.reached(moves));
        }
        self.tried.pool = self.pool.entries.len();
        None
    }

    /// The same, in another model.
    fn renewed(mut self, renewal: &Renewal<'_, '_>) -> Self {
        for entry in &mut self.pool.entries {
            entry.reached = renewal.reached(&entry.reached);
        }
        Search {
            begin: renewal.state(&self.begin),
            ends: Ends::default(),
            shapes: self.shapes.renewed(),
            ..self
        }
    }

    fn over(&self, model: &Model<'_>, end: End, failed_run: Option<u64>) -> Guided {
        Guided {
            tried: self.tried,
            failed_run,
            end,
            mode: model.guests.mode,
            operations: model.planned(),
        }
    }
}
