//! The figures of runs, by the names that targets have.

use host_check::history::{History, Kind};
use host_check::workload::{CheckResult, WorkloadResult};
use host_trial::TrialResult;

use crate::suite::Measure;

/// The part of operations that succeeded: the one figure of which more is better.
pub const AVAILABILITY: &str = "availability";

/// A figure: its name and its value.
pub type Figure = (&'static str, f64);

/// The figures of a run; none if it stopped before its end. Some are too fine for a table of many
/// runs, and are in JSON only.
#[must_use]
pub fn figures(report: &TrialResult) -> Vec<Figure> {
    let Ok(result) = &report.result else {
        return Vec::new();
    };
    let measures = Measure::ALL.iter();
    let measured = measures.filter_map(|it| Some((it.name(), it.of(result)?)));
    let availability = (AVAILABILITY, shortest(result.availability.ok_fraction));
    let fine = fine(result, report.history.as_ref());
    measured.chain([availability]).chain(fine).collect()
}

/// What is compared with other implementations, beside the measures of targets.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts and milliseconds of a day"
)]
fn fine(result: &CheckResult, history: Option<&History>) -> Vec<Figure> {
    let mut figures = vec![("ops", result.stats.counts.count as f64)];
    let all = result.net.and_then(|net| net.all.msgs_per_op);
    figures.extend(all.map(|it| ("all-msgs-per-op", shortest(it))));
    if let WorkloadResult::Set(set) = &result.workload {
        let stable = set.stable_latencies;
        figures.extend(stable.map(|it| ("stable-p95-ms", it.ms[2] as f64)));
    }
    let round_trip_ns = history.and_then(round_trip_median_ns);
    figures.extend(round_trip_ns.map(|ns| ("round-trip-median-ms", ns as f64 / 1e6)));
    figures
}

/// From the invocations to the completions of the operations that succeeded: the median.
fn round_trip_median_ns(history: &History) -> Option<i64> {
    let done = history.client_ops().filter(|(_, op)| op.kind == Kind::Ok);
    let times = done.map(|(at, op)| op.time_ns - history.invocation(at).time_ns);
    let mut times: Vec<i64> = times.collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// Through its shortest decimal form, so that 0.9996 does not become 0.99959999.
fn shortest(figure: f32) -> f64 {
    figure.to_string().parse().unwrap_or(f64::from(figure))
}

/// The figures that tables of many runs have, in their order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let measures = Measure::ALL.iter().map(|it| it.name());
    measures.chain([AVAILABILITY])
}
