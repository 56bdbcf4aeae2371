//! What anomalies rest on: the operations that contradict each other, or what did not happen.
//!
//! The difference matters to whoever makes a run shorter. Two operations that contradict each other
//! do so whatever else is left out. That something did not happen is no evidence in a shorter run,
//! since there a right program has had no chance either.
//!
//! | files | job |
//! |---|---|
//! | `mod` | evidence, and that of each anomaly |
//! | `kafka` | that of errors in logs |
//! | `look` | looking for operations by what they wrote and showed |

mod kafka;
mod look;

pub use look::keys;

use super::anomalies::{AnomalyName, Found, found};
use super::availability::Goal;
use super::history::{History, Kind, Op};
use super::linear::Linearizable;
use super::missed::{Complaint, ComplaintKind};
use super::txn::Transactions;
use super::txn::anomaly::Anomaly as TxnAnomaly;
use super::value::Value;
use super::workload::{CheckOptions, CheckResult, WorkloadResult};
use look::Look;

/// The most operations that a contradiction names besides the one that shows it.
pub const AGAINST_MAX: usize = 8;

/// An anomaly and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Its name.
    pub name: AnomalyName,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What an anomaly rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Operations that no right program shows together, whatever else happens.
    Operations(Contradiction),
    /// The history as a whole; no operation is singled out.
    History,
    /// What did not happen, or not often enough. It has meaning only beside all the attempts, the
    /// faults and the time of the run.
    Absence(Absent),
}

/// Operations that contradict each other. Positions are those of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The position of the completion that shows the anomaly: with it the anomaly is there.
    pub shown_by: usize,
    /// The positions of what it contradicts, in order, at most [`AGAINST_MAX`]: completions, or
    /// invocations of what never completed.
    pub against: Vec<usize>,
    /// The keys that it is about, in a workload that has keys.
    pub keys: Vec<Value>,
}

/// What did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Operations of this kind did not succeed.
    Successes(String),
    /// So large a part of the operations, or of those of a kind or a node, did not succeed.
    Availability,
}

impl Evidence {
    /// Whether it is the same kind of evidence.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The contradiction, if there is one.
    #[must_use]
    pub fn contradiction(&self) -> Option<&Contradiction> {
        match self {
            Self::Operations(contradiction) => Some(contradiction),
            Self::History | Self::Absence(_) => None,
        }
    }
}

/// All anomalies that make a run invalid, in the order of [`anomalies`](super::anomalies()), with
/// what they rest on. `history` is the one that was judged, with these options.
#[must_use]
pub fn evidence(result: &CheckResult, history: &History, options: &CheckOptions) -> Vec<Anomaly> {
    let look = Look { history };
    let all = found(result).into_iter();
    all.map(|found| Anomaly {
        name: found.name(),
        evidence: of(found, result, &look, options),
    })
    .collect()
}

