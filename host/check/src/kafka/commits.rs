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
//! - At the end, after recovery, a node shows what another has acknowledged [`SETTLED_NS`] before it
//!   committed a new offset itself, of whatever key: its own write brings a client of a service with
//!   stale reads up to date.
//!
//! A poll that did not succeed may have committed anything in the keys that its process had. Nodes
//! that are killed may keep nothing.

use std::cmp::Ordering;
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
    /// The greatest of these, and how many commits of it began.
    greatest: (i64, usize),
    /// The commits that began and did not end yet, by operation.
    open: Vec<(usize, i64)>,
    /// Whether anything may have been committed.
    is_unknown: bool,
}

/// A poll that committed an offset above all that others have committed of its key.
#[derive(Clone, Copy)]
struct Fresh {
    begun: usize,
    ended: usize,
}

struct Commits<'a> {
    operations: &'a Operations<'a>,
    clients: Option<Clients>,
    logs: Vec<Log>,
    /// The keys that each process has.
    assigned: HashMap<i64, Vec<KeyId>>,
    /// By node, in the order in which they ended.
    fresh: HashMap<i64, Vec<Fresh>>,
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
        fresh: HashMap::new(),
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

impl Log {
    /// A commit begins.
    fn begins(&mut self, number: usize, offset: i64) {
        self.offsets.insert(offset);
        self.open.push((number, offset));
        let (greatest, count) = self.greatest;
        self.greatest = match offset.cmp(&greatest) {
            Ordering::Less => (greatest, count),
            Ordering::Equal => (greatest, count + 1),
            Ordering::Greater => (offset, 1),
        };
    }

    /// Whether nobody else may have committed as much.
    fn is_above(&self, offset: i64) -> bool {
        !self.is_unknown && self.greatest == (offset, 1)
    }

    /// The last acknowledged commit of some kind, among the last.
    fn last(&self, is_it: impl Fn(&Commit) -> bool) -> Option<&Commit> {
        let looked = self.acknowledged.iter().rev().take(LOOKED_MAX);
        looked.into_iter().find(|commit| is_it(commit))
    }

    /// The least offset of a commit and of those that may have come after it.
    fn least_since(&self, commit: &Commit) -> Option<i64> {
        let since = self
            .acknowledged
            .partition_point(|it| it.ended <= commit.begun);
        if self.acknowledged.len() - since > LOOKED_MAX {
            return None;
        }
        let acknowledged = self.acknowledged[since..].iter().map(|it| it.offset);
        let open = self.open.iter().map(|&(_, offset)| offset);
        acknowledged.chain(open).min()
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
            log.begins(number, read.offset_max);
        }
    }

    fn ends(&mut self, number: usize, poll: &Operation) {
        let (Kind::Ok, Some(ended)) = (poll.kind, poll.ended) else {
            return;
        };
        let node = self.node(poll.process);
        let mut is_fresh = false;
        for read in self.operations.reads(poll) {
            if read.messages.is_empty() {
                continue;
            }
            let log = &mut self.logs[read.key.at()];
            log.open.retain(|&(open, _)| open != number);
            is_fresh |= log.is_above(read.offset_max);
            log.acknowledged.push(Commit {
                begun: poll.begun,
                ended,
                offset: read.offset_max,
                node,
            });
        }
        if is_fresh {
            let begun = poll.begun;
            let fresh = self.fresh.entry(node).or_default();
            fresh.push(Fresh { begun, ended });
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
        let own = log.last(|commit| {
            commit.node == node
                && commit.ended < assignment.begun
                && self.is_settled(commit.ended, assignment.begun)
        });
        let all = self.written_before(assignment).and_then(|fresh| {
            log.last(|commit| {
                commit.ended < fresh.begun && self.is_settled(commit.ended, fresh.begun)
            })
        });
        let least = |commit: Option<&Commit>| commit.and_then(|it| log.least_since(it));
        least(own).max(least(all))
    }

    /// The last offset that an assignment's node had to write before it, if the assignment is one of
    /// the last.
    fn written_before(&self, assignment: &Operation) -> Option<&Fresh> {
        let op = self.operations.op(assignment);
        let fresh = self.fresh.get(&self.node(assignment.process))?;
        let is_before = |it: &&Fresh| {
            it.ended < assignment.begun && self.is_settled(it.ended, assignment.begun)
        };
        let last = fresh.iter().rev().take(LOOKED_MAX).find(is_before);
        last.filter(|_| op.is_final())
    }

    /// Whether an operation ended so long before another began that its effect is there.
    fn is_settled(&self, ended: usize, begun: usize) -> bool {
        let ops = self.operations.history.ops();
        ops[begun].time_ns.saturating_sub(ops[ended].time_ns) >= SETTLED_NS
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
