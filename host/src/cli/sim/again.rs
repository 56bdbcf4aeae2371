//! Commands that make one of several runs again, and runs that stopped for a reason of the host's own.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::cli::words::words;
use crate::cli::{Exit, Failure};
use host_grade::suite::{Target, judge_targets};
use host_grade::sweep::Tally;
use host_protocol::text::counted;
use host_sim::StopReason;
use host_trial::TrialResult;
use host_trial::scenario::Replay;

/// Makes commands for other runs of the one that was given.
pub(super) struct Again {
    /// The limits that it does not say itself.
    pub(super) limit_flags: Vec<String>,
    /// What its runs are judged by besides.
    pub(super) targets: Vec<Target>,
    /// Where it writes a report.
    pub(super) report: Option<PathBuf>,
}

/// The files that the next commands write.
const SHORTEST: &str = "shortest.json";
const REPORT: &str = "report";

impl Again {
    pub(super) fn command(&self, replay: Replay<'_>) -> String {
        self.command_with(replay, &[])
    }

    pub(super) fn command_with(&self, replay: Replay<'_>, more: &[&str]) -> String {
        replay.command(&self.words(replay), more)
    }

    /// The words of the command for a run, after the program.
    fn words(&self, replay: Replay<'_>) -> Vec<OsString> {
        let mut words = words();
        if let Replay::Schedule(_) = replay {
            let guest_args = words.iter().position(|word| word == "--");
            let end = guest_args.unwrap_or(words.len());
            words.splice(end..end, self.limit_flags.iter().map(OsString::from));
        }
        words
    }

    /// What to do next with a run that is not valid: what for, and the command.
    pub(super) fn next(&self, replay: Replay<'_>, can_shrink: bool) -> Vec<(&'static str, String)> {
        let mut next = vec![("replay", self.command(replay))];
        if can_shrink {
            next.push(("shrink", self.command_with(replay, &["--shrink", SHORTEST])));
        }
        next.push(match &self.report {
            None => ("report", self.command_with(replay, &["--report", REPORT])),
            Some(dir) => (
                "report",
                format!("see {}", dir.join("index.html").display()),
            ),
        });
        next.push(("play", replay.play_command(&self.words(replay))));
        next
    }

    /// Judges a run by the targets too. Returns the first that it misses, if that is all that is wrong
    /// with it.
    pub(super) fn judge(&self, report: &mut TrialResult) -> Option<Target> {
        judge_targets(&self.targets, report)
    }
}

/// How many runs are done of so many, and how to see the first that is not valid.
pub(super) fn done_in_words(tally: &Tally, count: usize, again: &Again) -> String {
    let Some(seed) = tally.first_failure else {
        return match tally.runs {
            1 => format!("1 of {count} runs is done, and valid"),
            done => format!("{done} of {count} runs are done, and valid"),
        };
    };
    let done = counted(tally.runs, "run");
    let replay = again.command(Replay::Seed(seed));
    let that_are = if tally.runs == 1 {
        "that is"
    } else {
        "that are"
    };
    format!(
        "of {done} {that_are} done the one with seed {seed} is not valid; see it again with {replay}"
    )
}

/// Fails if a run stopped for a reason that is not the guest's.
pub(super) fn fail_if_internal(report: &TrialResult) -> Result<(), Failure> {
    match &report.result {
        Err(stopped) if stopped.is_internal() => {
            let exit = match stopped.reason {
                // The journal cannot be written.
                StopReason::Journal(_) => Exit::Usage,
                // Whoever gave it has to mend it.
                StopReason::Workload(_) => Exit::Usage,
                _ => Exit::Internal,
            };
            let text = format!("seed {}: {stopped}", report.seed);
            Err(Failure::new(exit, text))
        }
        _ => Ok(()),
    }
}
