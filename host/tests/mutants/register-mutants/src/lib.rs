//! Registers that every node has: it answers transactions alone, and tells the others what they
//! wrote. `--design` says how, and `--bug` what is wrong.
//!
//! | design | how it works |
//! |---|---|
//! | `push` | writes are sent to all at once, and all registers once a second; the later of two writes wins, by Lamport's clock and the node |
//! | `clock` | the same by the time of day and the node |
//! | `state` | all registers are sent to all five times a second |
//! | `log` | each node sends its writes in order, again until they are acknowledged |
//!
//! | bug of `push` | what is wrong |
//! |---|---|
//! | `aborted` | every 16th transaction is refused after it has written |
//! | `alone` | nodes tell each other nothing |
//! | `arrival` | whatever arrives last wins |
//! | `forgets` | nothing is kept |
//! | `late` | transactions are answered after 4.9 s |
//! | `no-own-writes` | a transaction does not read what it wrote itself |
//! | `once` | writes are sent once, and nothing else is |
//! | `op-by-op` | each write is sent by itself, also if its transaction overwrites it |
//! | `refuses-cut` | a node that has not heard from a peer for a while refuses everything |
//! | `refuses-writes` | every second transaction that writes is refused |
//! | `ties` | of two writes in the same millisecond each node keeps its own |
//! | `torn` | transactions pause between their operations, and their writes are seen at once |
//! | `waits` | a transaction is answered after a peer has acknowledged its writes |
//!
//! | bug of `log` | what is wrong |
//! |---|---|
//! | `acked-by-any` | what one peer has acknowledged is sent to none any more |
//! | `neighbour` | writes are sent to the next node only |
//! | `own-stamps` | clocks ignore what arrives, and a node's own writes always win on it |
//! | `peer-dead` | a peer that does not answer once is told nothing any more |
//!
//! | bug of `state` | what is wrong |
//! |---|---|
//! | `delta-once` | only what is new is sent, and once |
//! | `last-key` | only the register that was written last is sent |
//! | `merge-missing` | only registers that a node does not have are taken over |
//! | `older-ignored` | registers of a node whose clock is behind are not taken over |
//! | `overwrites` | the registers that arrive replace all others |

mod registers;

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

use registers::{Registers, Write};

/// Between two times that registers or writes are sent.
const PERIOD: Duration = Duration::from_millis(200);

/// The same if writes are also sent at once.
const REPAIR: Duration = Duration::from_secs(1);

/// How long a call waits for its answer.
const ONCE: Retry = Retry::never(Duration::from_secs(1));

/// Just before clients give up.
const LATE: Duration = Duration::from_millis(4900);

/// The pause of a torn transaction between two operations.
const TEAR: Duration = Duration::from_millis(5);

/// After this time without a message `refuses-cut` takes a peer for lost.
const SILENCE: Duration = Duration::from_millis(2500);

/// The most transactions of a message.
const TXNS_MAX: usize = 500;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Design {
    #[default]
    Push,
    Clock,
    State,
    Log,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    Aborted,
    AckedByAny,
    Alone,
    Arrival,
    DeltaOnce,
    Forgets,
    LastKey,
    Late,
    MergeMissing,
    Neighbour,
    NoOwnWrites,
    OlderIgnored,
    Once,
    OpByOp,
    Overwrites,
    OwnStamps,
    PeerDead,
    RefusesCut,
    RefusesWrites,
    Ties,
    Torn,
    Waits,
}

#[derive(Default, Clone, Copy, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    design: Design,
    bug: Bug,
}

