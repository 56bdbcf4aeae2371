//! One step of a layer: a configuration, and the rules for what may take effect next.

use super::model::{Call, Model, State};
use super::open_calls::{Crashed, OpenCalls};
use super::slots::Slots;
use super::used::{UsedId, UsedTable};

/// One way things can be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Config<B> {
    pub(super) state: State,
    /// The crashed operations that have taken effect.
    pub(super) used: UsedId,
    /// The open operations that have taken effect.
    pub(super) done: B,
}

/// A configuration being continued.
#[derive(Clone, Debug)]
pub(super) struct Node<B> {
    pub(super) config: Config<B>,
    /// The state there would be without it, if a crashed operation was last: the next must make use
    /// of the difference.
    pub(super) before: Option<State>,
}

/// How thorough to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The most configurations to keep, and the most to look at.
    pub(super) kept_max: usize,
    pub(super) seen_max: usize,
    /// How many crashed operations more than the most frugal configuration one may use.
    pub(super) slack: u32,
    /// Whether [`Limits::seen_max`] is all the memory there is, rather than a choice.
    pub(super) is_last: bool,
    /// Whether crashed operations can be used again and again. More is possible then than really
    /// is.
    pub(super) is_relaxed: bool,
    /// Whether all states are wanted, those included that nobody needs.
    pub(super) is_complete: bool,
}

/// What a layer is about.
pub(super) struct Task<'a, M, B> {
    pub(super) model: &'a M,
    pub(super) open_calls: &'a OpenCalls<B>,
    /// The slot of the operation that completes.
    pub(super) slot: u32,
    /// Where it completes.
    pub(super) position: u32,
    pub(super) limits: Limits,
}

impl<M: Model, B: Slots> Task<'_, M, B> {
    /// The state after a call; `None` if it is impossible, or makes no use of the crashed operation
    /// before it.
    pub(super) fn step_after(&self, node: &Node<B>, call: Call) -> Option<State> {
        let next = self.model.step(node.config.state, call)?;
        let is_useful = node
            .before
            .is_none_or(|before| self.model.step(before, call) != Some(next));
        is_useful.then_some(next)
    }

    /// Whether one of the crashed operations can still be used.
    pub(super) fn is_left(&self, crashed: &Crashed<B>, id: UsedId, used: &UsedTable) -> bool {
        self.limits.is_relaxed || used.times(id, crashed.call) < crashed.supply
    }

    /// Lets what keeps the state take effect.
    pub(super) fn keep(&self, config: &mut Config<B>) {
        if let Some(kept) = self.open_calls.kept(config.state) {
            config.done.insert_all(kept);
        }
    }

    /// How many calls there are that may change the state.
    pub(super) fn call_count(&self) -> u64 {
        (self.open_calls.open.len() + self.open_calls.crashed.len()) as u64
    }

    /// Whether some operation makes use of the change from `before` to the state of `config`.
    pub(super) fn leads_on(&self, config: &Config<B>, before: State) -> bool {
        let uses = |call: Call| {
            let next = self.model.step(config.state, call);
            next.is_some() && next != self.model.step(before, call)
        };
        let mut open = self.open_calls.open.iter();
        open.any(|open| !config.done.has(open.slot) && uses(open.call))
            || self
                .open_calls
                .crashed
                .iter()
                .any(|crashed| uses(crashed.call))
    }
}
