//! The runs of a round: what each begins with, and what comes of it.

use std::collections::HashSet;

use host_sim::random::Stream;

use super::agenda::Agenda;
use super::follow::follow;
use super::mutate::change;
use super::pct::Pct;
use super::phases::Phases;
use super::pool::Pool;
use super::pos::Pos;
use super::run::Reached;
use super::run::{Fault, Run};
use super::schedulers::{Scheduler, Uniform};
use super::shape::{Shape, Shapes};
use super::strategy::{Guidance, Strategy};
use crate::ends::Ends;
use crate::hash::{BuildQuick, Hash};
use crate::model::Model;
use crate::moves::Move;
use crate::state::State;
use crate::wrong::Wrong;

/// What a run begins with.
pub(crate) struct Plan {
    from: From,
    stream: Stream,
}

enum From {
    Begin,
    /// A state that another run has reached.
    State(Reached),
    /// A schedule, followed from the beginning.
    Schedule(Vec<Move>),
}

/// Of so many runs, in thousands, one begins from the beginning although there is something else.
const AFRESH: u64 = 150;

/// After how many moves the shape of a state is looked at: to find it takes as long as some moves.
const LOOKS_EVERY: u64 = 4;

/// An end of so many steps is always judged.
pub(crate) const CHEAP_END_STEPS: u64 = 1000;

impl Plan {
    pub(crate) fn draw(strategy: Strategy, pool: &mut Pool, mut stream: Stream) -> Self {
        let from = match strategy {
            Strategy::Random | Strategy::Pct | Strategy::Phases | Strategy::Pos => From::Begin,
            _ if stream.chance(AFRESH) => From::Begin,
            Strategy::Novelty => match pool.choose(&mut stream) {
                Some(reached) => From::State(reached.clone()),
                None => From::Begin,
            },
            Strategy::Mutate => {
                let one = pool.choose(&mut stream).map(|it| it.moves.clone());
                let other = pool.choose(&mut stream);
                match (one, other) {
                    (Some(one), Some(other)) => {
                        From::Schedule(change(&one, &other.moves, &mut stream))
                    }
                    _ => From::Begin,
                }
            }
        };
        Plan { from, stream }
    }
}

/// A state of a shape that no run of an earlier round has reached.
pub(crate) struct New {
    pub(crate) shape: Shape,
    /// How many moves lead to it.
    pub(crate) depth: usize,
    state: State,
    births: Vec<(u32, u64)>,
}

impl New {
    pub(crate) fn reached(self, moves: Vec<Move>) -> Reached {
        Reached {
            shape: self.shape,
            state: self.state,
            births: self.births,
            moves,
        }
    }
}

/// What came of one run.
pub(crate) struct Outcome {
    /// The moves from the beginning.
    pub(crate) moves: Vec<Move>,
    /// How many of them it has made itself.
    pub(crate) made: u64,
    /// The states that it has met.
    pub(crate) hashes: Vec<Hash>,
    /// Their shapes, each once, in order.
    pub(crate) shapes: Vec<Shape>,
    pub(crate) news: Vec<New>,
    /// How many bytes were taken for it.
    pub(crate) held: usize,
    pub(crate) fault: Option<Fault>,
}

/// What the runs of a round share.
pub(crate) struct Round<'r, 'a> {
    pub(crate) model: &'r Model<'a>,
    pub(crate) guidance: Guidance,
    /// How many moves a run has, about.
    pub(crate) length: u64,
    pub(crate) begin: &'r State,
    pub(crate) ends: &'r Ends,
    /// How many steps it takes to judge an end, about.
    pub(crate) end_steps: u64,
    pub(crate) shapes: &'r Shapes,
    /// What earlier rounds have found.
    pub(crate) pool: &'r Pool,
}

/// What a run has met so far.
#[derive(Default)]
struct Met {
    hashes: Vec<Hash>,
    shapes: Vec<Shape>,
    known: HashSet<Shape, BuildQuick>,
    news: Vec<New>,
    held: usize,
    /// Moves since something was new.
    idle: u64,
}

/// What a move of a run takes: the move, the hash of its state, and the shape of that, which is in a set as well.
const MET_BYTES: usize = size_of::<Move>() + size_of::<Hash>() + 3 * size_of::<Shape>();

