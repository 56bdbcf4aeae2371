//! The smallest schedule so far, and the candidates that were tried.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::budget::Budget;
use super::shrunk::Shrunk;
use crate::schedule::Schedule;
use crate::trial::TrialResult;
use host_check::anomalies::AnomalyName;
use host_check::validity::Validity;
use host_guest::Start;

/// How many more events than twice the original's a candidate may have.
const STEPS_MORE: u64 = 1_000;

/// A report of which little is kept: while a search goes on, other runs need the memory.
fn without_history(report: TrialResult) -> TrialResult {
    TrialResult {
        history: None,
        ..report
    }
}

/// The state of a search.
pub(super) struct Search<'a> {
    module: &'a dyn Start,
    next_module: Option<&'a dyn Start>,
    budget: Budget,
    anomaly: AnomalyName,
    best: Schedule,
    report: TrialResult,
    runs: u32,
    fuel: u64,
    successes: u32,
    refused: u32,
    /// The hashes of schedules that were played: none is played twice.
    tried: HashSet<[u8; 32]>,
}

impl<'a> Search<'a> {
    /// Plays the original; `None` unless it is invalid.
    pub(super) fn begin(
        schedule: Schedule,
        module: &'a dyn Start,
        next_module: Option<&'a dyn Start>,
        budget: Budget,
    ) -> Option<Self> {
        let trial = schedule.trial(module, next_module);
        let report = trial.with(schedule.seed, Some(&schedule.script), without_history);
        let is_ours = matches!(&report.result, Err(stopped) if stopped.is_internal());
        if report.valid() != Validity::False || is_ours {
            return None;
        }
        let anomaly = report.anomalies().into_iter().next()?;
        let mut best = schedule;
        if report.result.is_ok() {
            // What takes so many more events is no shorter, and need not run to its end.
            let steps = &mut best.scenario.options.bounds.steps;
            *steps = (*steps).min(2 * report.used.steps + STEPS_MORE);
        }
        Some(Search {
            module,
            next_module,
            budget,
            anomaly,
            best,
            runs: 1,
            fuel: report.used.fuel,
            report,
            successes: 0,
            refused: 0,
            tried: HashSet::new(),
        })
    }

    /// The smallest schedule so far.
    pub(super) fn schedule(&self) -> &Schedule {
        &self.best
    }

    /// How often a candidate replaced the smallest schedule.
    pub(super) fn successes(&self) -> u32 {
        self.successes
    }

    /// Whether the budget allows no more runs.
    pub(super) fn is_spent(&self) -> bool {
        self.runs >= self.budget.runs || self.fuel >= self.budget.fuel
    }

    /// Whether the budget allows another run. If not, the result may not be minimal.
    pub(super) fn goes_on(&mut self) -> bool {
        self.refused += u32::from(self.is_spent());
        !self.is_spent()
    }

    /// Plays a candidate, which becomes the smallest schedule if it has the original's anomaly.
    pub(super) fn attempt(&mut self, candidate: Schedule) -> bool {
        if !self.tried.insert(Sha256::digest(candidate.write()).into()) {
            return false; // it failed to fail before, or it is the smallest itself
        }
        if self.is_spent() {
            self.refused += 1;
            return false;
        }
        let trial = candidate.trial(self.module, self.next_module);
        let (fuel, found) = trial.with(candidate.seed, Some(&candidate.script), |report| {
            let has_it = report.anomalies().contains(&self.anomaly);
            (report.used.fuel, has_it.then(|| without_history(report)))
        });
        self.runs += 1;
        self.fuel = self.fuel.saturating_add(fuel);
        let Some(report) = found else {
            return false;
        };
        (self.best, self.report) = (candidate, report);
        self.successes += 1;
        true
    }

    /// The result of the search.
    pub(super) fn end(self) -> Shrunk {
        Shrunk {
            schedule: self.best,
            report: self.report,
            anomaly: self.anomaly,
            runs: self.runs,
            is_minimal: self.refused == 0,
        }
    }
}
