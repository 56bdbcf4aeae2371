//! The node's name, the start of this life of the node, and a counter.
//!
//! Names differ between nodes, the counter within one life, and the start between the lives of a node that
//! lost its memory. Assumption: no node starts twice at the same nanosecond of its clock.

use guest_sdk::prelude::*;

use crate::UniqueIds;

#[derive(Serialize, Deserialize)]
pub(crate) struct Counter {
    started_ns: u64,
    count: u64,
}

impl Counter {
    pub(crate) fn new(ctx: &Ctx<UniqueIds>) -> Self {
        Counter {
            started_ns: u64::try_from(ctx.now().as_nanos()).unwrap_or(u64::MAX),
            count: 0,
        }
    }

    pub(crate) fn next(&mut self, node: &str) -> String {
        self.count += 1;
        format!("{node}-{:x}-{}", self.started_ns, self.count)
    }
}
