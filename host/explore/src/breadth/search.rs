//! Level after level, until nothing is left, something fails, or somebody says stop.
//!
//! States of a level are expanded by several threads and joined in one order, so neither what is found nor any count
//! depends on how many there are. They are joined in pieces, a piece whole or not at all, so a search that was stopped between two
//! goes on as if it had not been.
//!
//! **Sleep sets** (Godefroid, "Partial-order methods for the verification of concurrent systems", 1996) leave out
//! moves whose result is met anyway: if `a` and `b` commute in a state and `a` was tried first, `b a` leads where `a b` does, so
//! after `b`, `a` sleeps until something happens that it does not commute with. They leave out transitions and no state. With states that are met
//! once, a state must not sleep on what another path to it would wake. All shortest paths to a state have the same
//! length, so all of them reach it in the level in which it is found first: what sleeps in it is what sleeps on all of these. If nodes
//! are alike, a state stands for its images, and one that is reached as an image wakes everything.

use hashbrown::HashTable;
use host_sim::UNREACHED_GOAL;
use rayon::prelude::*;

use super::reach::{Goals, lost};
use super::stopped::Met;
use crate::bounds::{Progress, Spent};
use crate::ends::Ends;
use crate::goals::{GoalTable, LostGoal, Tried};
use crate::hash::{Hash, low};
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

/// A failure as a search finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The way to it: the place of each move among those that are possible.
    pub(crate) path: Vec<u32>,
    /// What is wrong, by name.
    pub(crate) names: Vec<String>,
    /// Whether it shows only when the state is brought to its end.
    pub(crate) is_at_end: bool,
    /// The goal that is out of reach, if that is what is wrong.
    pub(crate) goal: Option<LostGoal>,
}

/// Why a search is over.
#[derive(Debug)]
pub(crate) enum Over {
    Complete,
    Depth,
    States,
    Spent(Spent),
    Interrupted,
    Failure(Found),
}

/// A state whose moves are still to be tried.
pub(super) struct Open {
    pub(super) id: u32,
    pub(super) state: State,
    pub(super) sleeps: Vec<Move>,
    /// What was taken for it.
    pub(super) bytes: usize,
}

impl Open {
    /// A state that was met, and what it takes until its moves are tried.
    pub(super) fn new(id: u32, state: State, sleeps: Vec<Move>) -> Self {
        let bytes = open_bytes(&state, &sleeps);
        Open {
            id,
            state,
            sleeps,
            bytes,
        }
    }

    /// The state and its number.
    fn numbered(&self) -> (u32, &State) {
        (self.id, &self.state)
    }
}

/// What a state takes until its moves are tried, in bytes.
fn open_bytes(state: &State, sleeps: &[Move]) -> usize {
    state.bytes() + size_of_val(sleeps) + size_of::<Reached>()
}

/// A state that a move leads to.
struct Reached {
    met: Met,
    /// Whether it is kept that the move leads there.
    is_edge: bool,
    hash: Hash,
    state: State,
    sleeps: Vec<Move>,
}

impl Reached {
    fn bytes(&self) -> usize {
        open_bytes(&self.state, &self.sleeps)
    }
}

/// What a state that was met takes for good: its hash, where it comes from, its place.
const MET_BYTES: usize = size_of::<Hash>() + size_of::<Met>() + 8;

/// What came of the moves of some states.
#[derive(Default)]
struct Expanded {
    reached: Vec<Reached>,
    /// The move that failed.
    failed: Option<(Met, Wrong)>,
    transitions: u64,
    /// Where moves lead, for goals: to states that were met before.
    edges: Vec<(u32, u32)>,
}

/// How many states are expanded before the results are joined.
const BATCH: usize = 16 << 10;
/// How many of them a thread takes at a time, and how many are joined or not.
const PIECE: usize = 64;

pub(crate) struct Breadth<'m, 'a> {
    pub(super) model: &'m Model<'a>,
    pub(super) ends: Ends,
    pub(super) goals: Goals,
    pub(super) hashes: Vec<Hash>,
    pub(super) met: Vec<Met>,
    places: HashTable<u32>,
    pub(super) transitions: u64,
    /// The states whose distance is the greatest of which all are known.
    pub(super) level: Vec<Open>,
    /// Their distance.
    pub(super) depth: u32,
    /// Whether their ends were judged.
    pub(super) is_judged: bool,
    /// How many of them were expanded.
    pub(super) tried: usize,
    /// The states beyond.
    pub(super) next: Vec<Open>,
}

/// Who watches a search.
pub(crate) struct Watch<'w> {
    /// When so many states were met, it stops.
    pub(crate) states_max: usize,
    pub(crate) is_interrupted: &'w (dyn Fn() -> bool + Sync),
    pub(crate) show: &'w mut dyn FnMut(Progress),
}

