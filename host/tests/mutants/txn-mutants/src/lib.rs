//! Transactions that the first node executes for all, one after the other; over lists if they
//! append and over registers if they write. It is wrong if the argument names a bug.
//!
//! | design | how it works |
//! |---|---|
//! | `forwards` | a transaction that gets no answer is given up: strictly serializable; this is the default |
//! | `dedup` | transactions have numbers and are repeated; the first node remembers its answers |
//!
//! | bug | what is wrong |
//! |---|---|
//! | `aborted` | every fourth transaction is executed although it is reported as aborted |
//! | `copies` | nodes answer transactions that only read from copies: still serializable |
//! | `dedup-forgets` | the first node remembers its last answer to each node only |
//! | `failover` | a node that gets no answer goes on with a copy of its own |
//! | `forgets` | nothing is kept |
//! | `gives-up` | after one transaction without an answer, a node refuses everything |
//! | `internal` | a transaction does not read what it wrote itself |
//! | `invents` | every eighth transaction reads values that nobody has written |
//! | `late` | every transaction is answered after 4.9 s |
//! | `not-leader` | all nodes but the first refuse all transactions |
//! | `refuses-writes` | of 64 transactions one may write |
//! | `retries` | transactions are repeated, and executed as often as they arrive |
//! | `single-slot` | an answer goes to the last client that asked for something |
//! | `skew` | a transaction reads first and writes later, if nobody has written its keys meanwhile: snapshot isolation |
//! | `split` | every node executes its own clients' transactions alone |
//! | `stale` | transactions that only read are answered from the past: still serializable |
//! | `takes-over` | the second node takes over from a first one that is cut off, which may have acknowledged what only it has |
//! | `torn` | the operations of a transaction are executed with pauses in between |
//! | `twice` | what is appended is appended twice |
//! | `unlocked` | a transaction reads first and writes later, whatever was written meanwhile |

mod state;
mod terms;

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;
use serde::de::IntoDeserializer;
use serde::de::value::Error as UnknownVariant;

use state::{Mop, State};
use terms::Terms;

const ONCE: Retry = Retry::never(Duration::from_secs(1));
const OFTEN: Retry =
    Retry::times(8, Duration::from_millis(200)).max_wait(Duration::from_millis(400));

/// How long a torn transaction waits before its next operation, and how long others take to
/// write what they have prepared.
const TEAR: Duration = Duration::from_millis(20);

/// Between two times that a node renews its copy.
const COPY: Duration = Duration::from_millis(100);

/// Just before clients give up.
const LATE: Duration = Duration::from_millis(4900);

/// Transactions between two looks at the present, when reads are stale.
const STALE_TXNS: u64 = 20;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Txn {
        txn: Vec<Mop>,
    },
    /// Another node's transaction. That node has the answers to all before `oldest`.
    Forward {
        id: u64,
        oldest: u64,
        txn: Vec<Mop>,
    },
    /// The sender wants to follow a leader of this term or a later one.
    Copy {
        term: u64,
    },
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    TxnOk { txn: Vec<Mop> },
    CopyOk { term: u64, state: State },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Ask<'a> {
    Forward {
        id: u64,
        oldest: u64,
        txn: &'a [Mop],
    },
    Copy {
        term: u64,
    },
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Variant {
    #[default]
    Forwards,
    Dedup,

    Aborted,
    Copies,
    DedupForgets,
    Failover,
    Forgets,
    GivesUp,
    Internal,
    Invents,
    Late,
    NotLeader,
    RefusesWrites,
    Retries,
    SingleSlot,
    Skew,
    Split,
    Stale,
    TakesOver,
    Torn,
    Twice,
    Unlocked,
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
        matches!(self, Variant::Dedup | Variant::DedupForgets)
    }

    fn has_copies(self) -> bool {
        matches!(
            self,
            Variant::Copies | Variant::Failover | Variant::TakesOver
        )
    }
}

/// What a node answered to the transactions of another.
#[derive(Default, Serialize, Deserialize)]
struct Answered {
    /// By number.
    replies: BTreeMap<u64, Reply>,
    /// The sender has the answers to all lower numbers.
    oldest: u64,
}

#[derive(Serialize, Deserialize)]
enum Call {
    Forward {
        id: u64,
        client: Caller,
        txn: Vec<Mop>,
    },
    Copy,
}

#[derive(Serialize, Deserialize)]
enum Timer {
    Copy,
    Answer {
        client: Caller,
        txn: Vec<Mop>,
    },
    /// The next operation of a torn transaction.
    Step {
        client: Caller,
        done: Vec<Mop>,
        left: Vec<Mop>,
    },
    /// The writes of a transaction that has read.
    Write {
        client: Caller,
        before: State,
        done: Vec<Mop>,
    },
}

