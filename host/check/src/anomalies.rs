//! The anomalies of a run by name: the same kind of mistake always has the same name, however often
//! and wherever it shows.

use std::fmt;

use serde::Serialize;

use super::counter::Counter;
use super::custom::{Custom, Specified};
use super::echo::Echo;
use super::kafka::{ErrorType, Kafka};
use super::linear::LinKv;
use super::missed::{ComplaintKind, Missed};
use super::set_full::SetFull;
use super::shortfalls::{ShortfallKind, Shortfalls};
use super::stats::may_never_succeed;
use super::txn::Transactions;
use super::txn::anomaly::Anomaly;
use super::unique_ids::UniqueIds;
use super::validity::Validity;
use super::workload::{CheckResult, WorkloadResult};

/// A kind of mistake. Transactions and kafka have Jepsen's names for theirs, complaints beyond
/// Maelstrom's those that they have in JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AnomalyName(pub String);

impl fmt::Display for AnomalyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A kind of mistake that a result shows, and the part of the result that has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    NotEchoed(&'a Echo),
    DuplicateIds(&'a UniqueIds),
    LostElements(&'a SetFull),
    WrongFinalReads(&'a Counter),
    Kafka(ErrorType, &'a Kafka),
    Transactions(Anomaly, &'a Transactions),
    NotLinearizable(&'a LinKv),
    NotAsSpecified(&'a Specified),
    /// Of this name.
    Problem(&'a str, &'a Custom),
    Complaint(ComplaintKind, &'a Missed),
    Shortfall(ShortfallKind, &'a Shortfalls),
    /// Fewer operations succeeded than were to.
    Unavailable,
    /// No operation of this kind succeeded.
    NoneSucceeded(&'a str),
}

impl Found<'_> {
    pub(crate) fn name(self) -> AnomalyName {
        AnomalyName(match self {
            Self::NotEchoed(_) => "not-echoed".to_owned(),
            Self::DuplicateIds(_) => "duplicate-ids".to_owned(),
            Self::LostElements(_) => "lost-elements".to_owned(),
            Self::WrongFinalReads(_) => "wrong-final-reads".to_owned(),
            Self::Kafka(error, _) => error.name().to_owned(),
            Self::Transactions(anomaly, _) => anomaly.name(),
            Self::NotLinearizable(_) => "not-linearizable".to_owned(),
            Self::NotAsSpecified(specified) => specified.anomaly(),
            Self::Problem(name, _) => name.to_owned(),
            Self::Complaint(kind, _) => kind.name().to_owned(),
            Self::Shortfall(kind, _) => kind.name().to_owned(),
            Self::Unavailable => "unavailable".to_owned(),
            Self::NoneSucceeded(f) => format!("no-{f}-succeeded"),
        })
    }
}

/// All anomalies that make a run invalid, those of the workload first; none if the run is not
/// invalid.
#[must_use]
pub fn anomalies(result: &CheckResult) -> Vec<AnomalyName> {
    found(result).into_iter().map(Found::name).collect()
}

/// The same, with the parts of the result that have them.
pub(crate) fn found(result: &CheckResult) -> Vec<Found<'_>> {
    let mut all = Vec::new();
    if result.valid != Validity::False {
        return all;
    }
    let missed = of_workload(&result.workload, &mut all);
    for missed in missed.into_iter().chain([&result.exceptions.missed]) {
        let kinds = missed.counts.keys();
        all.extend(kinds.map(|kind| Found::Complaint(*kind, missed)));
    }
    let shortfalls = result.shortfalls.counts.keys();
    all.extend(shortfalls.map(|kind| Found::Shortfall(*kind, &result.shortfalls)));
    if result.availability.valid != Validity::True {
        all.push(Found::Unavailable);
    }
    if result.stats.valid == Validity::False {
        let by_f = result.stats.by_f.iter();
        let never = by_f.filter(|(f, of_f)| of_f.valid == Validity::False && !may_never_succeed(f));
        all.extend(never.map(|(f, _)| Found::NoneSucceeded(f)));
    }
    all
}

/// What a workload's own checker found, and what Maelstrom lets pass of it.
fn of_workload<'a>(workload: &'a WorkloadResult, all: &mut Vec<Found<'a>>) -> Option<&'a Missed> {
    let is_wrong = workload.valid() == Validity::False;
    match workload {
        WorkloadResult::Echo(echo) => {
            all.extend(is_wrong.then_some(Found::NotEchoed(echo)));
            None
        }
        WorkloadResult::UniqueIds(ids) => {
            all.extend(is_wrong.then_some(Found::DuplicateIds(ids)));
            None
        }
        WorkloadResult::Set(set) => {
            all.extend((set.lost_count > 0).then_some(Found::LostElements(set)));
            Some(&set.missed)
        }
        WorkloadResult::Counter(counter) => {
            let errors = counter.errors.as_ref();
            let has_errors = errors.is_some_and(|errors| !errors.is_empty());
            all.extend(has_errors.then_some(Found::WrongFinalReads(counter)));
            Some(&counter.missed)
        }
        WorkloadResult::Kafka(kafka) => {
            let types = kafka.errors.keys().filter(|it| !it.is_allowed());
            all.extend(types.map(|it| Found::Kafka(*it, kafka)));
            Some(&kafka.missed)
        }
        WorkloadResult::Transactions(found) => {
            let types = found.anomaly_types.iter();
            all.extend(types.map(|it| Found::Transactions(*it, found)));
            None
        }
        WorkloadResult::LinKv(kv) => {
            let is_more = kv.failure_count > kv.missed.counts.values().sum();
            all.extend(is_more.then_some(Found::NotLinearizable(kv)));
            Some(&kv.missed)
        }
        WorkloadResult::Custom(custom) => {
            let specified = custom.specification.iter();
            let wrong = specified.filter(|it| it.objects.failure_count > 0);
            all.extend(wrong.map(Found::NotAsSpecified));
            let names = custom.problem_counts.keys();
            all.extend(names.map(|name| Found::Problem(name, custom)));
            custom.like.as_ref().and_then(|like| of_workload(like, all))
        }
    }
}
