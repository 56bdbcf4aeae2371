//! Unique ids: every node generates ids that no node has generated before.

use super::answer::{GenerateOk, read};
use crate::client::{Completion, Malformed, Next, Operation, Step, Turn, WorkloadClient};
use host_check::value::{Name, Value};

#[derive(Clone)]
pub(super) struct UniqueIds {
    f: Name,
}

impl UniqueIds {
    pub(super) fn new() -> Self {
        UniqueIds {
            f: "generate".into(),
        }
    }
}

impl WorkloadClient for UniqueIds {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        Box::new(self.clone())
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        Next::Invoke {
            worker: turn.any_worker(),
            operation: Operation::new(&self.f, Value::Nil),
        }
    }

    fn begin(&mut self, _worker: usize, _operation: &Operation) -> Step {
        Step::Call(r#"{"type":"generate"}"#.to_owned())
    }

    fn answer(
        &mut self,
        _worker: usize,
        _operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed> {
        let id = read::<GenerateOk>(answer)?.id.0;
        Ok(Step::Done(Completion::ok(id)))
    }

    fn keeps_client(&self) -> bool {
        true
    }
}