#[derive(Serialize, Deserialize)]
struct Leader {
    variant: Variant,
    state: State,
    past: State,
    txn_count: u64,
    answered: BTreeMap<String, Answered>,
    next_id: u64,
    was_cut: bool,
    slot: Option<Caller>,
    terms: Terms,
}

impl Node for Leader {
    type Request = Request;
    type Call = Call;
    type Timer = Timer;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let variant = Variant::of_args();
        if variant.has_copies() {
            ctx.set_timer(COPY, Timer::Copy);
        }
        Leader {
            variant,
            state: State::default(),
            past: State::default(),
            txn_count: 0,
            answered: BTreeMap::new(),
            next_id: 0,
            was_cut: false,
            slot: None,
            terms: Terms::default(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Txn { txn } => self.serve(txn, from, ctx),
            Request::Forward { id, oldest, txn } => self.forwarded(id, oldest, txn, from, ctx),
            Request::Copy { term } => {
                self.terms.asked(from.node(), term, ctx.now());
                if self.leader(ctx) != ctx.id() {
                    return Err(Error::new(ErrorCode::TemporarilyUnavailable, "no leader"));
                }
                let (term, state) = (self.terms.term, self.state.clone());
                ctx.reply(from, &Reply::CopyOk { term, state });
                Ok(())
            }
        }
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        let reply = response.and_then(|response| response.decode::<Reply>());
        match (call, reply) {
            (_, Ok(Reply::CopyOk { term, state })) => {
                if self.terms.follows(term, ctx.now()) {
                    self.state = state;
                }
            }
            (Call::Copy, _) => {}
            (Call::Forward { client, .. }, Ok(reply)) => match self.variant {
                Variant::SingleSlot => {
                    if let Some(client) = self.slot.take() {
                        ctx.reply(client, &reply);
                    }
                }
                _ => ctx.reply(client, &reply),
            },
            (Call::Forward { client, txn, .. }, Err(error)) => {
                let is_cut = error.code == ErrorCode::Timeout;
                self.was_cut |= is_cut;
                if is_cut && self.variant == Variant::Failover {
                    let txn = self.state.execute(txn);
                    return ctx.reply(client, &Reply::TxnOk { txn });
                }
                ctx.reply_error(client, error);
            }
        }
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Self>) {
        match timer {
            Timer::Copy => {
                if self.variant == Variant::TakesOver {
                    self.terms.take_over(ctx);
                }
                let term = self.terms.term;
                let (leaders, leader) = (Terms::leaders(ctx), self.leader(ctx));
                for other in leaders {
                    let is_asked = self.variant == Variant::TakesOver || other == leader;
                    if is_asked && other != ctx.id() {
                        ctx.call(&other, &Ask::Copy { term }, Call::Copy, ONCE);
                    }
                }
                ctx.set_timer(COPY, Timer::Copy);
            }
            Timer::Answer { client, txn } => ctx.reply(client, &Reply::TxnOk { txn }),
            Timer::Step {
                client,
                mut done,
                mut left,
            } => {
                if left.is_empty() {
                    return ctx.reply(client, &Reply::TxnOk { txn: done });
                }
                done.extend(self.state.execute(vec![left.remove(0)]));
                ctx.set_timer(TEAR, Timer::Step { client, done, left });
            }
            Timer::Write {
                client,
                before,
                done,
            } => self.write(client, &before, done, ctx),
        }
    }
}

