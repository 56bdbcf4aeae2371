//! Broadcast: a value that one node is told reaches all nodes.

use serde_json::{Value as Json, json};

use super::answer::{BroadcastOk, MessagesReadOk, TopologyOk, read};
use super::options::WorkloadOptions;
use super::writes_and_reads::{Object, WritesAndReads, draw_new};
use crate::client::{ErrorHandling, Malformed};
use crate::random::Stream;
use host_check::value::Value;

#[derive(Clone)]
pub(super) struct Broadcast {
    topology: String,
    told: i64,
}

impl Broadcast {
    pub(super) fn workload(options: &WorkloadOptions) -> WritesAndReads<Self> {
        let topology = options.topology.neighbours(options.cluster);
        let topology = json!({"type": "topology", "topology": topology});
        let broadcast = Broadcast {
            topology: topology.to_string(),
            told: 0,
        };
        WritesAndReads::new(broadcast, options.concurrency)
    }
}

impl Object for Broadcast {
    const WRITE: &'static str = "broadcast";
    const ERROR_HANDLING: ErrorHandling = ErrorHandling::Returns;
    const READS_ARE_IDEMPOTENT: bool = true;

    fn draw(&mut self, stream: &mut Stream) -> Option<i64> {
        draw_new(&mut self.told, stream)
    }

    fn write(value: &Value) -> Json {
        json!({"type": "broadcast", "message": value})
    }

    fn written(answer: &str) -> Result<(), Malformed> {
        read::<BroadcastOk>(answer).map(|_| ())
    }

    fn shown(answer: &str) -> Result<Value, Malformed> {
        Ok(Value::Vector(read::<MessagesReadOk>(answer)?.messages.0))
    }

    fn setup(&self) -> Option<String> {
        Some(self.topology.clone())
    }

    fn check_setup(answer: &str) -> Result<(), Malformed> {
        read::<TopologyOk>(answer).map(|_| ())
    }
}
