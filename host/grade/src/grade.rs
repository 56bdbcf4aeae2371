//! The grade: what `host grade --format json` writes, and what all other formats are made from.
//!
//! docs/grading.md describes its schema, which has a version. Two grades of the same submissions by
//! the same suite are equal byte for byte, except for [`Grade::timings`].

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::proof::Proof;
use host_protocol::text::shell_quoted;

/// The value of the field `format`.
pub const FORMAT: &str = "host-grade";

/// The version of the schema. It changes when readers of the old one would misread the new one.
pub const VERSION: u32 = 1;

/// The grade of all submissions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Grade {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The program that judged.
    pub judge: JudgeFacts,
    /// The suite that it judged by.
    pub suite: SuiteFacts,
    /// The shard that this is the grade of, if the work was split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Whether no challenge is pending.
    pub complete: bool,
    /// Whether every submission passed, as far as it has been judged.
    pub passed: bool,
    /// The submissions, sorted by name.
    pub submissions: Vec<SubmissionGrade>,
    /// How long judging took. Nothing else in a grade depends on the clock.
    pub timings: Timings,
}

/// The program that judged: what a verdict depends on besides the suite and the submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct JudgeFacts {
    /// The host's version.
    pub host: String,
    /// The engine's name and version.
    pub engine: String,
    /// The cost of instructions in fuel, by name.
    pub cost_table: BTreeMap<String, u64>,
}

/// The part of a suite that a reader of grades needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct SuiteFacts {
    /// Its name.
    pub name: String,
    /// The SHA-256 hash of its text.
    pub sha256: String,
    /// The name of the secret from which the seeds of runs are made, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed_key: Option<String>,
    /// The challenges that are judged, in the suite's order.
    pub challenges: Vec<ChallengeFacts>,
}

/// The part of a challenge that a reader of grades needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ChallengeFacts {
    /// Its id, such as `3c`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The name of the module that solves it; empty in grades that older programs wrote.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// The points for solving it.
    pub points: u32,
    /// Whether it may be left out. Its points are a bonus.
    pub optional: bool,
    /// Whether it is hidden from students.
    pub hidden: bool,
    /// Until when it is hidden; for good if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_until: Option<HiddenUntil>,
    /// The seeds of its runs, in this order.
    pub seeds: Vec<u64>,
    /// The options of its runs, as flags of `host sim`.
    pub options: String,
    /// The limits of its runs, by name.
    pub limits: BTreeMap<String, u64>,
    /// What figures have to be below. The name of a target of a world has the world before it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, f64>,
    /// Its worlds, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worlds: Vec<WorldFacts>,
}

/// Until when a challenge is hidden from students.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HiddenUntil {
    /// Until the work is due.
    DueDate,
    /// Until grades are published.
    Published,
}

/// The part of a world that a reader of grades needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct WorldFacts {
    /// Its name, such as `far`.
    pub name: String,
    /// What it does, and why that is fair.
    pub why: String,
    /// The seeds of its runs, in this order.
    pub seeds: Vec<u64>,
    /// What differs from the options of the challenge, as flags of `host sim`; of `host explore` if it is explored.
    pub options: String,
    /// Whether it is explored: a seed is one of operations then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub explored: bool,
}

/// One of several parts of the work, written `INDEX/OF`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "ShardFields", into = "ShardFields")]
pub struct Shard {
    index: u32,
    of: u32,
}

/// The fields of a shard in JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ShardFields {
    index: u32,
    of: u32,
}

impl TryFrom<ShardFields> for Shard {
    type Error = InvalidShard;

    fn try_from(ShardFields { index, of }: ShardFields) -> Result<Self, InvalidShard> {
        Shard::new(index, of).ok_or(InvalidShard)
    }
}

impl From<Shard> for ShardFields {
    fn from(Shard { index, of }: Shard) -> Self {
        ShardFields { index, of }
    }
}

/// `2/3`
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl Shard {
    /// The shard with this number, of so many; `None` if there is none.
    #[must_use]
    pub fn new(index: u32, of: u32) -> Option<Self> {
        let exists = (1..=of).contains(&index) && of <= SHARDS_MAX;
        exists.then_some(Shard { index, of })
    }

    /// Its number, from 1.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// The number of shards.
    #[must_use]
    pub fn of(self) -> u32 {
        self.of
    }
}

