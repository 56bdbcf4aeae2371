//! Every node takes in messages by itself, and all merge what they took in: the default.
//!
//! Node i of n has the offsets i, i + n, i + 2n and so on of every log. A send gets the first of
//! these behind all that the node knows of the log, and is acknowledged at once; the node's
//! sends stand in its journal. Once in a window each node tells each other node what is new in its
//! journal, and how much it has of everybody's. A poll shows a message when all nodes are known to
//! have it.
//!
//! Why that is one log, of which polls never skip a message: let all nodes be known, here, to have
//! message m. A message with a smaller offset was taken in by its node before that had m, since
//! afterwards it only gives greater ones. So it stands in the journal before the place where its
//! node said that it has m; and what a node says is believed only when its whole journal up to there
//! has arrived. So all messages before m are here, and stay all. And a poll stops at the first message
//! that not all nodes have, so nothing that a poll has ever shown depends on one node alone. (Kafka:
//! an offset below the high watermark of a log whose replicas are all in sync.) For the same reason
//! a send that begins after a poll has shown m gets a greater offset than m.
//!
//! - Costs: a message to each peer in a window, n (n - 1) in all, whatever the rate, and none when nothing
//!   is new; what a peer tells is also its acknowledgement. On challenge 5c 0.010 server messages an
//!   operation, with polls up to 0.4 s behind; 0.002 and 2 s with `--window-ms 1000`.
//! - Sends, polls and commits are answered at once, in every partition: totally available. Polls
//!   are behind by two windows and the network's latency, and while any node is out of reach they show
//!   what all had before.
//! - Offsets leave gaps. Two sends of one client to one node are in order; two sends to two nodes,
//!   even one after the other, need not be, unless a poll showed the first in between.
//! - Committed offsets stand in the journals like messages; a log's is the greatest of them all.
//! - Lost, doubled, late and reordered messages only cost time. Clocks do not matter, except that
//!   a node that has lost its disk must not see an earlier time than at its last start.
//! - All that a node takes in, its own or from others, is on its disk before it speaks of it. So kills and power
//!   losses, even of all nodes at once, lose nothing that was acknowledged or shown, and what a node
//!   has said that it has, it has still: it goes on where it was, in the same life. One sync for a
//!   window's gossip, for what a gossip brings, and for a batch of answers.
//! - A lost disk takes what only that node had: with `--acks one`, the default, what it acknowledged in the
//!   last window or since it was cut off, whose offsets may then be given again. With `--acks all` nothing
//!   is acknowledged before all nodes have it, and nothing is lost unless all nodes lose their disks at the same
//!   time; then a partition leaves sends and commits unanswered. A node without a disk learns from
//!   all others what they know of its journal before it serves again; `lin-kv` tells it that it has
//!   lived before.
//! - Every node keeps everything, and tells it to a node that has lost it in one message.
//!
//! Sources: Lamport, "Time, clocks, and the ordering of events" (1978), for the order;
//! Wuu and Bernstein, "Efficient solutions to the replicated log and dictionary problems" (1984), for the
//! table of who is known to have what; Kafka's `acks` and high watermark.

mod journals;
mod peers;
#[cfg(test)]
mod tests;

use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service;

use crate::answers::{Answers, Timer};
use crate::protocol::{Key, Message, Offset, Offsets, Reply, Request, not_supported};
use crate::{Acks, Call, Kafka, Options};
use journals::Journals;
pub(crate) use journals::News;
use peers::Peer;

/// How long to wait for `lin-kv`, and for peers that should have answered.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Merge {
    acks: Acks,
    window: Duration,
    phase: Phase,
    /// Requests that came before the node could serve.
    held: Vec<(Request, Caller)>,
    answers: Answers,
    journals: Journals,
    /// By rank; this node's own entry is not used.
    peers: Vec<Peer>,
    /// What is acknowledged when all have this node's journal up to that length.
    unacknowledged: Vec<(usize, Caller, Reply)>,
}

/// What a node may do.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// It asks `lin-kv` whether this is its first life.
    Starting,
    /// It is not. These peers were asked what they know, and have not answered.
    Joining {
        missing: Vec<usize>,
        since: Duration,
    },
    Serving,
}

impl Merge {
    pub(crate) fn new(options: &Options, ctx: &mut Ctx<Kafka>) -> Self {
        let nodes = ctx.nodes();
        let rank = nodes.iter().position(|node| node == ctx.id()).unwrap_or(0);
        let count = nodes.len();
        let now = u64::try_from(ctx.now().as_nanos()).unwrap_or(u64::MAX);
        let journals = Journals::open(rank, count, now, ctx);
        let life = journals.life();
        let window = Duration::from_millis(options.window_ms);
        let mut merge = Merge {
            acks: options.acks,
            window,
            phase: Phase::Starting,
            held: Vec::new(),
            answers: Answers::default(),
            journals,
            peers: (0..count).map(|_| Peer::new(count)).collect(),
            unacknowledged: Vec::new(),
        };
        if merge.journals.has_served() {
            merge.phase = Phase::Serving;
            merge.greet(ctx);
        } else {
            let lived = format!("lived/{}", ctx.id());
            // Refused if another life was there first; the same life may ask again.
            let cas = service::cas_or_create(lived, life, life);
            ctx.call(service::LIN_KV, &cas, Call::Lived, Retry::forever(PATIENCE));
        }
        ctx.set_timer(window, Timer::Window);
        merge
    }

