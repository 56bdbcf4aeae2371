//! An operation-based CRDT: every node applies every operation exactly once.
//!
//! A node numbers its clients' operations, applies them at once, and once per window sends every peer
//! the new ones. It sends a peer one batch at a time, until the peer acknowledges that it has applied it;
//! later operations form the next batch. A peer applies a batch if it is the next one, and only
//! acknowledges one that it has applied already. Operations commute, so the order between nodes does not
//! matter. A node forgets an operation that all have applied; what is left is one sum, or set.
//!
//! - Adds and reads are answered at once: totally available.
//! - Costs: per window with changes two messages to each peer, a batch and its answer. A batch
//!   without an answer is retried, finally every two seconds.
//! - Reads lag by a window and the network's latency; during a partition, by its duration.
//! - Tolerates partitions and lost, duplicated, late and reordered messages.
//! - All of its state is on the disk before a node speaks of it, in one file that is replaced: small for a counter; for
//!   a set use `state`, which appends.
//! - A node that has lost its disk stays wrong: no other node remembers the operations that it had applied.
//!   This is the price of keeping no state by node; use `state`.
//!
//! (This file is also part of `g-set`.)
//!
//! Source: Shapiro, Preguiça, Baquero and Zawirski, "A comprehensive study of convergent and
//! commutative replicated data types" (2011), section 2.2.

use std::collections::VecDeque;
use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use crate::{Call, Replica, Reply, Request, Share, read_ok};

/// Until a batch is answered it comes again.
const RETRY: Retry = Retry::forever(Duration::from_millis(500)).max_wait(Duration::from_secs(2));

#[derive(Serialize, Deserialize)]
pub(crate) struct Op {
    window: Duration,
    window_is_open: bool,
    /// What all operations that this node has applied make together.
    total: Share,
    /// Its clients' operations that not all peers have applied.
    operations: VecDeque<i64>,
    /// How many it has forgotten before these.
    forgotten: u64,
    peers: SortedMap<String, Peer>,
}

#[derive(Default, Serialize, Deserialize)]
struct Peer {
    /// How many of this node's operations it has applied.
    applied: u64,
    /// A batch is on its way to it.
    is_being_told: bool,
    /// How many of its operations this node has applied.
    learned: u64,
}

/// A call: telling operations, up to a number.
#[derive(Serialize, Deserialize)]
pub(crate) struct Told {
    peer: String,
    end: u64,
}

/// Where all of it is kept.
const FILE: &str = "operations";

impl Op {
    /// Goes on with what was kept, of which no call and no timer is left.
    fn begin_again(op: &mut Self, window: Duration, ctx: &mut Ctx<Replica>) {
        op.window = window;
        op.window_is_open = false;
        for peer in op.peers.values_mut() {
            peer.is_being_told = false;
        }
        op.schedule(ctx);
        // Once more: it may never have been synced, and after a sync that failed it may be here though no later one makes it
        // durable.
        ctx.disk().put(FILE, op);
    }

    pub(crate) fn new(window: Duration, ctx: &mut Ctx<Replica>) -> Self {
        let kept = ctx.disk().get(FILE);
        if let Some(mut op) = kept.unwrap_or_else(|error| panic!("{error}")) {
            Self::begin_again(&mut op, window, ctx);
            return op;
        }
        Op {
            window,
            window_is_open: false,
            total: Share::default(),
            operations: VecDeque::new(),
            forgotten: 0,
            peers: ctx
                .peers()
                .map(|peer| (peer.to_owned(), Peer::default()))
                .collect(),
        }
    }

    pub(crate) fn add(&mut self, operation: i64, client: Caller, ctx: &mut Ctx<Replica>) {
        self.total.add(operation);
        self.operations.push_back(operation);
        self.schedule(ctx);
        ctx.disk().put(FILE, self);
        ctx.reply(client, &Reply::AddOk);
    }

    pub(crate) fn read(&self, client: Caller, ctx: &mut Ctx<Replica>) {
        ctx.reply(client, &read_ok([&self.total].into_iter()));
    }

    /// Opens a window if there is anything to tell at its end.
    fn schedule(&mut self, ctx: &mut Ctx<Replica>) {
        let end = self.end();
        let has_news = |peer: &Peer| !peer.is_being_told && peer.applied < end;
        if !self.window_is_open && self.peers.values().any(has_news) {
            self.window_is_open = true;
            ctx.set_timer(self.window, ());
        }
    }

    /// How many operations there have been.
    fn end(&self) -> u64 {
        self.forgotten + self.operations.len() as u64
    }

    /// A window is over.
    pub(crate) fn broadcast(&mut self, ctx: &mut Ctx<Replica>) {
        self.window_is_open = false;
        let end = self.end();
        for (name, peer) in &mut self.peers {
            if peer.is_being_told || peer.applied == end {
                continue;
            }
            peer.is_being_told = true;
            let known = usize::try_from(peer.applied - self.forgotten).unwrap_or(usize::MAX);
            let batch = Request::Operations {
                from: peer.applied,
                operations: self.operations.iter().skip(known).copied().collect(),
            };
            let peer = name.clone();
            ctx.call(name, &batch, Call::Operations(Told { peer, end }), RETRY);
        }
    }

    /// A peer has applied a batch.
    pub(crate) fn response(&mut self, told: Told, ctx: &mut Ctx<Replica>) {
        if let Some(peer) = self.peers.get_mut(&told.peer) {
            peer.is_being_told = false;
            peer.applied = told.end;
        }
        let applied_by_all = self.peers.values().map(|peer| peer.applied).min();
        while applied_by_all.is_some_and(|applied| self.forgotten < applied) {
            self.operations.pop_front();
            self.forgotten += 1;
        }
        self.schedule(ctx);
    }

    /// A peer tells operations, from a number on.
    pub(crate) fn operations(
        &mut self,
        from: u64,
        operations: Vec<i64>,
        teller: Caller,
        ctx: &mut Ctx<Replica>,
    ) {
        let Some(peer) = self.peers.get_mut(teller.node()) else {
            return;
        };
        if peer.learned < from {
            return; // of a life that this node has forgotten
        }
        let known = usize::try_from(peer.learned - from).unwrap_or(usize::MAX);
        let before = peer.learned;
        for operation in operations.into_iter().skip(known) {
            self.total.add(operation);
            peer.learned += 1;
        }
        if peer.learned > before {
            ctx.disk().put(FILE, self);
        }
        ctx.reply(teller, &Reply::OperationsOk);
    }
}
