//! When operations begin and faults strike.
//!
//! A choice among all moves that are possible would use up the budgets in the first moves of a run. So each use of a
//! budget has a time, in moves, that is drawn uniformly over the length that runs have, and a fault is left out in
//! one of four cases. When the time has come it happens as soon as it can. How long a
//! node is down and the network split is drawn so that each order of magnitude is as likely as any other.

use host_sim::random::Stream;

use crate::model::Model;
use crate::moves::Move;
use crate::state::State;

/// A kind of move that does not happen by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Invoke,
    TimeOut,
    Lose,
    Copy,
    Kill,
    Power,
    Start,
    Cut,
    Heal,
}

impl Kind {
    /// The kind of a move; none if it happens by itself.
    pub(crate) fn of(it: Move) -> Option<Kind> {
        Some(match it {
            Move::Deliver(_) | Move::Delay(_) | Move::Fire(..) | Move::Synced(_) => return None,
            Move::Invoke(_) => Kind::Invoke,
            Move::TimeOut(_) => Kind::TimeOut,
            Move::Lose(_) => Kind::Lose,
            Move::Copy(_) => Kind::Copy,
            Move::Kill(_) => Kind::Kill,
            Move::Power(_) => Kind::Power,
            Move::Start(_) => Kind::Start,
            Move::Cut(_) => Kind::Cut,
            Move::Heal => Kind::Heal,
        })
    }
}

/// What is due when in a run.
pub(crate) struct Agenda {
    /// By time, the last first.
    due: Vec<(u64, Kind)>,
    /// How many moves a run has, about.
    length: u64,
}

/// After so many moves at most it is looked again whether an operation may begin, which takes steps of nodes.
const LOOKS_AGAIN: u64 = 4;

/// Of so many faults of a budget, in thousands, one is meant to happen.
const PERMILLE: u64 = 750;

impl Agenda {
    /// For what is left of the budgets in a state, of a run that has made `now` moves and makes about `length` more.
    pub(crate) fn new(
        model: &Model<'_>,
        state: &State,
        now: u64,
        length: u64,
        stream: &mut Stream,
    ) -> Self {
        let mut agenda = Agenda {
            due: Vec::new(),
            length: length.max(1),
        };
        let clients = model.clients.get(state.clients);
        for _ in 0..model.clients.unbegun(clients) {
            agenda.add(now + stream.below(agenda.length), Kind::Invoke);
        }
        let left = state.left;
        let faults = [
            (left.drops, Kind::Lose),
            (left.duplicates, Kind::Copy),
            (left.kills, Kind::Kill),
            (left.power, Kind::Power),
            (left.partitions, Kind::Cut),
            (left.timeouts, Kind::TimeOut),
        ];
        for (budget, kind) in faults {
            for _ in 0..budget {
                if stream.chance(PERMILLE) {
                    agenda.add(now + stream.below(agenda.length), kind);
                }
            }
        }
        for node in &state.parts[..model.count] {
            if model.nodes.get(*node).guest.is_none() {
                agenda.add_later(now, Kind::Start, stream);
            }
        }
        if state.cut != 0 {
            agenda.add_later(now, Kind::Heal, stream);
        }
        agenda
    }

    /// The move that is to happen now, if one is due and possible; if nothing happens by itself, the next that is possible.
    /// `any_of` draws one of the moves of a kind that are possible; a kind that `may` not happen waits.
    pub(crate) fn take(
        &mut self,
        now: u64,
        any_of: &dyn Fn(Kind, &mut Stream) -> Option<Move>,
        may: &dyn Fn(Kind) -> bool,
        nothing_else: bool,
        stream: &mut Stream,
    ) -> Option<Move> {
        let mut last = None;
        for place in (0..self.due.len()).rev() {
            let (at, kind) = self.due[place];
            if at > now && !nothing_else {
                return None;
            }
            if last.replace(kind) == Some(kind) || !may(kind) {
                continue; // it is not possible, or waits
            }
            if let Some(it) = any_of(kind, stream) {
                self.due.remove(place);
                return Some(it);
            }
            if kind == Kind::Invoke && !nothing_else {
                let later = now + 1 + stream.below(LOOKS_AGAIN);
                self.due.remove(place);
                self.add(later, kind);
                return None;
            }
        }
        None
    }

    /// An operation that begins before it is due, if one is left and can begin.
    pub(crate) fn invoke(
        &mut self,
        any_of: &dyn Fn(Kind, &mut Stream) -> Option<Move>,
        stream: &mut Stream,
    ) -> Option<Move> {
        let place = self
            .due
            .iter()
            .rposition(|(_, kind)| *kind == Kind::Invoke)?;
        let it = any_of(Kind::Invoke, stream)?;
        self.due.remove(place);
        Some(it)
    }

    /// Notes that a move was made, so what it began has to end.
    pub(crate) fn done(&mut self, now: u64, it: Move, stream: &mut Stream) {
        match it {
            // Every other node starts at once: what it has lost matters as much as that it is away.
            Move::Kill(_) | Move::Power(_) if stream.below(2) == 0 => self.add(now, Kind::Start),
            Move::Kill(_) | Move::Power(_) => self.add_later(now, Kind::Start, stream),
            Move::Cut(_) => self.add_later(now, Kind::Heal, stream),
            _ => {}
        }
    }

    fn add_later(&mut self, now: u64, kind: Kind, stream: &mut Stream) {
        let at = now + log_uniform(self.length, stream);
        self.add(at, kind);
    }

    fn add(&mut self, at: u64, kind: Kind) {
        let place = self.due.partition_point(|(other, _)| *other > at);
        self.due.insert(place, (at, kind));
    }
}

/// A number from 1 to `most`, each order of magnitude as likely as any other.
pub(crate) fn log_uniform(most: u64, stream: &mut Stream) -> u64 {
    let bits = u64::from(most.max(1).ilog2()) + 1;
    let below = 1_u64 << stream.below(bits);
    (below + stream.below(below)).min(most.max(1))
}
