//! A model without what is not needed any more.
//!
//! Tables keep every content that was met, and long searches meet more than memory holds. So from time to time a search goes
//! on in a new model, which takes over the states and the schedules that are still needed. Contents have other numbers there,
//! which no choice depends on.

use super::run::Reached;
use crate::model::Model;
use crate::moves::Move;
use crate::state::State;

/// How many states of nodes a model holds before a search goes on in another one: about 1 GB for our Raft.
pub(crate) const NODES_MAX: usize = 1 << 18;

/// Takes contents of one model over into another.
pub(crate) struct Renewal<'r, 'a> {
    pub(crate) old: &'r Model<'a>,
    pub(crate) new: &'r Model<'a>,
}

impl Renewal<'_, '_> {
    pub(crate) fn message(&self, message: u32) -> u32 {
        self.new.messages.adopt(&self.old.messages, message)
    }

    fn messages(&self, messages: &[u32]) -> Vec<u32> {
        messages.iter().map(|it| self.message(*it)).collect()
    }

    pub(crate) fn state(&self, state: &State) -> State {
        let (old, new) = (self.old, self.new);
        let parts = state.parts.iter().enumerate();
        let parts = parts.map(|(place, part)| match place < old.count {
            true => {
                let mut node = old.nodes.get(*part).clone();
                node.adopt(&old.guests, &new.guests, &|message| self.message(message));
                new.nodes.add(node, &new.guests, &new.messages)
            }
            false => new.services.adopt(&old.services, *part),
        });
        State {
            parts: parts.collect(),
            clients: new.clients.adopt(&old.clients, state.clients),
            messages: self.messages(&state.messages),
            late: self.messages(&state.late),
            ..state.clone()
        }
    }

    fn moves(&self, moves: &[Move]) -> Vec<Move> {
        let moves = moves.iter().map(|it| match *it {
            Move::Deliver(message) => Move::Deliver(self.message(message)),
            Move::Delay(message) => Move::Delay(self.message(message)),
            Move::Lose(message) => Move::Lose(self.message(message)),
            Move::Copy(message) => Move::Copy(self.message(message)),
            Move::Fire(node, timer) => {
                Move::Fire(node, self.new.timer(*self.old.timers.get(timer)))
            }
            other => other,
        });
        moves.collect()
    }

    pub(crate) fn reached(&self, reached: &Reached) -> Reached {
        let births = reached.births.iter();
        Reached {
            shape: reached.shape,
            state: self.state(&reached.state),
            births: births.map(|(it, at)| (self.message(*it), *at)).collect(),
            moves: self.moves(&reached.moves),
        }
    }
}
