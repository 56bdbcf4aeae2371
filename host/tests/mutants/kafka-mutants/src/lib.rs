//! Logs in the memory of one node, to which the others forward; wrong if the argument names a
//! bug.
//!
//! | design | how it works |
//! |---|---|
//! | `forwards` | the first node has all logs, and a request that gets no answer is given up; this is the default |
//! | `commit-assigns` | the last commit counts, even if it is lower |
//! | `dedup` | forwarded requests have numbers and are repeated; the first node remembers its answers |
//! | `hashed` | each node has the logs whose keys hash to it |
//!
//! | bug | what is wrong |
//! |---|---|
//! | `aborted` | every eighth message is kept although its send fails |
//! | `breaker` | after one forwarded request without an answer, a node answers all polls with nothing |
//! | `commit-lost` | a node acknowledges commits at once and forwards them once |
//! | `commit-lowest` | of all commits the lowest counts |
//! | `commit-off-by-one` | committed offsets are one too high |
//! | `commit-repeats` | the last commit counts, also if it is a late copy of an earlier one |
//! | `commits-end` | the end of the log is listed as the committed offset |
//! | `commits-local` | every node has committed offsets of its own |
//! | `dedup-expires` | the first node forgets its answers after a second, but requests are repeated for longer |
//! | `dedup-forgets` | the first node remembers its last answer to each node only |
//! | `dedup-shared` | numbers of requests are remembered without the node that gave them |
//! | `dedup-trims` | a copy that arrives after its number was forgotten is executed again |
//! | `exclusive` | polls begin behind the offset that they are asked for |
//! | `failover` | a node that gets no answer goes on with logs of its own |
//! | `first-key` | polls answer only the first of their keys |
//! | `gives-up` | after one forwarded request without an answer, a node refuses everything |
//! | `late` | every request is answered after 4.9 s |
//! | `list-cached` | a node asks for the committed offset of a key once and then repeats it |
//! | `loses` | every eighth message gets an offset, but is not kept |
//! | `newest` | polls answer the newest messages instead of the next ones |
//! | `not-leader` | all nodes but the first refuse all requests |
//! | `overwrites` | every eighth message takes the offset of the one before |
//! | `refuses` | of 64 sends one is accepted |
//! | `retention` | a log keeps its last eight messages |
//! | `retries` | forwarded requests are repeated, and executed as often as they arrive |
//! | `reverses` | polls answer the newest messages first |
//! | `single-slot` | an answer goes to the last client that asked for something of its kind |
//! | `skips` | every fourth poll leaves a message out |
//! | `split` | every node has logs of its own |
//! | `twice` | every eighth message is kept twice |
//! | `wraps` | the key's number is kept in a byte |

mod log;
mod protocol;

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;
use serde::de::IntoDeserializer;
use serde::de::value::Error as UnknownVariant;

use log::Logs;
use protocol::{Reply, Request};

const ONCE: Retry = Retry::never(Duration::from_secs(1));
const OFTEN: Retry =
    Retry::times(8, Duration::from_millis(200)).max_wait(Duration::from_millis(400));

/// Just before clients give up.
const LATE: Duration = Duration::from_millis(4900);

/// How long `dedup-expires` remembers an answer.
const MEMORY: Duration = Duration::from_secs(1);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Variant {
    #[default]
    Forwards,
    CommitAssigns,
    Dedup,
    Hashed,

    Aborted,
    Breaker,
    CommitLost,
    CommitLowest,
    CommitOffByOne,
    CommitRepeats,
    CommitsEnd,
    CommitsLocal,
    DedupExpires,
    DedupForgets,
    DedupShared,
    DedupTrims,
    Exclusive,
    Failover,
    FirstKey,
    GivesUp,
    Late,
    ListCached,
    Loses,
    Newest,
    NotLeader,
    Overwrites,
    Refuses,
    Retention,
    Retries,
    Reverses,
    SingleSlot,
    Skips,
    Split,
    Twice,
    Wraps,
}

impl Variant {
    fn of_args() -> Variant {
        let Some(name) = std::env::args().nth(1) else {
            return Variant::default();
        };
        let variant: Result<Variant, UnknownVariant> =
            Variant::deserialize(name.into_deserializer());
        variant.unwrap_or_else(|error| panic!("{error}"))
    }

