//! Every log has one leader, chosen by the key's name; other nodes forward to it.
//!
//! The leader of a key is the node with the greatest hash of its own name and the key's
//! (rendezvous hashing), so all nodes agree without messages, and keys spread evenly.
//!
//! - Costs: two messages for an operation on a key that another node leads; with n nodes and
//!   one key an operation, 2 (n - 1) / n. Polls of several keys ask each leader once.
//! - Linearizable, since there is one copy of each log, in its leader's memory.
//! - A forwarded send takes place once, even if the network duplicates it or the sender
//!   retries: it has a number, and the leader remembers the offsets of the numbers that the sender
//!   may still ask about. A send without an answer is a timeout to the client: it may have happened.
//! - Tolerates lost, duplicated, late and reordered messages. In a partition operations on the
//!   keys of the other side fail or time out, except that polls answer without these keys.
//! - When a node is killed, the logs that it led are lost and begin again at offset 0.
//!
//! Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998).

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use crate::gather::Gathers;
use crate::log::Logs;
use crate::protocol::{Key, Message, Messages, Offset, Offsets, Reply, Request, not_supported};
use crate::{Call as AnyCall, Kafka};

/// Four attempts in 3.75 s, within the 5 s that a client waits.
const RETRY: Retry = Retry::times(4, Duration::from_millis(250));

/// A poll is not worth waiting for: the next one shows the same.
const POLL_RETRY: Retry = Retry::never(Duration::from_millis(500));

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Leader {
    logs: Logs,
    gathers: Gathers,
    /// The number of the next send that this node forwards.
    next: u64,
    /// The forwarded sends that are not settled, in order.
    open: Vec<u64>,
    /// What others have forwarded, by sender.
    served: SortedMap<String, Served>,
}

/// What a call is about.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Call {
    /// A send with this number.
    Send { number: u64, client: Caller },
    /// A part of an answer.
    Part { gather: u64 },
}

/// The offsets of forwarded sends, by number.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Served {
    offsets: SortedMap<u64, Offset>,
    /// Smaller numbers are forgotten.
    settled: u64,
}

impl Leader {
    pub(crate) fn new(ctx: &Ctx<Kafka>) -> Self {
        Leader {
            logs: Logs::default(),
            gathers: Gathers::default(),
            // A node that has lost its memory goes on behind what it numbered before.
            next: u64::try_from(ctx.now().as_nanos()).unwrap_or(u64::MAX),
            open: Vec::new(),
            served: SortedMap::new(),
        }
    }

    pub(crate) fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Kafka>,
    ) -> Result<(), Error> {
        let nodes = ctx.nodes();
        match request {
            Request::Send { key, msg } => self.send(key, msg, from, ctx),
            Request::Forward {
                key,
                msg,
                number,
                settled,
            } => {
                let served = self.served.get_or_default(from.node().to_owned());
                let append = || self.logs.append(key, msg);
                if let Some(offset) = served.once(number, settled, append) {
                    ctx.reply(from, &Reply::SendOk { offset });
                }
            }
            Request::Poll { offsets } => {
                let part = |offsets| Request::Poll { offsets };
                let parts = by_leader(offsets, |(key, _)| key, part, nodes);
                let msgs = Messages::new();
                self.scatter(parts, Reply::PollOk { msgs }, POLL_RETRY, from, ctx)?;
            }
            Request::CommitOffsets { offsets } => {
                let part = |offsets| Request::CommitOffsets { offsets };
                let parts = by_leader(offsets, |(key, _)| key, part, nodes);
                self.scatter(parts, Reply::CommitOffsetsOk, RETRY, from, ctx)?;
            }
            Request::ListCommittedOffsets { keys } => {
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
            let offset = self.logs.append(key, msg);
            ctx.reply(client, &Reply::SendOk { offset });
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
                let part = self.logs.answer(request)?;
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
                match reply {
                    Ok(reply) => ctx.reply(client, &reply),
                    Err(error) => ctx.reply_error(client, error),
                }
            }
        }
    }
}

impl Served {
    /// Appends what has this number, unless it was before. Answers its offset; nothing if nobody
    /// asks any more, and it may have been forgotten.
    fn once(
        &mut self,
        number: u64,
        settled: u64,
        append: impl FnOnce() -> Offset,
    ) -> Option<Offset> {
        if settled > self.settled {
            self.settled = settled;
            self.offsets.remove_before(&settled);
        }
        if number < self.settled {
            return None;
        }
        Some(*self.offsets.get_or_insert_with(number, append))
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
