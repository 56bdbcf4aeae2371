//! Figures that a run has to keep below a bound: 3d and 3e ask for few messages and short
//! latencies.

use std::str::FromStr;

use serde::Deserialize;

use host_check::validity::Validity;
use host_check::workload::{CheckResult, Workload, WorkloadResult};
use host_trial::TrialResult;
use host_trial::heavy::{Focus, Since};
use strum::VariantArray;

/// What has a bound.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Measure {
    /// Messages between servers for each operation that a client invoked.
    MsgsPerOp,
    /// From the acknowledgement of a value until every read has it, in milliseconds: the median.
    StableMedianMs,
    /// The same: the worst.
    StableMaxMs,
    /// From the invocation until every read has it, in milliseconds: the median. Unlike the
    /// stable latency it cannot be made short by acknowledging late.
    VisibleMedianMs,
    /// The same: the worst.
    VisibleMaxMs,
    /// From the invocation of what changes something until its acknowledgement, in milliseconds,
    /// while no fault is on: the median.
    AcknowledgedMedianMs,
    /// The same: the worst.
    AcknowledgedMaxMs,
    /// The time of the run before its recovery, for each operation that succeeded, in milliseconds:
    /// a bound on it asks for a minimum of operations.
    MsPerOk,
}

/// A measure and its bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// What is measured.
    pub measure: Measure,
    /// What it has to be below.
    pub below: f64,
}

/// A text that is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a measure, = and a number above 0, such as msgs-per-op=30; measures are {}",
    Measure::names()
)]
pub struct InvalidTarget;

/// `msgs-per-op=30`
impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let (measure, below) = text.split_once('=').ok_or(InvalidTarget)?;
        let measure = measure.parse().map_err(|_| InvalidTarget)?;
        let below: f64 = below.parse().map_err(|_| InvalidTarget)?;
        match below > 0.0 && below.is_finite() {
            true => Ok(Target { measure, below }),
            false => Err(InvalidTarget),
        }
    }
}

impl Target {
    /// The flags of `host sim` that ask for it.
    #[must_use]
    pub fn flags(&self) -> [String; 2] {
        let value = format!("{}={}", self.measure.name(), self.below);
        ["--below".to_owned(), value]
    }

    /// How a run misses it, in words; `None` if it does not.
    #[must_use]
    pub fn missed_by(&self, result: &CheckResult) -> Option<String> {
        match self.measure.of(result) {
            Some(measured) if measured < self.below => None,
            Some(measured) => Some(self.measure.missed(measured, self.below)),
            None if self.measure.may_be_absent() => None,
            None => Some(format!("there is no {} to measure", self.measure.name())),
        }
    }
}

/// Judges a run by targets too: one that misses some is not valid, and its result says so. Returns the
/// first that it misses, if that is all that is wrong with it.
pub fn judge_targets(targets: &[Target], run: &mut TrialResult) -> Option<Target> {
    let result = run.result.as_mut().ok()?;
    let mut first = None;
    for target in targets {
        if let Some(missed) = target.missed_by(result) {
            first.get_or_insert(*target);
            result.missed_targets.push(missed);
        }
    }
    first?;
    let before = std::mem::replace(&mut result.valid, Validity::False);
    first.filter(|_| before == Validity::True)
}

impl Measure {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    fn names() -> String {
        let names: Vec<&str> = Self::ALL.iter().map(|it| it.name()).collect();
        names.join(", ")
    }

    /// Its key in suites and grades.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether a workload has it.
    #[must_use]
    pub fn is_of(self, workload: Option<Workload>) -> bool {
        match self {
            Self::MsgsPerOp
            | Self::AcknowledgedMedianMs
            | Self::AcknowledgedMaxMs
            | Self::MsPerOk => true,
            Self::StableMedianMs
            | Self::StableMaxMs
            | Self::VisibleMedianMs
            | Self::VisibleMaxMs => matches!(workload, Some(Workload::Broadcast | Workload::GSet)),
        }
    }