/// The grade of one submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct SubmissionGrade {
    /// Its name, fit to be shown.
    pub name: String,
    /// Whether it solved every challenge that it has to solve, as far as it has been judged.
    pub passed: bool,
    /// The points that it got.
    pub score: u64,
    /// The points that it could get: of all challenges without optional ones and internal errors.
    pub points: u64,
    /// The files that were ignored, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The challenges in the suite's order, without optional ones that it left out.
    pub challenges: Vec<ChallengeGrade>,
}

/// The grade of one challenge of a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ChallengeGrade {
    /// The id of the challenge.
    pub id: String,
    /// The points that it got: all or none.
    pub score: u32,
    /// Whether it has been judged, and the verdict.
    #[serde(flatten)]
    pub state: ChallengeState,
}

/// Whether a challenge has been judged, and the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ChallengeState {
    /// The submission has no module for it.
    Missing,
    /// It has not been judged: the work was interrupted, or it belongs to another shard.
    Pending,
    /// It has been judged.
    Judged(Box<Judgement>),
}

/// A verdict, and the evidence for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Judgement {
    /// The verdict on the first run that failed, or accepted.
    pub verdict: Verdict,
    /// The path of the module.
    pub module: String,
    /// The SHA-256 hash of the module.
    pub sha256: String,
    /// The number of official runs that passed before the first run that failed.
    pub seeds_passed: usize,
    /// The number of runs in worlds that passed before the first run that failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub world_runs_passed: usize,
    /// The most that a run used of each limited resource.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usage: BTreeMap<String, Usage>,
    /// The worst measurement for each target; absent if no run finished. The name of a target of a
    /// world has the world before it: `far/msgs-per-op`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, TargetResult>,
    /// What explorations have tried without a failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explored: Vec<ExploredWorld>,
    /// In how many runs, of those that passed and the one that failed, no fault touched anything.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seeds_untouched: usize,
    /// What the author should know though it decides nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureDetails>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What was tried in a world that is explored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ExploredWorld {
    /// The world.
    pub world: String,
    /// The seed of the operations.
    pub seed: u64,
    /// What was tried without a failure.
    pub proof: Proof,
}

/// The use of a limited resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Usage {
    /// The most that a run used.
    pub used: u64,
    /// The most that a run may use.
    pub limit: u64,
}

/// A measurement and its target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct TargetResult {
    /// The worst measurement of all runs.
    pub worst: f64,
    /// The bound that it has to stay below.
    pub below: f64,
}

/// Why a module failed, and how to reproduce it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct FailureDetails {
    /// The seed; absent if the module did not load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The world; absent if an official run failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<FailedWorld>,
    /// The names of its anomalies, the gravest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<String>,
    /// The anomaly in words, as lines.
    pub anomaly: Vec<String>,
    /// The functions of the guest that were active, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
    /// The command that reproduces it.
    pub replay: String,
    /// The shortest failing trace that was found, with a line for each event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<String>,
    /// Whether a shorter run may fail in the same way: the budget of the search was spent before
    /// that was known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trace_may_be_shorter: bool,
    /// What the run did that went over a limit or missed a target, as lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// The world in which a module failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct FailedWorld {
    /// Its name.
    pub name: String,
    /// What it does, and why that is fair.
    pub why: String,
}

/// Wall-clock times of judging.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Timings {
    /// The time of the whole program, in milliseconds; the sum over all shards.
    pub wall_ms: u64,
    /// The sum over all runs, by submission and challenge, in milliseconds.
    pub runs_ms: BTreeMap<String, BTreeMap<String, u64>>,
}

/// The most shards.
const SHARDS_MAX: u32 = 100_000;

/// A text that is not a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected I/N, with I from 1 to N and N up to {SHARDS_MAX}")]
pub struct InvalidShard;

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let (index, of) = text.split_once('/').ok_or(InvalidShard)?;
        match (index.parse(), of.parse()) {
            (Ok(index), Ok(of)) => Shard::new(index, of).ok_or(InvalidShard),
            _ => Err(InvalidShard),
        }
    }
}