impl Leader {
    /// Answers a client, or lets the first node do so.
    fn serve(&mut self, txn: Vec<Mop>, client: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        let leader = self.leader(ctx);
        let only_reads = txn.iter().all(|(f, ..)| f == "r");
        if ctx.id() == leader || self.variant == Variant::Split {
            return self.execute(txn, client, ctx);
        }
        let refuses = match self.variant {
            Variant::NotLeader => true,
            Variant::GivesUp => self.was_cut,
            _ => false,
        };
        if refuses {
            let text = "ask another node";
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, text));
        }
        if self.variant == Variant::Copies && only_reads {
            let txn = self.state.execute(txn);
            ctx.reply(client, &Reply::TxnOk { txn });
            return Ok(());
        }
        let id = self.next_id;
        self.next_id += 1;
        let oldest = ctx.calls().filter_map(|call| match call {
            Call::Forward { id, .. } => Some(*id),
            Call::Copy => None,
        });
        let oldest = oldest.min().unwrap_or(id);
        let repeats = self.variant.remembers() || self.variant == Variant::Retries;
        let retry = if repeats { OFTEN } else { ONCE };
        self.slot = Some(client.clone());
        let ask = Ask::Forward {
            id,
            oldest,
            txn: &txn.clone(),
        };
        ctx.call(&leader, &ask, Call::Forward { id, client, txn }, retry);
        Ok(())
    }

    /// Executes another node's transaction, or repeats the answer to it.
    fn forwarded(
        &mut self,
        id: u64,
        oldest: u64,
        txn: Vec<Mop>,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        if !self.variant.remembers() {
            return self.execute(txn, from, ctx);
        }
        let answered = self.answered.entry(from.node().to_owned()).or_default();
        if let Some(reply) = answered.replies.get(&id) {
            ctx.reply(from, reply);
            return Ok(());
        }
        if id < answered.oldest {
            return Ok(());
        }
        answered.oldest = answered.oldest.max(oldest);
        if self.variant == Variant::DedupForgets {
            answered.replies.clear();
            answered.oldest = 0;
        }
        answered.replies = answered.replies.split_off(&answered.oldest);
        let txn = self.state.execute(txn);
        let reply = Reply::TxnOk { txn };
        ctx.reply(from, &reply);
        answered.replies.insert(id, reply);
        Ok(())
    }

    fn leader(&self, ctx: &Ctx<Self>) -> String {
        Terms::leaders(ctx)[self.terms.leader()].clone()
    }

    fn execute(&mut self, txn: Vec<Mop>, client: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        let leads = self.leader(ctx) == ctx.id() && self.terms.has_majority(ctx);
        if self.variant == Variant::TakesOver && !leads {
            let text = "does not lead";
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, text));
        }
        if self.txn_count.is_multiple_of(STALE_TXNS) && self.variant == Variant::Stale {
            self.past = self.state.clone();
        }
        self.txn_count += 1;
        let only_reads = txn.iter().all(|(f, ..)| f == "r");
        let mut before = match self.variant {
            Variant::Internal | Variant::Forgets | Variant::Skew | Variant::Unlocked => {
                self.state.clone()
            }
            Variant::Stale if only_reads => self.past.clone(),
            _ => State::default(),
        };
        let done = match self.variant {
            Variant::RefusesWrites if !only_reads && !self.txn_count.is_multiple_of(64) => {
                let text = "not now";
                return Err(Error::new(ErrorCode::TemporarilyUnavailable, text));
            }
            Variant::Torn => {
                let (done, left) = (Vec::new(), txn);
                ctx.set_timer(TEAR, Timer::Step { client, done, left });
                return Ok(());
            }
            Variant::Skew | Variant::Unlocked if !only_reads => {
                let done = before.clone().execute(txn);
                let write = Timer::Write {
                    client,
                    before,
                    done,
                };
                ctx.set_timer(TEAR, write);
                return Ok(());
            }
            Variant::Stale if only_reads => before.execute(txn),
            Variant::Forgets => before.execute(txn),
            Variant::Twice => self.state.execute_twice(txn),
            _ => self.state.execute(txn),
        };
        let mut done = done;
        for (_, key, held) in done.iter_mut().filter(|(f, ..)| f == "r") {
            match self.variant {
                Variant::Internal => *held = before.get(*key),
                Variant::Invents if self.txn_count.is_multiple_of(8) => held.invent(),
                _ => {}
            }
        }
        match self.variant {
            Variant::Aborted if self.txn_count.is_multiple_of(4) => {
                Err(Error::new(ErrorCode::TxnConflict, "not really"))
            }
            Variant::Late => {
                ctx.set_timer(LATE, Timer::Answer { client, txn: done });
                Ok(())
            }
            _ => {
                ctx.reply(client, &Reply::TxnOk { txn: done });
                Ok(())
            }
        }
    }

    /// Executes the writes of a transaction that has read `before`, if that is still allowed.
    fn write(&mut self, client: Caller, before: &State, done: Vec<Mop>, ctx: &mut Ctx<Self>) {
        let writes = done.iter().filter(|(f, ..)| f != "r").cloned();
        let writes: Vec<Mop> = writes.collect();
        let mut keys = writes.iter().map(|(_, key, _)| *key);
        if self.variant == Variant::Skew && keys.any(|key| before.get(key) != self.state.get(key)) {
            let error = Error::new(ErrorCode::TxnConflict, "written meanwhile");
            return ctx.reply_error(client, error);
        }
        self.state.execute(writes);
        ctx.reply(client, &Reply::TxnOk { txn: done });
    }
}

guest_sdk::export!(Leader);
