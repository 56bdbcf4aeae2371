//! Counters: pn-counter, which grows and shrinks, and g-counter, which only grows.

use serde_json::json;

use super::answer::{AddOk, NumberReadOk, read};
use super::last_reads::LastReads;
use crate::check::value::{Name, Value};
use crate::sim::{Completion, Malformed, Next, Operation, Step, Style, Turn, Workload};

pub(super) struct Counter {
    grows_only: bool,
    add: Name,
    read: Name,
    last: LastReads,
}

/// Deltas are from -5 to below 5.
const DELTAS: u64 = 10;
const DELTA_MIN: i64 = -5;

impl Counter {
    /// One that adds anything.
    pub(super) fn any(concurrency: usize) -> Self {
        Counter {
            grows_only: false,
            add: "add".into(),
            read: "read".into(),
            last: LastReads::new(concurrency),
        }
    }

    /// One that adds nothing negative. As in Maelstrom those are drawn and thrown away,
    /// so that two of three operations are reads.
    pub(super) fn growing(concurrency: usize) -> Self {
        Counter {
            grows_only: true,
            ..Counter::any(concurrency)
        }
    }
}

impl Workload for Counter {
    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let operation = loop {
            if turn.stream.below(2) != 0 {
                break Operation::new(&self.read, Value::Nil);
            }
            let delta = DELTA_MIN.saturating_add_unsigned(turn.stream.below(DELTAS));
            if delta >= 0 || !self.grows_only {
                break Operation::new(&self.add, Value::Int(delta));
            }
        };
        Next::Invoke {
            worker: turn.any_worker(),
            operation,
        }
    }

    fn has_last(&self) -> bool {
        true
    }

    fn last(&mut self, _turn: &mut Turn<'_>) -> Next {
        self.last.next()
    }

    fn begin(&mut self, _worker: usize, operation: &Operation) -> Step {
        let body = if operation.f == self.add {
            json!({"type": "add", "delta": operation.value})
        } else {
            json!({"type": "read"})
        };
        Step::Call(body.to_string())
    }

    fn answer(
        &mut self,
        _worker: usize,
        operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed> {
        let value = if operation.f == self.add {
            read::<AddOk>(answer)?;
            operation.value.clone()
        } else {
            Value::Int(read::<NumberReadOk>(answer)?.value)
        };
        Ok(Step::Done(Completion::ok(value)))
    }

    fn style(&self) -> Style {
        Style::Throws
    }
}
