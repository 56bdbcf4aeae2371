//! Workloads that are not built in: somebody else says which operations they have and what is right.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::history::History;
use super::linear::{Budgets, LinKv, NotJudged};
use super::validity::Validity;
use super::workload::{CheckOptions, Workload, WorkloadResult};

/// What a workload that is not built in says of histories.
pub trait CustomChecker: fmt::Debug + Send + Sync {
    /// Its name.
    fn name(&self) -> &str;

    /// The operations of its clients, by `:f`.
    fn operations(&self) -> &[String];

    /// The built-in workload whose checker judges the history too, as if it were its own.
    fn like(&self) -> Option<Workload>;

    /// Judges a history.
    ///
    /// # Errors
    /// When there is no verdict.
    fn judge(
        &self,
        history: &History,
        options: &CheckOptions,
        budgets: &Budgets,
    ) -> Result<Custom, NotJudged>;
}

/// What such a workload found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Custom {
    /// Its verdict.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// What its sequential specification says of each object, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specification: Option<Specified>,
    /// What it found wrong in the whole history.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// How many there are, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub problem_counts: BTreeMap<String, usize>,
    /// Why it does not know whether the history is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// What the built-in checker found that judges the history too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<Box<WorkloadResult>>,
    /// Its own figures.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
}

/// What a sequential specification says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Specified {
    /// `linearizable` or `sequential`.
    pub consistency: &'static str,
    /// What it says of each object.
    #[serde(flatten)]
    pub objects: LinKv,
}

impl Specified {
    /// The name of the anomaly if it does not hold.
    #[must_use]
    pub fn anomaly(&self) -> String {
        format!("not-{}", self.consistency)
    }
}

/// Something that is wrong with a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its kind, a few words joined by hyphens.
    pub name: String,
    /// What happened, a sentence.
    pub text: String,
    /// The operations that show it, by index, in order.
    pub ops: Vec<u64>,
}

/// The most problems of a kind that a result has.
pub const PROBLEMS_MAX: usize = 16;

impl Default for Custom {
    /// Nothing is judged, so nothing is wrong.
    fn default() -> Self {
        Custom {
            valid: Validity::True,
            specification: None,
            problems: Vec::new(),
            problem_counts: BTreeMap::new(),
            unknown: None,
            like: None,
            figures: BTreeMap::new(),
        }
    }
}

impl Custom {
    /// Adds what a built-in checker found.
    pub(crate) fn add(&mut self, like: WorkloadResult) {
        self.valid = self.valid.max(like.valid());
        self.like = Some(Box::new(like));
    }

    /// Adds what the specification says.
    pub fn specify(&mut self, specified: Specified) {
        self.valid = self.valid.max(specified.objects.valid);
        self.specification = Some(specified);
    }

    /// Adds a problem.
    pub fn complain(&mut self, problem: Problem) {
        self.valid = Validity::False;
        let count = self.problem_counts.entry(problem.name.clone()).or_default();
        *count += 1;
        if *count <= PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }

    /// Says why it is not known whether the history is right.
    pub fn doubt(&mut self, why: String) {
        self.valid = self.valid.max(Validity::Unknown);
        self.unknown = Some(why);
    }
}
