//! The smallest schedule so far, and the candidates that were tried.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::budget::{Budget, CHECK_STEP_UNITS, EVENT_UNITS, FUEL_OF_A_UNIT, cost};
use super::lead::Lead;
use super::shrunk::{Kept, Shrunk};
use crate::reference::Reference;
use crate::schedule::Schedule;
use crate::trial::TrialResult;
use host_check::anomalies::AnomalyName;
use host_check::evidence::{Absent, Anomaly, Evidence};
use host_check::linear::Budgets;
use host_check::validity::Validity;
use host_check::workload::WorkloadResult;
use host_guest::{Interrupt, Start};
use host_sim::journal::Observer;
use host_sim::{Outcome, StopReason};

/// How many more events than twice the original's a candidate may have.
const STEPS_MORE: u64 = 1_000;

/// The part of what is left of the budget that one run may cost: after any run, others can follow.
const RUN_PART: u64 = 3;

/// A run that shows the anomaly. Little of it is kept: while a search goes on, other runs need the
/// memory.
struct Shows {
    report: TrialResult,
    lead: Lead,
}

/// What a run of a candidate came to.
struct Played {
    cost: u64,
    gave_up: bool,
    is_stopped: bool,
    shows: Option<Shows>,
}

/// The state of a search.
pub(super) struct Search<'a> {
    module: &'a dyn Start,
    next_module: Option<&'a dyn Start>,
    budget: Budget,
    /// What every candidate has to show.
    anomaly: Anomaly,
    original: Schedule,
    /// What a right program shows in the original; not known before it is asked.
    unfair: Option<Vec<AnomalyName>>,
    best: Schedule,
    report: TrialResult,
    lead: Lead,
    runs: u32,
    /// The cost of the runs so far, in units.
    units: u64,
    /// Whether runs may be stopped when they cost more than is left. Not if the anomaly is that a
    /// bound was exceeded.
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
        let anomaly = best_evidence(report.evidence(&schedule.scenario.checks))?;
        let lead = Lead::of(&schedule, &report, &anomaly);
        let is_of_bound = matches!(
            &report.result,
            Err(stopped) if matches!(stopped.reason, StopReason::Bound(_))
                && stopped.reason.name() == anomaly.name.0
        );
        let tried = HashSet::from([fingerprint(&schedule)]);
        let original = schedule.clone();
        let mut best = schedule;
        if !is_of_bound {
            // What takes so many more events is no shorter, and need not run to its end.
            let steps = &mut best.scenario.options.bounds.steps;
            *steps = (*steps).min(2 * report.used.steps + STEPS_MORE);
        }
        Some(Search {
            module,
            next_module,
            budget,
            anomaly,
            original,
            unfair: None,
            best,
            lead,
            runs: 1,
            units: 0,
            may_stop_runs: !is_of_bound,
            report: without_history(report),
            successes: 0,
            refused: 0,
            tried,
        })
    }

    /// The smallest schedule so far.
    pub(super) fn schedule(&self) -> &Schedule {
        &self.best
    }

    /// Where its anomaly comes from.
    pub(super) fn lead(&self) -> &Lead {
        &self.lead
    }

    /// What the anomaly is the lack of, if it is that.
    pub(super) fn absent(&self) -> Option<&Absent> {
        match &self.anomaly.evidence {
            Evidence::Absence(absent) => Some(absent),
            Evidence::Operations(_) | Evidence::History => None,
        }
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

    /// Plays a candidate, which becomes the smallest schedule if it has the original's anomaly and
    /// a right program passes it.
    pub(super) fn attempt(&mut self, mut candidate: Schedule) -> bool {
        if !self.tried.insert(fingerprint(&candidate)) {
            return false; // it failed to fail before, or it is the smallest itself
        }
        if self.is_spent() {
            self.refused += 1;
            return false;
        }
        let Some(Shows { report, lead }) = self.play(&mut candidate) else {
            return false;
        };
        if !self.is_fair(&candidate) {
            return false;
        }
        (self.best, self.report, self.lead) = (candidate, report, lead);
        self.successes += 1;
        true
    }

    /// Plays the smallest schedule again for an observer. `None` if the budget is spent.
    pub(super) fn watch(&mut self, observer: &mut dyn Observer) -> Option<Outcome> {
        if !self.goes_on() {
            return None;
        }
        let (best, bounds) = (&self.best, self.best.scenario.options.bounds);
        let trial = best.trial(self.module, self.next_module);
        let outcome = trial.watch(best.seed, Some(&best.script), bounds, observer)?;
        self.runs += 1;
        self.units = self.units.saturating_add(cost(&outcome.used));
        Some(outcome)
    }

    /// Plays a candidate for as long as the budget allows. Returns its result if it has the
    /// original's anomaly.
    fn play(&mut self, candidate: &mut Schedule) -> Option<Shows> {
        let units_left = (self.budget.units - self.units).div_ceil(RUN_PART);
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
        let played = trial.play_within(candidate.seed, &candidate.script, &checks, |report| {
            let is_stopped = is_stopped_by_bound(&report);
            Played {
                cost: cost(&report.used),
                gave_up: gave_up(&report),
                is_stopped,
                // A run that was cut short is not that of the schedule.
                shows: match is_cut && is_stopped {
                    true => None,
                    false => shows(&self.anomaly, candidate, report),
                },
            }
        });
        candidate.scenario.options.bounds = bounds;
        self.runs += 1;
        self.units = self.units.saturating_add(played.cost);
        if played.gave_up {
            let steps = checks.steps.saturating_mul(CHECK_STEP_UNITS);
            self.units = self.units.saturating_add(steps);
        }
        // With more of the budget left it might have been one that fails in the same way.
        let is_open = played.gave_up || is_cut && played.is_stopped;
        self.refused += u32::from(is_open);
        played.shows
    }

    /// Whether a right program passes a schedule, or fails it in no other ways than the original.
    fn is_fair(&mut self, candidate: &Schedule) -> bool {
        let found = self.right_program_shows(candidate);
        if found.is_empty() {
            return true;
        }
        let allowed = match self.unfair.take() {
            Some(allowed) => allowed,
            None => self.right_program_shows(&self.original.clone()),
        };
        let is_fair = found.iter().all(|name| allowed.contains(name));
        self.unfair = Some(allowed);
        is_fair
    }

    /// The anomalies of a right program in a schedule; that of the search also if it is the lack of
    /// a success and the right program has none either, which by itself is not wrong.
    fn right_program_shows(&mut self, schedule: &Schedule) -> Vec<AnomalyName> {
        let lacks_it = |report: &TrialResult| match (self.absent(), &report.result) {
            (Some(Absent::Successes(f)), Ok(result)) => {
                let of_kind = result.stats.by_f.get(f);
                of_kind.is_none_or(|of_kind| of_kind.counts.ok_count == 0)
            }
            _ => false,
        };
        let Some(workload) = schedule.scenario.workload.built_in() else {
            return Vec::new(); // nobody knows a right program
        };
        let reference = Reference::new(workload, self.module.interrupt());
        let trial = schedule.trial(&reference, None);
        let (cost, found) = trial.with(schedule.seed, Some(&schedule.script), |report| {
            let mut found = report.anomalies();
            if lacks_it(&report) {
                found.push(self.anomaly.name.clone());
            }
            (cost(&report.used), found)
        });
        self.units = self.units.saturating_add(cost);
        found
    }

    /// The result of the search.
    pub(super) fn end(self) -> Shrunk {
        let kept = match self.absent() {
            Some(_) => Kept::Attempts,
            None => Kept::Evidence,
        };
        Shrunk {
            schedule: self.best,
            report: self.report,
            anomaly: self.anomaly.name,
            kept,
            runs: self.runs,
            is_minimal: self.refused == 0,
        }
    }
}

