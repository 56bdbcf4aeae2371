//! Counters: pn-counter, which grows and shrinks, and g-counter, which only grows.

use serde_json::{Value as Json, json};

use super::answer::{AddOk, NumberReadOk, read};
use super::writes_and_reads::{Object, WritesAndReads};
use crate::client::{ErrorHandling, Malformed};
use crate::random::Stream;
use host_check::value::Value;

#[derive(Clone)]
pub(super) struct Counter {
    grows_only: bool,
}

/// Deltas are from -5 to below 5.
const DELTAS: u64 = 10;
const DELTA_MIN: i64 = -5;

impl Counter {
    /// One that adds anything.
    pub(super) fn any(concurrency: usize) -> WritesAndReads<Self> {
        WritesAndReads::new(Counter { grows_only: false }, concurrency)
    }

    /// One that adds nothing negative. As in Maelstrom those are drawn and thrown away,
    /// so that two of three operations are reads.
    pub(super) fn growing(concurrency: usize) -> WritesAndReads<Self> {
        WritesAndReads::new(Counter { grows_only: true }, concurrency)
    }
}

impl Object for Counter {
    const WRITE: &'static str = "add";
    const ERROR_HANDLING: ErrorHandling = ErrorHandling::Throws;
    const READS_ARE_IDEMPOTENT: bool = false;

    fn draw(&mut self, stream: &mut Stream) -> Option<i64> {
        loop {
            if stream.below(2) != 0 {
                return None;
            }
            let delta = DELTA_MIN.saturating_add_unsigned(stream.below(DELTAS));
            if delta >= 0 || !self.grows_only {
                return Some(delta);
            }
        }
    }

    fn write(value: &Value) -> Json {
        json!({"type": "add", "delta": value})
    }

    fn written(answer: &str) -> Result<(), Malformed> {
        read::<AddOk>(answer).map(|_| ())
    }

    fn shown(answer: &str) -> Result<Value, Malformed> {
        Ok(Value::Int(read::<NumberReadOk>(answer)?.value))
    }
}
