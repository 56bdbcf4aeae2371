//! CASPaxos: each key is a register of its own, and no node leads. What a node did last to a
//! register is stored with the value, so that a change that is made again takes place once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use guest_sdk::prelude::*;

use crate::options::Bug;
use crate::registers::{Operation, Outcome, tell};
use crate::{AGAIN, GIVE_UP, Message, Replica, give_up, send_all};

/// A number and a node.
type Ballot = (u64, String);

/// What is agreed on: a value, and each node's last operation with what came of it.
#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct Cell {
    value: Option<i64>,
    last: BTreeMap<String, (u64, Outcome)>,
}

/// A key in a node that votes.
#[derive(Default, Serialize, Deserialize)]
struct Acceptor {
    promised: Ballot,
    accepted: (Ballot, Cell),
}

/// A key in a node that proposes: its operations, of which the first is under way.
#[derive(Default, Serialize, Deserialize)]
struct Proposer {
    queue: VecDeque<Waiting>,
    /// The number of the last ballot seen.
    number: u64,
    phase: Phase,
    /// When the phase began, or the next ballot may begin.
    at: u64,
    failures: u32,
}

#[derive(Serialize, Deserialize)]
struct Waiting {
    seq: u64,
    operation: Operation,
    client: Caller,
    since: u64,
}

#[derive(Default, Serialize, Deserialize)]
enum Phase {
    #[default]
    Idle,
    Prepare {
        ballot: Ballot,
        promises: BTreeSet<String>,
        best: (Ballot, Cell),
    },
    Accept {
        ballot: Ballot,
        votes: BTreeSet<String>,
        outcome: Outcome,
    },
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    key: i64,
    ballot: Ballot,
    what: What,
}

#[derive(Clone, Serialize, Deserialize)]
enum What {
    Prepare,
    Promised { accepted: (Ballot, Cell) },
    Accept { cell: Cell },
    Accepted,
    Refused { promised: Ballot },
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Paxos {
    bug: Bug,
    ticks: u64,
    next: u64,
    acceptors: BTreeMap<i64, Acceptor>,
    proposers: BTreeMap<i64, Proposer>,
}

impl Paxos {
    pub(crate) fn new(bug: Bug) -> Self {
        Paxos {
            bug,
            ticks: 0,
            next: 0,
            acceptors: BTreeMap::new(),
            proposers: BTreeMap::new(),
        }
    }

    pub(crate) fn begin(&mut self, operation: Operation, client: Caller, ctx: &mut Ctx<Replica>) {
        let waiting = Waiting {
            seq: self.next,
            operation,
            client,
            since: self.ticks,
        };
        self.next += 1;
        let key = operation.key();
        let proposer = self.proposers.entry(key).or_default();
        proposer.queue.push_back(waiting);
        if let Phase::Idle = proposer.phase {
            self.prepare(key, ctx);
        }
    }

    fn is_majority(&self, nodes: usize, ctx: &Ctx<Replica>) -> bool {
        match self.bug {
            Bug::HalfQuorum => nodes >= ctx.nodes().len() / 2,
            _ => nodes > ctx.nodes().len() / 2,
        }
    }

    /// Begins a ballot for the first operation of a key's queue.
    fn prepare(&mut self, key: i64, ctx: &mut Ctx<Replica>) {
        let Some(proposer) = self.proposers.get_mut(&key) else {
            return;
        };
        if proposer.queue.is_empty() {
            proposer.phase = Phase::Idle;
            return;
        }
        proposer.number += 1;
        proposer.at = self.ticks;
        let node = match self.bug {
            Bug::EqualBallots => "",
            _ => ctx.id(),
        };
        let ballot = (proposer.number, node.to_owned());
        proposer.phase = Phase::Prepare {
            ballot: ballot.clone(),
            promises: BTreeSet::new(),
            best: Default::default(),
        };
        let what = What::Prepare;
        self.ask_all(Note { key, ballot, what }, ctx);
    }

    /// Asks all nodes, this one first.
    fn ask_all(&mut self, note: Note, ctx: &mut Ctx<Replica>) {
        let message = Message::Paxos { note: note.clone() };
        send_all(&message, ctx);
        let me = ctx.id().to_owned();
        if let Some(answer) = self.vote(note) {
            self.count(answer, &me, ctx);
        }
    }

    /// What a node that votes answers; nothing to an answer.
    fn vote(&mut self, note: Note) -> Option<Note> {
        let Note { key, ballot, what } = note;
        let acceptor = self.acceptors.entry(key).or_default();
        let is_free = ballot >= acceptor.promised;
        let refused = What::Refused {
            promised: acceptor.promised.clone(),
        };
        let what = match what {
            What::Prepare if is_free => {
                acceptor.promised.clone_from(&ballot);
                let accepted = acceptor.accepted.clone();
                What::Promised { accepted }
            }
            What::Accept { cell } if is_free || self.bug == Bug::AcceptsUnpromised => {
                acceptor.promised.clone_from(&ballot);
                acceptor.accepted = (ballot.clone(), cell);
                What::Accepted
            }
            What::Prepare | What::Accept { .. } => refused,
            _ => return None,
        };
        Some(Note { key, ballot, what })
    }

