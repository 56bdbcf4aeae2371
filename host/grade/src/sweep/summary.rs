//! A tally as JSON, with what it is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::figures::names;
use super::tally::{Failures, Tally, Warned};
use super::values::{Spread, SpreadFields};
use crate::grade::{JudgeFacts, Shard};
use host_check::validity::Validity;
use host_trial::Scenario;
use host_trial::scenario::option;

/// The name of the format.
pub const FORMAT: &str = "host-sweep";

/// The version of the format. It changes when a reader of the old one would misread it.
pub const VERSION: u32 = 1;

/// What many runs of one module have shown, or one share of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SummaryFields", into = "SummaryFields")]
pub struct Summary {
    /// What was run.
    pub sweep: SweepFacts,
    /// The share of the seeds that was to be run; all of them if `None`.
    pub shard: Option<Shard>,
    /// What the runs that are done have shown.
    pub tally: Tally,
    /// The first run that is not valid.
    pub first_failure: Option<FirstFailure>,
}

/// What is run: on this, a seed and nothing else a run depends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SweepFacts {
    /// The program that runs it.
    pub judge: JudgeFacts,
    /// The module and its circumstances.
    pub run: SweepRun,
    /// The first seed, and how many there are.
    pub first_seed: u64,
    /// How many seeds there are.
    pub seeds: u64,
}

/// A module and its circumstances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SweepRun {
    /// The module's name, which the guest sees.
    pub name: String,
    /// The SHA-256 hash of the module.
    pub sha256: String,
    /// That of the version that nodes change to, if it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap_sha256: Option<String>,
    /// That of what is mounted, if anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mounts_sha256: Option<String>,
    /// All options of the scenario, by name.
    pub options: BTreeMap<String, String>,
    /// The arguments of every node.
    pub args: Vec<String>,
    /// The bounds of figures, by measure.
    pub targets: BTreeMap<String, f64>,
}

/// A run that is not valid, and how to make it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FirstFailure {
    /// Its seed.
    pub seed: u64,
    /// The command.
    pub replay: String,
}

impl SweepRun {
    /// All options of a scenario, by name.
    #[must_use]
    pub fn options(scenario: &Scenario) -> BTreeMap<String, String> {
        let options = option::ALL.iter();
        let texts = options.filter_map(|it| Some((it.name.to_owned(), it.text(scenario)?)));
        texts.collect()
    }
}

impl SweepFacts {
    /// How many seeds a share has: with I of N every N-th, beginning with the I-th.
    #[must_use]
    pub fn seeds_of(&self, shard: Option<Shard>) -> u64 {
        share_of(self.seeds, shard)
    }
}

/// How many of so many seeds a share has.
fn share_of(seeds: u64, shard: Option<Shard>) -> u64 {
    match shard {
        None => seeds,
        Some(shard) => {
            let before = u64::from(shard.index() - 1);
            seeds.saturating_sub(before).div_ceil(shard.of().into())
        }
    }
}

impl Summary {
    /// How many runs it is about.
    #[must_use]
    pub fn asked_for(&self) -> u64 {
        self.sweep.seeds_of(self.shard)
    }

    /// Whether all of these are done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.tally.runs == self.asked_for()
    }

    /// The verdict. If all runs are valid that are done, and they are not all, it is unknown.
    #[must_use]
    pub fn valid(&self) -> Validity {
        let verdict = self.tally.verdict().unwrap_or(Validity::True);
        match self.is_complete() {
            true => verdict,
            false => verdict.max(Validity::Unknown),
        }
    }
}

/// The fields of a summary in JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct SummaryFields {
    format: String,
    version: u32,
    sweep: SweepFacts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
    asked_for: u64,
    complete: bool,
    #[serde(rename = "valid?")]
    valid: Validity,
    runs: u64,
    valid_runs: u64,
    unknown_runs: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    untouched_runs: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warnings: Option<Warned>,
    anomalies: BTreeMap<String, Failures>,
    figures: BTreeMap<String, SpreadFields>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_failure: Option<FirstFailure>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl From<Summary> for SummaryFields {
    fn from(summary: Summary) -> Self {
        let tally = &summary.tally;
        SummaryFields {
            format: FORMAT.to_owned(),
            version: VERSION,
            asked_for: summary.asked_for(),
            complete: summary.is_complete(),
            valid: summary.valid(),
            runs: tally.runs,
            valid_runs: tally.valid,
            unknown_runs: tally.unknown,
            untouched_runs: tally.untouched,
            warnings: tally.warned.clone(),
            figures: (tally.figures.iter())
                .map(|it| (it.name.to_owned(), it.fields()))
                .collect(),
            anomalies: summary.tally.anomalies,
            sweep: summary.sweep,
            shard: summary.shard,
            first_failure: summary.first_failure,
        }
    }
}

impl TryFrom<SummaryFields> for Summary {
    type Error = String;

    fn try_from(fields: SummaryFields) -> Result<Self, String> {
        let changed =
            |what: &str| format!("its {what} contradict each other: the file was changed");
        let mut figures = Vec::new();
        if let Some(name) = fields
            .figures
            .keys()
            .find(|it| !names().any(|name| name == *it))
        {
            return Err(format!("there is no figure {name:?}"));
        }
        for name in names() {
            if let Some(fields) = fields.figures.get(name) {
                let spread = Spread::from_fields(name, fields);
                figures.push(spread.ok_or_else(|| changed(&format!("values of {name}")))?);
            }
        }
        let summary = Summary {
            tally: Tally {
                runs: fields.runs,
                valid: fields.valid_runs,
                unknown: fields.unknown_runs,
                first_failure: fields.first_failure.as_ref().map(|it| it.seed),
                anomalies: fields.anomalies,
                untouched: fields.untouched_runs,
                warned: fields.warnings,
                figures,
            },
            sweep: fields.sweep,
            shard: fields.shard,
            first_failure: fields.first_failure,
        };
        let tally = &summary.tally;
        let counted = tally.valid.checked_add(tally.unknown);
        let is_consistent = counted.is_some_and(|counted| counted <= tally.runs)
            && tally.runs <= summary.asked_for()
            && fields.asked_for == summary.asked_for()
            && fields.complete == summary.is_complete()
            && fields.valid == summary.valid()
            && (tally.valid < tally.runs) == summary.first_failure.is_some();
        match is_consistent {
            true => Ok(summary),
            false => Err(changed("numbers of runs")),
        }
    }
}
