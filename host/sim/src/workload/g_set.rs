//! G-set: a set that only grows.

use serde_json::{Value as Json, json};

use super::answer::{AddOk, ElementsReadOk, read};
use super::writes_and_reads::{Object, WritesAndReads, draw_new};
use crate::client::{ErrorHandling, Malformed};
use crate::random::Stream;
use host_check::value::Value;

#[derive(Clone)]
pub(super) struct GSet {
    added: i64,
}

impl GSet {
    pub(super) fn workload(concurrency: usize) -> WritesAndReads<Self> {
        WritesAndReads::new(GSet { added: 0 }, concurrency)
    }
}

impl Object for GSet {
    const WRITE: &'static str = "add";
    const ERROR_HANDLING: ErrorHandling = ErrorHandling::Throws;
    const READS_ARE_IDEMPOTENT: bool = false;

    fn draw(&mut self, stream: &mut Stream) -> Option<i64> {
        draw_new(&mut self.added, stream)
    }

    fn write(value: &Value) -> Json {
        json!({"type": "add", "element": value})
    }

    fn written(answer: &str) -> Result<(), Malformed> {
        read::<AddOk>(answer).map(|_| ())
    }

    fn shown(answer: &str) -> Result<Value, Malformed> {
        Ok(Value::Vector(read::<ElementsReadOk>(answer)?.value.0))
    }
}
