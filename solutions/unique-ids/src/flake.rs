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
//! The disk has a millisecond that no id has reached, a second ahead: one sync for that much. A life begins behind it.
//!
//! Assumptions: at most 1024 nodes; for a node that has lost its disk, a clock that is not set back between two lives (within one
//! life it may jump and run at any rate), and no more than 4096 ids a millisecond before.
//!
//! Source: Twitter's Snowflake (2010).

use std::time::Duration;

use guest_sdk::prelude::*;

use crate::{UniqueIds, keep, kept, rank};

const RANK_BITS: u32 = 10;
const COUNT_BITS: u32 = 12;

#[derive(Serialize, Deserialize)]
pub(crate) struct Flake {
    rank: u64,
    /// The millisecond and the counter of the last id, in one number.
    last: u64,
    /// The first of the ids that are not reserved, like `last`.
    end: u64,
}

/// How many milliseconds are reserved at a time.
const AHEAD: u64 = 1000;

impl Flake {
    pub(crate) fn new(ctx: &mut Ctx<UniqueIds>) -> Self {
        let first = (millis(ctx.now()) + 1) << COUNT_BITS;
        let first = kept(ctx).map_or(first, |end| end.max(first));
        Flake {
            rank: rank(ctx),
            last: first - 1,
            end: first,
        }
    }

    pub(crate) fn next(&mut self, ctx: &mut Ctx<UniqueIds>) -> u64 {
        self.last = (self.last + 1).max(millis(ctx.now()) << COUNT_BITS);
        if self.last >= self.end {
            self.end = ((self.last >> COUNT_BITS) + AHEAD) << COUNT_BITS;
            keep(self.end, ctx);
        }
        let (millis, count) = (self.last >> COUNT_BITS, self.last % (1 << COUNT_BITS));
        (millis << RANK_BITS | self.rank) << COUNT_BITS | count
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> COUNT_BITS)
}
