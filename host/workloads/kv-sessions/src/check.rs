//! What is wrong with a history.
//!
//! Which write a read returns is known, since no value is written twice. What a session demands says which writes come *before*
//! a write (`before`), and which a node that serves the session's reads has executed (`known`). A read is wrong if there is a write to its
//! key in `known` and it returns none, or one that comes before another one in `known`.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use guest_sdk::workload::prelude::*;

use crate::{Guarantee, Operation};

mod bits;
mod orders;

use bits::Bits;
use orders::Orders;

/// A set of writes has so many members at most, and there is one for each write.
const WRITES_MAX: usize = 10_000;
/// So many anomalies of a kind are told.
const TOLD_MAX: usize = 8;

type Op = Record<Operation, Option<u64>>;

/// A write that may have taken place, by its number.
struct Write {
    op: u64,
    session: u64,
    value: u64,
    before: Bits,
    is_acknowledged: bool,
}

#[derive(Default)]
struct Session {
    guarantees: Vec<Guarantee>,
    /// Writes that whoever serves its reads has executed.
    known: Bits,
    /// Writes that come before its next one.
    before: Bits,
    /// Why they are known: the write, the operation, the guarantee. Whatever comes before such a write is known too.
    touched: Vec<(usize, u64, Guarantee)>,
}

impl Session {
    /// Notes that the session has written or read what a write wrote, if it demands what follows from that.
    fn touch(
        &mut self,
        number: usize,
        write: &Write,
        op: u64,
        reads: Guarantee,
        writes: Guarantee,
    ) {
        if self.guarantees.contains(&reads) {
            self.known.add(number, &write.before);
            self.touched.push((number, op, reads));
        }
        if self.guarantees.contains(&writes) {
            self.before.add(number, &write.before);
        }
    }
}

#[derive(Default)]
struct Store {
    writes: Vec<Write>,
    by_value: HashMap<(u64, u64), usize>,
    by_key: BTreeMap<u64, Vec<usize>>,
}

/// `demanded` is what all sessions demand.
pub(crate) fn check(history: &[Op], demanded: Vec<Guarantee>) -> Findings {
    let mut findings = Findings::default();
    let is_write = |op: &&Op| matches!(op.operation, Operation::Write { .. });
    let writes = history.iter().filter(is_write).count();
    if writes > WRITES_MAX {
        findings.unknown(format!(
            "there are {writes} writes, and at most {WRITES_MAX} are judged: lower --rate or --time-limit"
        ));
        return findings;
    }
    let mut judge = Judge {
        demanded,
        ..Judge::default()
    };
    for (_, is_end, op) in in_order_of_time(history) {
        match is_end {
            false => judge.begins(op),
            true => judge.ends(op),
        }
    }
    judge.last_reads(history);
    for (key, cycle) in judge.orders.cycles() {
        judge.problems.push((
            "convergence",
            format!("reads show no single order of the writes to key {key}"),
            cycle,
        ));
    }
    findings.figure("sessions", count(judge.sessions.len()));
    let of_others = count(judge.foreign_reads) / count(judge.reads.max(1));
    findings.figure("reads-of-others", of_others);
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, text, ops) in judge.problems {
        let told = told.entry(name).or_default();
        *told += 1;
        if *told <= TOLD_MAX {
            findings.problem(name, text, &ops);
        }
    }
    if judge.reads == 0 {
        findings.unknown("no read has returned a value");
    }
    findings
}

/// The beginnings and ends of all operations. At the same time beginnings come first: then nothing is read before it is written.
fn in_order_of_time(history: &[Op]) -> Vec<(Duration, bool, &Op)> {
    let begins = history.iter().map(|op| (op.invoked, false, op));
    let ends = history
        .iter()
        .filter_map(|op| Some((op.completed?, true, op)));
    let mut all: Vec<_> = begins.chain(ends).collect();
    all.sort_by_key(|(at, is_end, _)| (*at, *is_end));
    all
}

#[derive(Default)]
struct Judge {
    demanded: Vec<Guarantee>,
    store: Store,
    sessions: BTreeMap<u64, Session>,
    orders: Orders,
    problems: Vec<(&'static str, String, Vec<u64>)>,
    reads: usize,
    /// Reads that returned what another session has written.
    foreign_reads: usize,
}

impl Judge {
    fn begins(&mut self, op: &Op) {
        if let Operation::Write {
            session,
            key,
            value,
            ..
        } = op.operation
            && op.may_count()
        {
            let before = self.sessions.entry(session).or_default().before.clone();
            let number = self.store.writes.len();
            self.store.writes.push(Write {
                op: op.index,
                session,
                value,
                before,
                is_acknowledged: op.outcome().is_some(),
            });
            self.store.by_value.insert((key, value), number);
            let writes = self.store.by_key.entry(key).or_default();
            for &earlier in writes.iter() {
                if self.store.writes[number].before.contains(earlier) {
                    self.orders.add(key, earlier, number, op.index);
                }
            }
            writes.push(number);
        }
    }

    fn ends(&mut self, op: &Op) {
        let Some(value) = op.outcome().copied() else {
            return;
        };
        match op.operation {
            Operation::Open { session, .. } => {
                self.sessions.entry(session).or_default().guarantees = self.demanded.clone();
            }
            Operation::Write {
                session,
                key,
                value,
                ..
            } => {
                let number = self.store.by_value[&(key, value)];
                let write = &self.store.writes[number];
                let session = self.sessions.entry(session).or_default();
                session.touch(
                    number,
                    write,
                    op.index,
                    Guarantee::ReadYourWrites,
                    Guarantee::MonotonicWrites,
                );
            }
            Operation::Read { session, key, .. } => self.read(session, key, value, op.index),
            Operation::ReadAtLast { .. } => {}
        }
    }

