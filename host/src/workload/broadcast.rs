//! Broadcast: what one node is told, all nodes know in the end.

use serde_json::json;

use super::Settings;
use super::answer::{BroadcastOk, MessagesReadOk, TopologyOk, read};
use super::last_reads::LastReads;
use crate::check::value::{Name, Value};
use crate::sim::{Completion, Malformed, Next, Operation, Step, Turn, Workload};

pub(super) struct Broadcast {
    topology: String,
    broadcast: Name,
    read: Name,
    told: i64,
    last: LastReads,
}

impl Broadcast {
    pub(super) fn new(settings: &Settings) -> Self {
        let topology = settings.topology.neighbours(settings.cluster);
        let topology = json!({"type": "topology", "topology": topology});
        Broadcast {
            topology: topology.to_string(),
            broadcast: "broadcast".into(),
            read: "read".into(),
            told: 0,
            last: LastReads::new(settings.concurrency),
        }
    }
}

impl Workload for Broadcast {
    fn setup(&self, _node: usize) -> Option<String> {
        Some(self.topology.clone())
    }

    fn set_up(&self, answer: &str) -> Result<(), Malformed> {
        read::<TopologyOk>(answer).map(|_| ())
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let operation = if turn.stream.below(2) == 0 {
            self.told += 1;
            Operation::new(&self.broadcast, Value::Int(self.told - 1))
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
        let body = if operation.f == self.broadcast {
            json!({"type": "broadcast", "message": operation.value})
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
        let value = if operation.f == self.broadcast {
            read::<BroadcastOk>(answer)?;
            operation.value.clone()
        } else {
            Value::from(read::<MessagesReadOk>(answer)?.messages)
        };
        Ok(Step::Done(Completion::ok(value)))
    }

    fn is_idempotent(&self, f: &str) -> bool {
        self.read == f
    }
}
