//! Rounds of runs, to the first that fails.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use host_sim::random::Streams;
use rayon::prelude::*;

use super::agenda::Agenda;
use super::pool::Pool;
use super::renew::{NODES_MAX, Renewal};
use super::round::{CHEAP_END_STEPS, Outcome, Plan, Round};
use super::run::Run;
use super::schedulers::Uniform;
use super::shape::{Clocks, Shapes};
use super::shorten::Shortening;
use super::strategy::{Guidance, Guided, Strategy, Tried};
use crate::account::Account;
use crate::bounds::Bounds;
use crate::breadth::Failure;
use crate::ends::Ends;
use crate::exploration::Exploration;
use crate::explore::{End, Impossible, begin, failing};
use crate::hash::{BuildQuick, Hash};
use crate::model::Model;
use crate::state::{Left, State};
use crate::wrong::{Mode, Wrong};

/// How many runs are made before what they have found is used.
const ROUND: u64 = 64;

/// How many states are counted.
const STATES_MAX: usize = 1 << 22;

/// What a hash in a set takes, which is between half full and full.
const HASH_BYTES: usize = 32;

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
        let bounds = Bounds {
            delays: None, // strategies choose what is late
            ..self.bounds.clone()
        };
        let this = Exploration {
            bounds: &bounds,
            budget: self.budget.clone(),
            ..*self
        };
        let mut tried = Tried::default();
        let mut failed_run = None;
        let account = Account::of(&self.budget);
        let (end, mode) = this.in_its_mode(Mode::default(), |mode| {
            failed_run = None;
            let mut note = |now| {
                tried = now;
                show(now);
            };
            let guided = this.guide_in(mode, guidance, &account, &mut note)?;
            (tried, failed_run) = (guided.tried, guided.failed_run);
            Ok(guided.end)
        })?;
        Ok(Guided {
            tried,
            failed_run,
            end,
            mode,
        })
    }

    /// A model in which few steps are taken twice.
    fn sparing_model(&self, mode: Mode, account: &Arc<Account>) -> Result<Model<'_>, Wrong> {
        let mut model = Model::new(self, mode, account).map_err(Wrong::Internal)?;
        model.guests.compares_one_in = COMPARES_ONE_IN;
        model.clients.judges_late = true;
        Ok(model)
    }

    fn guide_in(
        &self,
        mode: Mode,
        guidance: Guidance,
        account: &Arc<Account>,
        show: &mut dyn FnMut(Tried),
    ) -> Result<Guided, Wrong> {
        let mut model = self.sparing_model(mode, account)?;
        let mut search = Search::new(&model, guidance, begin(&model)?)?;
        model.guests.continues = search.has_no_use_for_snapshots();
        let interrupt = self.module.interrupt();
        let is_interrupted = || interrupt.is_some_and(host_guest::Interrupt::is_requested);
        while search.tried.runs < guidance.runs {
            if is_interrupted() {
                return Ok(search.over(End::Interrupted, None, mode));
            }
            let found = search.round(&model)?;
            model.clients.vouch()?;
            search.tried.goals = search.tried.goals.with(model.sighted());
            if let Some((number, failure)) = found {
                let shortening = Shortening {
                    model: &model,
                    begin: &search.begin,
                    ends: &search.ends,
                    end_steps: search.end_steps,
                    names: failure.names.clone(),
                    is_at_end: failure.is_at_end,
                };
                let failure = shortening.shorten(failure, &is_interrupted)?;
                let end = failing(&model, failure)?;
                return Ok(search.over(end, Some(number), mode));
            }
            show(search.tried);
            if search.tried.runs == ROUND {
                model.guests.continues = search.has_no_use_for_snapshots();
            }
            if model.nodes.len() > NODES_MAX || account.is_crowded() {
                let mut new = self.sparing_model(mode, account)?;
                new.guests.continues = model.guests.continues;
                search = search.renewed(&Renewal {
                    old: &model,
                    new: &new,
                });
                model = new;
            }
        }
        Ok(search.over(End::Runs, None, mode))
    }
}

