//! Registers of Attiya, Bar-Noy and Dolev, which cannot have `cas`: here it is a read and then a
//! write.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::prelude::*;

use crate::options::Bug;
use crate::registers::{Operation, Outcome, tell};
use crate::{GIVE_UP, Message, Replica, give_up, send_all};

/// A number and a node, and the value.
type Stamped = (u64, String, Option<i64>);

#[derive(Serialize, Deserialize)]
pub(crate) struct Quorum {
    bug: Bug,
    ticks: u64,
    next: u64,
    registers: BTreeMap<i64, Stamped>,
    running: BTreeMap<u64, Running>,
}

#[derive(Serialize, Deserialize)]
struct Running {
    client: Caller,
    operation: Operation,
    since: u64,
    /// The latest value found.
    latest: Stamped,
    /// What to tell when a majority has stored the value.
    outcome: Option<Outcome>,
    /// Who has answered in this phase.
    answered: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Note {
    Get {
        seq: u64,
        key: i64,
    },
    Got {
        seq: u64,
        stamped: Stamped,
    },
    Put {
        seq: u64,
        key: i64,
        stamped: Stamped,
    },
    Stored {
        seq: u64,
    },
}

impl Quorum {
    pub(crate) fn new(bug: Bug) -> Self {
        Quorum {
            bug,
            ticks: 0,
            next: 0,
            registers: BTreeMap::new(),
            running: BTreeMap::new(),
        }
    }

    pub(crate) fn begin(&mut self, operation: Operation, client: Caller, ctx: &mut Ctx<Replica>) {
        let seq = self.next;
        self.next += 1;
        let key = operation.key();
        let running = Running {
            client,
            operation,
            since: self.ticks,
            latest: self.registers.get(&key).cloned().unwrap_or_default(),
            outcome: None,
            answered: BTreeSet::from([ctx.id().to_owned()]),
        };
        self.running.insert(seq, running);
        let note = Note::Get { seq, key };
        send_all(&Message::Quorum { note }, ctx);
        self.go_on(seq, ctx);
    }

    /// The next phase, if a majority has answered.
    fn go_on(&mut self, seq: u64, ctx: &mut Ctx<Replica>) {
        let Some(running) = self.running.get_mut(&seq) else {
            return;
        };
        if running.answered.len() <= ctx.nodes().len() / 2 {
            return;
        }
        let operation = running.operation;
        let is_read = operation.is_read();
        let (outcome, value) = operation.on(running.latest.2);
        let is_done = running.outcome.is_some();
        let needs_no_store = is_read && self.bug == Bug::QuorumNoRepair;
        if is_done || needs_no_store || matches!(outcome, Outcome::Missing | Outcome::Differs) {
            if let Some(running) = self.running.remove(&seq) {
                tell(running.client, running.outcome.unwrap_or(outcome), ctx);
            }
            return;
        }
        running.outcome = Some(outcome);
        running.answered = BTreeSet::from([ctx.id().to_owned()]);
        let stamped = match is_read {
            true => running.latest.clone(),
            false => (running.latest.0 + 1, ctx.id().to_owned(), value),
        };
        let key = operation.key();
        self.store(key, &stamped);
        let note = Note::Put { seq, key, stamped };
        send_all(&Message::Quorum { note }, ctx);
        self.go_on(seq, ctx);
    }

    fn store(&mut self, key: i64, stamped: &Stamped) {
        let known = self.registers.entry(key).or_default();
        if *known < *stamped {
            known.clone_from(stamped);
        }
    }

    pub(crate) fn hear(&mut self, note: Note, from: &str, ctx: &mut Ctx<Replica>) {
        let (seq, found) = match note {
            Note::Get { seq, key } => {
                let stamped = self.registers.get(&key).cloned().unwrap_or_default();
                let note = Note::Got { seq, stamped };
                ctx.send(from, &Message::Quorum { note });
                return;
            }
            Note::Put { seq, key, stamped } => {
                self.store(key, &stamped);
                let note = Note::Stored { seq };
                ctx.send(from, &Message::Quorum { note });
                return;
            }
            Note::Got { seq, stamped } => (seq, Some(stamped)),
            Note::Stored { seq } => (seq, None),
        };
        if let Some(running) = self.running.get_mut(&seq) {
            // Each phase has its own kind of answer.
            if running.outcome.is_some() != found.is_none() {
                return;
            }
            running.answered.insert(from.to_owned());
            let latest = std::mem::take(&mut running.latest);
            running.latest = latest.max(found.unwrap_or_default());
        }
        self.go_on(seq, ctx);
    }

    pub(crate) fn tick(&mut self, ctx: &mut Ctx<Replica>) {
        self.ticks += 1;
        let now = self.ticks;
        let late = self
            .running
            .extract_if(.., |_, it| now >= it.since + GIVE_UP);
        for (_, running) in late.collect::<Vec<_>>() {
            give_up(running.client, ctx);
        }
    }
}
