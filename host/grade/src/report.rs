//! The grade: what `host grade --format json` writes, and all other formats are made from.
//!
//! Its schema is in docs/grading.md and has a version. Two grades of the same submissions by
//! the same suite are the same to the byte, but for [`Grade::timings`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Verdict;

/// What the first field of a grade says.
pub const FORMAT: &str = "host-grade";

/// The version of the schema. It changes when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// A class, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Grade {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// What judged.
    pub judge: Judge,
    /// What was asked.
    pub suite: SuiteFacts,
    /// Which share of the work this is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Whether nothing is pending.
    pub complete: bool,
    /// Whether nothing failed and nothing is missing, of what has been judged.
    pub passed: bool,
    /// By name.
    pub submissions: Vec<SubmissionGrade>,
    /// How long it took. Nothing else in a grade depends on the clock.
    pub timings: Timings,
}

/// What a verdict depends on besides suite and submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Judge {
    /// The host's version.
    pub host: String,
    /// The engine and its version.
    pub engine: String,
    /// What an instruction costs in fuel.
    pub cost_table: BTreeMap<String, u64>,
}

/// A suite, as far as a reader of grades needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SuiteFacts {
    /// Its name.
    pub name: String,
    /// The hash of its text.
    pub sha256: String,
    /// Those that are judged, in the suite's order.
    pub challenges: Vec<ChallengeFacts>,
}

/// A challenge, as far as a reader of grades needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChallengeFacts {
    /// Its id: `3c`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is worth.
    pub points: u32,
    /// Whether it may be left out; its points are a bonus.
    pub optional: bool,
    /// Whether students do not see it.
    pub hidden: bool,
    /// On what it is judged, in this order.
    pub seeds: Vec<u64>,
    /// The options of `host sim` that it is judged with.
    pub options: String,
    /// The bounds of its runs.
    pub limits: BTreeMap<String, u64>,
}

/// One of several shares of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Shard {
    /// Which, from 1.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

/// One submission, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SubmissionGrade {
    /// Its name, fit to be shown.
    pub name: String,
    /// Whether every challenge that it has to solve is accepted, of those that have been judged.
    pub passed: bool,
    /// The points that it has.
    pub score: u32,
    /// The points that it could have: of all challenges but optional ones and internal errors.
    pub points: u32,
    /// What else a teacher should know: files that were ignored, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// In the suite's order. An optional challenge that is left out is not there.
    pub challenges: Vec<ChallengeGrade>,
}

/// One challenge of one submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChallengeGrade {
    /// Which.
    pub id: String,
    /// The points for it: all or none.
    pub score: u32,
    /// What became of it.
    #[serde(flatten)]
    pub state: State,
}

/// What became of a challenge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// There is no module for it.
    Missing,
    /// It has not been judged: the work was interrupted, or it is another share's.
    Pending,
    /// It has been judged.
    Judged(Box<Judgement>),
}

/// A verdict, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Judgement {
    /// That of the first seed that fails, or accepted.
    pub verdict: Verdict,
    /// Where the module is.
    pub module: String,
    /// Its hash.
    pub sha256: String,
    /// How many seeds it passed, before the first that it failed.
    pub seeds_passed: usize,
    /// The most that a run used of what is limited, beside the limit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usage: BTreeMap<String, Usage>,
    /// The worst of what has a target, beside the target; absent if no run came to its end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, Target>,
    /// Why it is not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// How much of something was used, and how much may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Usage {
    /// The most that a run used.
    pub used: u64,
    /// What a run may use.
    pub limit: u64,
}

/// A measurement, and what it has to be below.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Target {
    /// The worst of all runs.
    pub worst: f64,
    /// What it has to be below.
    pub below: f64,
}

/// A failure, so that its author can understand it and see it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Failure {
    /// The seed; absent if the module did not even load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What is wrong, in words, a line each.
    pub anomaly: Vec<String>,
    /// The guest's functions that were active, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
    /// The command that shows it again.
    pub replay: String,
    /// The shortest failing trace that was found, a line for each thing that happens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<String>,
}

/// How long judging took, by the wall clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Timings {
    /// From beginning to end, in milliseconds; of shares, together.
    pub wall_ms: u64,
    /// By submission and challenge: all runs together, in milliseconds.
    pub runs_ms: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Judgement {
    /// Whether it is accepted.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.verdict == Verdict::Accepted
    }
}
