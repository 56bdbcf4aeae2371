//! Whether an operation took place, as far as its history tells.

use super::history::{History, Kind, Op};
use super::value::Value;

/// What is known of an operation that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Acknowledged.
    Done,
    /// Answered with an error that means it did not take place and never will.
    Refused,
    /// No answer, or one that leaves it open.
    Open,
}

/// The outcome of the invocation at `at`. Some of Maelstrom's clients log a definite error as a
/// crash, with the error inside the exception (reference: Maelstrom's g-set and counters); here it
/// counts for what it says.
pub(super) fn outcome(history: &History, at: usize) -> Outcome {
    match history
        .pairs()
        .partner(at)
        .map(|completion| &history.ops()[completion])
    {
        Some(op) if op.kind == Kind::Ok => Outcome::Done,
        Some(op) if op.kind == Kind::Fail || is_definite_error(op) => Outcome::Refused,
        _ => Outcome::Open,
    }
}

fn is_definite_error(op: &Op) -> bool {
    exception_data(op).and_then(|data| data.get("definite?")) == Some(&Value::Bool(true))
}

/// Whether the operation ended because the answer broke the workload's schema.
pub(super) fn is_malformed_reply(op: &Op) -> bool {
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

fn exception_data(op: &Op) -> Option<&Value> {
    op.extra("exception")?.get("data")
}
