//! A random priority for each event; the highest goes first.
//!
//! When a delivery or a sync happens, those that race with it draw new priorities: those of the same participant, since only
//! there the order matters. In every other run they keep the first they drew, which the paper calls the basic form. There a
//! message with the priority `u` stays behind a timer with the probability `1 - u`, so it is later than `k` timers with
//! the probability `1 / (k + 1)`: a long tail, which bugs need that take an election to show. A timer that
//! fires has nothing drawn again, for otherwise every message would be prompt.
//!
//! How eager timers are is drawn for each run: what is a dangerous delay depends on how long the program waits.

use std::collections::HashMap;

use host_sim::random::Stream;

use super::schedulers::{Scheduler, View};
use crate::hash::BuildQuick;
use crate::model::Model;
use crate::moves::Move;
use crate::participants::Addr;

pub(crate) struct Pos {
    priorities: HashMap<Move, u64, BuildQuick>,
    /// Whether those that race draw again.
    redraws: bool,
    /// A timer has the highest of so many draws, or the lowest.
    eagerness: Eagerness,
}

/// How eager timers are.
#[derive(Debug, Clone, Copy)]
enum Eagerness {
    HighestOf(u32),
    LowestOf(u32),
}

impl Pos {
    pub(crate) fn new(stream: &mut Stream) -> Self {
        use Eagerness::{HighestOf, LowestOf};
        Pos {
            priorities: HashMap::default(),
            redraws: stream.below(2) == 0,
            eagerness: stream.pick(&[
                LowestOf(4),
                HighestOf(1),
                HighestOf(2),
                HighestOf(4),
                HighestOf(8),
            ]),
        }
    }

    fn draw(&self, it: Move, stream: &mut Stream) -> u64 {
        let mut draw = || stream.below(u64::MAX);
        let first = draw();
        match (it, self.eagerness) {
            (Move::Fire(..), Eagerness::HighestOf(count)) => {
                (1..count).fold(first, |highest, _| highest.max(draw()))
            }
            (Move::Fire(..), Eagerness::LowestOf(count)) => {
                (1..count).fold(first, |lowest, _| lowest.min(draw()))
            }
            _ => first,
        }
    }
}

/// Whose state a move changes.
fn place_of(model: &Model<'_>, it: Move) -> Option<Addr> {
    match it {
        Move::Deliver(message) => Some(model.messages.get(message).dest),
        Move::Synced(node) => Some(Addr::Node(node)),
        _ => None,
    }
}

impl Scheduler for Pos {
    fn choose(&mut self, view: &View<'_, '_>, possible: &[Move], stream: &mut Stream) -> usize {
        let mut best = (0, 0);
        for (place, it) in possible.iter().enumerate() {
            let priority = match self.priorities.get(it) {
                Some(priority) => *priority,
                None => {
                    let priority = self.draw(*it, stream);
                    self.priorities.insert(*it, priority);
                    priority
                }
            };
            if priority >= best.0 {
                best = (priority, place);
            }
        }
        let chosen = possible[best.1];
        self.priorities.remove(&chosen);
        let at = place_of(view.model, chosen);
        if self.redraws && at.is_some() {
            for it in possible {
                if place_of(view.model, *it) == at {
                    self.priorities.remove(it);
                }
            }
        }
        best.1
    }
}
