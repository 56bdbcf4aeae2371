//! 64 random bits: no names, no clocks, no memory.
//!
//! It relies on chance: among m ids some two are the same with a probability of about m² / 2^65 (the
//! birthday problem); for a million ids that is 1 in 37 million. It also relies on the seed: every life of
//! a node must get a different one.

use guest_sdk::prelude::*;

use crate::UniqueIds;

/// As text, since not everybody reads whole numbers of 64 bits from JSON.
pub(crate) fn next(ctx: &mut Ctx<UniqueIds>) -> String {
    format!("{:016x}", ctx.rng().u64(..))
}
