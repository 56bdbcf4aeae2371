//! Two-phase commit of each change at all nodes. A node answers reads itself, but waits while the
//! key is locked: then another node may have the new value already.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::prelude::*;

use crate::options::Bug;
use crate::registers::{Operation, Outcome, Registers, tell};
use crate::{AGAIN, GIVE_UP, Message, Replica, give_up, send_all};

/// Ticks after which a change that is not locked everywhere is given up for certain.
const ABORT: u64 = 40;
/// Ticks after which the bug `two-phase-breaks-locks` drops a lock.
const BREAK: u64 = 25;

/// The node that coordinates, and its number of the attempt.
type TxnId = (String, u64);

#[derive(Serialize, Deserialize)]
pub(crate) struct TwoPhase {
    bug: Bug,
    ticks: u64,
    next: u64,
    registers: Registers,
    locks: BTreeMap<i64, Lock>,
    /// Transactions that are over here; a late message must not lock again.
    over: BTreeSet<TxnId>,
    /// Of this node's clients, by the number of the attempt.
    changes: BTreeMap<u64, Change>,
    reads: Vec<Waiting>,
}

#[derive(Serialize, Deserialize)]
struct Lock {
    id: TxnId,
    since: u64,
}

#[derive(Serialize, Deserialize)]
struct Waiting {
    client: Caller,
    operation: Operation,
    since: u64,
}

/// A change that this node coordinates.
#[derive(Serialize, Deserialize)]
struct Change {
    key: i64,
    /// Nobody after the answer.
    waiting: Option<Waiting>,
    phase: Phase,
    /// When the next step is due.
    at: u64,
}

#[derive(Serialize, Deserialize)]
enum Phase {
    /// It tries again when it is due.
    Refused,
    Prepare {
        locked: BTreeSet<String>,
    },
    Decided {
        value: Option<i64>,
        missing: BTreeSet<String>,
    },
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Note {
    Prepare {
        number: u64,
        key: i64,
    },
    Prepared {
        number: u64,
        locked: bool,
    },
    /// Without a value nothing changes.
    Decide {
        number: u64,
        key: i64,
        value: Option<i64>,
    },
    Decided {
        number: u64,
    },
}

impl TwoPhase {
    pub(crate) fn new(bug: Bug) -> Self {
        TwoPhase {
            bug,
            ticks: 0,
            next: 0,
            registers: Registers::default(),
            locks: BTreeMap::new(),
            over: BTreeSet::new(),
            changes: BTreeMap::new(),
            reads: Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self, operation: Operation, client: Caller, ctx: &mut Ctx<Replica>) {
        let waiting = Waiting {
            client,
            operation,
            since: self.ticks,
        };
        if operation.is_read() {
            self.reads.push(waiting);
            self.answer_reads(ctx);
        } else {
            self.prepare(waiting, ctx);
        }
    }

    fn answer_reads(&mut self, ctx: &mut Ctx<Replica>) {
        for read in std::mem::take(&mut self.reads) {
            let key = read.operation.key();
            if self.locks.contains_key(&key) && self.bug != Bug::TwoPhaseReadsLocked {
                self.reads.push(read);
            } else {
                tell(read.client, self.registers.execute(read.operation), ctx);
            }
        }
    }

    /// Asks all nodes to lock the key.
    fn prepare(&mut self, waiting: Waiting, ctx: &mut Ctx<Replica>) {
        let number = self.next;
        self.next += 1;
        let key = waiting.operation.key();
        let id = (ctx.id().to_owned(), number);
        let locked = self.lock(id, key);
        let phase = if locked {
            Phase::Prepare {
                locked: BTreeSet::from([ctx.id().to_owned()]),
            }
        } else {
            Phase::Refused
        };
        let at = match phase {
            Phase::Refused => self.ticks + ctx.rng().u64(1..4),
            _ => self.ticks + AGAIN,
        };
        let change = Change {
            key,
            waiting: Some(waiting),
            phase,
            at,
        };
        self.changes.insert(number, change);
        if locked {
            let note = Note::Prepare { number, key };
            send_all(&Message::TwoPhase { note }, ctx);
            self.decide_if_locked(number, ctx);
        }
    }

    fn lock(&mut self, id: TxnId, key: i64) -> bool {
        if self.over.contains(&id) {
            return false;
        }
        let since = self.ticks;
        let lock = self.locks.entry(key).or_insert_with(|| Lock {
            id: id.clone(),
            since,
        });
        lock.id == id
    }

    fn decide_if_locked(&mut self, number: u64, ctx: &mut Ctx<Replica>) {
        let Some(change) = self.changes.get_mut(&number) else {
            return;
        };
        let Phase::Prepare { locked } = &change.phase else {
            return;
        };
        if locked.len() < ctx.nodes().len() {
            return;
        }
        let Some(waiting) = change.waiting.take() else {
            return;
        };
        // All nodes have the same value while all are locked.
        let (outcome, value) = waiting.operation.on(self.registers.get(change.key));
        let changes = matches!(outcome, Outcome::Written | Outcome::Swapped);
        self.decide(number, value.filter(|_| changes), ctx);
        tell(waiting.client, outcome, ctx);
    }

    /// Tells all nodes what to do with the key, and to unlock it.
    fn decide(&mut self, number: u64, value: Option<i64>, ctx: &mut Ctx<Replica>) {
        let Some(change) = self.changes.get_mut(&number) else {
            return;
        };
        let key = change.key;
        let missing = ctx.peers().map(str::to_owned).collect();
        change.phase = Phase::Decided { value, missing };
        change.at = self.ticks + AGAIN;
        let note = Note::Decide { number, key, value };
        send_all(&Message::TwoPhase { note }, ctx);
        self.unlock((ctx.id().to_owned(), number), key, value, ctx);
    }

    fn unlock(&mut self, id: TxnId, key: i64, value: Option<i64>, ctx: &mut Ctx<Replica>) {
        if self.over.contains(&id) {
            return;
        }
        if self.locks.get(&key).is_some_and(|lock| lock.id == id) {
            self.locks.remove(&key);
        }
        self.registers.set(key, value);
        self.over.insert(id);
        self.answer_reads(ctx);
    }

    pub(crate) fn hear(&mut self, note: Note, from: &str, ctx: &mut Ctx<Replica>) {
        match note {
            Note::Prepare { number, key } => {
                let locked = self.lock((from.to_owned(), number), key);
                let note = Note::Prepared { number, locked };
                ctx.send(from, &Message::TwoPhase { note });
            }
            Note::Prepared { number, locked } => {
                let Some(change) = self.changes.get_mut(&number) else {
                    return;
                };
                let Phase::Prepare { locked: nodes } = &mut change.phase else {
                    return;
                };
                if locked {
                    nodes.insert(from.to_owned());
                    self.decide_if_locked(number, ctx);
                } else {
                    self.abort(number, ctx);
                }
            }
            Note::Decide { number, key, value } => {
                self.unlock((from.to_owned(), number), key, value, ctx);
                let note = Note::Decided { number };
                ctx.send(from, &Message::TwoPhase { note });
            }
            Note::Decided { number } => {
                let Some(change) = self.changes.get_mut(&number) else {
                    return;
                };
                if let Phase::Decided { missing, .. } = &mut change.phase {
                    missing.remove(from);
                    if missing.is_empty() {
                        self.changes.remove(&number);
                    }
                }
            }
        }
    }

    /// Unlocks the key everywhere, and tries again later under another number.
    fn abort(&mut self, number: u64, ctx: &mut Ctx<Replica>) {
        let change = self.changes.get_mut(&number);
        let waiting = change.and_then(|change| change.waiting.take());
        self.decide(number, None, ctx);
        let Some(waiting) = waiting else {
            return;
        };
        let again = self.next;
        self.next += 1;
        let change = Change {
            key: waiting.operation.key(),
            waiting: Some(waiting),
            phase: Phase::Refused,
            at: self.ticks + ctx.rng().u64(1..8),
        };
        self.changes.insert(again, change);
    }

    pub(crate) fn tick(&mut self, ctx: &mut Ctx<Replica>) {
        self.ticks += 1;
        let now = self.ticks;
        if self.bug == Bug::TwoPhaseBreaksLocks {
            self.locks.retain(|_, lock| now < lock.since + BREAK);
            self.answer_reads(ctx);
        }
        let late = self.reads.extract_if(.., |it| now >= it.since + GIVE_UP);
        for read in late.collect::<Vec<_>>() {
            give_up(read.client, ctx);
        }
        let due = self.changes.iter().filter(|(_, change)| now >= change.at);
        for number in due.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.hurry(number, ctx);
        }
    }