    pub(crate) fn request(&mut self, request: Request, from: Caller, ctx: &mut Ctx<Kafka>) {
        match request {
            Request::Gossip {
                life,
                to_life,
                has,
                news,
                asks,
            } => {
                if let Some(rank) = self.admit(&from, life, ctx) {
                    self.learn(rank, &has, news, asks, ctx);
                    if to_life == self.journals.life() {
                        self.welcomed(rank, &has, ctx);
                    }
                }
            }
            Request::Hello { life } => {
                if let Some(rank) = self.admit(&from, life, ctx) {
                    self.tell(rank, self.journals.all(), false, ctx);
                }
            }
            request if self.phase != Phase::Serving => self.held.push((request, from)),
            request => self.serve(request, from, ctx),
        }
    }

    /// Does what a client asks for.
    fn serve(&mut self, request: Request, client: Caller, ctx: &mut Ctx<Kafka>) {
        match request {
            Request::Send { key, msg } => {
                let offset = self.journals.send(key, msg, ctx.disk());
                self.answers.changed();
                self.acknowledge(client, Reply::SendOk { offset }, ctx);
            }
            Request::Poll { offsets } => {
                let known_to_all = self.known_to_all();
                let poll = |(key, from): (Key, Offset)| {
                    let msgs: Vec<(Offset, Message)> =
                        self.journals.poll(&key, from, &known_to_all);
                    (key, msgs)
                };
                let msgs = offsets.into_iter().map(poll).collect();
                self.answers.send(client, Ok(Reply::PollOk { msgs }), ctx);
            }
            Request::CommitOffsets { offsets } => {
                if self.journals.commit(offsets, ctx.disk()) {
                    self.answers.changed();
                }
                self.acknowledge(client, Reply::CommitOffsetsOk, ctx);
            }
            Request::ListCommittedOffsets { keys } => {
                let offsets: Offsets = self.journals.committed(keys);
                let reply = Reply::ListCommittedOffsetsOk { offsets };
                self.answers.send(client, Ok(reply), ctx);
            }
            _ => ctx.reply_error(client, not_supported()),
        }
    }

    /// Answers what stands in this node's journal now.
    fn acknowledge(&mut self, client: Caller, reply: Reply, ctx: &mut Ctx<Kafka>) {
        match self.acks {
            Acks::One => self.answers.send(client, Ok(reply), ctx),
            Acks::All => {
                let len = self.journals.own_len();
                self.unacknowledged.push((len, client, reply));
                self.acknowledge_known(ctx);
            }
        }
    }

    /// Answers what all nodes are known to have.
    fn acknowledge_known(&mut self, ctx: &mut Ctx<Kafka>) {
        let known = self.known_to_all()[self.journals.rank()];
        let ready = self
            .unacknowledged
            .partition_point(|(len, ..)| *len <= known);
        for (_, client, reply) in self.unacknowledged.drain(..ready) {
            self.answers.send(client, Ok(reply), ctx);
        }
    }

    /// `lin-kv` has answered whether the node has lived before.
    pub(crate) fn response(&mut self, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Kafka>) {
        let me = self.journals.rank();
        let others: Vec<usize> = (0..self.peers.len()).filter(|rank| *rank != me).collect();
        if response.is_ok() || others.is_empty() {
            self.begin_serving(ctx);
        } else {
            self.say_hello(others, ctx);
        }
    }

    fn begin_serving(&mut self, ctx: &mut Ctx<Kafka>) {
        self.phase = Phase::Serving;
        self.journals.serve(ctx.disk());
        self.answers.changed();
        for (request, client) in std::mem::take(&mut self.held) {
            self.serve(request, client, ctx);
        }
    }

    pub(crate) fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Kafka>) {
        match timer {
            Timer::Batch => self.answers.timer(ctx),
            Timer::Window => self.end_window(ctx),
        }
    }

    fn end_window(&mut self, ctx: &mut Ctx<Kafka>) {
        ctx.set_timer(self.window, Timer::Window);
        match &self.phase {
            Phase::Starting => {}
            Phase::Joining { missing, since } => {
                if ctx.now().saturating_sub(*since) >= PATIENCE {
                    self.say_hello(missing.clone(), ctx);
                }
            }
            Phase::Serving => self.gossip(ctx),
        }
    }
}
