//! The numbers that leave the node's rank when divided by the number of nodes.
//!
//! The smallest ids possible: n nodes that give m ids each use the numbers up to about n m.
//! It relies on the disk only, not on a clock or chance: a node reserves blocks of [`BLOCK`] ids there, one sync for each, and
//! a new life begins behind the last block. A node that has lost its disk repeats its ids.

use guest_sdk::prelude::*;

use crate::{UniqueIds, keep, kept, rank};

/// How many ids are reserved at a time.
const BLOCK: u64 = 1024;

#[derive(Serialize, Deserialize)]
pub(crate) struct Residue {
    next: u64,
    /// The first id that is not reserved.
    end: u64,
    nodes: u64,
}

impl Residue {
    pub(crate) fn new(ctx: &mut Ctx<UniqueIds>) -> Self {
        let next = kept(ctx).unwrap_or_else(|| rank(ctx));
        Residue {
            next,
            end: next,
            nodes: ctx.nodes().len() as u64,
        }
    }

    pub(crate) fn next(&mut self, ctx: &mut Ctx<UniqueIds>) -> u64 {
        let id = self.next;
        if id >= self.end {
            self.end = id + BLOCK * self.nodes;
            keep(self.end, ctx);
        }
        self.next += self.nodes;
        id
    }
}