fn of(found: Found<'_>, result: &CheckResult, look: &Look<'_>, options: &CheckOptions) -> Evidence {
    let contradiction = match found {
        Found::NotEchoed(echo) => {
            let first = echo.errors.first().and_then(|error| look.at(error.op));
            first.map(|at| look.contradiction(at, []))
        }
        Found::DuplicateIds(ids) => duplicate(look, ids.duplicated.iter().map(|(id, _)| id)),
        Found::LostElements(set) => lost(look, &set.lost),
        Found::WrongFinalReads(counter) => {
            let first = counter.errors.iter().flatten().next();
            first.and_then(|op| wrong_count(look, op.index))
        }
        Found::Kafka(error, kafka) => kafka.errors.get(&error).and_then(|it| kafka::of(look, it)),
        Found::Transactions(anomaly, txns) => transactions(look, anomaly, txns),
        Found::NotLinearizable(kv) => {
            let failures = kv.results.iter();
            let all = failures.filter_map(|(key, it)| register(look, key, &it.linearizable));
            all.min_by_key(|it| it.shown_by)
        }
        Found::NotAsSpecified(specified) => {
            let failures = specified.objects.results.iter();
            let failures = failures.filter_map(|(_, it)| it.linearizable.failure.as_deref());
            let all = failures.filter_map(|failure| {
                let at = look.at(failure.op.index)?;
                let open = failure.open.iter().filter_map(|op| look.at(op.index));
                Some(look.contradiction(at, open.filter(|it| *it < at).take(AGAINST_MAX)))
            });
            all.min_by_key(|it| it.shown_by)
        }
        Found::Problem(name, custom) => {
            let first = custom.problems.iter().find(|it| it.name == name);
            first.and_then(|problem| {
                let mut ops: Vec<usize> = (problem.ops.iter())
                    .filter_map(|&index| look.at(index))
                    .collect();
                ops.sort_unstable();
                let at = ops.pop()?;
                Some(look.contradiction(at, ops.into_iter().take(AGAINST_MAX)))
            })
        }
        Found::Complaint(ComplaintKind::NilRead, missed) => {
            let first = missed
                .list
                .iter()
                .find(|it| it.what == ComplaintKind::NilRead);
            first.and_then(|complaint| nil_read(look, complaint, result))
        }
        Found::Complaint(kind, missed) => {
            let first = missed.list.iter().find(|it| it.what == kind);
            first.and_then(|it| complaint(look, it))
        }
        Found::Shortfall(kind, _) if kind.is_absence() => {
            return Evidence::Absence(Absent::Availability);
        }
        Found::Shortfall(kind, shortfalls) => {
            let first = shortfalls.list.iter().find(|it| it.what == kind);
            let shown_by = first.and_then(|shortfall| look.at(shortfall.op));
            shown_by.map(|at| look.contradiction(at, []))
        }
        // One operation without success is enough where all were to succeed.
        Found::Unavailable if options.availability == Some(Goal::Total) => {
            let failed = |(_, op): &(usize, &Op)| matches!(op.kind, Kind::Fail | Kind::Info);
            let first = look.history.client_ops().find(failed);
            first.map(|(at, _)| look.contradiction(at, []))
        }
        Found::Unavailable => return Evidence::Absence(Absent::Availability),
        Found::NoneSucceeded(f) => return Evidence::Absence(Absent::Successes(f.to_owned())),
    };
    contradiction.map_or(Evidence::History, Evidence::Operations)
}

/// The id of which the second answer comes first.
fn duplicate<'a>(look: &Look<'_>, ids: impl Iterator<Item = &'a Value>) -> Option<Contradiction> {
    let given = |id: &Value| {
        let with_it = |op: &Op| op.kind == Kind::Ok && op.value == *id;
        let mut given = look.completions(with_it);
        Some((given.next()?, given.next()?))
    };
    let (first, second) = ids.filter_map(given).min_by_key(|(_, second)| *second)?;
    Some(look.contradiction(second, [first]))
}

/// The read that lacks an element after it was known: the first after the last that has it.
fn lost(look: &Look<'_>, lost: &[Value]) -> Option<Contradiction> {
    let read = |op: &Op| op.f == "read" && op.kind == Kind::Ok;
    let reads: Vec<usize> = look.completions(read).collect();
    let of = |element: &Value| {
        let has = |at: &&usize| look::has(&look.op(**at).value, element);
        let last = reads.iter().rev().find(has).copied();
        let added = look.writers(None, element).next()?;
        // A read that was under way when the element became known may miss it.
        let known = last.map_or(added, |last| last.min(added));
        let is_late = |at: &&usize| {
            let begun = look.history.pairs().partner(**at);
            Some(**at) > last && begun > Some(known)
        };
        let shown_by = *reads.iter().find(is_late).or(reads.last())?;
        Some(look.contradiction(shown_by, [added].into_iter().chain(last)))
    };
    // Few are lost in a short run; of many, the first will do.
    let all = lost.iter().take(AGAINST_MAX).filter_map(of);
    all.min_by_key(|it| it.shown_by)
}

