//! Committed offsets: a poll that succeeds has committed the greatest offsets that it shows, and an
//! assignment that succeeds was told, under `:committed`, what is committed.
//!
//! What is committed last may count, or what is greatest; it may be kept by the node that was asked,
//! or by a service whose reads are stale; and it may be acknowledged a little before it is kept. So
//! no more is asked than what any of these shows:
//!
//! - An offset above zero is one that somebody committed, by a poll that began before the answer.
//!   (Zero is as good as none: it is where a client begins.)
//! - What a node acknowledged as committed [`SETTLED_NS`] before it is asked, it does not forget: it
//!   shows that, or what was committed since, by whomever.
//!
//! A poll that did not succeed may have committed anything in the keys that its process had. Nodes
//! that are killed may keep nothing.

use std::collections::{BTreeSet, HashMap};

use crate::clients::Clients;
use crate::faults::loses_memory;
use crate::history::{Kind, Process};
use crate::missed::{ComplaintKind, Missed, NamedElements};
use crate::value::Value;

use super::operations::{Action, KeyId, Operation, Operations};
use super::strict::{Moment, timeline};

/// How long after its acknowledgement an offset is kept at the latest.
const SETTLED_NS: i64 = 2_000_000_000;

/// How many commits of a key are looked through for an answer.
const LOOKED_MAX: usize = 4096;

/// One commit of a key.
struct Commit {
    begun: usize,
    ended: usize,
    offset: i64,
    node: i64,
}

/// What is known of a key's commits by now.
#[derive(Default)]
struct Log {
    /// In the order in which they ended.
    acknowledged: Vec<Commit>,
    /// Of those that began.
    offsets: BTreeSet<i64>,
    /// The commits that began and did not end yet, by operation.
    open: Vec<(usize, i64)>,
    /// Whether anything may have been committed.
    is_unknown: bool,
}

struct Commits<'a> {
    operations: &'a Operations<'a>,
    clients: Option<Clients>,
    logs: Vec<Log>,
    /// The keys that each process has.
    assigned: HashMap<i64, Vec<KeyId>>,
}

/// What is wrong with one answer.
#[derive(Default)]
struct Wrong {
    never: NamedElements,
    back: NamedElements,
    forgotten: NamedElements,
}

/// Complains of committed offsets that are not what was committed.
pub(super) fn missed(operations: &Operations<'_>, clients: Option<Clients>, missed: &mut Missed) {
    let is_told = |operation: &Operation| operations.op(operation).extra("committed").is_some();
    if !operations.list.iter().any(is_told) || loses_memory(operations.history) {
        return;
    }
    let mut commits = Commits {
        operations,
        clients,
        logs: std::iter::repeat_with(Log::default)
            .take(operations.keys.len())
            .collect(),
        assigned: HashMap::new(),
    };
    for (number, moment) in timeline(operations) {
        let operation = &operations.list[number];
        match (moment, &operation.action) {
            (Moment::Begins, Action::Txn { is_poll: true, .. }) => {
                commits.begins(number, operation);
            }
            (Moment::Ends, Action::Txn { is_poll: true, .. }) => commits.ends(number, operation),
            (Moment::Ends, Action::Assign { keys, .. }) => {
                if operation.kind == Kind::Ok {
                    commits.told(operation, operations.named(keys), missed);
                }
                if operation.kind != Kind::Fail {
                    let keys = operations.named(keys).to_vec();
                    commits.assigned.insert(operation.process, keys);
                }
            }
            _ => {}
        }
    }
}

