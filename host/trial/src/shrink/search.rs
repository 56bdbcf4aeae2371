//! The smallest schedule so far, and the candidates that were tried.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::budget::{Budget, CHECK_STEP_UNITS, EVENT_UNITS, FUEL_OF_A_UNIT, cost};
use super::shrunk::Shrunk;
use crate::schedule::Schedule;
use crate::trial::TrialResult;
use host_check::anomalies::AnomalyName;
use host_check::linear::Budgets;
use host_check::validity::Validity;
use host_check::workload::WorkloadResult;
use host_guest::{Interrupt, Start};
use host_sim::StopReason;

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
    /// The cost of the runs so far, in units.
    units: u64,
    /// Whether runs may be stopped when they cost more than is left. Not if the original was
    /// stopped by a bound itself.
    may_stop_runs: bool,
    successes: u32,
    refused: u32,
    /// The hashes of schedules that were played: none is played twice.
    tried: HashSet<[u8; 32]>,
}

impl<'a> Search<'a> {
    /// Begins with the original and its result; `None` unless it is invalid.
    pub(super) fn begin(
        schedule: Schedule,
        report: TrialResult,
        module: &'a dyn Start,
        next_module: Option<&'a dyn Start>,
        budget: Budget,
    ) -> Option<Self> {
        let is_ours = matches!(
            &report.result,
            Err(stopped) if stopped.is_internal() || stopped.is_interrupted()
        );
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
            units: 0,
            may_stop_runs: !is_stopped_by_bound(&report),
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

    /// Whether no more runs are allowed: by the budget, or because the program was asked to end.
    pub(super) fn is_spent(&self) -> bool {
        let is_interrupted = self.module.interrupt().is_some_and(Interrupt::is_requested);
        self.runs >= self.budget.runs || self.units >= self.budget.units || is_interrupted
    }

    /// Whether the budget allows another run. If not, the result may not be minimal.
    pub(super) fn goes_on(&mut self) -> bool {
        self.refused += u32::from(self.is_spent());
        !self.is_spent()
    }

    /// Plays a candidate, which becomes the smallest schedule if it has the original's anomaly.
    pub(super) fn attempt(&mut self, mut candidate: Schedule) -> bool {
        if !self.tried.insert(Sha256::digest(candidate.write()).into()) {
            return false; // it failed to fail before, or it is the smallest itself
        }
        if self.is_spent() {
            self.refused += 1;
            return false;
        }
        let Some(report) = self.play(&mut candidate) else {
            return false;
        };
        (self.best, self.report) = (candidate, report);
        self.successes += 1;
        true
    }

    /// Plays a candidate for as long as the budget lasts. Returns its result if it has the
    /// original's anomaly.
    fn play(&mut self, candidate: &mut Schedule) -> Option<TrialResult> {
        let units_left = self.budget.units - self.units;
        let bounds = candidate.scenario.options.bounds;
        if self.may_stop_runs {
            let fewer = &mut candidate.scenario.options.bounds;
            fewer.fuel = bounds.fuel.min(units_left.saturating_mul(FUEL_OF_A_UNIT));
            fewer.steps = bounds.steps.min(units_left.div_ceil(EVENT_UNITS));
        }
        let is_cut = candidate.scenario.options.bounds != bounds;
        let all = Budgets::default();
        let checks = Budgets {
            steps: all.steps.min(units_left.div_ceil(CHECK_STEP_UNITS)),
            ..all
        };
        let trial = candidate.trial(self.module, self.next_module);
        let (seed, script) = (candidate.seed, &candidate.script);
        let (used, gave_up, is_stopped, found) =
            trial.play_within(seed, script, &checks, |report| {
                let (used, gave_up) = (cost(&report.used), gave_up(&report));
                let is_stopped = is_stopped_by_bound(&report);
                let has_it = report.anomalies().contains(&self.anomaly);
                let found = has_it.then(|| without_history(report));
                (used, gave_up, is_stopped, found)
            });
        candidate.scenario.options.bounds = bounds;
        self.runs += 1;
        self.units = self.units.saturating_add(used);
        if gave_up {
            let steps = checks.steps.saturating_mul(CHECK_STEP_UNITS);
            self.units = self.units.saturating_add(steps);
        }
        // With more of the budget left it might have been one that fails in the same way.
        let is_open = gave_up || is_cut && is_stopped;
        self.refused += u32::from(is_open);
        found
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

/// Whether a run was stopped by one of its bounds.
fn is_stopped_by_bound(report: &TrialResult) -> bool {
    matches!(&report.result, Err(stopped) if matches!(stopped.reason, StopReason::Bound(_)))
}

/// Whether the checker gave up a search.
fn gave_up(report: &TrialResult) -> bool {
    let Ok(result) = &report.result else {
        return false;
    };
    matches!(&result.workload, WorkloadResult::LinKv(found) if found.unknown_count > 0)
}
