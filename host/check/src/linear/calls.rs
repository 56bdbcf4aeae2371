//! A history of one object as the search needs it: calls with a beginning and an end, without those
//! that cannot matter.
//!
//! Refused operations are gone, since they did not take place. Of those whose outcome is open, only
//! the ones that could explain something remain: not reads, and not writes of what nobody was to
//! see.

use std::collections::HashMap;

use super::model::{Call, Model, Shape, State};

/// An operation between its invocation and its completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// What it did.
    pub(super) call: Call,
    /// The position of its invocation in the history.
    pub(super) invoked: u32,
    /// The position of its completion; [`NEVER`] if its outcome is open.
    pub(super) completed: u32,
    /// Its bit while it is open. Those that never complete have none.
    pub(super) slot: u32,
    /// The last position at which someone may need what it makes: the completion of the last call
    /// that does.
    pub(super) wanted_until: u32,
}

/// The completion of an operation whose outcome is open. No history is so long.
pub(super) const NEVER: u32 = u32::MAX;

impl Span {
    /// Whether its outcome is open.
    pub(super) fn is_crashed(&self) -> bool {
        self.completed == NEVER
    }
}

/// An invocation or a completion, of which span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallEvent {
    /// It is invoked.
    Open(u32),
    /// It completes.
    Close(u32),
}

/// All calls of an object.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    /// Those that may matter, in the order of their invocations.
    pub(super) spans: Vec<Span>,
    /// Those whose outcome is open and that cannot explain anything.
    pub(super) inert: Vec<Span>,
    /// In the order of the history.
    pub(super) events: Vec<CallEvent>,
    /// How many slots there are.
    pub(super) slot_count: u32,
    /// How many calls complete.
    pub(super) completed_count: usize,
}

impl Calls {
    /// Takes the calls of a model, in the order of their invocations; `completed` is [`NEVER`]
    /// where the outcome is open.
    pub(super) fn of(model: &impl Model, calls: &[(Call, u32, u32)]) -> Self {
        let wanted = Wanted::of(model, calls);
        let (mut spans, inert): (Vec<Span>, _) = calls
            .iter()
            .map(|&(call, invoked, completed)| Span {
                call,
                invoked,
                completed,
                slot: 0,
                wanted_until: wanted.until(model.shape(call)),
            })
            .partition(|span| !span.is_crashed() || span.wanted_until > span.invoked);
        let events = events(&spans);
        let slot_count = give_slots(&mut spans, &events);
        Self {
            completed_count: spans.iter().filter(|span| !span.is_crashed()).count(),
            spans,
            inert,
            events,
            slot_count,
        }
    }

    pub(super) fn span(&self, number: u32) -> &Span {
        &self.spans[number as usize]
    }
}

/// Until when each state is needed by someone, as positions in the history.
struct Wanted {
    states: HashMap<State, u32>,
    /// Of calls of which nothing is known, which may need any state.
    any: u32,
}

impl Wanted {
    fn of(model: &impl Model, calls: &[(Call, u32, u32)]) -> Self {
        let mut wanted = Self {
            states: HashMap::new(),
            any: 0,
        };
        for &(call, _, completed) in calls {
            match model.shape(call) {
                Shape::Any => wanted.any = wanted.any.max(completed),
                // A crashed call that changes nothing is not there to need anything.
                Shape::Keeps(_) if completed == NEVER => {}
                shape => {
                    if let Some(state) = shape.needs() {
                        let until = wanted.states.entry(state).or_insert(0);
                        *until = completed.max(*until);
                    }
                }
            }
        }
        wanted
    }

    /// Until when the effect of a call may be needed; 0 if it has none.
    fn until(&self, shape: Shape) -> u32 {
        match shape {
            Shape::Keeps(_) => 0,
            Shape::Any => NEVER,
            Shape::Sets(to) | Shape::Moves { to, .. } => {
                self.any.max(self.states.get(&to).copied().unwrap_or(0))
            }
        }
    }
}

fn events(spans: &[Span]) -> Vec<CallEvent> {
    let mut events = Vec::with_capacity(2 * spans.len());
    for (number, span) in (0..).zip(spans) {
        events.push((span.invoked, CallEvent::Open(number)));
        if !span.is_crashed() {
            events.push((span.completed, CallEvent::Close(number)));
        }
    }
    events.sort_unstable_by_key(|&(position, _)| position);
    events.into_iter().map(|(_, event)| event).collect()
}

/// Gives each span that completes a slot for as long as it is open; the result is how many it
/// takes.
fn give_slots(spans: &mut [Span], events: &[CallEvent]) -> u32 {
    let mut free = Vec::new();
    let mut count = 0;
    for event in events {
        match *event {
            CallEvent::Open(number) if !spans[number as usize].is_crashed() => {
                spans[number as usize].slot = free.pop().unwrap_or_else(|| {
                    count += 1;
                    count - 1
                });
            }
            CallEvent::Open(_) => {}
            CallEvent::Close(number) => free.push(spans[number as usize].slot),
        }
    }
    count
}
