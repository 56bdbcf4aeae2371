//! Depth first: all states within the bounds, in little memory. What is kept of a state is its hash and 32 bits; states as such
//! are there only on the way to the one that is looked at. The first failure is no shortest one, so it is shortened afterwards.
//! One thread does it: which state is met first decides what is tried from it.
//!
//! **Sleep sets with states that are met once** (Godefroid, "Partial-order methods for the verification of concurrent systems",
//! 1996, section 5.4). What sleeps in a state when it is left was tried elsewhere only in combination with the way on which it was
//! met. On another way less may sleep, and then passing over the state would leave something out. So what slept is kept with
//! the state: the places of moves, a bit each. When the state is met again and all of these sleep once more, nothing is
//! left to be tried in it. Otherwise those that do not sleep this time are tried, and what slept both times is what is kept
//! from now on.
//!
//! Why no state is left out: call a way `w` from a state *owed* by a visit with the sleep set `Z` if no move with which an equivalent of `w` can
//! begin is in `Z`. Each visit sees to it that what it owes is met, by induction on the length of `w`. Among the moves that the
//! visit tries take the first, `m`, with which an equivalent `m w'` of `w` begins. (If the visit tries none such, none of those
//! moves was asleep in the visits before, which owed `w` too.) What sleeps after `m` slept before or was tried before `m`, and commutes with `m`.
//! If `w'` could begin with such a move, so could `w`: it is in `Z`, or it was tried before `m`, and both contradict the choice. So the visit after `m`
//! owes `w'`, which is shorter. The first visit has an empty sleep set and owes everything.
//!
//! Moves beyond the 32nd never sleep when a state is met: then they are tried once more than they need be.
//!
//! **With a bound on depth** a state that is met again nearer to the beginning leads further than it did before, so it is
//! expanded again. Its depth is kept in place of what sleeps, and nothing sleeps. In the end each state has the depth that breadth first search finds.

use hashbrown::HashTable;

use crate::bounds::Progress;
use crate::breadth::{Failure, Watch};
use crate::ends::Ends;
use crate::hash::{Hash, low};
use crate::model::{Model, Sink};
use crate::moves::{Footprint, Move};
use crate::state::State;
use crate::wrong::Wrong;

/// Why a search is over.
#[derive(Debug)]
pub(crate) enum Over {
    Complete,
    Depth,
    States,
    Failure(Failure),
}

/// A state that was met, in parts of 32 bits, so that 20 bytes are enough.
struct Met {
    hash: [u32; 4],
    /// What slept in it each time: places of moves. With a bound on depth, its depth.
    kept: u32,
}

/// Of how many moves of a state it is kept whether they sleep.
const PLACES: u32 = u32::BITS;

/// A state on the way, whose moves are being tried.
struct Frame {
    state: State,
    moves: Vec<Move>,
    /// What the moves touch; nothing is here if nothing sleeps.
    prints: Vec<Footprint>,
    /// The moves that are to be tried, in their order; those before `at` were.
    todo: Vec<u32>,
    at: usize,
    /// The moves that sleep from the beginning on.
    asleep: u32,
}

impl Frame {
    fn bytes(&self) -> usize {
        size_of::<Frame>()
            + self.state.bytes()
            + size_of_val(self.moves.as_slice())
            + size_of_val(self.prints.as_slice())
            + size_of_val(self.todo.as_slice())
    }

    fn is_asleep(&self, place: u32) -> bool {
        place < PLACES && self.asleep >> place & 1 == 1
    }

    /// What sleeps after the move with this place: what slept or was tried before, and commutes with it.
    fn sleeps_after(&self, place: u32) -> Vec<Move> {
        if self.prints.is_empty() {
            return Vec::new();
        }
        let print = self.prints[place as usize];
        let tried = &self.todo[..self.at];
        let others = (0..).zip(&self.moves).zip(&self.prints);
        let asleep = others.filter(|((other, _), its)| {
            let is_out = self.is_asleep(*other) || tried.binary_search(other).is_ok();
            *other != place && is_out && its.commutes_with(print)
        });
        let mut sleeps: Vec<Move> = asleep.map(|((_, it), _)| *it).collect();
        sleeps.sort_unstable();
        sleeps
    }
}

