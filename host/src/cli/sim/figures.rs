//! The figures of runs, by the names that targets have.

use std::fmt::{self, Write};

use serde::Serialize;

use host_check::history::{History, Kind};
use host_check::workload::{CheckResult, WorkloadResult};
use host_grade::suite::Measure;
use host_protocol::text::figure;
use host_trial::TrialResult;

/// The part of operations that succeeded: the one figure of which more is better.
const AVAILABILITY: &str = "availability";

/// A figure: its name and its value.
pub(super) type Figure = (&'static str, f64);

/// The figures of a run; none if it stopped before its end. Some are too fine for a table of many
/// runs, and are in JSON only.
pub(super) fn figures(report: &TrialResult) -> Vec<Figure> {
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

/// One figure of many runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Spread {
    #[serde(skip)]
    pub(super) name: &'static str,
    pub(super) median: f64,
    p99: f64,
    worst: f64,
    /// The first seed with the worst.
    worst_seed: u64,
    /// How many runs have it.
    runs: usize,
}

impl Spread {
    /// A figure of runs, given with their seeds; `None` without any.
    fn of(name: &'static str, mut values: Vec<(f64, u64)>) -> Option<Self> {
        // The best first, and of equals the first seed last.
        values.sort_by(|(a, a_seed), (b, b_seed)| {
            let order = match name {
                AVAILABILITY => b.total_cmp(a),
                _ => a.total_cmp(b),
            };
            order.then(b_seed.cmp(a_seed))
        });
        let (worst, worst_seed) = *values.last()?;
        let runs = values.len();
        // The least value that so many of a hundred do not exceed.
        let quantile = |percent: usize| values[(runs * percent).div_ceil(100).max(1) - 1].0;
        Some(Spread {
            name,
            median: quantile(50),
            p99: quantile(99),
            worst,
            worst_seed,
            runs,
        })
    }
}

/// The figures of many runs, given with their seeds.
pub(super) fn spreads<'a>(runs: impl Iterator<Item = (u64, &'a [Figure])>) -> Vec<Spread> {
    let runs: Vec<(u64, &[Figure])> = runs.collect();
    let names = Measure::ALL
        .iter()
        .map(|it| it.name())
        .chain([AVAILABILITY]);
    let spread = |name| {
        let of_run = |(seed, figures): &(u64, &[Figure])| {
            let (_, value) = figures.iter().find(|(it, _)| *it == name)?;
            Some((*value, *seed))
        };
        Spread::of(name, runs.iter().filter_map(of_run).collect())
    };
    names.filter_map(spread).collect()
}

/// A figure as it is shown.
pub(super) fn shown(name: &str, value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "it was one")]
    match name {
        AVAILABILITY => host_protocol::text::fraction(value as f32),
        _ => figure(value),
    }
}

/// A table of them.
pub(super) fn write_spreads(out: &mut String, spreads: &[Spread]) -> fmt::Result {
    if spreads.is_empty() {
        return Ok(());
    }
    let [median, p99, worst] = ["median", "99 %", "worst"];
    writeln!(out, "{:<24}{median:>9}{p99:>9}{worst:>9}", "figures")?;
    for spread in spreads {
        let [median, p99, worst] =
            [spread.median, spread.p99, spread.worst].map(|it| shown(spread.name, it));
        writeln!(
            out,
            "  {:<22}{median:>9}{p99:>9}{worst:>9}  with seed {}",
            spread.name, spread.worst_seed
        )?;
    }
    Ok(())
}
