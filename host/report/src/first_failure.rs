//! Finds the moment at which a failure becomes visible: the page opens there.

use serde::Serialize;

use host_check::history::{History, Kind, Op};
use host_check::kafka::{Case as KafkaCase, Errors};
use host_check::missed::Missed;
use host_check::validity::Validity;
use host_check::value::Value;
use host_check::workload::{CheckResult, WorkloadResult};
use host_trial::TrialResult;

/// The moment at which a failure becomes visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FirstFailure {
    /// The virtual time, in nanoseconds.
    pub(super) at_ns: u64,
    /// The `index` of the invocation of the operation that shows it, if there is one.
    pub(super) op: Option<u64>,
}

/// Finds the first moment at which a failure is visible; `None` for a valid run. Without an
/// operation that shows the failure, that is the end of the run.
pub(super) fn first_failure(report: &TrialResult) -> Option<FirstFailure> {
    let result = match &report.result {
        Err(stopped) => {
            return Some(FirstFailure {
                at_ns: stopped.at_ns,
                op: None,
            });
        }
        Ok(result) if result.valid == Validity::True => return None,
        Ok(result) => result,
    };
    let history = report.history.as_ref()?;
    let shown = culprits(result, history).into_iter().min();
    let shown = shown.and_then(|index| usize::try_from(index).ok());
    let shown = shown.and_then(|at| Some((at, history.ops().get(at)?)));
    Some(match shown {
        Some((at, op)) => FirstFailure {
            at_ns: u64::try_from(op.time_ns).unwrap_or(0),
            op: history
                .pairs()
                .partner(at)
                .map(|from| history.ops()[from].index),
        },
        None => FirstFailure {
            at_ns: report.end_ns,
            op: None,
        },
    })
}

/// The completions that complete an anomaly, by index.
fn culprits(result: &CheckResult, history: &History) -> Vec<u64> {
    let mut found = Vec::new();
    let of_missed = |missed: &Missed| missed.list.iter().map(|it| it.op).collect::<Vec<_>>();
    found.extend(of_missed(&result.exceptions.missed));
    match &result.workload {
        WorkloadResult::Echo(echo) => found.extend(echo.errors.iter().map(|error| error.op)),
        WorkloadResult::UniqueIds(ids) => {
            let duplicated = ids.duplicated.iter();
            found.extend(duplicated.filter_map(|(id, _)| second_time(history, id)));
        }
        WorkloadResult::Set(set) => {
            found.extend(of_missed(&set.missed));
            found.extend(set.lost.first().and_then(|lost| first_lack(history, lost)));
        }
        WorkloadResult::Counter(counter) => {
            found.extend(of_missed(&counter.missed));
            let errors = counter.errors.iter().flatten();
            found.extend(errors.map(|op| op.index));
        }
        WorkloadResult::Kafka(kafka) => {
            found.extend(of_missed(&kafka.missed));
            let bad = kafka.bad_error_types.iter();
            for errors in bad.filter_map(|kind| kafka.errors.get(kind)) {
                if let Errors::Listed { errs, .. } = errors {
                    found.extend(errs.iter().filter_map(last_of_case));
                }
            }
        }
        WorkloadResult::Transactions(transactions) => {
            let cases = transactions.anomalies.values().flatten();
            found.extend(cases.filter_map(|case| last(&case.txns)));
        }
        WorkloadResult::LinKv(kv) => {
            found.extend(of_missed(&kv.missed));
            let failures = kv.results.iter();
            let failures = failures.filter_map(|(_, key)| key.linearizable.failure.as_ref());
            found.extend(failures.map(|failure| failure.op.index));
        }
    }
    found
}

/// The last of several operations: only then is their anomaly visible.
fn last<'a>(ops: impl IntoIterator<Item = &'a Op>) -> Option<u64> {
    ops.into_iter().map(|op| op.index).max()
}

fn last_of_case(case: &KafkaCase) -> Option<u64> {
    match case {
        KafkaCase::Lost {
            writer, max_read, ..
        } => last(max_read.iter().chain([writer])),
        KafkaCase::Aborted { writer, reader, .. } => last([writer, reader]),
        KafkaCase::Unwritten { reader, .. } => last([reader]),
        KafkaCase::Precommitted { op, .. } => last([op]),
        KafkaCase::Jump(jump) => last(jump.op.iter().chain(jump.ops.iter().flatten())),
        KafkaCase::Cycle(cycle) => last(&cycle.cycle),
        KafkaCase::CycleExists { scc, .. } => scc.iter().copied().max(),
        KafkaCase::Duplicate { .. } | KafkaCase::InconsistentOffset { .. } => None,
    }
}

/// The completion that returns an id for the second time.
fn second_time(history: &History, id: &Value) -> Option<u64> {
    let given = history.client_ops().map(|(_, op)| op);
    let mut given = given.filter(|op| op.kind == Kind::Ok && op.value == *id);
    given.nth(1).map(|op| op.index)
}

/// The first read after the last one that has an element; the last read if none has it.
fn first_lack(history: &History, element: &Value) -> Option<u64> {
    let reads = history.client_ops().map(|(_, op)| op);
    let mut reads: Vec<&Op> = reads
        .filter(|op| op.f == "read" && op.kind == Kind::Ok)
        .collect();
    reads.reverse();
    let has = |op: &&Op| {
        op.value
            .items()
            .is_some_and(|items| items.contains(element))
    };
    let lacking = match reads.iter().position(has) {
        Some(last) => reads[..last].last(),
        None => reads.first(),
    };
    lacking.map(|op| op.index)
}
