//! G-set: a set that only grows.

use serde_json::json;

use super::answer::{AddOk, ElementsReadOk, read};
use super::last_reads::LastReads;
use crate::check::value::{Name, Value};
use crate::sim::{Completion, Malformed, Next, Operation, Step, Style, Turn, Workload};

pub(super) struct GSet {
    add: Name,
    read: Name,
    added: i64,
    last: LastReads,
}

impl GSet {
    pub(super) fn new(concurrency: usize) -> Self {
        GSet {
            add: "add".into(),
            read: "read".into(),
            added: 0,
            last: LastReads::new(concurrency),
        }
    }
}

impl Workload for GSet {
    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let operation = if turn.stream.below(2) == 0 {
            self.added += 1;
            Operation::new(&self.add, Value::Int(self.added - 1))
        } else {
            Operation::new(&self.read, Value::Nil)
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
            json!({"type": "add", "element": operation.value})
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
            Value::from(read::<ElementsReadOk>(answer)?.value)
        };
        Ok(Step::Done(Completion::ok(value)))
    }

    fn style(&self) -> Style {
        Style::Throws
    }
}
