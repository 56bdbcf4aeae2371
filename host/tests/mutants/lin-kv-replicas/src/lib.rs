//! Registers without Raft: one copy, many copies, quorums, chains, locks. `--design NAME` chooses a
//! design that is right as long as no node loses its memory; `--bug NAME` chooses one that is
//! wrong.
//!
//! | design | how it works |
//! |---|---|
//! | `primary` | the default: the first node has the registers, the others pass operations on once and say that they do not know what came of those that get no answer |
//! | `primary-retries` | they pass them on until there is an answer, and each takes place once |
//! | `owners` | each key is at one of the nodes, which the others pass operations on to |
//! | `paxos` | each key is a register of CASPaxos: any node reads from a majority, changes the value and stores it at a majority, also for a read |
//! | `chain` | the first node orders operations, which pass through all nodes; the last one answers |
//! | `two-phase` | a change locks the key at all nodes, then is made at all; a node answers reads of keys that are not locked |
//!
//! | bug | design | what is wrong |
//! |---|---|---|
//! | `acks-first` | `primary` | a node acknowledges a write when it has passed it on |
//! | `cas-creates` | `primary` | `cas` of a key that does not exist writes it |
//! | `cas-retry` | `primary` | an operation without an answer is passed on again, and executed again |
//! | `failed-cas-ok` | `primary` | a `cas` that finds another value is reported as done |
//! | `late` | `primary` | each answer comes 900 ms late |
//! | `missing-as-zero` | `primary` | a key that nobody wrote is read as 0 |
//! | `refuses-cas` | `primary` | every `cas` is refused, as if the value were another |
//! | `stops-after-fault` | `primary` | a node that got no answer once refuses all operations from then on |
//! | `timeout-as-failure` | `primary` | an operation without an answer is reported as not done |
//! | `async-backup` | copies | the primary acknowledges before it copies; when it is cut off, another takes over |
//! | `lowest-reachable` | copies | the primary is the lowest node that one hears, which differs between nodes |
//! | `no-fencing` | copies | another node takes over from a primary that is cut off, which goes on alone |
//! | `reads-anywhere` | copies | the primary copies after it has acknowledged, and all nodes answer reads |
//! | `accepts-unpromised` | `paxos` | a node accepts values although it has promised a later ballot not to |
//! | `acks-at-one` | `paxos` | a change is acknowledged when one node has accepted it |
//! | `equal-ballots` | `paxos` | two nodes can have the same ballot |
//! | `first-promise` | `paxos` | the value of the first promise is taken, not the latest |
//! | `half-quorum` | `paxos` | half of the nodes, rounded down, counts as a majority |
//! | `no-write-back` | `paxos` | a read answers with the latest value of a majority and does not store it |
//! | `retries-accept` | `paxos` | a change that some nodes have refused is made again, and may be made twice |
//! | `chain-head` | `chain` | the first node answers changes, the last one reads |
//! | `chain-reads-anywhere` | `chain` | every node answers reads |
//! | `two-phase-breaks-locks` | `two-phase` | locks are dropped after half a second, and the change is made nevertheless |
//! | `two-phase-no-recovery` | `two-phase` | the decision is sent once; a node that does not get it stays locked |
//! | `two-phase-reads-locked` | `two-phase` | a node answers reads of keys that are locked |
//! | `quorum` | quorums | registers of Attiya, Bar-Noy and Dolev; `cas` is a read and then a write |
//! | `quorum-no-repair` | quorums | the same, and a read does not store what it found |
//! | `last-writer-wins` | gossip | each node changes its own copy and tells the others; the later clock wins |
//!
//! Sources: Rystsov, "CASPaxos: Replicated State Machines without logs" (2018); van Renesse and
//! Schneider, "Chain Replication" (2004); Attiya, Bar-Noy and Dolev, "Sharing memory robustly in
//! message-passing systems" (1995).

mod chain;
mod copies;
mod gossip;
mod options;
mod paxos;
mod primary;
mod quorum;
mod registers;
mod two_phase;

use std::time::Duration;

use guest_sdk::prelude::*;

use chain::Chain;
use copies::Copies;
use gossip::Gossip;
use options::{Design, Options};
use paxos::Paxos;
use primary::Primary;
use quorum::Quorum;
use registers::{Operation, Outcome};
use two_phase::TwoPhase;