impl Grade {
    /// The grade of one submission, for its author: without challenges that are hidden from students,
    /// unless `hidden_too`, and with the paths that the author has.
    #[must_use]
    pub fn of_one(&self, index: usize, hidden_too: bool) -> Grade {
        let mut one = self.alone(index);
        let is_hidden = |facts: &&ChallengeFacts| facts.hidden && !hidden_too;
        let challenges = self.suite.challenges.iter();
        let hidden: Vec<&str> = challenges
            .filter(is_hidden)
            .map(|it| it.id.as_str())
            .collect();
        let is_shown = |id: &str| !hidden.contains(&id);
        one.suite.challenges.retain(|it| is_shown(&it.id));
        for submission in &mut one.submissions {
            submission.challenges.retain(|it| is_shown(&it.id));
            for challenge in &mut submission.challenges {
                if let ChallengeState::Judged(judgement) = &mut challenge.state {
                    judgement.name_module_as_handed_in();
                }
            }
        }
        for challenges in one.timings.runs_ms.values_mut() {
            challenges.retain(|id, _| is_shown(id));
        }
        one.add_up();
        one
    }

    /// The grade with one of the submissions.
    fn alone(&self, index: usize) -> Grade {
        let submissions: Vec<SubmissionGrade> =
            self.submissions[index..].iter().take(1).cloned().collect();
        let runs_ms = &self.timings.runs_ms;
        let of_one = submissions
            .iter()
            .filter_map(|it| runs_ms.get_key_value(&it.name));
        let of_one = of_one.map(|(name, ms)| (name.clone(), ms.clone()));
        Grade {
            format: self.format.clone(),
            version: self.version,
            judge: self.judge.clone(),
            suite: self.suite.clone(),
            shard: self.shard,
            complete: self.complete,
            passed: self.passed,
            timings: Timings {
                runs_ms: of_one.collect(),
                wall_ms: self.timings.wall_ms,
            },
            submissions,
        }
    }

    /// The challenges of a submission, each with its facts.
    pub fn challenges_of<'a>(
        &'a self,
        submission: &'a SubmissionGrade,
    ) -> impl Iterator<Item = (&'a ChallengeFacts, &'a ChallengeGrade)> {
        submission.challenges.iter().filter_map(|challenge| {
            let mut facts = self.suite.challenges.iter();
            let facts = facts.find(|facts| facts.id == challenge.id)?;
            Some((facts, challenge))
        })
    }
}

impl ChallengeFacts {
    /// What a file has to be called to be judged for it: `echo.wasm or 1.wasm`.
    #[must_use]
    pub fn file_names(&self) -> String {
        let (id, module) = (&self.id, &self.module);
        match module.is_empty() || module == id {
            true => format!("{id}.wasm"),
            false => format!("{module}.wasm or {id}.wasm"),
        }
    }
}

impl Usage {
    /// The use that is nearer to its limit. Worlds may have other limits.
    #[must_use]
    pub(crate) fn greater(self, other: Usage) -> Usage {
        let part = |it: Usage, of: Usage| u128::from(it.used) * u128::from(of.limit);
        match part(other, self) > part(self, other) {
            true => other,
            false => self,
        }
    }
}

impl Judgement {
    /// How many runs it was judged by: those that passed, official and in worlds, and the one that
    /// failed.
    #[must_use]
    pub fn runs_judged(&self) -> usize {
        let has_failed = self.failure.as_ref().is_some_and(|it| it.seed.is_some());
        self.seeds_passed + self.world_runs_passed + usize::from(has_failed)
    }

    /// Takes the folders of whoever judged from the path of the module.
    fn name_module_as_handed_in(&mut self) {
        let Some((_, name)) = self.module.rsplit_once('/') else {
            return;
        };
        if let Some(failure) = &mut self.failure {
            let (path, own) = (shell_quoted(&self.module), shell_quoted(name));
            failure.replay = failure.replay.replacen(&path, &own, 1);
        }
        self.module = name.to_owned();
    }

    /// Whether the verdict is accepted.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.verdict == Verdict::Accepted
    }
}