    pub(crate) fn hear(&mut self, note: Note, from: &str, ctx: &mut Ctx<Replica>) {
        if let What::Prepare | What::Accept { .. } = note.what {
            if let Some(note) = self.vote(note) {
                ctx.send(from, &Message::Paxos { note });
            }
        } else {
            self.count(note, from, ctx);
        }
    }

    /// Takes an answer in.
    fn count(&mut self, note: Note, from: &str, ctx: &mut Ctx<Replica>) {
        let Note { key, ballot, what } = note;
        let takes_first = self.bug == Bug::FirstPromise;
        let Some(proposer) = self.proposers.get_mut(&key) else {
            return;
        };
        match (&mut proposer.phase, what) {
            (
                Phase::Prepare {
                    ballot: own,
                    promises,
                    best,
                },
                What::Promised { accepted },
            ) if *own == ballot => {
                let is_later = accepted.0 > best.0;
                if (is_later && !takes_first) || best.0.0 == 0 {
                    *best = accepted;
                }
                promises.insert(from.to_owned());
                let count = promises.len();
                if self.is_majority(count, ctx) {
                    self.propose(key, ctx);
                }
            }
            (
                Phase::Accept {
                    ballot: own, votes, ..
                },
                What::Accepted,
            ) if *own == ballot => {
                votes.insert(from.to_owned());
                let count = votes.len();
                if self.is_majority(count, ctx) || self.bug == Bug::AcksAtOne {
                    self.finish(key, ctx);
                }
            }
            (
                Phase::Prepare { ballot: own, .. } | Phase::Accept { ballot: own, .. },
                What::Refused { promised },
            ) if *own == ballot => {
                proposer.number = proposer.number.max(promised.0);
                self.back_off(key, ctx);
            }
            _ => {}
        }
    }

    /// Changes the latest value that a majority knows, and asks all to accept it.
    fn propose(&mut self, key: i64, ctx: &mut Ctx<Replica>) {
        let Some(proposer) = self.proposers.get_mut(&key) else {
            return;
        };
        let (Phase::Prepare { ballot, best, .. }, Some(first)) =
            (&proposer.phase, proposer.queue.front())
        else {
            return;
        };
        let (ballot, mut cell) = (ballot.clone(), best.1.clone());
        let (seq, operation) = (first.seq, first.operation);
        let known = cell.last.get(ctx.id()).filter(|(known, _)| *known == seq);
        let known = known.filter(|_| self.bug != Bug::RetriesAccept);
        let outcome = if let Some((_, outcome)) = known {
            *outcome
        } else {
            let (outcome, value) = operation.on(cell.value);
            cell.value = value;
            cell.last.insert(ctx.id().to_owned(), (seq, outcome));
            outcome
        };
        proposer.at = self.ticks;
        proposer.phase = Phase::Accept {
            ballot: ballot.clone(),
            votes: BTreeSet::new(),
            outcome,
        };
        if operation.is_read() && self.bug == Bug::NoWriteBack {
            self.finish(key, ctx);
            return;
        }
        let what = What::Accept { cell };
        self.ask_all(Note { key, ballot, what }, ctx);
    }

    /// Answers the first operation of the queue and goes on to the next.
    fn finish(&mut self, key: i64, ctx: &mut Ctx<Replica>) {
        let Some(proposer) = self.proposers.get_mut(&key) else {
            return;
        };
        if let Phase::Accept { outcome, .. } = std::mem::take(&mut proposer.phase) {
            proposer.failures = 0;
            if let Some(done) = proposer.queue.pop_front() {
                tell(done.client, outcome, ctx);
            }
        }
        self.prepare(key, ctx);
    }

    /// Begins another ballot after a while.
    fn back_off(&mut self, key: i64, ctx: &mut Ctx<Replica>) {
        if let Some(proposer) = self.proposers.get_mut(&key) {
            proposer.phase = Phase::Idle;
            proposer.failures = (proposer.failures + 1).min(3);
            proposer.at = self.ticks + ctx.rng().u64(1..=(2 << proposer.failures));
        }
    }

    pub(crate) fn tick(&mut self, ctx: &mut Ctx<Replica>) {
        self.ticks += 1;
        let now = self.ticks;
        let mut late = Vec::new();
        for (key, proposer) in &mut self.proposers {
            let before = proposer.queue.len();
            while let Some(first) = proposer.queue.front()
                && now >= first.since + GIVE_UP
                && let Some(waiting) = proposer.queue.pop_front()
            {
                give_up(waiting.client, ctx);
            }
            let is_stuck = match proposer.phase {
                Phase::Idle => now >= proposer.at,
                _ => now >= proposer.at + AGAIN,
            };
            if proposer.queue.len() < before || (is_stuck && before > 0) {
                late.push(*key);
            }
        }
        late.into_iter().for_each(|key| self.prepare(key, ctx));
    }
}
