//! What several runs have shown: how many are valid, which anomalies the others have, and figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::figures::names;
use super::tries::Try;
use super::values::Spread;
use host_check::validity::Validity;

/// The most seeds that are named for an anomaly.
pub const SEEDS_NAMED_MAX: usize = 6;

/// What several runs have shown. Its size does not grow with their number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    /// How many runs there are.
    pub runs: u64,
    /// How many of them are valid.
    pub valid: u64,
    /// How many had too little to judge.
    pub unknown: u64,
    /// What is wrong with the others, by name. A run may have several anomalies.
    pub anomalies: BTreeMap<String, Failures>,
    /// The first seed that is not valid.
    pub first_failure: Option<u64>,
    /// How many runs were to have faults, and these touched nothing.
    pub untouched: u64,
    /// The runs with warnings, if there are any.
    pub warned: Option<Warned>,
    /// The figures, in the order in which they are shown.
    pub figures: Vec<Spread>,
}

/// The runs with one anomaly.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Failures {
    /// How many they are.
    pub runs: u64,
    /// The first seeds, at most [`SEEDS_NAMED_MAX`].
    pub seeds: Vec<u64>,
}

/// The runs with warnings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Warned {
    /// How many they are.
    pub runs: u64,
    /// The first seed of them.
    pub first_seed: u64,
    /// Its first warning.
    pub warning: String,
}

impl Failures {
    fn join(&mut self, other: &Failures) {
        self.runs = self.runs.saturating_add(other.runs);
        self.seeds.extend_from_slice(&other.seeds);
        self.seeds.sort_unstable();
        self.seeds.truncate(SEEDS_NAMED_MAX);
    }
}

impl Tally {
    /// What one run has shown.
    #[must_use]
    pub fn of(one: &Try) -> Self {
        let mut tally = Tally::default();
        tally.add(one);
        tally
    }

    /// Adds a run.
    pub fn add(&mut self, one: &Try) {
        let seed = one.seed();
        let of_one = Failures {
            runs: 1,
            seeds: vec![seed],
        };
        let names = one.names().into_iter();
        let warning = one.warnings().first();
        self.join_counts(&Tally {
            runs: 1,
            valid: (one.valid() == Validity::True).into(),
            unknown: (one.valid() == Validity::Unknown).into(),
            anomalies: names
                .map(|name| (name.to_owned(), of_one.clone()))
                .collect(),
            first_failure: one.failed(),
            untouched: one.is_untouched().into(),
            warned: warning.map(|warning| Warned {
                runs: 1,
                first_seed: seed,
                warning: warning.clone(),
            }),
            figures: Vec::new(),
        });
        for (name, value) in one.figures() {
            match self.figures.iter_mut().find(|it| it.name == *name) {
                Some(spread) => spread.add(*value, seed),
                None => {
                    let is_shown = names_at(name).is_some();
                    let spread = is_shown.then(|| Spread::of(name, *value, seed)).flatten();
                    self.insert(spread);
                }
            }
        }
    }

    /// Adds what other runs have shown.
    pub fn join(&mut self, other: &Tally) {
        self.join_counts(other);
        for spread in &other.figures {
            match self.figures.iter_mut().find(|it| it.name == spread.name) {
                Some(ours) => ours.join(spread),
                None => self.insert(Some(spread.clone())),
            }
        }
    }

    fn join_counts(&mut self, other: &Tally) {
        self.runs = self.runs.saturating_add(other.runs);
        self.valid = self.valid.saturating_add(other.valid);
        self.unknown = self.unknown.saturating_add(other.unknown);
        for (name, failures) in &other.anomalies {
            let ours = self.anomalies.entry(name.clone()).or_default();
            ours.join(failures);
        }
        let first = self.first_failure.into_iter().chain(other.first_failure);
        self.first_failure = first.min();
        self.untouched = self.untouched.saturating_add(other.untouched);
        let warned = self.warned.take().into_iter().chain(other.warned.clone());
        self.warned = warned.reduce(|one, other| {
            let runs = one.runs.saturating_add(other.runs);
            let first = if other.first_seed < one.first_seed {
                other
            } else {
                one
            };
            Warned { runs, ..first }
        });
    }

    /// Puts a figure where it belongs.
    fn insert(&mut self, spread: Option<Spread>) {
        self.figures.extend(spread);
        self.figures.sort_by_key(|it| names_at(it.name));
    }

    /// The verdict on all of them together, if there are any.
    #[must_use]
    pub fn verdict(&self) -> Option<Validity> {
        match self.runs {
            0 => None,
            runs if runs == self.valid => Some(Validity::True),
            runs if runs == self.valid + self.unknown => Some(Validity::Unknown),
            _ => Some(Validity::False),
        }
    }
}

/// The place of a figure in a table of many runs, if it has one.
fn names_at(name: &str) -> Option<usize> {
    names().position(|it| it == name)
}
