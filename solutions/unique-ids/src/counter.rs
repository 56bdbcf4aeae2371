//! The node's name, the start of this life of the node, and a counter.
//!
//! Names differ between nodes, the counter within one life, and the start between the lives of a node. The last start is on
//! the disk, and a life whose clock is not behind it takes the next number: one sync for a start.
//! Assumption: a node that has lost its disk does not start twice at the same nanosecond of its clock.

use guest_sdk::prelude::*;

use crate::{UniqueIds, keep, kept};

#[derive(Serialize, Deserialize)]
pub(crate) struct Counter {
    started_ns: u64,
    count: u64,
}

impl Counter {
    pub(crate) fn new(ctx: &mut Ctx<UniqueIds>) -> Self {
        let now = u64::try_from(ctx.now().as_nanos()).unwrap_or(u64::MAX);
        let started_ns = kept(ctx).map_or(now, |last| now.max(last + 1));
        keep(started_ns, ctx);
        Counter {
            started_ns,
            count: 0,
        }
    }

    pub(crate) fn next(&mut self, node: &str) -> String {
        self.count += 1;
        format!("{node}-{:x}-{}", self.started_ns, self.count)
    }
}
