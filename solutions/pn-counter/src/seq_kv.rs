//! A key for each node in `seq-kv`: it writes its own, and reads all.
//!
//! A node's share is stored under its name, and only this node changes it, by compare-and-set. Adds that
//! arrive while one is in flight wait and go together. A share never has the same value twice. So after
//! a lost answer or a lost memory the node learns what happened by reading its share: the
//! batch that was in flight either is in it or not. Every life of a node begins with this question.
//!
//! `seq-kv` may answer a read from the past, but not from before the reader's own last write that changed
//! something. So before it reads shares, a node writes a new value under a key of
//! its own: that forces recency. All adds that were acknowledged before a read began are in its answer.
//!
//! - Costs: two messages for an add, fewer when several are batched; 2 n + 2 for a read, shared by all
//!   reads that were waiting when it began. For `g-set` they grow with the node's share.
//! - Linearizable, and no acknowledged add is lost, whatever happens to nodes: a node has no
//!   state that matters.
//! - Nodes send each other no messages, so their network does not matter. Without `seq-kv` nothing is answered.
//!
//! (This file is also part of `g-set`.)
//!
//! Source: Maelstrom's `doc/services.md`, and its test of `seq-kv`, which forces recency in this way.

use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, SEQ_KV};

use crate::{Call as AnyCall, Replica, Reply, Share, read_ok};

/// Reads and blind writes may be repeated, and so may a compare-and-set to a value that was never
/// there: if the answer to one that took place is lost, the next is refused, and the share tells.
const RETRY: Retry = Retry::forever(Duration::from_secs(1));

#[derive(Serialize, Deserialize)]
pub(crate) struct SeqKv {
    /// This node's share, if it knows.
    share: Option<Share>,
    writing: Option<Writing>,
    waiting_adds: Vec<(i64, Caller)>,
    /// The read that is going on, and the clients whose reads came too late for it.
    reading: Option<Reading>,
    waiting_reads: Vec<Caller>,
    /// Makes what is written to force recency new each time.
    fresh: u64,
}

/// Adds that are being made part of the share.
#[derive(Serialize, Deserialize)]
struct Writing {
    adds: Vec<(i64, Caller)>,
    /// The share with them, if they are on their way.
    share: Option<Share>,
}

#[derive(Default, Serialize, Deserialize)]
struct Reading {
    clients: Vec<Caller>,
    shares: Vec<Share>,
}

/// What a call is about.
#[derive(Serialize, Deserialize)]
pub(crate) enum Call {
    Write,
    /// Forcing recency before the share is read that a write was refused for.
    Doubt,
    Recall,
    /// Forcing recency before all shares are read.
    Refresh,
    Share,
}

impl SeqKv {
    pub(crate) fn new(ctx: &Ctx<Replica>) -> Self {
        SeqKv {
            share: None,
            writing: None,
            waiting_adds: Vec::new(),
            reading: None,
            waiting_reads: Vec::new(),
            // A node that has lost its memory goes on behind what it wrote before.
            fresh: u64::try_from(ctx.now().as_nanos()).unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn add(&mut self, operation: i64, client: Caller, ctx: &mut Ctx<Replica>) {
        self.waiting_adds.push((operation, client));
        self.write(ctx);
    }

    pub(crate) fn read(&mut self, client: Caller, ctx: &mut Ctx<Replica>) {
        self.waiting_reads.push(client);
        self.begin_reading(ctx);
    }

    /// Begins to write what waits, unless a write is going on.
    fn write(&mut self, ctx: &mut Ctx<Replica>) {
        if self.writing.is_some() || self.waiting_adds.is_empty() {
            return;
        }
        let adds = std::mem::take(&mut self.waiting_adds);
        let share = self.share.as_ref().map(|share| {
            let mut more = share.clone();
            for (operation, _) in &adds {
                more.add(*operation);
            }
            let cas = service::cas_or_create(ctx.id().to_owned(), share, &more);
            ctx.call(SEQ_KV, &cas, AnyCall::SeqKv(Call::Write), RETRY);
            more
        });
        if share.is_none() {
            self.force_recency(Call::Doubt, ctx);
        }
        self.writing = Some(Writing { adds, share });
    }

    /// Begins to read for those who wait, unless a read is going on.
    fn begin_reading(&mut self, ctx: &mut Ctx<Replica>) {
        if self.reading.is_some() || self.waiting_reads.is_empty() {
            return;
        }
        self.reading = Some(Reading {
            clients: std::mem::take(&mut self.waiting_reads),
            shares: Vec::new(),
        });
        self.force_recency(Call::Refresh, ctx);
    }

    fn force_recency(&mut self, call: Call, ctx: &mut Ctx<Replica>) {
        self.fresh += 1;
        let write = service::write(format!("fresh/{}", ctx.id()), self.fresh);
        ctx.call(SEQ_KV, &write, AnyCall::SeqKv(call), RETRY);
    }

    pub(crate) fn response(
        &mut self,
        call: Call,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Replica>,
    ) {
        match call {
            Call::Write if response.is_ok() => {
                if let Some(writing) = self.writing.take() {
                    self.written(writing, ctx);
                }
            }
            Call::Write => self.force_recency(Call::Doubt, ctx),
            Call::Doubt => {
                let read = service::read(ctx.id().to_owned());
                ctx.call(SEQ_KV, &read, AnyCall::SeqKv(Call::Recall), RETRY);
            }
            Call::Recall => self.recall(share_of(response), ctx),
            Call::Refresh => {
                for node in ctx.nodes().to_vec() {
                    let read = service::read(node);
                    ctx.call(SEQ_KV, &read, AnyCall::SeqKv(Call::Share), RETRY);
                }
            }
            Call::Share => {
                let Some(reading) = &mut self.reading else {
                    return;
                };
                reading.shares.push(share_of(response));
                if reading.shares.len() < ctx.nodes().len() {
                    return;
                }
                for client in reading.clients.drain(..) {
                    ctx.reply(client, &read_ok(reading.shares.iter()));
                }
                self.reading = None;
                self.begin_reading(ctx);
            }
        }
    }

    /// The share is this: either with the adds that were on their way, or without them.
    fn recall(&mut self, found: Share, ctx: &mut Ctx<Replica>) {
        let Some(writing) = self.writing.take() else {
            return;
        };
        if writing.share.as_ref() == Some(&found) {
            self.written(writing, ctx);
        } else {
            self.share = Some(found);
            self.waiting_adds.splice(0..0, writing.adds);
            self.write(ctx);
        }
    }

    fn written(&mut self, writing: Writing, ctx: &mut Ctx<Replica>) {
        self.share = writing.share;
        for (_, client) in writing.adds {
            ctx.reply(client, &Reply::AddOk);
        }
        self.write(ctx);
    }
}

/// The share that was read; nothing if none was ever written.
fn share_of(response: Result<Response<'_>, Error>) -> Share {
    let share = response.and_then(|response| service::value::<Share>(&response));
    share.unwrap_or_default()
}