    fn hurry(&mut self, number: u64, ctx: &mut Ctx<Replica>) {
        let Some(change) = self.changes.get_mut(&number) else {
            return;
        };
        let key = change.key;
        let since = change.waiting.as_ref().map_or(self.ticks, |it| it.since);
        let is_over = self.ticks >= since + ABORT;
        change.at = self.ticks + AGAIN;
        match &change.phase {
            Phase::Decided { .. } if self.bug == Bug::TwoPhaseNoRecovery => {
                self.changes.remove(&number);
            }
            Phase::Decided { value, missing } => {
                let value = *value;
                for node in missing.iter().cloned().collect::<Vec<_>>() {
                    let note = Note::Decide { number, key, value };
                    ctx.send(&node, &Message::TwoPhase { note });
                }
            }
            Phase::Prepare { .. } if !is_over => {
                let note = Note::Prepare { number, key };
                send_all(&Message::TwoPhase { note }, ctx);
            }
            Phase::Prepare { .. } | Phase::Refused if is_over => {
                let is_locked = matches!(change.phase, Phase::Prepare { .. });
                if let Some(waiting) = change.waiting.take() {
                    let text = "another change, or a node that does not answer, is in the way";
                    let error = Error::new(ErrorCode::TemporarilyUnavailable, text);
                    ctx.reply_error(waiting.client, error);
                }
                if is_locked {
                    self.decide(number, None, ctx);
                } else {
                    self.changes.remove(&number);
                }
            }
            _ => {
                let change = self.changes.remove(&number);
                if let Some(waiting) = change.and_then(|it| it.waiting) {
                    self.prepare(waiting, ctx);
                }
            }
        }
    }
}
