//! The point of a history at which no linearization is left.

use super::calls::{CallEvent, Calls};
use super::model::{Call, State};
use super::slots::Slots;
use super::stage::Stage;
use super::task::Config;

/// The most operations, states or configurations that a list in a [`Failure`](super::Failure) has.
pub const SHOWN_MAX: usize = 10;

/// Where no configuration is left.
#[derive(Debug)]
pub(super) struct DeadEnd {
    /// The operation that none of them can explain.
    pub(super) number: u32,
    /// How many operations had completed before.
    pub(super) completed_count: usize,
    /// The last of those.
    pub(super) previous: Option<u32>,
    /// The only states there can be at that point without the operation, if they are known.
    pub(super) states: Option<Vec<State>>,
    /// The open operations that will complete.
    pub(super) open: Vec<u32>,
    /// The calls of crashed operations that may still matter.
    pub(super) crashed: Vec<Call>,
    /// The configurations before: at most [`SHOWN_MAX`] of them.
    pub(super) last: Vec<Last>,
    /// How many there are.
    pub(super) last_count: usize,
}

/// One of the last configurations of a search.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) state: State,
    /// The open operations that have taken effect, and those that have not.
    pub(super) done: Vec<u32>,
    pub(super) pending: Vec<u32>,
    /// The crashed operations that have taken effect, of those that may still matter: by call, how
    /// many.
    pub(super) crashed: Vec<(Call, u32)>,
}

impl DeadEnd {
    /// The dead end of a search: no configuration of `stage` is left at the completion of `number`.
    pub(super) fn of<B: Slots>(
        stage: &Stage<B>,
        calls: &Calls,
        number: u32,
        states: Option<Vec<State>>,
    ) -> Self {
        let Stage { configs, .. } = stage;
        let open = stage.open_numbers(calls);
        let last = |config: &Config<B>| {
            let is_done = |&number: &u32| config.done.has(calls.span(number).slot);
            let (done, pending) = open.iter().copied().partition(is_done);
            Last {
                state: config.state,
                done,
                pending,
                crashed: stage.crashed_done(config),
            }
        };
        let closed = calls.events[..stage.event].iter().rev();
        Self {
            number,
            completed_count: stage.layers,
            previous: closed
                .filter_map(|event| match event {
                    CallEvent::Close(number) => Some(*number),
                    CallEvent::Open(_) => None,
                })
                .next(),
            states,
            last: configs.iter().take(SHOWN_MAX).map(last).collect(),
            crashed: stage.open_calls.crashed.iter().map(|it| it.call).collect(),
            last_count: configs.len(),
            open,
        }
    }
}