/// Of so many new steps of guests one is taken twice, to see that it is a function of what it should be. Runs have so many steps
/// that a guest of which some are not is found out all the same.
const COMPARES_ONE_IN: u64 = 8;

/// A search between two rounds.
struct Search {
    guidance: Guidance,
    begin: State,
    /// How many moves a run has, about.
    length: u64,
    ends: Ends,
    /// How many steps it takes to judge an end, about.
    end_steps: u64,
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
            end_steps: 1,
            met: HashSet::default(),
            shapes: Shapes::default(),
            pool: Pool::default(),
            tried: Tried::default(),
        };
        search.pilot(model)?;
        Ok(search)
    }

    /// Makes a run without faults, to see how long runs and their ends are and which numbers are clocks.
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
        let ends = Ends::default();
        run.judge(&ends)?;
        self.end_steps = ends.steps().max(1);
        clocks.leave_out(&mut self.shapes);
        Ok(())
    }

    /// Whether instances had better go on than be restored before each step. A snapshot says whether a state was met already,
    /// so it saves time where states are met again, as they are if a cluster comes to rest soon.
    fn has_no_use_for_snapshots(&self) -> bool {
        let seldom_met = self.tried.runs > 0 && self.met.len() as u64 * 4 > self.tried.moves * 3;
        seldom_met || self.end_steps > self.length.max(CHEAP_END_STEPS)
    }

    /// Makes the runs of a round. Returns the first that fails.
    fn round(&mut self, model: &Model<'_>) -> Result<Option<(u64, Failure)>, Wrong> {
        let first = self.tried.runs;
        let last = self.guidance.runs.min(first + ROUND);
        let streams = Streams::new(model.seed);
        let plans: Vec<(u64, Plan)> = (first..last)
            .map(|number| {
                let stream = streams.stream(&format!("run {number}"));
                let plan = Plan::draw(self.guidance.strategy, &mut self.pool, stream);
                (number, plan)
            })
            .collect();
        let round = Round {
            model,
            guidance: self.guidance,
            length: self.length,
            begin: &self.begin,
            ends: &self.ends,
            end_steps: self.end_steps,
            shapes: &self.shapes,
            pool: &self.pool,
        };
        // What comes after a run that has failed is of no interest.
        let failed = AtomicU64::new(u64::MAX);
        let outcomes: Vec<Option<Result<Outcome, Wrong>>> = plans
            .into_par_iter()
            .map(|(number, plan)| {
                let is_wanted = number < failed.load(Ordering::Relaxed);
                let outcome = is_wanted.then(|| round.run(plan))?;
                if outcome.as_ref().is_ok_and(|it| it.fault.is_some()) {
                    failed.fetch_min(number, Ordering::Relaxed);
                }
                Some(outcome)
            })
            .collect();
        let mut moves = 0;
        for (number, outcome) in (first..).zip(outcomes.into_iter().flatten()) {
            let outcome = outcome?;
            moves += outcome.moves.len() as u64;
            if let Some(failure) = self.join(outcome, &model.account) {
                return Ok(Some((number, failure)));
            }
        }
        self.length = (moves / (last - first)).max(1);
        Ok(None)
    }

    /// Takes over what a run has found. Returns the failure, if it has failed.
    fn join(&mut self, outcome: Outcome, account: &Account) -> Option<Failure> {
        account.release(outcome.held);
        self.tried.runs += 1;
        self.tried.moves += outcome.made;
        for hash in outcome.hashes {
            if self.met.len() < STATES_MAX && self.met.insert(hash) {
                account.hold(HASH_BYTES);
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
            let reached = new.reached(moves);
            account.hold(reached.bytes());
            if let Some(gone) = self.pool.add(reached) {
                account.release(gone.bytes());
            }
        }
        self.tried.pool = self.pool.entries.len();
        None
    }

    /// The same, in another model.
    fn renewed(mut self, renewal: &Renewal<'_, '_>) -> Self {
        renewal.new.account.release(self.ends.bytes());
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

    fn over(&self, end: End, failed_run: Option<u64>, mode: Mode) -> Guided {
        Guided {
            tried: self.tried,
            failed_run,
            end,
            mode,
        }
    }
}
