//! Milliseconds, the node's rank, and a counter within the millisecond, in one number.
//!
//! | bits | 41 | 10 | 12 |
//! |---|---|---|---|
//! | | milliseconds | rank | counter |
//!
//! Ids are ordered by time, as far as the clocks agree; a node's own ids always are.
//! A millisecond that has used its 4096 ids borrows from the next one, so no request waits. A life
//! begins with the millisecond after its start, since the life before may have used that one.
//!
//! Assumptions: at most 1024 nodes; a clock that is not set back between two lives of a node (within one
//! life it may jump and run at any rate); no more than 4096 ids a millisecond before a kill.
//!
//! Source: Twitter's Snowflake (2010).

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::{UniqueIds, rank};

const RANK_BITS: u32 = 10;
const COUNT_BITS: u32 = 12;

#[derive(Serialize, Deserialize)]
pub(crate) struct Flake {
    rank: u64,
    /// The millisecond and the counter of the last id, in one number.
    last: u64,
}

impl Flake {
    pub(crate) fn new(ctx: &Ctx<UniqueIds>) -> Self {
        let last_of_start = ((millis(ctx.now()) + 1) << COUNT_BITS) - 1;
        Flake {
            rank: rank(ctx),
            last: last_of_start,
        }
    }

    pub(crate) fn next(&mut self, now: Duration) -> u64 {
        self.last = (self.last + 1).max(millis(now) << COUNT_BITS);
        let (millis, count) = (self.last >> COUNT_BITS, self.last % (1 << COUNT_BITS));
        (millis << RANK_BITS | self.rank) << COUNT_BITS | count
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> COUNT_BITS)
}
