//! Links have priorities: a message of the link with the highest goes first, the oldest of its link.

use host_sim::random::Stream;

use super::schedulers::View;
use crate::moves::Move;
use crate::participants::Addr;

/// What is held back: it arrives when nothing else may, or when it is held back no more.
pub(crate) trait Holds {
    /// Whether a delivery or a sync is.
    fn holds(&self, view: &View<'_, '_>, it: Move) -> bool;
}

/// The links of a run, each from one participant to another.
pub(crate) struct Links {
    /// The priorities of links that have had messages.
    priorities: Vec<((Addr, Addr), u64)>,
    /// Of so many deliveries, in thousands, one is not the oldest of its link.
    reorders: u64,
    /// Whether the oldest message of all goes first, so that nodes act in rounds.
    in_rounds: bool,
}

/// A message that goes before those that were looked at.
struct Best {
    /// Its priority and its age in moves; the reverse in rounds.
    order: (u64, u64),
    link: (Addr, Addr),
    place: usize,
}

impl Links {
    pub(crate) fn new(stream: &mut Stream) -> Self {
        Links {
            priorities: Vec::new(),
            reorders: stream.pick(&[0, 0, 100, 500]),
            in_rounds: false,
        }
    }

    /// Has all links draw their priorities again; every other time the age of a message goes before them.
    pub(crate) fn shuffle(&mut self, stream: &mut Stream) {
        self.priorities.clear();
        self.in_rounds = stream.below(2) == 0;
    }

    fn priority(&mut self, link: (Addr, Addr), stream: &mut Stream) -> u64 {
        let known = self.priorities.iter().find(|(other, _)| *other == link);
        if let Some((_, priority)) = known {
            return *priority;
        }
        let priority = stream.below(u64::MAX);
        self.priorities.push((link, priority));
        priority
    }

    /// The place of the next that is prompt, or of the next that is held back: a sync, or a message of the link with the highest priority.
    pub(crate) fn next(
        &mut self,
        view: &View<'_, '_>,
        possible: &[Move],
        holds: &dyn Holds,
        is_held: bool,
        stream: &mut Stream,
    ) -> Option<usize> {
        let is_wanted = |it| holds.holds(view, it) == is_held;
        let mut best: Option<Best> = None;
        for (place, it) in possible.iter().enumerate() {
            if matches!(it, Move::Fire(..)) || !is_wanted(*it) {
                continue;
            }
            let Move::Deliver(message) = it else {
                return Some(place);
            };
            let of = view.model.messages.get(*message);
            let link = (of.src, of.dest);
            let age = view.now - view.birth(*message);
            let priority = self.priority(link, stream);
            let order = match self.in_rounds {
                true => (age, priority),
                false => (priority, age),
            };
            if best.as_ref().is_none_or(|best| order > best.order) {
                best = Some(Best { order, link, place });
            }
        }
        let Best { link, place, .. } = best?;
        if !stream.chance(self.reorders) {
            return Some(place);
        }
        let is_of_link = |it: Move| {
            let Move::Deliver(message) = it else {
                return false;
            };
            let of = view.model.messages.get(message);
            (of.src, of.dest) == link && is_wanted(it)
        };
        let of_link = possible.iter().enumerate();
        let of_link = of_link.filter(|(_, it)| is_of_link(**it));
        let of_link: Vec<usize> = of_link.map(|(place, _)| place).collect();
        Some(stream.pick(&of_link))
    }
}