    /// Whether a run may have nothing to measure through no fault of the nodes: a fault was on
    /// whenever something was acknowledged.
    #[must_use]
    pub fn may_be_absent(self) -> bool {
        matches!(self, Self::AcknowledgedMedianMs | Self::AcknowledgedMaxMs)
    }

    /// What a run measured; `None` if there was nothing to measure.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a day at most")]
    pub fn of(self, result: &CheckResult) -> Option<f64> {
        let pace = &result.pace;
        match self {
            Self::AcknowledgedMedianMs => return pace.acknowledged_median_ms.map(|ms| ms as f64),
            Self::AcknowledgedMaxMs => return pace.acknowledged_max_ms.map(|ms| ms as f64),
            Self::MsPerOk => return pace.ms_per_ok,
            _ => {}
        }
        let WorkloadResult::Set(set) = &result.workload else {
            return self.rate(result);
        };
        let ms = |quantiles: Option<host_check::set_full::Quantiles>, at: usize| {
            quantiles.map(|quantiles| quantiles.ms[at] as f64)
        };
        match self {
            Self::MsgsPerOp
            | Self::AcknowledgedMedianMs
            | Self::AcknowledgedMaxMs
            | Self::MsPerOk => self.rate(result),
            Self::StableMedianMs => ms(set.stable_latencies, 1),
            Self::StableMaxMs => ms(set.stable_latencies, 4),
            Self::VisibleMedianMs => ms(set.visible_latencies, 1),
            Self::VisibleMaxMs => ms(set.visible_latencies, 4),
        }
    }

    /// Through its shortest decimal form, so that 1.1 does not become 1.10000002.
    fn rate(self, result: &CheckResult) -> Option<f64> {
        let rate = result.net.as_ref()?.servers.msgs_per_op?;
        (self == Self::MsgsPerOp)
            .then(|| rate.to_string().parse().ok())
            .flatten()
    }

    /// What its reader wants to know of a run that misses it.
    #[must_use]
    pub fn focus(self) -> Focus {
        match self {
            Self::StableMedianMs | Self::StableMaxMs => Focus::Latency(Since::Acknowledged),
            Self::VisibleMedianMs | Self::VisibleMaxMs => Focus::Latency(Since::Sent),
            Self::MsgsPerOp
            | Self::AcknowledgedMedianMs
            | Self::AcknowledgedMaxMs
            | Self::MsPerOk => Focus::Messages,
        }
    }

    /// A measurement that is not below its bound, in words.
    #[must_use]
    pub fn missed(self, measured: f64, below: f64) -> String {
        match self {
            Self::MsgsPerOp => format!(
                "{measured:.2} messages between servers an operation; fewer than {below} are asked for"
            ),
            Self::StableMedianMs => format!(
                "the median time from a value's acknowledgement until every read has it is \
                 {measured} ms; below {below} ms is asked for"
            ),
            Self::StableMaxMs => format!(
                "the longest time from a value's acknowledgement until every read has it is \
                 {measured} ms; below {below} ms is asked for"
            ),
            Self::VisibleMedianMs => format!(
                "the median time from the request with a value until every read has it is \
                 {measured} ms; below {below} ms is asked for"
            ),
            Self::VisibleMaxMs => format!(
                "the longest time from the request with a value until every read has it is \
                 {measured} ms; below {below} ms is asked for"
            ),
            Self::AcknowledgedMedianMs => format!(
                "the median time from a request until its acknowledgement, while no fault is on, is \
                 {measured} ms; below {below} ms is asked for"
            ),
            Self::AcknowledgedMaxMs => format!(
                "the longest time from a request until its acknowledgement, while no fault is on, is \
                 {measured} ms; below {below} ms is asked for"
            ),
            Self::MsPerOk => format!(
                "one operation succeeds every {measured:.1} ms; one every {below} ms is asked for, and \
                 clients wait for each answer before they ask again"
            ),
        }
    }
}