impl Round<'_, '_> {
    pub(crate) fn run(&self, plan: Plan) -> Result<Outcome, Wrong> {
        let Plan { from, mut stream } = plan;
        let mut met = Met::default();
        let (mut run, script) = match from {
            From::Begin => (Run::begin(self.model, self.begin.clone()), Vec::new()),
            From::Schedule(moves) => (Run::begin(self.model, self.begin.clone()), moves),
            From::State(reached) => (Run::resume(self.model, reached), Vec::new()),
        };
        let before = run.moves.len() as u64;
        follow(self.model, &mut run, script, &mut |run, hash| {
            self.meet(&mut met, run, hash);
        })?;
        let now = run.moves.len() as u64;
        let length = self.length.saturating_sub(now).max(self.length / 8).max(1);
        let mut scheduler = self.scheduler(now, length, &mut stream);
        let mut agenda = Agenda::new(self.model, &run.state, now, length, &mut stream);
        let patience = match self.guidance.strategy {
            Strategy::Novelty => self.length / 3 + 16,
            _ => u64::MAX,
        };
        met.idle = 0;
        run.finish(
            &mut agenda,
            scheduler.as_mut(),
            &mut stream,
            &mut |run, hash| {
                self.meet(&mut met, run, hash);
                met.idle < patience
            },
        )?;
        let made = run.moves.len() as u64 - before;
        // Of a cluster that never comes to rest an end takes far longer than a run: the longer, the fewer are judged.
        let is_cheap = self.end_steps <= CHEAP_END_STEPS;
        let share = (2 * made).min(self.end_steps).pow(2);
        if is_cheap || stream.below(self.end_steps.pow(2)) < share {
            run.judge(self.ends)?;
        }
        Ok(Outcome {
            fault: run.fault().cloned(),
            made,
            moves: run.moves,
            hashes: met.hashes,
            shapes: met.shapes,
            news: met.news,
            held: met.held,
        })
    }

    fn meet(&self, met: &mut Met, run: &Run<'_, '_>, hash: Hash) {
        met.hashes.push(hash);
        self.hold(met, MET_BYTES);
        if !matches!(self.guidance.strategy, Strategy::Novelty | Strategy::Mutate) {
            return;
        }
        met.idle += 1;
        if !(run.moves.len() as u64).is_multiple_of(LOOKS_EVERY) {
            return;
        }
        let shape = self.shapes.of(self.model, run);
        if !met.known.insert(shape) {
            return;
        }
        met.shapes.push(shape);
        if self.pool.is_new(shape) {
            met.idle = 0;
            let births = size_of_val(run.births());
            self.hold(met, run.state.bytes() + births);
            met.news.push(New {
                shape,
                depth: run.moves.len(),
                state: frozen(self.model, &run.state),
                births: run.births().to_vec(),
            });
        }
    }

    fn hold(&self, met: &mut Met, bytes: usize) {
        met.held += bytes;
        self.model.account.hold(bytes);
    }

    fn scheduler(&self, now: u64, length: u64, stream: &mut Stream) -> Box<dyn Scheduler> {
        let depth = self.guidance.pct_depth;
        match self.guidance.strategy {
            Strategy::Random => Box::new(Uniform),
            Strategy::Pct => Box::new(Pct::new(depth, now, length, stream)),
            Strategy::Phases => Box::new(Phases::new(self.model.count, stream)),
            Strategy::Pos => Box::new(Pos::new(stream)),
            Strategy::Novelty | Strategy::Mutate => match stream.below(4) {
                0 => Box::new(Uniform),
                1 => Box::new(Pos::new(stream)),
                _ => Box::new(Pct::new(depth, now, length, stream)),
            },
        }
    }
}

/// The same state, of guests that are known by their snapshots: they need not be told again all that led to it.
fn frozen(model: &Model<'_>, state: &State) -> State {
    let mut frozen = state.clone();
    for part in &mut frozen.parts[..model.count] {
        let mut node = model.nodes.get(*part).clone();
        let life = node.life();
        let guests = &model.guests;
        let guest = node.guest;
        node.guest = guest.map(|guest| guests.frozen(guest, life, &model.messages));
        if node.guest != guest {
            *part = model.nodes.add(node, guests, &model.messages);
        }
    }
    frozen
}
