//! The anomalies of a run by name: the same kind of mistake always has the same name, however often
//! and wherever it shows.

use std::fmt;

use serde::Serialize;

use super::missed::Missed;
use super::stats::may_never_succeed;
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

/// All anomalies that make a run invalid, those of the workload first; none if the run is not
/// invalid.
#[must_use]
pub fn anomalies(result: &CheckResult) -> Vec<AnomalyName> {
    let mut names = Vec::new();
    if result.valid != Validity::False {
        return names;
    }
    let mut add = |name: &str| names.push(AnomalyName(name.to_owned()));
    let is_wrong = result.workload.valid() == Validity::False;
    let missed = match &result.workload {
        WorkloadResult::Echo(_) => {
            if is_wrong {
                add("not-echoed");
            }
            None
        }
        WorkloadResult::UniqueIds(_) => {
            if is_wrong {
                add("duplicate-ids");
            }
            None
        }
        WorkloadResult::Set(set) => {
            if set.lost_count > 0 {
                add("lost-elements");
            }
            Some(&set.missed)
        }
        WorkloadResult::Counter(counter) => {
            if counter
                .errors
                .as_ref()
                .is_some_and(|errors| !errors.is_empty())
            {
                add("wrong-final-reads");
            }
            Some(&counter.missed)
        }
        WorkloadResult::Kafka(kafka) => {
            let types = kafka.errors.keys().filter(|it| !it.is_allowed());
            types.for_each(|it| add(it.name()));
            Some(&kafka.missed)
        }
        WorkloadResult::Transactions(found) => {
            let types = found.anomaly_types.iter();
            types.for_each(|it| add(&it.name()));
            None
        }
        WorkloadResult::LinKv(kv) => {
            if kv.failure_count > kv.missed.counts.values().sum() {
                add("not-linearizable");
            }
            Some(&kv.missed)
        }
    };
    let missed = missed.into_iter().chain([&result.exceptions.missed]);
    let complaints = missed.flat_map(|missed: &Missed| missed.counts.keys());
    complaints.for_each(|it| add(it.name()));
    result
        .shortfalls
        .counts
        .keys()
        .for_each(|it| add(it.name()));
    if result.availability.valid != Validity::True {
        add("unavailable");
    }
    let never = result
        .stats
        .by_f
        .iter()
        .filter(|(f, of_f)| of_f.valid == Validity::False && !may_never_succeed(f));
    if result.stats.valid == Validity::False {
        never.for_each(|(f, _)| add(&format!("no-{f}-succeeded")));
    }
    names
}
