//! The sequential behaviour of an object: the part of a check that differs between registers and
//! mutexes.
//!
//! The search sees only numbers. A model numbers the states it meets and the different calls it is
//! asked to make of a history; two operations with the same number have the same effect and are
//! interchangeable. Another kind of object is another implementation of [`Model`]: only
//! [`Model::step`] is essential, and [`Model::shape`] merely lets the search take short cuts.

use crate::value::{Value, cut};

/// A state of the object, by its model's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct State(pub(super) u32);

/// What the search calls all states that do not matter. No model gives this number out, and no call
/// that is possible in one state only is possible in it.
pub(super) const ANY_OTHER: State = State(u32::MAX);

/// What one operation did, its result included, by its model's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Call(pub(super) u32);

/// What is known of a call without trying it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// Possible in this state only, which it leaves as it is: a read.
    Keeps(State),
    /// Possible in every state, and leaves this one: a write.
    Sets(State),
    /// Possible in one state only, and leaves another: a compare-and-set.
    Moves {
        /// The state it needs.
        from: State,
        /// The state it leaves.
        to: State,
    },
    /// Nothing.
    Any,
}

impl Shape {
    /// The only state in which the call is possible.
    pub(super) fn needs(self) -> Option<State> {
        match self {
            Self::Keeps(state) | Self::Moves { from: state, .. } => Some(state),
            Self::Sets(_) | Self::Any => None,
        }
    }
}

/// A deterministic object.
pub(super) trait Model {
    /// Whether an operation that changes something completes with the value that it was invoked with.
    const COMPLETES_AS_INVOKED: bool = true;

    /// The state before the first operation.
    fn initial(&self) -> State;

    /// What an operation asks for, `invoked` being the value of its invocation; and what came of it, `completed` being
    /// that of its completion if it succeeded. `None` if it tells nothing and changes nothing.
    ///
    /// # Errors
    /// The model has no such operation, or none of such a value.
    fn call(
        &mut self,
        f: &str,
        invoked: &Value,
        completed: Option<&Value>,
    ) -> Result<Option<Call>, String>;

    /// The state after a call; `None` if the call is impossible in `state`.
    fn step(&self, state: State, call: Call) -> Option<State>;

    /// What is known of a call.
    fn shape(&self, call: Call) -> Shape {
        let _ = call;
        Shape::Any
    }

    /// A state as a result shows it.
    fn state_value(&self, state: State) -> Value;

    /// An operation that [`Model::call`] takes, in words: "read of 3".
    fn words(&self, f: &str, value: &Value) -> String;

    /// What the object is called: "register".
    fn noun(&self) -> &str;
}

/// The most characters of a value that an explanation shows.
const VALUE_CHARS_MAX: usize = 60;

/// A value as EDN, cut to what a line can show.
pub(super) fn brief(value: &Value) -> String {
    cut(&value.to_string(), VALUE_CHARS_MAX)
}
