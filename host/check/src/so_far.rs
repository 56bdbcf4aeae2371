//! What a history that breaks off shows already: of a run that was stopped.
//!
//! Only what no continuation could mend counts. An element that no read shows yet, a message that
//! nobody polled yet, a goal of availability: a right program that is stopped could still have
//! reached these. Operations without a completion may or may not have taken place, as always.

use super::availability::Availability;
use super::history::History;
use super::kafka::ErrorType;
use super::linear::Budgets;
use super::missed::{ComplaintKind, Missed};
use super::shortfalls::Shortfalls;
use super::txn::anomaly::Anomaly;
use super::validity::Validity;
use super::workload::{CheckOptions, CheckResult, WorkloadRef, WorkloadResult, check_any};

/// Judges the beginning of a history as one of a workload. The result has nothing but what is wrong
/// for good; there is none if that is nothing, or is not known.
#[must_use]
pub fn check_so_far(
    workload: WorkloadRef<'_>,
    history: &History,
    options: &CheckOptions,
) -> Option<CheckResult> {
    let budgets = Budgets::default();
    let mut result = check_any(workload, history, None, options, &budgets).ok()?;
    result.stats.valid = Validity::True;
    result.availability = Availability {
        valid: Validity::True,
        ..result.availability
    };
    // Later operations may succeed, and nodes come to agree.
    result.shortfalls = Shortfalls::default();
    keep(&mut result.exceptions.missed);
    result.exceptions.valid = Validity::from(result.exceptions.missed.is_empty());
    keep_lasting(&mut result.workload);
    result.valid = result.workload.valid().max(result.exceptions.valid);
    (result.valid == Validity::False).then_some(result)
}

/// Takes what could have been mended out of a workload's result.
fn keep_lasting(workload: &mut WorkloadResult) {
    match workload {
        WorkloadResult::Echo(_) | WorkloadResult::UniqueIds(_) | WorkloadResult::LinKv(_) => {}
        WorkloadResult::Custom(custom) => {
            // Whether later operations could mend what the workload complains of, only it knows.
            custom.problems = Vec::new();
            custom.problem_counts.clear();
            custom.unknown = None;
            let specified = custom.specification.iter().map(|it| it.objects.valid);
            custom.valid = Validity::worst(specified);
            if let Some(like) = &mut custom.like {
                keep_lasting(like);
                custom.valid = custom.valid.max(like.valid());
            }
        }
        WorkloadResult::Set(set) => {
            (set.lost_count, set.lost) = (0, Vec::new());
            keep(&mut set.missed);
            let is_right = set.missed.is_empty() && set.duplicated_count == 0;
            set.valid = Validity::from(is_right);
        }
        WorkloadResult::Counter(counter) => {
            (counter.errors, counter.error) = (None, None);
            keep(&mut counter.missed);
            counter.valid = Validity::from(counter.missed.is_empty());
        }
        WorkloadResult::Kafka(kafka) => {
            kafka.errors.retain(|error, _| is_lasting_error(*error));
            kafka.error_types.retain(|error| is_lasting_error(*error));
            kafka
                .bad_error_types
                .retain(|error| is_lasting_error(*error));
            kafka.error = None;
            keep(&mut kafka.missed);
            let is_right = kafka.bad_error_types.is_empty() && kafka.missed.is_empty();
            kafka.valid = Validity::from(is_right);
        }
        WorkloadResult::Transactions(found) => {
            let empty = Anomaly::EmptyTransactionGraph;
            found.anomaly_types.retain(|anomaly| *anomaly != empty);
            found.anomalies.remove(&empty.name());
            found.missed.retain(|anomaly| *anomaly != empty);
            if found.anomaly_types.is_empty() {
                found.valid = Validity::True;
            }
        }
    }
}

/// Messages may still be polled, and operations may still be related.
fn is_lasting_error(error: ErrorType) -> bool {
    !matches!(
        error,
        ErrorType::LostWrite | ErrorType::Unseen | ErrorType::EmptyTransactionGraph
    )
}

/// Only a run that ended has final reads.
fn keep(missed: &mut Missed) {
    let is_lasting = |what: ComplaintKind| {
        !matches!(
            what,
            ComplaintKind::NeverCaughtUp
                | ComplaintKind::FinalReadLacks
                | ComplaintKind::RefusedYetCounted
                | ComplaintKind::FinalReadWrong
                | ComplaintKind::FinalReadsDisagree
        )
    };
    missed.list.retain(|complaint| is_lasting(complaint.what));
    missed.counts.retain(|&what, _| is_lasting(what));
}