const TICK: Duration = Duration::from_millis(20);
/// Ticks after which no client waits any more.
const GIVE_UP: u64 = 48;
/// Ticks after which a message without an answer is sent again.
const AGAIN: u64 = 10;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    Read { key: i64 },
    Write { key: i64, value: i64 },
    Cas { key: i64, from: i64, to: i64 },
    Primary { note: primary::Note },
    Copies { note: copies::Note },
    Paxos { note: paxos::Note },
    Chain { note: chain::Note },
    TwoPhase { note: two_phase::Note },
    Quorum { note: quorum::Note },
    Gossip { note: gossip::Note },
}

#[derive(Serialize, Deserialize)]
enum Timer {
    Tick,
    Tell { client: Caller, outcome: Outcome },
}

#[derive(Serialize, Deserialize)]
enum Replica {
    Primary(Primary),
    Copies(Copies),
    Paxos(Paxos),
    Chain(Chain),
    TwoPhase(TwoPhase),
    Quorum(Quorum),
    Gossip(Gossip),
}

impl Node for Replica {
    type Request = Message;
    type Call = ();
    type Timer = Timer;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(TICK, Timer::Tick);
        let Options { bug, design } = ctx.options();
        match bug.design().unwrap_or(design) {
            Design::Primary | Design::PrimaryRetries | Design::Owners => {
                Replica::Primary(Primary::new(bug, design))
            }
            Design::Copies => Replica::Copies(Copies::new(bug, ctx)),
            Design::Paxos => Replica::Paxos(Paxos::new(bug)),
            Design::Chain => Replica::Chain(Chain::new(bug)),
            Design::TwoPhase => Replica::TwoPhase(TwoPhase::new(bug)),
            Design::Quorum => Replica::Quorum(Quorum::new(bug)),
            Design::Gossip => Replica::Gossip(Gossip::default()),
        }
    }

    fn request(
        &mut self,
        message: Message,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let operation = match &message {
            Message::Read { key } => Some(Operation::Read { key: *key }),
            Message::Write { key, value } => Some(Operation::Write {
                key: *key,
                value: *value,
            }),
            Message::Cas {
                key,
                from: expected,
                to,
            } => Some(Operation::Cas {
                key: *key,
                from: *expected,
                to: *to,
            }),
            _ => None,
        };
        let sender = from.node().to_owned();
        match (self, operation, message) {
            (Replica::Primary(it), Some(operation), _) => it.begin(operation, from, ctx)?,
            (Replica::Copies(it), Some(operation), _) => it.begin(operation, from, ctx)?,
            (Replica::Paxos(it), Some(operation), _) => it.begin(operation, from, ctx),
            (Replica::Chain(it), Some(operation), _) => it.begin(operation, from, ctx),
            (Replica::TwoPhase(it), Some(operation), _) => it.begin(operation, from, ctx),
            (Replica::Quorum(it), Some(operation), _) => it.begin(operation, from, ctx),
            (Replica::Gossip(it), Some(operation), _) => it.begin(operation, from, ctx),
            (Replica::Primary(it), _, Message::Primary { note }) => it.hear(note, &sender, ctx),
            (Replica::Copies(it), _, Message::Copies { note }) => it.hear(note, &sender, ctx),
            (Replica::Paxos(it), _, Message::Paxos { note }) => it.hear(note, &sender, ctx),
            (Replica::Chain(it), _, Message::Chain { note }) => it.hear(note, &sender, ctx),
            (Replica::TwoPhase(it), _, Message::TwoPhase { note }) => it.hear(note, &sender, ctx),
            (Replica::Quorum(it), _, Message::Quorum { note }) => it.hear(note, &sender, ctx),
            (Replica::Gossip(it), _, Message::Gossip { note }) => it.hear(note),
            _ => {}
        }
        Ok(())
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Self>) {
        if let Timer::Tell { client, outcome } = timer {
            registers::tell(client, outcome, ctx);
            return;
        }
        ctx.set_timer(TICK, Timer::Tick);
        match self {
            Replica::Primary(it) => it.tick(ctx),
            Replica::Copies(it) => it.tick(ctx),
            Replica::Paxos(it) => it.tick(ctx),
            Replica::Chain(it) => it.tick(ctx),
            Replica::TwoPhase(it) => it.tick(ctx),
            Replica::Quorum(it) => it.tick(ctx),
            Replica::Gossip(it) => it.tick(ctx),
        }
    }
}

/// Sends a message to all other nodes.
fn send_all(message: &Message, ctx: &mut Ctx<Replica>) {
    let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
    peers.iter().for_each(|peer| ctx.send(peer, message));
}

/// The client has waited too long; what it asked for may have happened.
fn give_up(client: Caller, ctx: &mut Ctx<Replica>) {
    ctx.reply_error(client, Error::new(ErrorCode::Timeout, "no answer yet"));
}

guest_sdk::export!(Replica);
