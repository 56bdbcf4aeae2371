//! Broadcast: what one node is told, all nodes know in the end.

use serde_json::{Value as Json, json};

use super::WorkloadOptions;
use super::answer::{BroadcastOk, MessagesReadOk, TopologyOk, read};
use super::writes_and_reads::{Object, WritesAndReads, draw_new};
use crate::random::Stream;
use crate::{ErrorHandling, Malformed};
use host_check::value::Value;

pub(super) struct Broadcast {
    topology: String,
    told: i64,
}

impl Broadcast {
    pub(super) fn workload(settings: &WorkloadOptions) -> WritesAndReads<Self> {
        let topology = settings.topology.neighbours(settings.cluster);
        let topology = json!({"type": "topology", "topology": topology});
        let broadcast = Broadcast {
            topology: topology.to_string(),
            told: 0,
        };
        WritesAndReads::new(broadcast, settings.concurrency)
    }
}

impl Object for Broadcast {
    const WRITE: &'static str = "broadcast";
    const STYLE: ErrorHandling = ErrorHandling::Returns;
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
        Ok(Value::from(read::<MessagesReadOk>(answer)?.messages))
    }

    fn setup(&self) -> Option<String> {
        Some(self.topology.clone())
    }

    fn set_up(answer: &str) -> Result<(), Malformed> {
        read::<TopologyOk>(answer).map(|_| ())
    }
}
