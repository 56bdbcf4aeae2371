//! What several runs have shown: how many are valid, which anomalies the others have, and figures.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Mutex;

use indicatif::ProgressBar;
use serde::Serialize;

use super::figures::{Spread, spreads, write_spreads};
use super::tries::Try;
use crate::cli::progress;
use host_check::validity::Validity;
use host_protocol::text::counted;

/// The most seeds that are named for an anomaly.
const SEEDS_SHOWN_MAX: usize = 6;

/// What is said of runs that had too little to judge.
const UNKNOWN: &str = "nothing-to-judge";

/// What several runs have shown.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) runs: usize,
    pub(super) valid: usize,
    /// The verdict on all of them together, if there are any.
    pub(super) verdict: Option<Validity>,
    /// The seeds of the runs with each anomaly. A run may have several.
    pub(super) failures: BTreeMap<String, Vec<u64>>,
    pub(super) figures: Vec<Spread>,
}

/// An anomaly of several runs, for JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Failures {
    runs: usize,
    first_seed: u64,
}

impl Tally {
    pub(super) fn of(tries: &[Try]) -> Self {
        let mut failures: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for one in tries {
            for name in names(one) {
                failures.entry(name).or_default().push(one.seed());
            }
        }
        let verdicts = tries.iter().map(Try::valid);
        Tally {
            runs: tries.len(),
            valid: verdicts.clone().filter(|it| *it == Validity::True).count(),
            verdict: verdicts.max(),
            failures,
            figures: spreads(tries.iter().map(|one| (one.seed(), one.figures()))),
        }
    }

    /// The anomalies, for JSON.
    pub(super) fn failures(&self) -> BTreeMap<&str, Failures> {
        let failures = self.failures.iter().map(|(name, seeds)| {
            let failures = Failures {
                runs: seeds.len(),
                first_seed: seeds.first().copied().unwrap_or_default(),
            };
            (name.as_str(), failures)
        });
        failures.collect()
    }

    /// The anomalies with the seeds that have them, then the figures.
    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        if !self.failures.is_empty() {
            writeln!(out, "anomalies")?;
        }
        for (name, seeds) in &self.failures {
            let shown = seeds.iter().take(SEEDS_SHOWN_MAX);
            let mut shown: Vec<String> = shown.map(u64::to_string).collect();
            if seeds.len() > SEEDS_SHOWN_MAX {
                shown.push("…".to_owned());
            }
            let runs = counted(seeds.len(), "seed");
            writeln!(out, "  {name:<22}{runs}: {}", shown.join(", "))?;
        }
        if !self.failures.is_empty() && !self.figures.is_empty() {
            writeln!(out)?;
        }
        write_spreads(out, &self.figures)
    }
}

/// The names of what is wrong with a run.
fn names(one: &Try) -> Vec<String> {
    match (one.valid(), one.anomalies()) {
        (Validity::True, _) => Vec::new(),
        (_, []) => vec![UNKNOWN.to_owned()],
        (_, anomalies) => anomalies.iter().map(ToString::to_string).collect(),
    }
}

/// How far many runs have come, on a terminal's stderr.
pub(super) struct Progress {
    bar: ProgressBar,
    failures: Mutex<BTreeMap<String, usize>>,
}

impl Progress {
    /// Nothing of so many runs.
    pub(super) fn of(runs: usize) -> Self {
        Progress {
            bar: progress::bar(runs),
            failures: Mutex::default(),
        }
    }

    /// Counts a run.
    pub(super) fn count(&self, one: &Try) {
        let names = names(one);
        if !names.is_empty()
            && let Ok(mut failures) = self.failures.lock()
        {
            for name in names {
                *failures.entry(name).or_default() += 1;
            }
            let words = failures.iter().map(|(name, runs)| format!("{name} {runs}"));
            let words: Vec<String> = words.collect();
            self.bar.set_message(format!("; {}", words.join(", ")));
        }
        self.bar.inc(1);
    }

    /// Makes room for what is written next.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