/// A read of a counter and what it should have summed up.
fn wrong_count(look: &Look<'_>, index: u64) -> Option<Contradiction> {
    let at = look.at(index)?;
    let adds = look.completions(|op| op.f == "add" && op.kind != Kind::Fail);
    let before: Vec<usize> = adds.take_while(|add| *add < at).collect();
    let last = before.len().saturating_sub(AGAINST_MAX);
    Some(look.contradiction(at, before[last..].iter().copied()))
}

fn transactions(
    look: &Look<'_>,
    anomaly: TxnAnomaly,
    txns: &Transactions,
) -> Option<Contradiction> {
    let cases = txns.anomalies.get(&anomaly.name())?.iter();
    let of = |case: &super::txn::findings::Case| {
        let mut named: Vec<usize> = case
            .txns
            .iter()
            .filter_map(|op| look.at(op.index))
            .collect();
        // What a single transaction shows was written by others.
        let written = case.key.as_ref().zip(case.values.first());
        if let (1, Some((key, value))) = (named.len(), written) {
            named.extend(look.writers(Some(key), value));
        }
        named.sort_unstable();
        named.dedup();
        let shown_by = named.pop()?;
        let mut contradiction = look.contradiction(shown_by, named);
        contradiction.keys = case.key.iter().cloned().collect();
        let steps = case.steps.iter().filter_map(|step| step.key.clone());
        contradiction.keys.extend(steps);
        contradiction.keys.sort_unstable();
        contradiction.keys.dedup();
        Some(contradiction)
    };
    cases.filter_map(of).min_by_key(|it| it.shown_by)
}

/// The first operation that no order explains, and those that made the states that it cannot meet.
fn register(look: &Look<'_>, key: &Value, result: &Linearizable) -> Option<Contradiction> {
    let failure = result.failure.as_ref()?;
    let at = look.at(failure.op.index)?;
    let configs = failure.configs.iter().map(|config| &config.model);
    let needed = match (&*failure.op.f, failure.op.value.items()) {
        ("cas", Some(pair)) => pair.first().cloned(),
        ("read", _) => Some(failure.op.value.clone()),
        _ => None,
    };
    let states = configs.chain(&needed);
    let latest = |value: &Value| {
        look.writers(Some(key), value)
            .take_while(|it| *it < at)
            .last()
    };
    let against: Vec<usize> = states.filter_map(latest).collect();
    let mut contradiction = look.contradiction(at, against);
    contradiction.keys = vec![key.clone()];
    Some(contradiction)
}

fn nil_read(look: &Look<'_>, complaint: &Complaint, result: &CheckResult) -> Option<Contradiction> {
    let WorkloadResult::LinKv(kv) = &result.workload else {
        return self::complaint(look, complaint);
    };
    let key = complaint.elements.elements.first()?;
    let of_key = kv.results.iter().find(|(it, _)| it == key);
    of_key.and_then(|(_, it)| register(look, key, &it.linearizable))
}

/// The operation that a complaint names, and those that put what it is about where it is.
fn complaint(look: &Look<'_>, complaint: &Complaint) -> Option<Contradiction> {
    let at = look.at(complaint.op)?;
    match complaint.what {
        ComplaintKind::RefusedYetCounted
        | ComplaintKind::FinalReadWrong
        | ComplaintKind::FinalReadsDisagree
        | ComplaintKind::OutOfReach => return wrong_count(look, complaint.op),
        _ => {}
    }
    let elements = complaint.elements.elements.iter().take(AGAINST_MAX);
    let mut keys = Vec::new();
    let mut against = Vec::new();
    for element in elements {
        // In logs, `[key message]`.
        let pair = element
            .items()
            .and_then(|it| <[Value; 2]>::try_from(it).ok());
        match pair.filter(|_| look.has_logs()) {
            Some([key, message]) => {
                against.extend(look.writers(Some(&key), &message).next());
                keys.push(key);
            }
            None => against.extend(look.writers(None, element).next()),
        }
    }
    let mut contradiction = look.contradiction(at, against);
    contradiction.keys = keys;
    Some(contradiction)
}