/// `["r", key, null]` or `["w", key, value]`.
type Mop = (String, i64, Option<i64>);

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Txn {
        txn: Vec<Mop>,
    },
    /// What a transaction wrote, or all registers.
    Writes {
        writes: Vec<Write>,
    },
    /// What transactions of the sender wrote, from the one with the number `from` on.
    Log {
        from: usize,
        txns: Vec<Vec<Write>>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    TxnOk {
        txn: Vec<Mop>,
    },
    WritesOk,
    /// How many transactions of the asking node have arrived, without gaps.
    LogOk {
        count: usize,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Tell<'a> {
    Writes { writes: &'a [Write] },
    Log { from: usize, txns: &'a [Vec<Write>] },
}

#[derive(Serialize, Deserialize)]
enum Call {
    /// A transaction is answered after the writes are acknowledged.
    Writes {
        client: Caller,
        txn: Vec<Mop>,
    },
    Log {
        peer: String,
    },
}

#[derive(Serialize, Deserialize)]
enum Timer {
    Tell,
    Answer {
        client: Caller,
        txn: Vec<Mop>,
    },
    Step {
        client: Caller,
        done: Vec<Mop>,
        left: Vec<Mop>,
    },
}

#[derive(Serialize, Deserialize)]
struct Replica {
    options: Options,
    registers: Registers,
    /// What this node's transactions wrote.
    log: Vec<Vec<Write>>,
    /// How many transactions each peer has of this node.
    acked: BTreeMap<String, usize>,
    /// How many transactions this node has of each peer.
    applied: BTreeMap<String, usize>,
    /// What `delta-once` and `last-key` have to send.
    fresh: Vec<Write>,
    /// When each peer was heard last.
    heard: BTreeMap<String, Duration>,
    dead: Vec<String>,
    txn_count: u64,
}

impl Node for Replica {
    type Request = Request;
    type Call = Call;
    type Timer = Timer;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        let own = ctx.nodes().iter().position(|node| node == ctx.id());
        ctx.set_timer(PERIOD, Timer::Tell);
        Replica {
            options,
            registers: Registers::new(options, own.unwrap_or(0)),
            log: Vec::new(),
            acked: BTreeMap::new(),
            applied: BTreeMap::new(),
            fresh: Vec::new(),
            heard: ctx.peers().map(|it| (it.to_owned(), ctx.now())).collect(),
            dead: Vec::new(),
            txn_count: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        self.heard.insert(from.node().to_owned(), ctx.now());
        match request {
            Request::Txn { txn } => return self.txn(txn, from, ctx),
            Request::Writes { writes } => {
                if self.options.bug == Bug::Overwrites {
                    self.registers.clear();
                }
                self.registers.merge(writes);
                ctx.reply(from, &Reply::WritesOk);
            }
            Request::Log { from: first, txns } => {
                let applied = self.applied.entry(from.node().to_owned()).or_default();
                if first <= *applied {
                    let count = first + txns.len();
                    for writes in txns.into_iter().skip(*applied - first) {
                        self.registers.merge(writes);
                    }
                    *applied = count.max(*applied);
                }
                let count = *applied;
                ctx.reply(from, &Reply::LogOk { count });
            }
        }
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        match (call, response) {
            (Call::Writes { client, txn }, Ok(_)) => ctx.reply(client, &Reply::TxnOk { txn }),
            (Call::Writes { client, .. }, Err(error)) => ctx.reply_error(client, error),
            (Call::Log { peer }, Ok(response)) => {
                if let Ok(Reply::LogOk { count }) = response.decode() {
                    let acked = self.acked.entry(peer).or_default();
                    *acked = count.max(*acked);
                }
            }
            (Call::Log { peer }, Err(_)) => {
                if self.options.bug == Bug::PeerDead {
                    self.dead.push(peer);
                }
            }
        }
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Self>) {
        match timer {
            Timer::Tell => {
                self.tell(ctx);
                let is_repair = matches!(self.options.design, Design::Push | Design::Clock);
                let period = if is_repair { REPAIR } else { PERIOD };
                ctx.set_timer(period, Timer::Tell);
            }
            Timer::Answer { client, txn } => ctx.reply(client, &Reply::TxnOk { txn }),
            Timer::Step { client, done, left } => self.step(client, done, left, ctx),
        }
    }
}

/// Transactions.
impl Replica {
    fn txn(&mut self, txn: Vec<Mop>, client: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        self.txn_count += 1;
        let writes_something = txn.iter().any(|(f, ..)| f == "w");
        let is_lost = |peer| ctx.now() > self.heard[peer] + SILENCE;
        let refuses = match self.options.bug {
            Bug::RefusesCut => ctx.peers().any(is_lost),
            Bug::RefusesWrites => writes_something && self.txn_count.is_multiple_of(2),
            _ => false,
        };
        if refuses {
            return Err(Error::new(ErrorCode::TemporarilyUnavailable, "not now"));
        }
        if self.options.bug == Bug::Torn {
            self.step(client, Vec::new(), txn, ctx);
            return Ok(());
        }
        let (done, writes) = self.registers.execute(txn, ctx.now());
        if writes_something {
            self.wrote(&writes, ctx);
        }
        match self.options.bug {
            Bug::Aborted if self.txn_count.is_multiple_of(16) => {
                return Err(Error::new(ErrorCode::TxnConflict, "not really"));
            }
            Bug::Late => _ = ctx.set_timer(LATE, Timer::Answer { client, txn: done }),
            Bug::Waits if writes_something => {
                let next = next_of(ctx);
                let tell = Tell::Writes { writes: &writes };
                ctx.call(&next, &tell, Call::Writes { client, txn: done }, ONCE);
            }
            _ => ctx.reply(client, &Reply::TxnOk { txn: done }),
        }
        Ok(())
    }

    /// Executes the next operation of a torn transaction.
    fn step(
        &mut self,
        client: Caller,
        mut done: Vec<Mop>,
        mut left: Vec<Mop>,
        ctx: &mut Ctx<Self>,
    ) {
        if left.is_empty() {
            return ctx.reply(client, &Reply::TxnOk { txn: done });
        }
        let (mops, writes) = self.registers.execute(vec![left.remove(0)], ctx.now());
        done.extend(mops);
        self.wrote(&writes, ctx);
        ctx.set_timer(TEAR, Timer::Step { client, done, left });
    }
}

/// What nodes tell each other.
impl Replica {
    /// A transaction has written this.
    fn wrote(&mut self, writes: &[Write], ctx: &mut Ctx<Self>) {
        match (self.options.design, self.options.bug) {
            (_, Bug::Alone) => {}
            (Design::Push | Design::Clock, Bug::OpByOp) => {
                for write in writes {
                    let writes = std::slice::from_ref(write);
                    to_all(&Tell::Writes { writes }, ctx);
                }
            }
            (Design::Push | Design::Clock, _) => to_all(&Tell::Writes { writes }, ctx),
            (Design::State, Bug::LastKey) => self.fresh = writes.to_vec(),
            (Design::State, Bug::DeltaOnce) => self.fresh.extend_from_slice(writes),
            (Design::State, _) => {}
            (Design::Log, _) => self.log.push(writes.to_vec()),
        }
    }

    /// The periodic message to each peer.
    fn tell(&mut self, ctx: &mut Ctx<Self>) {
        if self.options.design == Design::Log {
            return self.tell_log(ctx);
        }
        let writes = match self.options.bug {
            Bug::Alone | Bug::Once => return,
            Bug::DeltaOnce | Bug::LastKey => std::mem::take(&mut self.fresh),
            _ => self.registers.all(),
        };
        to_all(&Tell::Writes { writes: &writes }, ctx);
    }

    fn tell_log(&mut self, ctx: &mut Ctx<Self>) {
        let next = next_of(ctx);
        let mut peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        peers.retain(|peer| !self.dead.contains(peer));
        if self.options.bug == Bug::Neighbour {
            peers.retain(|peer| *peer == next);
        }
        let by_any = self.acked.values().max().copied().unwrap_or(0);
        for peer in peers {
            let from = match self.options.bug {
                Bug::AckedByAny => by_any,
                _ => self.acked.get(&peer).copied().unwrap_or(0),
            };
            let txns = &self.log[from..];
            let txns = &txns[..txns.len().min(TXNS_MAX)];
            if !txns.is_empty() {
                let tell = Tell::Log { from, txns };
                ctx.call(&peer.clone(), &tell, Call::Log { peer }, ONCE);
            }
        }
    }
}

fn to_all(tell: &Tell<'_>, ctx: &mut Ctx<Replica>) {
    let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
    for peer in peers {
        ctx.send(&peer, tell);
    }
}

/// The node after this one; itself if it is alone.
fn next_of(ctx: &Ctx<Replica>) -> String {
    let nodes = ctx.nodes().iter().chain(ctx.nodes());
    let mut after = nodes.skip_while(|node| *node != ctx.id()).skip(1);
    after.next().cloned().unwrap_or_default()
}

guest_sdk::export!(Replica);
