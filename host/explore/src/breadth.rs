//! Breadth first: all states within the bounds, the nearest first, so the first failure is a shortest one.
//!
//! States of a level are expanded by several threads and joined in one order, so neither what is found nor any count
//! depends on how many there are.
//!
//! **Sleep sets** (Godefroid, "Partial-order methods for the verification of concurrent systems", 1996) leave out
//! moves whose result is met anyway: if `a` and `b` commute in a state and `a` was tried first, `b a` leads where `a b` does, so
//! after `b`, `a` sleeps until something happens that it does not commute with. They leave out transitions and no state. With states that are met
//! once, a state must not sleep on what another path to it would wake. All shortest paths to a state have the same
//! length, so all of them reach it in the level in which it is found first: what sleeps in it is what sleeps on all of these.

use hashbrown::HashTable;
use rayon::prelude::*;

use crate::bounds::Progress;
use crate::ends::Ends;
use crate::hash::Hash;
use crate::model::{Model, Sink};
use crate::moves::{Footprint, Move};
use crate::state::State;
use crate::wrong::Wrong;

/// A failure, and the moves that lead to it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) moves: Vec<Move>,
    /// What is wrong, by name.
    pub(crate) names: Vec<String>,
    /// Whether it shows only when the state is brought to its end.
    pub(crate) is_at_end: bool,
}

/// Why a search is over.
#[derive(Debug)]
pub(crate) enum Over {
    Complete,
    Depth,
    States,
    Interrupted,
    Failure(Failure),
}

/// A state that was met.
#[derive(Debug, Clone, Copy)]
struct Met {
    /// The one before it.
    from: u32,
    by: Move,
}

/// A state whose moves are still to be tried.
struct Open {
    id: u32,
    state: State,
    sleeps: Vec<Move>,
    /// What was taken for it.
    bytes: usize,
}

/// A state that a move leads to.
struct Reached {
    from: u32,
    by: Move,
    hash: Hash,
    state: State,
    sleeps: Vec<Move>,
}

impl Reached {
    /// What it takes until its moves are tried, in bytes.
    fn bytes(&self) -> usize {
        self.state.bytes() + size_of_val(self.sleeps.as_slice()) + size_of::<Reached>()
    }
}

/// What a state that was met takes for good: its hash, where it comes from, its place.
const MET_BYTES: usize = size_of::<Hash>() + size_of::<Met>() + 8;

/// What came of the moves of some states.
#[derive(Default)]
struct Expanded {
    reached: Vec<Reached>,
    failed: Option<(u32, Move, Wrong)>,
    transitions: u64,
}

/// How many states are expanded before the results are joined.
const BATCH: usize = 16 << 10;
/// How many of them a thread takes at a time.
const PIECE: usize = 64;

pub(crate) struct Breadth<'m, 'a> {
    model: &'m Model<'a>,
    ends: Ends,
    hashes: Vec<Hash>,
    met: Vec<Met>,
    places: HashTable<u32>,
    transitions: u64,
}

impl<'m, 'a> Breadth<'m, 'a> {
    pub(crate) fn new(model: &'m Model<'a>) -> Self {
        Breadth {
            model,
            ends: Ends::default(),
            hashes: Vec::new(),
            met: Vec::new(),
            places: HashTable::new(),
            transitions: 0,
        }
    }

    /// Searches from a state on. Returns how far it came, and why it is over.
    pub(crate) fn search(
        &mut self,
        begin: State,
        states_max: usize,
        is_interrupted: &(dyn Fn() -> bool + Sync),
        show: &mut dyn FnMut(Progress),
    ) -> Result<(Progress, Over), Wrong> {
        let mut depth = 0;
        let first = Reached {
            from: 0,
            by: Move::Heal,
            hash: self.model.hash(&begin),
            state: begin,
            sleeps: Vec::new(),
        };
        let mut level = Vec::new();
        let mut over = self.join(first, 0, &mut level);
        if over.is_none() {
            over = self.judge_ends(&level, is_interrupted)?;
        }
        loop {
            let progress = |this: &Self, frontier| Progress {
                states: this.met.len(),
                transitions: this.transitions,
                depth,
                frontier,
            };
            show(progress(self, level.len()));
            if let Some(over) = over {
                return Ok((progress(self, level.len()), over));
            }
            if level.is_empty() {
                return Ok((progress(self, 0), Over::Complete));
            }
            if self.model.bounds.depth.is_some_and(|most| depth >= most) {
                return Ok((progress(self, level.len()), Over::Depth));
            }
            let (next, stopped) =
                self.next_level(&level, states_max, is_interrupted, &mut |this, frontier| {
                    show(progress(this, frontier));
                })?;
            over = stopped;
            if over.is_none() {
                over = self.judge_ends(&next, is_interrupted)?;
                depth += 1;
            }
            let tried = level.iter().map(|open| open.bytes);
            self.model.account.release(tried.sum());
            level = next;
        }
    }

    fn next_level(
        &mut self,
        level: &[Open],
        states_max: usize,
        is_interrupted: &(dyn Fn() -> bool + Sync),
        show: &mut dyn FnMut(&Self, usize),
    ) -> Result<(Vec<Open>, Option<Over>), Wrong> {
        let mut next = Vec::new();
        let start = self.met.len();
        for batch in level.chunks(BATCH) {
            let this = &*self;
            let pieces: Vec<Expanded> = batch
                .par_chunks(PIECE)
                .map(|piece| this.expand(piece, start, is_interrupted))
                .collect();
            // What was not expanded is not known to lead nowhere.
            if is_interrupted() {
                return Ok((next, Some(Over::Interrupted)));
            }
            for piece in pieces {
                self.transitions += piece.transitions;
                for reached in piece.reached {
                    if let Some(over) = self.join(reached, start, &mut next) {
                        return Ok((next, Some(over)));
                    }
                }
                if let Some((from, by, wrong)) = piece.failed {
                    if wrong.is_no_failure() {
                        return Err(wrong);
                    }
                    let failure = Failure {
                        moves: self.path(from, Some(by)),
                        names: vec![wrong.name()],
                        is_at_end: false,
                    };
                    return Ok((next, Some(Over::Failure(failure))));
                }
                if self.met.len() >= states_max {
                    return Ok((next, Some(Over::States)));
                }
            }
            show(self, next.len());
        }
        Ok((next, None))
    }

