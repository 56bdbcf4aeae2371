//! Every log has one leader, chosen by the key's name; other nodes forward to it.
//!
//! The leader of a key is the node with the greatest hash of its own name and the key's
//! (rendezvous hashing), so all nodes agree without messages, and keys spread evenly.
//!
//! - Costs: two messages for an operation on a key that another node leads; with n nodes and
//!   one key an operation, 2 (n - 1) / n. Polls of several keys ask each leader once.
//! - Linearizable, since there is one copy of each log, with its leader.
//! - A forwarded send takes place once, even if the network duplicates it or the sender
//!   retries: it has a number, and the leader remembers the offsets of the numbers that the sender
//!   may still ask about. A send without an answer is a timeout to the client: it may have happened.
//! - Tolerates lost, duplicated, late and reordered messages. In a partition operations on the
//!   keys of the other side fail or time out, except that polls answer without these keys.
//! - The leader keeps its logs on its disk, with the numbers that it has served. When it is started again, it
//!   goes on where it was.
//!
//! Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998).

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use crate::gather::Gathers;
use crate::log::{Forwarded, Logs};
use crate::protocol::{Key, Message, Messages, Offsets, Reply, Request, not_supported};
use crate::{Call as AnyCall, Kafka};

/// Four attempts in 3.75 s, within the 5 s that a client waits.
const RETRY: Retry = Retry::times(4, Duration::from_millis(250));

/// A poll is not worth waiting for: the next one shows the same.
const POLL_RETRY: Retry = Retry::never(Duration::from_millis(500));

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Leader {
    logs: Logs,
    pub(crate) gathers: Gathers,
    /// The number of the next send that this node forwards.
    next: u64,
    /// The forwarded sends that are not settled, in order.
    open: Vec<u64>,
}

/// What a call is about.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Call {
    /// A send with this number.
    Send { number: u64, client: Caller },
    /// A part of an answer.
    Part { gather: u64 },
}

impl Leader {
    pub(crate) fn new(ctx: &mut Ctx<Kafka>) -> Self {
        Leader {
            logs: Logs::open(ctx),
            gathers: Gathers::default(),
            // A node that has lost its memory goes on behind what it numbered before.
            next: u64::try_from(ctx.now().as_nanos()).unwrap_or(u64::MAX),
            open: Vec::new(),
        }
    }

    pub(crate) fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Kafka>,
    ) -> Result<(), Error> {
        match request {
            Request::Send { key, msg } => self.send(key, msg, from, ctx),
            Request::Forward {
                key,
                msg,
                number,
                settled,
            } => {
                let forwarded = Forwarded {
                    by: from.node().to_owned(),
                    number,
                    settled,
                };
                let answers = &mut self.gathers.answers;
                if let Some(offset) = self.logs.append_once(key, msg, forwarded, answers, ctx) {
                    answers.send(from, Ok(Reply::SendOk { offset }), ctx);
                }
            }
            Request::Poll { offsets } => {
                let nodes = ctx.nodes();
                let part = |offsets| Request::Poll { offsets };
                let parts = by_leader(offsets, |(key, _)| key, part, nodes);
                let msgs = Messages::new();
                self.scatter(parts, Reply::PollOk { msgs }, POLL_RETRY, from, ctx)?;
            }
            Request::CommitOffsets { offsets } => {
                let nodes = ctx.nodes();
                let part = |offsets| Request::CommitOffsets { offsets };
                let parts = by_leader(offsets, |(key, _)| key, part, nodes);
                self.scatter(parts, Reply::CommitOffsetsOk, RETRY, from, ctx)?;
            }
            Request::ListCommittedOffsets { keys } => {
                let nodes = ctx.nodes();
                let part = |keys| Request::ListCommittedOffsets { keys };
                let parts = by_leader(keys, |key| key, part, nodes);
                let offsets = Offsets::new();
                let empty = Reply::ListCommittedOffsetsOk { offsets };
                self.scatter(parts, empty, RETRY, from, ctx)?;
            }
            Request::Gossip { .. } | Request::Hello { .. } => return Err(not_supported()),
        }
        Ok(())
    }

    fn send(&mut self, key: Key, msg: Message, client: Caller, ctx: &mut Ctx<Kafka>) {
        let leader = leader(&key, ctx.nodes()).to_owned();
        if leader == ctx.id() {
            let answers = &mut self.gathers.answers;
            let offset = self.logs.append(key, msg, None, answers, ctx);
            answers.send(client, Ok(Reply::SendOk { offset }), ctx);
            return;
        }
        let number = self.next;
        self.next += 1;
        self.open.push(number);
        let forward = Request::Forward {
            key,
            msg,
            number,
            settled: self.open.first().copied().unwrap_or(number),
        };
        let call = Call::Send { number, client };
        ctx.call(&leader, &forward, AnyCall::Leader(call), RETRY);
    }

    /// Asks every leader for its part of an answer; this node's own is at hand.
    fn scatter(
        &mut self,
        parts: Vec<(String, Request)>,
        empty: Reply,
        retry: Retry,
        client: Caller,
        ctx: &mut Ctx<Kafka>,
    ) -> Result<(), Error> {
        let gather = self.gathers.open(client, empty, parts.len(), ctx);
        for (leader, request) in parts {
            if leader == ctx.id() {
                let part = self.logs.answer(request, &mut self.gathers.answers, ctx)?;
                self.gathers.add(gather, Ok(part), ctx);
            } else {
                let call = AnyCall::Leader(Call::Part { gather });
                ctx.call(&leader, &request, call, retry);
            }
        }
        Ok(())
    }

    pub(crate) fn response(
        &mut self,
        call: Call,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Kafka>,
    ) {
        let reply = response.and_then(|response| response.decode::<Reply>());
        match call {
            Call::Part { gather } => self.gathers.add(gather, reply, ctx),
            Call::Send { number, client } => {
                self.open.retain(|open| *open != number);
                self.gathers.answers.send(client, reply, ctx);
            }
        }
    }
}

/// A part of a request for each leader: that with the items whose keys it leads.
fn by_leader<T, C: Default + Extend<T>>(
    items: impl IntoIterator<Item = T>,
    key: fn(&T) -> &Key,
    part: fn(C) -> Request,
    nodes: &[String],
) -> Vec<(String, Request)> {
    let mut parts: SortedMap<String, C> = SortedMap::new();
    for item in items {
        let leader = leader(key(&item), nodes).to_owned();
        parts.get_or_default(leader).extend([item]);
    }
    let parts = parts.into_iter();
    parts.map(|(leader, items)| (leader, part(items))).collect()
}

/// The leader of a key: the same on all nodes.
pub(crate) fn leader<'a>(key: &str, nodes: &'a [String]) -> &'a str {
    let leader = nodes.iter().max_by_key(|node| weight(node, key));
    leader.map_or("", String::as_str)
}

/// FNV-1a over both names, with the finish of SplitMix64, since FNV's last letters change few bits.
fn weight(node: &str, key: &str) -> u64 {
    let bytes = node.bytes().chain([0]).chain(key.bytes());
    let fnv = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