    fn remembers(self) -> bool {
        use Variant::{Dedup, DedupExpires, DedupForgets, DedupShared, DedupTrims};
        let all = [Dedup, DedupExpires, DedupForgets, DedupShared, DedupTrims];
        all.contains(&self)
    }
}

/// What a node answered to the requests of another.
#[derive(Default, Serialize, Deserialize)]
struct Answered {
    /// By number, with the time.
    replies: BTreeMap<u64, (Duration, Reply)>,
    /// The sender has the answers to all lower numbers.
    oldest: u64,
}

/// A client's request, of which several nodes may have to answer a part.
#[derive(Serialize, Deserialize)]
struct Gather {
    client: Caller,
    reply: Option<Reply>,
    waiting: usize,
}

/// A part that another node has to answer.
#[derive(Serialize, Deserialize)]
struct Part {
    gather: u64,
    id: u64,
    request: Request,
}

#[derive(Serialize, Deserialize)]
struct Leader {
    variant: Variant,
    logs: Logs,
    answered: BTreeMap<String, Answered>,
    gathers: BTreeMap<u64, Gather>,
    next_id: u64,
    /// Whether a node did not answer once.
    was_cut: bool,
    /// The last gather of each kind.
    slots: BTreeMap<String, u64>,
    /// The committed offsets that others have told.
    listed: BTreeMap<String, i64>,
}

impl Node for Leader {
    type Request = Request;
    type Call = Part;
    type Timer = (Request, Caller);

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        let variant = Variant::of_args();
        Leader {
            variant,
            logs: Logs::new(variant),
            answered: BTreeMap::new(),
            gathers: BTreeMap::new(),
            next_id: 0,
            was_cut: false,
            slots: BTreeMap::new(),
            listed: BTreeMap::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Forward {
                id,
                oldest,
                request,
            } => {
                if let Some(reply) = self.forwarded(client.node(), id, oldest, *request, ctx)? {
                    ctx.reply(client, &reply);
                }
                Ok(())
            }
            request if self.variant == Variant::Late => {
                ctx.set_timer(LATE, (request, client));
                Ok(())
            }
            request => self.serve(request, client, ctx),
        }
    }

    fn timer(&mut self, (request, client): (Request, Caller), ctx: &mut Ctx<Self>) {
        if let Err(error) = self.serve(request, client.clone(), ctx) {
            ctx.reply_error(client, error);
        }
    }

    fn response(&mut self, part: Part, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        let mut reply = response.and_then(|response| response.decode::<Reply>());
        if let Err(error) = &reply
            && error.code == ErrorCode::Timeout
        {
            self.was_cut = true;
            if self.variant == Variant::Failover {
                reply = self.logs.reply(part.request);
            }
        }
        let gather = match (self.variant, &reply) {
            (Variant::SingleSlot, Ok(reply)) => match self.slots.remove(reply.kind()) {
                Some(gather) => gather,
                None => return,
            },
            _ => part.gather,
        };
        if let Ok(Reply::ListCommittedOffsetsOk { offsets }) = &reply {
            self.listed.extend(offsets.clone());
        }
        self.gather(gather, reply, ctx);
    }
}

