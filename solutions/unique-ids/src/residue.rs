//! The numbers that leave the node's rank when divided by the number of nodes.
//!
//! The smallest ids possible: n nodes that give m ids each use the numbers up to about n m.
//! It relies on memory only, not on a clock or chance. So a node without memory repeats its ids:
//! it does not survive a kill. (It survives a hot swap, which keeps the state.)

use guest_sdk::prelude::*;

use crate::{UniqueIds, rank};

#[derive(Serialize, Deserialize)]
pub(crate) struct Residue {
    next: u64,
    nodes: u64,
}

impl Residue {
    pub(crate) fn new(ctx: &Ctx<UniqueIds>) -> Self {
        Residue {
            next: rank(ctx),
            nodes: ctx.nodes().len() as u64,
        }
    }

    pub(crate) fn next(&mut self) -> u64 {
        let id = self.next;
        self.next += self.nodes;
        id
    }
}
