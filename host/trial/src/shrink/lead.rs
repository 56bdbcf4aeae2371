//! Where in a schedule its anomaly comes from: which of the operations show it, by when it is there,
//! and which keys it is about.

use crate::schedule::Schedule;
use crate::trial::TrialResult;
use host_check::evidence::{Anomaly, Contradiction, Evidence};
use host_check::history::{History, Kind};
use host_check::value::Value;

/// What a search goes by.
#[derive(Debug, Clone, Default)]
pub(super) struct Lead {
    /// The operations of the schedule that the evidence names, in order.
    pub(super) named: Vec<usize>,
    /// When the anomaly is there, in nanoseconds from the beginning of the main phase; `None` if
    /// that is after the main phase, or not known.
    pub(super) until_ns: Option<u64>,
    /// The keys that it is about.
    pub(super) keys: Vec<Value>,
}

/// The operations of a schedule in the history of its run.
struct Begun {
    /// The positions of their invocations, in order. Those that never began are missing at the end.
    invocations: Vec<usize>,
    /// When the main phase began.
    main_ns: u64,
}

impl Begun {
    fn of(schedule: &Schedule, history: &History) -> Self {
        let invoked = history
            .client_ops()
            .filter(|(_, op)| op.kind == Kind::Invoke);
        let both = schedule.script.operations.iter().zip(invoked);
        // The last operations come after those of the schedule.
        let begun = both
            .take_while(|(it, (_, op))| it.operation.f == op.f && it.operation.value == op.value);
        let mut main_ns = u64::MAX;
        let invocations = begun.map(|(it, (at, op))| {
            let time_ns = u64::try_from(op.time_ns).unwrap_or(0);
            main_ns = main_ns.min(time_ns.saturating_sub(it.at_ns));
            at
        });
        let invocations: Vec<usize> = invocations.collect();
        if invocations.is_empty() {
            main_ns = 0;
        }
        Begun {
            invocations,
            main_ns,
        }
    }

    /// The operation of the schedule whose invocation or completion is at a position.
    fn operation(&self, history: &History, at: usize) -> Option<usize> {
        let invoked = match history.ops()[at].kind {
            Kind::Invoke => at,
            _ => history.pairs().partner(at)?,
        };
        self.invocations.binary_search(&invoked).ok()
    }
}

impl Lead {
    /// That of an anomaly in a run of a schedule.
    pub(super) fn of(schedule: &Schedule, report: &TrialResult, anomaly: &Anomaly) -> Self {
        let Some(history) = &report.history else {
            return Lead::default();
        };
        let begun = Begun::of(schedule, history);
        match (&anomaly.evidence, &report.result) {
            (Evidence::Operations(contradiction), _) => Self::to(contradiction, history, &begun),
            (_, Err(stopped)) => Lead {
                until_ns: Some(stopped.at_ns.saturating_sub(begun.main_ns)),
                ..Lead::default()
            },
            _ => Lead::default(),
        }
    }

    fn to(contradiction: &Contradiction, history: &History, begun: &Begun) -> Self {
        let shown_by = begun.operation(history, contradiction.shown_by);
        let against = contradiction.against.iter();
        let against = against.filter_map(|at| begun.operation(history, *at));
        let mut named: Vec<usize> = shown_by.into_iter().chain(against).collect();
        named.sort_unstable();
        named.dedup();
        let time_ns = history.ops()[contradiction.shown_by].time_ns;
        let time_ns = u64::try_from(time_ns).unwrap_or(0);
        Lead {
            named,
            until_ns: shown_by.map(|_| time_ns.saturating_sub(begun.main_ns)),
            keys: contradiction.keys.clone(),
        }
    }
}