    /// Tries the moves of some states. Stops at the first that fails.
    fn expand(
        &self,
        piece: &[Open],
        start: usize,
        is_interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Expanded {
        let mut expanded = Expanded::default();
        let mut moves = Vec::new();
        let mut prints: Vec<Footprint> = Vec::new();
        let mut sink = Sink::default();
        let model = self.model;
        // If delays are bounded, the order of most moves is given already.
        let reduces = model.bounds.reduces && model.bounds.delays.is_none();
        for open in piece {
            if is_interrupted() {
                return expanded; // the caller asks too
            }
            model.moves(&open.state, &mut moves);
            prints.clear();
            if reduces {
                prints.extend(moves.iter().map(|it| model.footprint(&open.state, *it)));
            }
            let is_asleep = |it: &Move| open.sleeps.binary_search(it).is_ok();
            for (place, by) in moves.iter().enumerate() {
                if reduces && is_asleep(by) {
                    continue;
                }
                expanded.transitions += 1;
                let state = match model.apply(&open.state, *by, &mut sink) {
                    Ok(state) => state,
                    Err(wrong) => {
                        expanded.failed = Some((open.id, *by, wrong));
                        return expanded;
                    }
                };
                let hash = model.hash(&state);
                if self.find(hash).is_some_and(|id| (id as usize) < start) {
                    continue;
                }
                let mut sleeps = Vec::new();
                if reduces {
                    let others = moves.iter().enumerate();
                    let asleep = others.filter(|(other, it)| {
                        let was_tried = *other < place || (*other > place && is_asleep(it));
                        was_tried && prints[*other].commutes_with(prints[place])
                    });
                    sleeps.extend(asleep.map(|(_, it)| *it));
                    sleeps.sort_unstable();
                }
                let reached = Reached {
                    from: open.id,
                    by: *by,
                    hash,
                    state,
                    sleeps,
                };
                model.account.hold(reached.bytes());
                expanded.reached.push(reached);
            }
        }
        expanded
    }

    fn find(&self, hash: Hash) -> Option<u32> {
        let same = |id: &u32| self.hashes[*id as usize] == hash;
        self.places.find(low(hash), same).copied()
    }

    /// Takes a state into the next level, which begins with the state `start`.
    fn join(&mut self, reached: Reached, start: usize, next: &mut Vec<Open>) -> Option<Over> {
        if let Some(id) = self.find(reached.hash) {
            self.model.account.release(reached.bytes());
            if let Some(place) = (id as usize).checked_sub(start) {
                let other = &reached.sleeps;
                next[place]
                    .sleeps
                    .retain(|it| other.binary_search(it).is_ok());
            }
            return None;
        }
        let Ok(id) = u32::try_from(self.met.len()) else {
            return Some(Over::States);
        };
        let bytes = reached.bytes();
        self.model.account.hold(MET_BYTES);
        self.hashes.push(reached.hash);
        self.met.push(Met {
            from: reached.from,
            by: reached.by,
        });
        let hashes = &self.hashes;
        self.places
            .insert_unique(low(reached.hash), id, |id| low(hashes[*id as usize]));
        let wrong = &self.model.clients.get(reached.state.clients).wrong;
        let failure = (!wrong.is_empty()).then(|| Failure {
            moves: self.path(id, None),
            names: wrong.clone(),
            is_at_end: false,
        });
        next.push(Open {
            id,
            state: reached.state,
            sleeps: reached.sleeps,
            bytes,
        });
        failure.map(Over::Failure)
    }

    /// Brings the states of a level to their ends. The first that is wrong is a failure.
    fn judge_ends(
        &self,
        level: &[Open],
        is_interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Over>, Wrong> {
        if !self.model.bounds.tries_ends {
            return Ok(None);
        }
        let judge = |open: &Open| match self.ends.judge(self.model, &open.state) {
            _ if is_interrupted() => Some(Err(Wrong::Interrupted)),
            Ok(names) if names.is_empty() => None,
            Ok(names) => Some(Ok((open.id, names))),
            Err(wrong) if wrong.is_no_failure() => Some(Err(wrong)),
            Err(wrong) => Some(Ok((open.id, vec![wrong.name()]))),
        };
        let first = level
            .par_chunks(PIECE)
            .find_map_first(|piece| piece.iter().find_map(judge));
        let Some(first) = first else {
            return Ok(None);
        };
        let (id, names) = first?;
        Ok(Some(Over::Failure(Failure {
            moves: self.path(id, None),
            names,
            is_at_end: true,
        })))
    }

    /// The moves that lead to a state, and one more.
    fn path(&self, mut id: u32, more: Option<Move>) -> Vec<Move> {
        let mut moves = Vec::from_iter(more);
        while id != 0 {
            let met = self.met[id as usize];
            moves.push(met.by);
            id = met.from;
        }
        moves.reverse();
        moves
    }
}

fn low(hash: Hash) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
    let low = hash as u64;
    low
}
