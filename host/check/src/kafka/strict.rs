//! What Jepsen's checker lets pass although no correct log can show it.
//!
//! - An empty poll of a key makes Jepsen forget where the process was in it. The process has not
//!   moved: its next messages must still follow its last ones.
//! - Nothing is asked of a process's first poll of a key. But a seek to the beginning must show the
//!   log from its first message, and without one a process begins where some poll's messages were
//!   committed as consumed, or before: never beyond messages that no poll had shown by then. This is
//!   how a committed offset that is beyond the log, or a log that forgets its beginning, shows.
//! - A send that begins after a poll showed an offset must be put after it: a log only grows at its
//!   end. (Between two sends nothing is asked: their offsets may have been handed out to nodes in
//!   advance, as long as no poll shows the later one first.)
//! - Assignments are about polls, but Jepsen lets a process's sends go back after one.
//! - Polls that did not succeed may not show messages of failed sends either, logs have no offsets
//!   below zero, and polls have no keys that the process did not ask for.
//!
//! Committed offsets themselves are not in Maelstrom's histories, only what follows from them; ours
//! have them, and `commits` judges them.
//!
//! What is not known must not count against a system: a poll that failed or was left open may have
//! moved its process on, and may have committed anything in its keys. And a `subscribe` leaves it
//! to the system what is polled and from where.

use std::collections::HashMap;

use crate::history::Kind;
use crate::missed::{COMPLAINTS_MAX, ComplaintKind, Missed, NamedElements};
use crate::value::Value;

use super::jumps::{Jump, Jumper};
use super::operations::{Action, KeyId, MessageId, Operation, Operations, Read};
use super::orders::Orders;

/// Complains of what strict checking asks beyond Jepsen's rules.
pub(super) fn missed(operations: &Operations<'_>, orders: &Orders) -> Missed {
    let has = |is: fn(&Action) -> bool| {
        operations
            .list
            .iter()
            .any(|operation| is(&operation.action))
    };
    let subscribes = has(|action| matches!(action, Action::Subscribe { .. }));
    let assigns = has(|action| matches!(action, Action::Assign { .. }));
    let mut strict = Strict {
        operations,
        orders,
        jumper: Jumper { operations, orders },
        knows_assignments: assigns && !subscribes,
        processes: HashMap::new(),
        offset_max_shown: vec![-1; operations.keys.len()],
        consumed: vec![Consumed::UpTo(-1); operations.keys.len()],
        missed: Missed::default(),
    };
    for (operation, moment) in timeline(operations) {
        match moment {
            Moment::Begins => strict.begins(operation),
            Moment::Ends => strict.ends(operation),
        }
    }
    strict.missed
}

#[derive(Clone, Copy)]
pub(super) enum Moment {
    Begins,
    Ends,
}

/// The operations in the order of the history, each twice if it ends.
pub(super) fn timeline(operations: &Operations<'_>) -> impl Iterator<Item = (usize, Moment)> {
    let mut moments: Vec<(usize, usize, Moment)> = Vec::new();
    for (number, operation) in operations.list.iter().enumerate() {
        moments.push((operation.begun, number, Moment::Begins));
        moments.extend(operation.ended.map(|ended| (ended, number, Moment::Ends)));
    }
    moments.sort_unstable_by_key(|&(at, ..)| at);
    moments
        .into_iter()
        .map(|(_, number, moment)| (number, moment))
}

struct Strict<'a> {
    operations: &'a Operations<'a>,
    orders: &'a Orders,
    jumper: Jumper<'a>,
    /// Whether the history tells which keys a process has.
    knows_assignments: bool,
    processes: HashMap<i64, ProcessState>,
    /// By key, the greatest offset that the polls that have ended show.
    offset_max_shown: Vec<i64>,
    /// By key, what may have been committed as consumed by now.
    consumed: Vec<Consumed>,
    missed: Missed,
}

#[derive(Clone, Copy)]
enum Consumed {
    /// No offset above this one.
    UpTo(i64),
    Unknown,
}

#[derive(Default)]
struct ProcessState {
    assigned: HashMap<KeyId, Assigned>,
    /// By key, its last send.
    last_sends: HashMap<KeyId, LastSend>,
}

/// Where a process is in a key.
struct Assigned {
    /// Where its first poll may begin.
    start: Consumed,
    /// The last message it polled, and the poll.
    last: Option<(usize, MessageId)>,
    /// Whether a poll without messages of the key came after that: Jepsen has forgotten `last`.
    is_forgotten: bool,
}