impl Leader {
    /// Answers a client, after other nodes have answered their parts.
    fn serve(
        &mut self,
        request: Request,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let is_leader = ctx.id() == ctx.nodes()[0];
        let refused = Error::new(ErrorCode::TemporarilyUnavailable, "ask another node");
        match (self.variant, &request) {
            (Variant::NotLeader, _) if !is_leader => return Err(refused),
            (Variant::GivesUp, _) if self.was_cut => return Err(refused),
            (Variant::Breaker, Request::Poll { .. }) if self.was_cut => {
                ctx.reply(client, &request.nothing());
                return Ok(());
            }
            (Variant::ListCached, Request::ListCommittedOffsets { keys })
                if keys.iter().all(|key| self.listed.contains_key(key)) =>
            {
                let keys = keys.iter().cloned();
                let offsets = keys.map(|key| (self.listed[&key], key));
                let offsets = offsets.map(|(offset, key)| (key, offset)).collect();
                ctx.reply(client, &Reply::ListCommittedOffsetsOk { offsets });
                return Ok(());
            }
            _ => {}
        }
        let nothing = request.nothing();
        let parts = request.parts(|key| self.owner(key, ctx));
        if parts.is_empty() {
            ctx.reply(client, &nothing);
            return Ok(());
        }
        let gather = self.next_id;
        self.next_id += 1;
        self.slots.insert(nothing.kind().to_owned(), gather);
        let waiting = parts.len();
        let reply = None;
        self.gathers.insert(
            gather,
            Gather {
                client,
                reply,
                waiting,
            },
        );
        for (node, request) in parts {
            let is_offsets = request.is_about_commits();
            let is_local = is_offsets && self.variant == Variant::CommitsLocal;
            let is_commit = matches!(request, Request::CommitOffsets { .. });
            if node == ctx.id() || is_local || self.variant == Variant::Split {
                let reply = self.logs.reply(request);
                self.gather(gather, reply, ctx);
            } else if is_commit && self.variant == Variant::CommitLost {
                ctx.send(&node, &request);
                self.gather(gather, Ok(Reply::CommitOffsetsOk), ctx);
            } else {
                self.forward(&node, gather, request, ctx);
            }
        }
        Ok(())
    }

    fn owner(&self, key: &str, ctx: &Ctx<Self>) -> String {
        let nodes = ctx.nodes();
        let owner = match self.variant {
            Variant::Hashed => key.bytes().map(usize::from).sum::<usize>() % nodes.len(),
            _ => 0,
        };
        nodes[owner].clone()
    }

    fn forward(&mut self, node: &str, gather: u64, request: Request, ctx: &mut Ctx<Self>) {
        let id = self.next_id;
        self.next_id += 1;
        let oldest = ctx.calls().map(|part| part.id).min().unwrap_or(id);
        let forward = Request::Forward {
            id,
            oldest,
            request: Box::new(request.clone()),
        };
        let repeats = match self.variant {
            Variant::CommitRepeats => matches!(request, Request::CommitOffsets { .. }),
            Variant::Retries => true,
            other => other.remembers(),
        };
        let retry = if repeats { OFTEN } else { ONCE };
        let part = Part {
            gather,
            id,
            request,
        };
        ctx.call(node, &forward, part, retry);
    }

    /// Executes another node's request, or repeats the answer to it.
    fn forwarded(
        &mut self,
        node: &str,
        id: u64,
        oldest: u64,
        request: Request,
        ctx: &Ctx<Self>,
    ) -> Result<Option<Reply>, Error> {
        if !self.variant.remembers() {
            return self.logs.reply(request).map(Some);
        }
        let is_shared = self.variant == Variant::DedupShared;
        let node = if is_shared { "" } else { node };
        let answered = self.answered.entry(node.to_owned()).or_default();
        if self.variant == Variant::DedupExpires {
            let replies = &mut answered.replies;
            replies.retain(|_, (at, _)| ctx.now() < *at + MEMORY);
        }
        if let Some((_, reply)) = answered.replies.get(&id) {
            return Ok(Some(reply.clone()));
        }
        if id < answered.oldest && self.variant == Variant::Dedup {
            return Ok(None);
        }
        let reply = self.logs.reply(request)?;
        answered.oldest = answered.oldest.max(oldest);
        match self.variant {
            Variant::Dedup | Variant::DedupTrims => {
                answered.replies = answered.replies.split_off(&answered.oldest);
            }
            Variant::DedupForgets => answered.replies.clear(),
            _ => {}
        }
        answered.replies.insert(id, (ctx.now(), reply.clone()));
        Ok(Some(reply))
    }

    /// Adds a part to the answer, and sends it with the last one.
    fn gather(&mut self, id: u64, part: Result<Reply, Error>, ctx: &mut Ctx<Self>) {
        let Some(mut gather) = self.gathers.remove(&id) else {
            return;
        };
        let reply = match part {
            Ok(reply) => match gather.reply.take() {
                Some(before) => before.and(reply),
                None => reply,
            },
            Err(error) => return ctx.reply_error(gather.client, error),
        };
        gather.waiting -= 1;
        if gather.waiting == 0 {
            return ctx.reply(gather.client, &reply);
        }
        gather.reply = Some(reply);
        self.gathers.insert(id, gather);
    }
}

guest_sdk::export!(Leader);
