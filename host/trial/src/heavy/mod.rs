//! What a run did that went over a limit or missed a target: who sent how much of what to whom, how that
//! grew, and how the worst value came to the node that lacked it longest.
//!
//! A run that is judged is not watched, so that judging costs nothing more. A run is a function of its
//! program, its options and its seed, so the same run is made again for an observer, and is not
//! judged. If it was a long one only its beginning is made again, and the text says so.

mod path;
mod series;
mod show;
mod traffic;
mod worst;

use host_guest::ErrorKind;
use host_sim::{Bound, Bounds, Script, StopReason, Stopped};

use crate::trial::Trial;
use path::Path;
use show::Told;
use traffic::Traffic;
use worst::worst;

/// The most events of a run that is made again: about a second.
const STEPS_MAX: u64 = 300_000;

/// The most fuel of a run that is made again: about a second.
const FUEL_MAX: u64 = 4_000_000_000;

/// What the reader wants to know of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Why it took too many events or too much fuel.
    Work,
    /// Why it sent, logged or answered too much.
    Output,
    /// Why it took too much memory.
    Memory,
    /// Why servers sent each other so many messages.
    Messages,
    /// Why a value was seen so late.
    Latency(Since),
}

/// Since when a value should be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Since a client was told that it is there.
    Acknowledged,
    /// Since a client sent it.
    Sent,
}

impl Focus {
    /// What is to be known of a run that stopped; `None` if its reason says all.
    #[must_use]
    pub fn of_stop(stopped: &Stopped) -> Option<Self> {
        match &stopped.reason {
            StopReason::Bound(Bound::Steps(_) | Bound::Fuel(_)) => Some(Focus::Work),
            StopReason::Bound(Bound::Memory(_)) => Some(Focus::Memory),
            StopReason::Bound(_) => Some(Focus::Output),
            StopReason::Guest(error) => match error.kind {
                ErrorKind::Fuel { .. } => Some(Focus::Work),
                ErrorKind::Memory { .. } | ErrorKind::Table { .. } => Some(Focus::Memory),
                ErrorKind::Output { .. }
                | ErrorKind::Effects { .. }
                | ErrorKind::Timers { .. }
                | ErrorKind::Log { .. } => Some(Focus::Output),
                _ => None,
            },
            _ => None,
        }
    }
}

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
        "in {its_first}{} s, {} events:",
        show::time(outcome.end_ns),
        show::count(outcome.used.steps)
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