impl Assigned {
    fn from(start: Consumed) -> Self {
        Self {
            start,
            last: None,
            is_forgotten: false,
        }
    }
}

/// What is wrong with one poll.
#[derive(Default)]
struct WrongPoll {
    not_asked_for: NamedElements,
    late: NamedElements,
    skipped: NamedElements,
    back: NamedElements,
    refused: NamedElements,
    negative: NamedElements,
}

struct LastSend {
    operation: usize,
    message: MessageId,
    /// Whether an assignment without the key came after it: Jepsen has forgotten it.
    is_forgotten: bool,
}

impl Strict<'_> {
    fn begins(&mut self, number: usize) {
        let operations = self.operations;
        let operation = &operations.list[number];
        let Action::Txn { is_poll, .. } = operation.action else {
            return;
        };
        if is_poll {
            self.may_commit(operation);
        }
        let mut behind = NamedElements::default();
        if operation.kind == Kind::Ok {
            for sent in operations.sends(operation) {
                let key = operations.message(sent.message).key;
                if sent
                    .offset
                    .is_some_and(|offset| offset < self.offset_max_shown[key.at()])
                {
                    behind.push(|| self.name(sent.message));
                }
            }
        }
        self.complain(ComplaintKind::SentBehindPoll, operation, behind);
    }

    /// A poll commits what it shows, at some time before it ends.
    fn may_commit(&mut self, operation: &Operation) {
        if operation.kind == Kind::Ok {
            for read in self.operations.reads(operation) {
                if let Consumed::UpTo(offset_max) = &mut self.consumed[read.key.at()] {
                    *offset_max = read.offset_max.max(*offset_max);
                }
            }
        } else if let Some(state) = self.processes.get_mut(&operation.process) {
            for (key, assigned) in &mut state.assigned {
                self.consumed[key.at()] = Consumed::Unknown;
                *assigned = Assigned::from(Consumed::Unknown);
            }
        }
    }

    fn ends(&mut self, number: usize) {
        let operations = self.operations;
        let operation = &operations.list[number];
        match &operation.action {
            Action::Assign { keys, seeks } if operation.kind != Kind::Fail => {
                self.assign(operation.process, operations.named(keys), *seeks);
            }
            Action::Assign { .. } | Action::Subscribe { .. } => {}
            Action::Txn { is_poll, .. } => {
                if *is_poll {
                    self.polled(number, operation);
                }
                self.sent(number, operation);
            }
        }
    }

    fn assign(&mut self, process: i64, keys: &[KeyId], seeks: bool) {
        let state = self.processes.entry(process).or_default();
        let mut before = std::mem::take(&mut state.assigned);
        for &key in keys {
            let kept = before.remove(&key).filter(|_| !seeks);
            let fresh = if seeks {
                Consumed::UpTo(-1)
            } else {
                self.consumed[key.at()]
            };
            state
                .assigned
                .entry(key)
                .or_insert_with(|| kept.unwrap_or_else(|| Assigned::from(fresh)));
        }
        for (key, last) in &mut state.last_sends {
            last.is_forgotten |= !keys.contains(key);
        }
    }

    fn polled(&mut self, number: usize, operation: &Operation) {
        let operations = self.operations;
        let mut wrong = WrongPoll::default();
        for read in operations.reads(operation) {
            let max = &mut self.offset_max_shown[read.key.at()];
            *max = read.offset_max.max(*max);
            if read.offset_min < 0 {
                let key = operations.keys[read.key.at()].clone();
                let offset = Value::Int(read.offset_min);
                wrong.negative.push(|| Value::from(vec![key, offset]));
            }
            if operation.kind == Kind::Ok {
                self.goes_on(number, operation.process, read, &mut wrong);
            } else {
                let is_refused = |message: &&MessageId| {
                    let writer = operations.writer(**message);
                    writer.is_some_and(|writer| writer.kind == Kind::Fail)
                };
                for &message in operations.shown(read).iter().filter(is_refused) {
                    wrong.refused.push(|| self.name(message));
                }
            }
        }
        let complaints = [
            (ComplaintKind::NotAskedFor, wrong.not_asked_for),
            (ComplaintKind::StartedTooLate, wrong.late),
            (ComplaintKind::SkippedAfterPause, wrong.skipped),
            (ComplaintKind::WentBackAfterPause, wrong.back),
            (ComplaintKind::RefusedYetPolled, wrong.refused),
            (ComplaintKind::NegativeOffset, wrong.negative),
        ];
        for (what, named) in complaints {
            self.complain(what, operation, named);
        }
    }

    /// A successful poll goes on in a key from where its process was.
    fn goes_on(&mut self, number: usize, process: i64, read: &Read, wrong: &mut WrongPoll) {
        let shown = self.operations.shown(read);
        let state = self.processes.entry(process).or_default();
        let is_asked_for = state.assigned.contains_key(&read.key);
        let assigned = state
            .assigned
            .entry(read.key)
            .or_insert_with(|| Assigned::from(Consumed::Unknown));
        let (Some(&first), Some(&last)) = (shown.first(), shown.last()) else {
            assigned.is_forgotten = true;
            return;
        };
        let before = assigned.last.replace((number, last));
        let was_forgotten = std::mem::take(&mut assigned.is_forgotten);
        let start = std::mem::replace(&mut assigned.start, Consumed::Unknown);
        if !is_asked_for && self.knows_assignments {
            let key = &self.operations.keys[read.key.at()];
            wrong.not_asked_for.push(|| key.clone());
        }
        match (before, start, read.first_offset) {
            (Some((poll, from)), ..) if was_forgotten => {
                if let Some(jump) = self.jumper.jump(Some(poll), number, from, first) {
                    self.jumped(&jump, wrong);
                }
            }
            (None, Consumed::UpTo(consumed), Some(offset)) if self.knows_assignments => {
                self.started(read.key, consumed, offset, wrong);
            }
            _ => {}
        }
    }

    /// A process goes on elsewhere, after polls that had no message of the key.
    fn jumped(&self, jump: &Jump, wrong: &mut WrongPoll) {
        match usize::try_from(jump.delta) {
            Ok(delta) if delta > 1 => {
                let next = jump.index + delta;
                let skipped = self.orders.between(jump.key, jump.index, next);
                self.name_first(&mut wrong.skipped, skipped, delta - 1);
            }
            _ => wrong.back.push(|| self.name(jump.to)),
        }
    }

    /// A process begins polling a key at an offset, when messages up to another may have been
    /// consumed.
    fn started(&self, key: KeyId, consumed: i64, first_offset: i64, wrong: &mut WrongPoll) {
        let log = self.orders.log(key);
        let from = log.partition_point(|slot| slot.offset <= consumed);
        let until = log.partition_point(|slot| slot.offset < first_offset);
        let left_out = self
            .orders
            .members_of(log.get(from..until).unwrap_or_default());
        let messages = left_out.iter().copied();
        self.name_first(&mut wrong.late, messages, left_out.len());
    }

    /// Adds `count` messages, of which only the first are gone through: a process may leave out as
    /// many as there are, again and again.
    fn name_first(
        &self,
        named: &mut NamedElements,
        messages: impl Iterator<Item = MessageId>,
        count: usize,
    ) {
        let first = count.min(COMPLAINTS_MAX);
        for message in messages.take(first) {
            named.push(|| self.name(message));
        }
        named.count += count - first;
    }

    fn sent(&mut self, number: usize, operation: &Operation) {
        let operations = self.operations;
        if !matches!(operation.kind, Kind::Ok | Kind::Info) {
            return;
        }
        let (mut back, mut negative) = (NamedElements::default(), NamedElements::default());
        for sent in operations.sends(operation) {
            let key = operations.message(sent.message).key;
            if sent.offset.is_some_and(|offset| offset < 0) {
                negative.push(|| self.name(sent.message));
            }
            let last = LastSend {
                operation: number,
                message: sent.message,
                is_forgotten: false,
            };
            let state = self.processes.entry(operation.process).or_default();
            let before = state.last_sends.insert(key, last);
            if let Some(before) = before.filter(|before| before.is_forgotten)
                && let Some(jump) =
                    self.jumper
                        .jump(Some(before.operation), number, before.message, sent.message)
                && jump.delta < 1
            {
                back.push(|| self.name(sent.message));
            }
        }
        self.complain(ComplaintKind::SentBack, operation, back);
        self.complain(ComplaintKind::NegativeOffset, operation, negative);
    }

    fn complain(&mut self, what: ComplaintKind, operation: &Operation, named: NamedElements) {
        if named.count > 0 {
            self.missed.push(what, self.operations.op(operation), named);
        }
    }

    /// A message as `[key message]`.
    fn name(&self, message: MessageId) -> Value {
        let message = self.operations.message(message);
        let key = self.operations.keys[message.key.at()].clone();
        Value::from(vec![key, message.value.clone()])
    }
}
