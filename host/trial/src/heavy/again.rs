//! Makes a run again, and says what was seen.

use host_sim::{Bound, Bounds, Script, StopReason, Stopped, brief_seconds};

use super::focus::Focus;
use super::path::Path;
use super::show::{self, Told};
use super::traffic::Traffic;
use super::worst::worst;
use crate::trial::Trial;

/// The most events of a run that is made again: about a second.
const STEPS_MAX: u64 = 300_000;

/// The most fuel of a run that is made again: about a second.
const FUEL_MAX: u64 = 4_000_000_000;

/// Makes a run again with a seed, by a script if there is one, and says in at most 20 lines what it did;
/// nothing if it was interrupted or ended before it did anything.
#[must_use]
pub fn heavy(trial: &Trial<'_>, seed: u64, script: Option<&Script>, focus: Focus) -> Vec<String> {
    let bounds = &trial.scenario.options.bounds;
    let within = Bounds {
        steps: bounds.steps.min(STEPS_MAX),
        fuel: bounds.fuel.min(FUEL_MAX),
        ..*bounds
    };
    let mut traffic = Traffic::default();
    let Some(outcome) = trial.watch(seed, script, within, &mut traffic) else {
        return Vec::new();
    };
    let is_cut = match &outcome.stopped {
        Some(stopped) if stopped.is_internal() || stopped.is_interrupted() => return Vec::new(),
        Some(Stopped {
            reason: StopReason::Bound(bound),
            ..
        }) => match bound {
            Bound::Steps(limit) => *limit < bounds.steps,
            Bound::Fuel(limit) => *limit < bounds.fuel,
            _ => false,
        },
        _ => false,
    };
    if outcome.used.steps == 0 {
        return Vec::new();
    }
    let told = Told {
        traffic: &traffic,
        focus,
        busy_ns: outcome.end_ns.min(trial.scenario.options.time_limit_ns),
        used: outcome.used,
    };
    let its_first = if is_cut { "its first " } else { "" };
    let mut lines = vec![format!(
        "in {its_first}{} s, {} event{}:",
        brief_seconds(outcome.end_ns),
        show::count(outcome.used.steps),
        show::s(outcome.used.steps)
    )];
    lines.extend(told.lines());
    if let Focus::Latency(since) = focus
        && let Some(worst) = worst(&trial.scenario, outcome.ops, since)
    {
        let mut path = Path::of(&worst);
        let again = trial.watch(seed, script, within, &mut path);
        let is_whole = |stopped: &Stopped| !stopped.is_interrupted();
        if again.is_some_and(|again| again.stopped.as_ref().is_none_or(is_whole)) {
            lines.extend(path.lines(&worst, since, trial.scenario.options.cluster.count));
        }
    }
    lines
}
