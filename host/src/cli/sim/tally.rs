//! What several runs have shown, as text, and how far they have come.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Mutex;

use indicatif::ProgressBar;

use super::figures::write_spreads;
use crate::cli::progress;
use host_grade::explain::NO_FAULT_TOUCHED;
use host_grade::sweep::{Tally, Try, Warned};
use host_protocol::text::{counted, one_line};

/// Writes the anomalies with the seeds that have them, then the figures.
pub(in crate::cli) fn write_tally(out: &mut String, tally: &Tally) -> fmt::Result {
    if !tally.anomalies.is_empty() {
        writeln!(out, "anomalies")?;
    }
    for (name, failures) in &tally.anomalies {
        let mut shown: Vec<String> = failures.seeds.iter().map(u64::to_string).collect();
        if failures.runs > shown.len() as u64 {
            shown.push("…".to_owned());
        }
        let (name, runs) = (one_line(name), counted(failures.runs, "seed"));
        writeln!(out, "  {name:<22}{runs}: {}", shown.join(", "))?;
    }
    if !tally.anomalies.is_empty() && !tally.figures.is_empty() {
        writeln!(out)?;
    }
    write_spreads(out, &tally.figures)
}

/// Writes what is remarkable of so many runs and decides nothing.
pub(super) fn write_remarks(out: &mut String, tally: &Tally, count: u64) -> fmt::Result {
    let Tally {
        untouched, warned, ..
    } = tally;
    let seeds = counted(count, "seed");
    if *untouched > 0 || warned.is_some() {
        writeln!(out)?;
    }
    if *untouched > 0 {
        writeln!(out, "{untouched} of {seeds}: {NO_FAULT_TOUCHED}")?;
    }
    if let Some(Warned {
        runs,
        first_seed,
        warning,
    }) = warned
    {
        let warning = one_line(warning);
        writeln!(
            out,
            "{runs} of {seeds}: warning, with seed {first_seed}: {warning}"
        )?;
    }
    Ok(())
}

/// How far many runs have come, on a terminal's stderr.
pub(in crate::cli) struct Progress {
    bar: ProgressBar,
    failures: Mutex<BTreeMap<String, usize>>,
}

impl Progress {
    /// Nothing of so many runs.
    pub(in crate::cli) fn of(runs: usize) -> Self {
        Progress {
            bar: progress::bar(runs),
            failures: Mutex::default(),
        }
    }

    /// Counts a run.
    pub(in crate::cli) fn count(&self, one: &Try) {
        let names = one.names();
        if !names.is_empty()
            && let Ok(mut failures) = self.failures.lock()
        {
            for name in names {
                *failures.entry(name.to_owned()).or_default() += 1;
            }
            let words = failures.iter().map(|(name, runs)| format!("{name} {runs}"));
            let words: Vec<String> = words.collect();
            self.bar.set_message(format!("; {}", words.join(", ")));
        }
        self.bar.inc(1);
    }

    /// Makes room for what is written next.
    pub(in crate::cli) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
