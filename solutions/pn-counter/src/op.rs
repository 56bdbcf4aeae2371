//! An operation-based CRDT: every operation is applied by every node exactly once.
//!
//! A node numbers its clients' operations, applies them at once, and once in a window tells every peer
//! those that are new. It tells each batch until that peer says that it has applied it. A
//! peer applies a batch if it is the next one, leaves out what it has applied already, and says nothing to one that
//! comes too early: that comes again. Operations commute, so the order between nodes does
//! not matter. A node forgets an operation that all have applied; what is left is one sum, or set.
//!
//! - Adds and reads are answered at once: totally available.
//! - Costs: in a window with news two messages to each peer, a batch and its answer. In a
//!   partition each batch that is not answered is repeated, every two seconds in the end.
//! - Reads are behind by a window and the network's latency; in a partition, by its length.
//! - Tolerates partitions and lost, doubled, late and reordered messages.
//! - After a kill a node is wrong for good: nobody remembers the operations that it had applied.
//!   This is the price of keeping no state by node; use `state`.
//!
//! (This file is also part of `g-set`.)
//!
//! Source: Shapiro, Preguiça, Baquero and Zawirski, "A comprehensive study of convergent and
//! commutative replicated data types" (2011), section 2.2.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

use crate::{Call, Replica, Reply, Request, Share, read_ok};

/// Until a batch is answered it comes again.
const RETRY: Retry = Retry::forever(Duration::from_millis(500)).max_wait(Duration::from_secs(2));

#[derive(Serialize, Deserialize)]
pub(crate) struct Op {
    window: Duration,
    /// What all operations that this node has applied make together.
    total: Share,
    /// Its clients' operations that the peers have not been told.
    news: Vec<i64>,
    /// How many it has told before these.
    told: u64,
    /// How many of each peer it has applied.
    applied: BTreeMap<String, u64>,
}

impl Op {
    pub(crate) fn new(window: Duration) -> Self {
        Op {
            window,
            total: Share::default(),
            news: Vec::new(),
            told: 0,
            applied: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, operation: i64, client: Caller, ctx: &mut Ctx<Replica>) {
        self.total.add(operation);
        if self.news.is_empty() {
            ctx.set_timer(self.window, ());
        }
        self.news.push(operation);
        ctx.reply(client, &Reply::AddOk);
    }

    pub(crate) fn read(&self, client: Caller, ctx: &mut Ctx<Replica>) {
        ctx.reply(client, &read_ok([&self.total].into_iter()));
    }

    /// A window is over.
    pub(crate) fn broadcast(&mut self, ctx: &mut Ctx<Replica>) {
        let operations = std::mem::take(&mut self.news);
        let from = self.told;
        self.told += operations.len() as u64;
        let batch = Request::Operations { from, operations };
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        for peer in peers {
            ctx.call(&peer, &batch, Call::Operations, RETRY);
        }
    }

    /// A peer tells operations, from a number on.
    pub(crate) fn operations(
        &mut self,
        from: u64,
        operations: Vec<i64>,
        peer: Caller,
        ctx: &mut Ctx<Replica>,
    ) {
        let applied = self.applied.entry(peer.node().to_owned()).or_default();
        let Some(known) = applied.checked_sub(from) else {
            return;
        };
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        for operation in operations.into_iter().skip(known) {
            self.total.add(operation);
            *applied += 1;
        }
        ctx.reply(peer, &Reply::OperationsOk);
    }
}