impl Commits<'_> {
    fn begins(&mut self, number: usize, poll: &Operation) {
        if poll.kind != Kind::Ok {
            for key in self.assigned.get(&poll.process).into_iter().flatten() {
                self.logs[key.at()].is_unknown = true;
            }
            return;
        }
        for read in self.operations.reads(poll) {
            if read.messages.is_empty() {
                continue;
            }
            let log = &mut self.logs[read.key.at()];
            log.offsets.insert(read.offset_max);
            log.open.push((number, read.offset_max));
        }
    }

    fn ends(&mut self, number: usize, poll: &Operation) {
        let (Kind::Ok, Some(ended)) = (poll.kind, poll.ended) else {
            return;
        };
        let node = self.node(poll.process);
        for read in self.operations.reads(poll) {
            if read.messages.is_empty() {
                continue;
            }
            let log = &mut self.logs[read.key.at()];
            log.open.retain(|&(open, _)| open != number);
            log.acknowledged.push(Commit {
                begun: poll.begun,
                ended,
                offset: read.offset_max,
                node,
            });
        }
    }

    /// An assignment ends, and was told what is committed.
    fn told(&mut self, assignment: &Operation, keys: &[KeyId], missed: &mut Missed) {
        let op = self.operations.op(assignment);
        let Some(Value::Map(committed)) = op.extra("committed") else {
            return;
        };
        let told: HashMap<&Value, i64> = committed
            .iter()
            .filter_map(|(key, offset)| Some((key, offset.as_int()?)))
            .collect();
        let mut wrong = Wrong::default();
        for &key in keys {
            let name = &self.operations.keys[key.at()];
            self.judge(assignment, key, told.get(name).copied(), &mut wrong);
        }
        let complaints = [
            (ComplaintKind::NeverCommitted, wrong.never),
            (ComplaintKind::CommitWentBack, wrong.back),
            (ComplaintKind::CommitForgotten, wrong.forgotten),
        ];
        for (what, elements) in complaints {
            if elements.count > 0 {
                missed.push(what, op, elements);
            }
        }
    }

    fn judge(&self, assignment: &Operation, key: KeyId, told: Option<i64>, wrong: &mut Wrong) {
        let log = &self.logs[key.at()];
        if log.is_unknown {
            return;
        }
        let shown = |offsets: &[i64]| {
            let mut parts = vec![self.operations.keys[key.at()].clone()];
            parts.extend(offsets.iter().map(|&offset| Value::Int(offset)));
            Value::from(parts)
        };
        if let Some(offset) = told.filter(|offset| *offset > 0)
            && !log.offsets.contains(&offset)
        {
            wrong.never.push(|| shown(&[offset]));
            return;
        }
        let Some(least) = self.least(assignment, log) else {
            return;
        };
        match told {
            Some(offset) if offset < least => wrong.back.push(|| shown(&[offset, least])),
            None if least > 0 => wrong.forgotten.push(|| shown(&[least])),
            _ => {}
        }
    }

    /// The least offset that may be committed when an assignment is told; `None` if it may be any.
    fn least(&self, assignment: &Operation, log: &Log) -> Option<i64> {
        let node = self.node(assignment.process);
        let ops = self.operations.history.ops();
        let settled_ns = ops[assignment.begun].time_ns.saturating_sub(SETTLED_NS);
        let is_own = |commit: &&Commit| {
            commit.node == node
                && commit.ended < assignment.begun
                && ops[commit.ended].time_ns <= settled_ns
        };
        let looked = || log.acknowledged.iter().rev().take(LOOKED_MAX);
        let own = looked().find(is_own)?;
        let since = log.acknowledged.partition_point(|it| it.ended <= own.begun);
        if log.acknowledged.len() - since > LOOKED_MAX {
            return None;
        }
        let acknowledged = log.acknowledged[since..].iter().map(|it| it.offset);
        let open = log.open.iter().map(|&(_, offset)| offset);
        acknowledged.chain(open).min()
    }

    /// The node that a process talks to; itself, if that is not known.
    fn node(&self, process: i64) -> i64 {
        let node = self
            .clients
            .and_then(|clients| clients.node(Process::Client(process)));
        node.and_then(|node| i64::try_from(node).ok())
            .unwrap_or(process)
    }
}
