//! Whether an operation took place, as far as the history shows.

use super::history::{History, Kind, Op};
use super::value::{Name, Value};

/// What is known of an operation that was invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    /// The client got a successful answer.
    Acknowledged,
    /// The answer was an error that says it did not take place and never will.
    Refused,
    /// No answer, or one that leaves it open.
    Indeterminate,
}

impl Completion {
    /// How the invocation at `at` ended. Some of Maelstrom's clients (g-set, counters) log a definite
    /// error as a crash, with the error inside the exception; here the error counts.
    pub(crate) fn of(history: &History, at: usize) -> Self {
        match history
            .pairs()
            .partner(at)
            .map(|completion| &history.ops()[completion])
        {
            Some(op) if op.kind == Kind::Ok => Self::Acknowledged,
            Some(op) if op.kind == Kind::Fail || is_definite_error(op) => Self::Refused,
            _ => Self::Indeterminate,
        }
    }
}

fn is_definite_error(op: &Op) -> bool {
    exception_data(op).and_then(|data| data.get("definite?")) == Some(&Value::Bool(true))
}

/// Whether the operation ended because the answer broke the workload's schema.
pub(crate) fn is_malformed_reply(op: &Op) -> bool {
    exception_data(op)
        .and_then(|data| data.get("type"))
        .and_then(Value::as_name)
        == Some("malformed-rpc-response")
}

/// Whether the client gave up waiting for an answer.
#[must_use]
pub fn is_timeout(op: &Op) -> bool {
    let is_named = |value: &Value| {
        matches!(
            value.as_name(),
            Some("net-timeout" | "timeout" | "maelstrom.client/timeout")
        )
    };
    op.error.as_ref().is_some_and(is_named)
        || exception_data(op)
            .and_then(|data| data.get("type"))
            .is_some_and(is_named)
}

/// The name of the error that an operation was answered with: `temporarily-unavailable`.
pub(crate) fn error_name(op: &Op) -> Option<Name> {
    let name = |value: &Value| value.as_name().map(Name::from);
    match op.error.as_ref() {
        Some(Value::Vector(parts)) => parts.get(0).and_then(|first| name(&first)),
        Some(Value::Keyword(named)) => Some(named.clone()),
        _ => exception_data(op)
            .and_then(|data| data.get("name"))
            .and_then(name),
    }
}

/// The data of the exception that an operation ended with.
pub(crate) fn exception_data(op: &Op) -> Option<&Value> {
    op.extra("exception")?.get("data")
}
