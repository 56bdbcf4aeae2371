//! Echo: each worker asks its node to return a text.

use super::answer::{EchoOk, malformed, read};
use crate::client::{Completion, Malformed, Next, Operation, Step, Turn, WorkloadClient};
use host_check::value::{Map, Name, Value};

#[derive(Clone)]
pub(super) struct Echo {
    f: Name,
}

impl Echo {
    pub(super) fn new() -> Self {
        Echo { f: "echo".into() }
    }
}

impl WorkloadClient for Echo {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        Box::new(self.clone())
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let text = format!("Please echo {}", turn.stream.below(128));
        Next::Invoke {
            worker: turn.any_worker(),
            operation: Operation::new(&self.f, Value::from(text.as_str())),
        }
    }

    fn begin(&mut self, _worker: usize, operation: &Operation) -> Step {
        let echo = serde_json::json!({"type": "echo", "echo": operation.value});
        Step::Call(echo.to_string())
    }

    fn answer(
        &mut self,
        _worker: usize,
        _operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed> {
        read::<EchoOk>(answer)?;
        // The whole answer is the result, its own keys as keywords.
        let body: Value =
            serde_json::from_str(answer).map_err(|error| malformed::<EchoOk>(answer, &error))?;
        let entries = match body {
            Value::Map(entries) => *entries,
            _ => Map::new(),
        };
        let entries = entries.into_iter().map(|(key, value)| match key {
            Value::Str(key) => (Value::Keyword((&*key).into()), value),
            other => (other, value),
        });
        let entries: Map = entries.collect();
        Ok(Step::Done(Completion::ok(Value::Map(Box::new(entries)))))
    }
}
