//! Workloads that write numbers and read everything, with a last read by every worker:
//! broadcast, g-set and the counters.

use serde_json::Value as Json;

use super::last_reads::LastReads;
use crate::client::{
    Completion, ErrorHandling, Malformed, Next, Operation, Step, Turn, WorkloadClient,
};
use crate::random::Stream;
use host_check::value::{Name, Value};

/// The parts that differ between these workloads.
pub(super) trait Object: Clone + Send + Sync + 'static {
    /// The `:f` of the operation that writes.
    const WRITE: &'static str;
    /// How errors and timeouts end an operation.
    const ERROR_HANDLING: ErrorHandling;
    /// See [`WorkloadClient::is_idempotent`].
    const READS_ARE_IDEMPOTENT: bool;

    /// The number to write next, or none to read.
    fn draw(&mut self, stream: &mut Stream) -> Option<i64>;

    /// The request that writes.
    fn write(value: &Value) -> Json;

    /// Checks the answer to it.
    fn written(answer: &str) -> Result<(), Malformed>;

    /// Returns the result in the response to a read.
    fn shown(answer: &str) -> Result<Value, Malformed>;

    /// See [`WorkloadClient::setup`].
    fn setup(&self) -> Option<String> {
        None
    }

    /// See [`WorkloadClient::check_setup`].
    fn check_setup(_answer: &str) -> Result<(), Malformed> {
        Ok(())
    }
}

/// Draws a new number, counting from 0, in half of the cases.
pub(super) fn draw_new(written: &mut i64, stream: &mut Stream) -> Option<i64> {
    (stream.below(2) == 0).then(|| {
        *written += 1;
        *written - 1
    })
}

#[derive(Clone)]
pub(super) struct WritesAndReads<O> {
    object: O,
    write: Name,
    read: Name,
    last: LastReads,
}

impl<O: Object> WritesAndReads<O> {
    pub(super) fn new(object: O, concurrency: usize) -> Self {
        WritesAndReads {
            object,
            write: O::WRITE.into(),
            read: "read".into(),
            last: LastReads::new(concurrency),
        }
    }
}

impl<O: Object> WorkloadClient for WritesAndReads<O> {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        Box::new(self.clone())
    }

    fn setup(&self, _node: usize) -> Option<String> {
        self.object.setup()
    }

    fn check_setup(&self, answer: &str) -> Result<(), Malformed> {
        O::check_setup(answer)
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        let operation = match self.object.draw(turn.stream) {
            Some(number) => Operation::new(&self.write, Value::Int(number)),
            None => Operation::new(&self.read, Value::Nil),
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
        let body = if operation.f == self.write {
            O::write(&operation.value)
        } else {
            serde_json::json!({"type": "read"})
        };
        Step::Call(body.to_string())
    }

    fn answer(
        &mut self,
        _worker: usize,
        operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed> {
        let value = if operation.f == self.write {
            O::written(answer)?;
            operation.value.clone()
        } else {
            O::shown(answer)?
        };
        Ok(Step::Done(Completion::ok(value)))
    }

    fn error_handling(&self) -> ErrorHandling {
        O::ERROR_HANDLING
    }

    fn is_idempotent(&self, f: &str) -> bool {
        O::READS_ARE_IDEMPOTENT && self.read == f
    }
}
