//! Who leads: the first node in even terms, the second in odd ones.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

use crate::Leader;

/// After this time without a message a node counts as cut off.
const SILENCE: Duration = Duration::from_secs(1);

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) term: u64,
    /// When a leader was heard last.
    heard: Duration,
    /// When each peer has asked last.
    asked: BTreeMap<String, Duration>,
}

impl Terms {
    /// The nodes that may lead.
    pub(crate) fn leaders(ctx: &Ctx<Leader>) -> Vec<String> {
        ctx.nodes().iter().take(2).cloned().collect()
    }

    /// Which of them does.
    pub(crate) fn leader(&self) -> usize {
        usize::from(!self.term.is_multiple_of(2))
    }

    /// A peer has asked for a leader of this term.
    pub(crate) fn asked(&mut self, peer: &str, term: u64, now: Duration) {
        self.asked.insert(peer.to_owned(), now);
        if term > self.term {
            self.term = term;
            self.heard = now;
        }
    }

    /// Whether a node follows the leader of this term, which it has heard now.
    pub(crate) fn follows(&mut self, term: u64, now: Duration) -> bool {
        if term < self.term {
            return false;
        }
        self.term = term;
        self.heard = now;
        true
    }

    /// Whether a majority has asked this node lately.
    pub(crate) fn has_majority(&self, ctx: &Ctx<Leader>) -> bool {
        let lately = self.asked.values();
        let lately = lately.filter(|at| **at + SILENCE > ctx.now()).count();
        2 * (lately + 1) > ctx.nodes().len()
    }

    /// Begins a term of this node, if the leader of this one is silent.
    pub(crate) fn take_over(&mut self, ctx: &Ctx<Leader>) {
        let leaders = Terms::leaders(ctx);
        let own = leaders.iter().position(|node| node == ctx.id());
        let is_silent = self.heard + SILENCE < ctx.now();
        if own.is_some_and(|own| own != self.leader()) && is_silent && self.has_majority(ctx) {
            self.term += 1;
        }
    }
}
