//! Finds the moment at which a failure becomes visible: the page opens there.

use serde::Serialize;

use host_check::evidence::Anomaly;
use host_check::validity::Validity;
use host_check::workload::CheckOptions;
use host_trial::TrialResult;

/// The moment at which a failure becomes visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FirstFailure {
    /// The virtual time, in nanoseconds.
    pub(super) at_ns: u64,
    /// The `index` of the invocation of the operation that shows it, if there is one.
    pub(super) op: Option<u64>,
}

/// The virtual time at which a run shows that it fails, in nanoseconds: where its page opens. `None` for a valid run.
#[must_use]
pub fn failure_ns(result: &TrialResult, checks: &CheckOptions) -> Option<u64> {
    first_failure(result, &result.evidence(checks)).map(|failure| failure.at_ns)
}

/// Finds the first moment at which a failure is visible; `None` for a valid run. Without an
/// operation among the `evidence` that shows the failure, that is the end of the run.
pub(super) fn first_failure(report: &TrialResult, evidence: &[Anomaly]) -> Option<FirstFailure> {
    match &report.result {
        Err(stopped) => {
            return Some(FirstFailure {
                at_ns: stopped.at_ns,
                op: None,
            });
        }
        Ok(result) if result.valid == Validity::True => return None,
        Ok(_) => {}
    }
    let history = report.history.as_ref()?;
    let found = evidence.iter().filter_map(|it| it.evidence.contradiction());
    Some(match found.map(|it| it.shown_by).min() {
        Some(at) => FirstFailure {
            at_ns: u64::try_from(history.ops()[at].time_ns).unwrap_or(0),
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