    fn read(&mut self, number: u64, key: u64, value: Option<u64>, op: u64) {
        self.reads += 1;
        let Some(returned) = self.returned(key, value, op) else {
            return;
        };
        let session = self.sessions.entry(number).or_default();
        if let Some(missed) = self.store.missed(&session.known, key, returned) {
            let text = self.store.tell(number, key, returned, missed);
            let (name, mut ops) = self.store.broken(session, missed);
            ops.extend([self.store.writes[missed].op, op]);
            ops.sort_unstable();
            ops.dedup();
            self.problems.push((name, text, ops));
            return;
        }
        let Some(returned) = returned else { return };
        let write = &self.store.writes[returned];
        self.foreign_reads += usize::from(write.session != number);
        if session.guarantees.contains(&Guarantee::Convergence) {
            for &other in &self.store.by_key[&key] {
                if other != returned && session.known.contains(other) {
                    self.orders.add(key, other, returned, op);
                }
            }
        }
        session.touch(
            returned,
            write,
            op,
            Guarantee::MonotonicReads,
            Guarantee::WritesFollowReads,
        );
    }

    /// The write whose value a read returned; `None` if nobody has written that yet.
    #[expect(clippy::option_option, reason = "a read may return no value")]
    fn returned(&mut self, key: u64, value: Option<u64>, op: u64) -> Option<Option<usize>> {
        let Some(value) = value else {
            return Some(None);
        };
        let number = self.store.by_value.get(&(key, value)).copied();
        if number.is_none() {
            let text =
                format!("a read of key {key} returned {value}, which nobody has written to it");
            self.problems.push(("thin-air", text, vec![op]));
        }
        number.map(Some)
    }

    /// After recovery all nodes have executed all that was acknowledged, in the same order.
    fn last_reads(&mut self, history: &[Op]) {
        let mut by_key: BTreeMap<u64, BTreeMap<usize, Option<&Op>>> = BTreeMap::new();
        for op in history {
            if let Operation::ReadAtLast { at, key } = op.operation {
                let answer = by_key.entry(key).or_default().entry(at).or_default();
                *answer = answer.or(op.outcome().map(|_| op));
            }
        }
        let mut silent: BTreeMap<usize, usize> = BTreeMap::new();
        for (key, nodes) in by_key {
            for (at, _) in nodes.iter().filter(|(_, answer)| answer.is_none()) {
                *silent.entry(*at).or_default() += 1;
            }
            let ops: Vec<&Op> = nodes.values().copied().flatten().collect();
            self.last_reads_of(key, &ops);
        }
        for (node, keys) in silent {
            let text = format!(
                "for ten seconds after recovery node {node} of the cluster, counted from 0, did not serve a read of {keys} keys in a new session"
            );
            self.problems.push(("unreachable", text, Vec::new()));
        }
    }

    fn last_reads_of(&mut self, key: u64, ops: &[&Op]) {
        let value = |op: &Op| op.outcome().copied().flatten();
        let Some(&first) = ops.first() else { return };
        if let Some(&other) = ops.iter().find(|op| value(op) != value(first)) {
            let text = format!(
                "after recovery a read of key {key} returned {}, one at another node {}",
                shown(value(first)),
                shown(value(other))
            );
            let evidence = vec![first.index, other.index];
            return self.problems.push(("not-converged", text, evidence));
        }
        let Some(returned) = self.returned(key, value(first), first.index) else {
            return;
        };
        let mut acknowledged = Bits::default();
        for &number in self.store.by_key.get(&key).into_iter().flatten() {
            if self.store.writes[number].is_acknowledged {
                acknowledged.insert(number);
            }
        }
        if let Some(missed) = self.store.missed(&acknowledged, key, returned) {
            let write = &self.store.writes[missed];
            let text = format!(
                "after recovery reads of key {key} returned {}; the write of {}, which was acknowledged, is lost",
                shown(value(first)),
                write.value
            );
            self.problems
                .push(("lost-write", text, vec![write.op, first.index]));
        }
    }
}

impl Store {
    /// A write to `key` that was executed, although the one that was returned, or none, says that it was not.
    fn missed(&self, executed: &Bits, key: u64, returned: Option<usize>) -> Option<usize> {
        let writes = self.by_key.get(&key)?;
        let mut writes = writes.iter().copied().filter(|&it| executed.contains(it));
        writes.find(|&it| returned.is_none_or(|returned| self.writes[it].before.contains(returned)))
    }

    /// Which guarantee of a session a read breaks that missed this write, and the operations that show it.
    fn broken(&self, session: &Session, missed: usize) -> (&'static str, Vec<u64>) {
        let mut directly = session.touched.iter();
        if let Some((_, op, guarantee)) = directly.find(|(write, ..)| *write == missed) {
            return (guarantee.name(), vec![*op]);
        }
        // It comes before one that is known.
        let mut through = session.touched.iter();
        let (write, op, _) = through
            .find(|(write, ..)| self.writes[*write].before.contains(missed))
            .expect("what is known is known for a reason");
        let write = &self.writes[*write];
        let guarantee = match write.session == self.writes[missed].session {
            true => Guarantee::MonotonicWrites,
            false => Guarantee::WritesFollowReads,
        };
        (guarantee.name(), vec![write.op, *op])
    }

    fn tell(&self, session: u64, key: u64, returned: Option<usize>, missed: usize) -> String {
        let returned = returned.map(|number| self.writes[number].value);
        let missed = self.writes[missed].value;
        format!(
            "in session {session} a read of key {key} returned {}, although the node must have executed the write of {missed}",
            match returned {
                Some(value) => format!("{value}, which was written before {missed}"),
                None => "nothing".to_owned(),
            }
        )
    }
}

fn shown(value: Option<u64>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}
