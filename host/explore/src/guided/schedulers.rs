//! Who chooses among what happens by itself.

use host_sim::random::Stream;

use super::agenda::Kind;
use crate::model::Model;
use crate::moves::Move;

/// What a scheduler sees of a run.
pub(crate) struct View<'v, 'a> {
    pub(crate) model: &'v Model<'a>,
    /// How many moves were made.
    pub(crate) now: u64,
    /// When each message in flight was sent, in moves.
    pub(crate) births: &'v [(u32, u64)],
}

impl View<'_, '_> {
    /// When a message in flight was sent, in moves.
    pub(crate) fn birth(&self, message: u32) -> u64 {
        let mut births = self.births.iter();
        births
            .find(|(other, _)| *other == message)
            .map_or(self.now, |(_, birth)| *birth)
    }
}

/// Chooses among the deliveries, timers and syncs that are possible.
pub(crate) trait Scheduler {
    /// The place of the next move among those that are possible, of which there is at least one.
    fn choose(&mut self, view: &View<'_, '_>, possible: &[Move], stream: &mut Stream) -> usize;

    /// Whether a move of a kind may happen now, if it is time for it.
    fn may(&self, _kind: Kind, _view: &View<'_, '_>, _possible: &[Move]) -> bool {
        true
    }

    /// Whether an operation is to begin now, if one can, although it is not time for it. `takers` looks which nodes take
    /// operations now, which takes a step of each: a bit for each of them.
    fn invokes(
        &mut self,
        _view: &View<'_, '_>,
        _possible: &[Move],
        _takers: &dyn Fn() -> u64,
        _stream: &mut Stream,
    ) -> bool {
        false
    }

    /// An operation has begun at a node.
    fn begun(&mut self, _view: &View<'_, '_>, _node: u8, _stream: &mut Stream) {}
}

/// Each is as likely as any other.
pub(crate) struct Uniform;

impl Scheduler for Uniform {
    fn choose(&mut self, _: &View<'_, '_>, possible: &[Move], stream: &mut Stream) -> usize {
        stream.index(possible.len())
    }
}

/// How quick the clocks of nodes are, where any timer may fire: a node that is slow is passed by others.
pub(crate) struct Clocks {
    /// By node; those that are missing have the weight 1.
    weights: Vec<u64>,
}

impl Clocks {
    pub(crate) fn new(stream: &mut Stream) -> Self {
        let uneven = stream.below(2) == 0;
        let weight = |_| if uneven { 1 << stream.below(6) } else { 1 };
        Clocks {
            weights: (0..16).map(weight).collect(),
        }
    }

    /// One of the timers that may fire, by the weights of their nodes.
    pub(crate) fn next(&self, possible: &[Move], stream: &mut Stream) -> Option<usize> {
        let weight = |it: &Move| match it {
            Move::Fire(node, _) => self.weights.get(usize::from(*node)).copied().unwrap_or(1),
            _ => 0,
        };
        let sum: u64 = possible.iter().map(weight).sum();
        let mut at = stream.below(sum);
        for (place, it) in possible.iter().enumerate() {
            let weight = weight(it);
            if at < weight {
                return Some(place);
            }
            at -= weight;
        }
        None
    }
}