/// What tells a schedule from others.
fn fingerprint(schedule: &Schedule) -> [u8; 32] {
    Sha256::digest(schedule.write()).into()
}

/// The anomaly to look for in shorter runs: the first that operations show, or else the first of the
/// whole history, or else the first absence.
fn best_evidence(anomalies: Vec<Anomaly>) -> Option<Anomaly> {
    let rank = |anomaly: &Anomaly| match anomaly.evidence {
        Evidence::Operations(_) => 0,
        Evidence::History => 1,
        Evidence::Absence(_) => 2,
    };
    anomalies.into_iter().min_by_key(rank)
}

/// What is kept of a run if it has the anomaly, with the same kind of evidence.
fn shows(anomaly: &Anomaly, schedule: &Schedule, report: TrialResult) -> Option<Shows> {
    if !report.anomalies().contains(&anomaly.name) {
        return None;
    }
    let found = report.evidence(&schedule.scenario.checks);
    let is_it = |it: &&Anomaly| it.name == anomaly.name && it.evidence.is_like(&anomaly.evidence);
    let found = found.iter().find(is_it)?;
    let lead = Lead::of(schedule, &report, found);
    let report = without_history(report);
    Some(Shows { report, lead })
}

fn without_history(report: TrialResult) -> TrialResult {
    TrialResult {
        history: None,
        ..report
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