impl<'m, 'a> Breadth<'m, 'a> {
    /// A search from a state on.
    pub(crate) fn new(model: &'m Model<'a>, begin: State) -> Self {
        let mut breadth = Breadth::empty(model);
        breadth.join(Reached {
            met: Met { from: 0, by: 0 },
            is_edge: false,
            hash: model.canonical(&begin),
            state: begin,
            sleeps: Vec::new(),
        });
        breadth.level = std::mem::take(&mut breadth.next);
        breadth
    }

    pub(super) fn empty(model: &'m Model<'a>) -> Self {
        Breadth {
            model,
            ends: Ends::default(),
            goals: Goals::of(model),
            hashes: Vec::new(),
            met: Vec::new(),
            places: HashTable::new(),
            transitions: 0,
            level: Vec::new(),
            depth: 0,
            is_judged: false,
            tried: 0,
            next: Vec::new(),
        }
    }

    /// How far it has come.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            states: self.met.len(),
            transitions: self.transitions,
            depth: match self.is_judged {
                true => self.depth,
                false => self.depth.saturating_sub(1),
            },
            frontier: self.level.len() - self.tried + self.next.len(),
        }
    }

    /// Goes on, until it is over or stopped. Returns why.
    ///
    /// # Errors
    /// If it cannot go on at all.
    pub(crate) fn search(&mut self, mut watch: Watch<'_>) -> Result<Over, Wrong> {
        let over = match self.go_on(&mut watch) {
            Err(Wrong::Interrupted) => Over::Interrupted,
            Err(Wrong::Spent(spent)) => Over::Spent(spent),
            over => over?,
        };
        self.model.vouch()?;
        (watch.show)(self.progress());
        Ok(match (self.lost_goal(&over), over) {
            (Some(found), _) => Over::Failure(found),
            (None, over) => over,
        })
    }

    fn go_on(&mut self, watch: &mut Watch<'_>) -> Result<Over, Wrong> {
        let begin = self.level.first().filter(|_| self.met.len() == 1);
        if let Some(found) = begin.and_then(|open| self.wrong(open)) {
            return Ok(Over::Failure(found));
        }
        loop {
            (watch.show)(self.progress());
            if !self.is_judged {
                let failure = self.judge_ends(watch.is_interrupted)?;
                if failure.is_none() {
                    let (model, level) = (self.model, &self.level);
                    let is_interrupted = watch.is_interrupted;
                    self.goals
                        .judge(model, level, Open::numbered, is_interrupted)?;
                }
                self.is_judged = true;
                if let Some(found) = failure {
                    return Ok(Over::Failure(found));
                }
                (watch.show)(self.progress());
            }
            if self.level.is_empty() && self.next.is_empty() {
                return Ok(Over::Complete);
            }
            let bound = self.model.bounds.depth;
            if bound.is_some_and(|most| self.depth >= most) {
                return Ok(Over::Depth);
            }
            if let Some(over) = self.try_level(watch)? {
                return Ok(over);
            }
            let tried = self.level.iter().map(|open| open.bytes);
            self.model.account.release(tried.sum());
            self.level = std::mem::take(&mut self.next);
            self.tried = 0;
            self.is_judged = false;
            self.depth += 1;
        }
    }

    /// The number of the first state beyond the level.
    pub(super) fn start(&self) -> usize {
        self.met.len() - self.next.len()
    }

    fn try_level(&mut self, watch: &mut Watch<'_>) -> Result<Option<Over>, Wrong> {
        let start = self.start();
        while self.tried < self.level.len() {
            let end = self.level.len().min(self.tried + BATCH);
            let this = &*self;
            let pieces: Vec<Expanded> = this.level[this.tried..end]
                .par_chunks(PIECE)
                .map(|piece| this.expand(piece, start, watch.is_interrupted))
                .collect();
            // What was not expanded is not known to lead nowhere.
            if (watch.is_interrupted)() {
                return Err(Wrong::Interrupted);
            }
            for piece in pieces {
                let over = self.join_piece(piece)?;
                if over.is_some() {
                    return Ok(over);
                }
                if self.met.len() >= watch.states_max {
                    return Ok(Some(Over::States));
                }
            }
            (watch.show)(self.progress());
        }
        Ok(None)
    }

    /// Takes over what the next states of the level lead to. If it is an error, nothing is taken over.
    fn join_piece(&mut self, piece: Expanded) -> Result<Option<Over>, Wrong> {
        if u32::try_from(self.met.len() + piece.reached.len()).is_err() {
            return Ok(Some(Over::States));
        }
        let failed = match piece.failed {
            Some((_, wrong)) if wrong.is_no_failure() => return Err(wrong),
            failed => failed,
        };
        self.transitions += piece.transitions;
        self.goals.keep(self.model, &piece.edges);
        for reached in piece.reached {
            if let Some(found) = self.join(reached) {
                return Ok(Some(Over::Failure(found)));
            }
        }
        self.tried = self.level.len().min(self.tried + PIECE);
        Ok(failed.map(|(met, wrong)| {
            let mut path = self.path(met.from);
            path.push(met.by);
            Over::Failure(Found {
                path,
                names: vec![wrong.name()],
                is_at_end: false,
                goal: None,
            })
        }))
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
            let lacks = !self.goals.table.lacking(open.id).is_empty();
            for (place, by) in moves.iter().enumerate() {
                // What sleeps is met elsewhere, but not after this state, and that is what goals are about.
                let is_edge = lacks && model.is_without_fault(&open.state, *by);
                if reduces && is_asleep(by) && !is_edge {
                    continue;
                }
                expanded.transitions += 1;
                let met = Met {
                    from: open.id,
                    by: u32::try_from(place).unwrap_or(u32::MAX),
                };
                let state = match model.apply(&open.state, *by, &mut sink) {
                    Ok(state) => state,
                    Err(wrong) => {
                        expanded.failed = Some((met, wrong));
                        return expanded;
                    }
                };
                let hash = model.canonical(&state);
                if let Some(id) = self.find(hash).filter(|id| (*id as usize) < start) {
                    expanded.edges.extend(is_edge.then_some((open.id, id)));
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
                    met,
                    is_edge,
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

    /// Notes a state that is met for the first time. Returns its number.
    pub(super) fn note(&mut self, hash: Hash, met: Met) -> u32 {
        let id = u32::try_from(self.met.len()).unwrap_or(u32::MAX); // there is room for it
        self.model.account.hold(MET_BYTES);
        self.hashes.push(hash);
        self.met.push(met);
        let hashes = &self.hashes;
        self.places
            .insert_unique(low(hash), id, |id| low(hashes[*id as usize]));
        id
    }

    /// Takes a state into the next level. Returns the failure, if there is one in it.
    fn join(&mut self, reached: Reached) -> Option<Found> {
        if let Some(id) = self.find(reached.hash) {
            if reached.is_edge {
                self.goals.keep(self.model, &[(reached.met.from, id)]);
            }
            self.model.account.release(reached.bytes());
            let start = self.start();
            if let Some(place) = (id as usize).checked_sub(start) {
                let open = &mut self.next[place];
                // Moves of an image are not those of the state.
                if self.model.bounds.symmetric && open.state != reached.state {
                    open.sleeps.clear();
                }
                let other = &reached.sleeps;
                open.sleeps.retain(|it| other.binary_search(it).is_ok());
            }
            return None;
        }
        let id = self.note(reached.hash, reached.met);
        if reached.is_edge {
            self.goals.keep(self.model, &[(reached.met.from, id)]);
        }
        let open = Open::new(id, reached.state, reached.sleeps);
        let found = self.wrong(&open);
        self.next.push(open);
        found
    }

    /// What is wrong with a state's history.
    fn wrong(&self, open: &Open) -> Option<Found> {
        let wrong = &self.model.clients.get(open.state.clients).wrong;
        (!wrong.is_empty()).then(|| Found {
            path: self.path(open.id),
            names: wrong.clone(),
            is_at_end: false,
            goal: None,
        })
    }

    /// Brings the states of the level to their ends. The first that is wrong is a failure.
    fn judge_ends(
        &self,
        is_interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Found>, Wrong> {
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
        let first = self
            .level
            .par_chunks(PIECE)
            .find_map_first(|piece| piece.iter().find_map(judge));
        let Some(first) = first else {
            return Ok(None);
        };
        let (id, names) = first?;
        Ok(Some(Found {
            path: self.path(id),
            names,
            is_at_end: true,
            goal: None,
        }))
    }

    /// What is known of goals now.
    pub(crate) fn goal_table(&self) -> GoalTable {
        let next = self.start();
        let of_level = next - self.level.len();
        let judged = if self.is_judged { next } else { of_level };
        self.goals.table(self.model, judged, of_level + self.tried)
    }

    /// The first goal that is out of reach, now that the search is over.
    fn lost_goal(&self, over: &Over) -> Option<Found> {
        let tried = match over {
            Over::Complete => Tried::All,
            Over::Depth => Tried::AllOfDepth,
            Over::States => Tried::Some,
            // What came of the last states is not known, or there is a failure already.
            Over::Spent(_) | Over::Interrupted | Over::Failure(_) => return None,
        };
        if self.model.goals().is_empty() {
            return None;
        }
        let (state, goal) = lost(self.model, &self.goal_table(), tried)?;
        Some(Found {
            path: self.path(state),
            names: vec![UNREACHED_GOAL.to_owned()],
            is_at_end: true,
            goal: Some(goal),
        })
    }

    /// The way to a state.
    fn path(&self, mut id: u32) -> Vec<u32> {
        let mut path = Vec::new();
        while id != 0 {
            let met = self.met[id as usize];
            path.push(met.by);
            id = met.from;
        }
        path.reverse();
        path
    }
}
