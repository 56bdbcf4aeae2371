//! One of many runs, in short: reports of all runs are not cheap to keep.

use serde::{Serialize, Serializer};

use super::{Figure, figures};
use host_check::anomalies::AnomalyName;
use host_check::validity::Validity;
use host_trial::TrialResult;

/// What is said of runs that had too little to judge.
const UNKNOWN: &str = "nothing-to-judge";

/// What is said of runs with which nothing else is wrong.
const MISSED: &str = "missed-targets";

/// One of many runs, in short.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Try {
    seed: u64,
    #[serde(rename = "valid?")]
    valid: Validity,
    messages: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msgs_per_op: Option<f32>,
    /// Whether it was to have faults, and they touched nothing.
    #[serde(
        rename = "faults-touched-nothing?",
        skip_serializing_if = "std::ops::Not::not"
    )]
    faults_touched_nothing: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    anomalies: Vec<AnomalyName>,
    /// All that is measured of it, by name.
    #[serde(serialize_with = "as_map", skip_serializing_if = "Vec::is_empty")]
    figures: Vec<Figure>,
}

fn as_map<S: Serializer>(figures: &[Figure], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(figures.iter().copied())
}

impl Try {
    /// Its seed, if it is not valid.
    #[must_use]
    pub fn failed(&self) -> Option<u64> {
        (self.valid != Validity::True).then_some(self.seed)
    }

    /// A run in short.
    #[must_use]
    pub fn of(report: &TrialResult) -> Self {
        let result = report.result.as_ref().ok();
        let net = result.and_then(|result| result.net);
        Try {
            seed: report.seed,
            valid: report.valid(),
            messages: report.messages,
            ok_count: result.map(|result| result.stats.counts.ok_count),
            msgs_per_op: net.and_then(|net| net.servers.msgs_per_op),
            faults_touched_nothing: report.coverage.touched_nothing(),
            warnings: report.warnings(),
            anomalies: report.anomalies(),
            figures: figures(report),
        }
    }

    /// Its seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Its verdict.
    #[must_use]
    pub fn valid(&self) -> Validity {
        self.valid
    }

    /// Whether its faults touched nothing.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.faults_touched_nothing
    }

    /// What its reader should know though it decides nothing.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The names of what is wrong with it, the gravest first.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match (self.valid, self.anomalies.as_slice()) {
            (Validity::True, _) => Vec::new(),
            (Validity::Unknown, []) => vec![UNKNOWN],
            (Validity::False, []) => vec![MISSED],
            (_, anomalies) => anomalies.iter().map(|it| it.0.as_str()).collect(),
        }
    }

    /// All that is measured of it.
    #[must_use]
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }
}