pub(crate) struct Depth<'m, 'a> {
    model: &'m Model<'a>,
    pub(crate) ends: Ends,
    met: HashTable<Met>,
    /// What the table takes, in bytes.
    met_bytes: usize,
    way: Vec<Frame>,
    transitions: u64,
    /// The longest way that was gone.
    longest: usize,
    /// How many states are as far from the beginning as the bound on depth allows.
    at_bound: usize,
}

impl<'m, 'a> Depth<'m, 'a> {
    pub(crate) fn new(model: &'m Model<'a>) -> Self {
        Depth {
            model,
            ends: Ends::default(),
            met: HashTable::new(),
            met_bytes: 0,
            way: Vec::new(),
            transitions: 0,
            longest: 0,
            at_bound: 0,
        }
    }

    /// How far it has come.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            states: self.met.len(),
            transitions: self.transitions,
            depth: u32::try_from(self.longest).unwrap_or(u32::MAX),
            frontier: self.way.len().max(self.at_bound),
        }
    }

    /// Searches from a state on. Returns why it is over.
    ///
    /// # Errors
    /// If it was stopped, or cannot go on.
    pub(crate) fn search(&mut self, begin: State, watch: &mut Watch<'_>) -> Result<Over, Wrong> {
        let over = self.go_on(begin, watch);
        (watch.show)(self.progress());
        over
    }

    fn go_on(&mut self, begin: State, watch: &mut Watch<'_>) -> Result<Over, Wrong> {
        if let Some(failure) = self.visit(begin, &[])? {
            return Ok(Over::Failure(failure));
        }
        let mut sink = Sink::default();
        while let Some(frame) = self.way.last_mut() {
            let Some(place) = frame.todo.get(frame.at).copied() else {
                self.model.account.release(frame.bytes());
                self.way.pop();
                continue;
            };
            let sleeps = frame.sleeps_after(place);
            frame.at += 1;
            let it = frame.moves[place as usize];
            self.transitions += 1;
            match self.model.apply(&frame.state, it, &mut sink) {
                Ok(state) => {
                    if let Some(failure) = self.visit(state, &sleeps)? {
                        return Ok(Over::Failure(failure));
                    }
                }
                Err(wrong) if wrong.is_no_failure() => return Err(wrong),
                Err(wrong) => return Ok(Over::Failure(self.failure(vec![wrong.name()], false))),
            }
            if self.met.len() >= watch.states_max {
                return Ok(Over::States);
            }
            if self.transitions.is_multiple_of(SHOWN_EVERY) {
                (watch.show)(self.progress());
            }
            if (watch.is_interrupted)() {
                return Err(Wrong::Interrupted);
            }
        }
        Ok(match self.at_bound {
            0 => Over::Complete,
            _ => Over::Depth,
        })
    }

    /// Whether what commutes is left out.
    fn reduces(&self) -> bool {
        let bounds = self.model.bounds;
        // If delays are bounded, the order of most moves is given already. What slept in a state says nothing about its images.
        bounds.reduces && bounds.delays.is_none() && bounds.depth.is_none() && !bounds.symmetric
    }

    /// Comes to a state in which these moves sleep, in their order. Returns the failure, if there is one in it.
    fn visit(&mut self, state: State, sleeps: &[Move]) -> Result<Option<Failure>, Wrong> {
        self.longest = self.longest.max(self.way.len());
        let hash = self.model.canonical(&state);
        let mut moves = Vec::new();
        match self.model.bounds.depth {
            Some(bound) => {
                let depth = u32::try_from(self.way.len()).unwrap_or(u32::MAX);
                let before = self.find(hash).map(|met| met.kept);
                if before.is_some_and(|before| before <= depth) {
                    return Ok(None);
                }
                self.at_bound += usize::from(depth == bound);
                self.at_bound -= usize::from(before == Some(bound));
                match self.find(hash) {
                    Some(met) => met.kept = depth,
                    None => {
                        let failure = self.meet(hash, depth, &state)?;
                        if failure.is_some() {
                            return Ok(failure);
                        }
                    }
                }
                if depth < bound {
                    self.model.moves(&state, &mut moves);
                    self.enter(state, moves, 0, |_| true);
                }
            }
            None => {
                let known = self.find(hash).map(|met| met.kept);
                if known == Some(0) {
                    return Ok(None); // nothing has slept in it
                }
                self.model.moves(&state, &mut moves);
                let places = (0..PLACES).zip(&moves);
                let asleep = places.filter(|(_, it)| sleeps.binary_search(it).is_ok());
                let asleep = asleep.fold(0, |all, (place, _)| all | 1 << place);
                match known {
                    None => {
                        let failure = self.meet(hash, asleep, &state)?;
                        if failure.is_some() {
                            return Ok(failure);
                        }
                        self.enter(state, moves, asleep, |place| {
                            place >= PLACES || asleep >> place & 1 == 0
                        });
                    }
                    Some(before) if before & !asleep == 0 => {}
                    Some(before) => {
                        let woken = before & !asleep;
                        let asleep = before & asleep;
                        if let Some(met) = self.find(hash) {
                            met.kept = asleep;
                        }
                        self.enter(state, moves, asleep, |place| {
                            place < PLACES && woken >> place & 1 == 1
                        });
                    }
                }
            }
        }
        Ok(None)
    }

    fn find(&mut self, hash: Hash) -> Option<&mut Met> {
        let parts = parts(hash);
        self.met.find_mut(low(hash), |met| met.hash == parts)
    }

    /// Notes a state that is met for the first time. Returns the failure, if there is one in it or at its end.
    fn meet(&mut self, hash: Hash, kept: u32, state: &State) -> Result<Option<Failure>, Wrong> {
        let met = Met {
            hash: parts(hash),
            kept,
        };
        self.met
            .insert_unique(low(hash), met, |met| low(whole(met.hash)));
        let bytes = self.met.allocation_size();
        if bytes > self.met_bytes {
            self.model.account.hold(bytes - self.met_bytes);
            self.met_bytes = bytes;
        }
        let wrong = &self.model.clients.get(state.clients).wrong;
        if !wrong.is_empty() {
            return Ok(Some(self.failure(wrong.clone(), false)));
        }
        if !self.model.bounds.tries_ends {
            return Ok(None);
        }
        let names = match self.ends.judge(self.model, state) {
            Ok(names) if names.is_empty() => return Ok(None),
            Ok(names) => names,
            Err(wrong) if wrong.is_no_failure() => return Err(wrong),
            Err(wrong) => vec![wrong.name()],
        };
        Ok(Some(self.failure(names, true)))
    }

    /// Goes on to a state, some of whose moves are to be tried.
    fn enter(
        &mut self,
        state: State,
        moves: Vec<Move>,
        asleep: u32,
        is_tried: impl Fn(u32) -> bool,
    ) {
        let prints = match self.reduces() {
            true => {
                let prints = moves.iter();
                let prints = prints.map(|it| self.model.footprint(&state, *it));
                prints.collect()
            }
            false => Vec::new(),
        };
        let places = (0..).zip(&moves).map(|(place, _)| place);
        let frame = Frame {
            todo: places.filter(|place| is_tried(*place)).collect(),
            state,
            moves,
            prints,
            at: 0,
            asleep,
        };
        self.model.account.hold(frame.bytes());
        self.way.push(frame);
    }

    /// A failure at the end of the way.
    fn failure(&self, names: Vec<String>, is_at_end: bool) -> Failure {
        let moves = self.way.iter().map(|frame| {
            let place = frame.todo[frame.at - 1];
            frame.moves[place as usize]
        });
        Failure {
            moves: moves.collect(),
            names,
            is_at_end,
        }
    }
}

/// How often it is shown how far it is, in moves.
const SHOWN_EVERY: u64 = 1 << 12;

#[expect(clippy::cast_possible_truncation, reason = "the parts are meant")]
fn parts(hash: Hash) -> [u32; 4] {
    [0, 32, 64, 96].map(|shift| (hash >> shift) as u32)
}

fn whole(parts: [u32; 4]) -> Hash {
    let parts = parts.iter().rev();
    parts.fold(0, |hash, part| hash << 32 | Hash::from(*part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_takes_twenty_bytes_and_its_hash_is_whole() {
        assert_eq!(size_of::<Met>(), 20);
        for hash in [0, 1, u128::MAX, 0x0123_4567_89AB_CDEF_1122_3344_5566_7788] {
            assert_eq!(whole(parts(hash)), hash);
        }
    }
}
