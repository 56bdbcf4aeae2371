//! Commands for other explorations and runs, made from the one that was given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, Args, Command};

use super::args::ExploreArgs;
use crate::cli::sim::SimArgs;
use crate::cli::words::words;
use host_trial::scenario::Replay;

/// What the next commands write.
const SCHEDULE: &str = "schedule.json";
const SHORTEST: &str = "shortest.json";
const REPORT: &str = "report";

/// Makes commands of the one that was given.
pub(super) struct Again {
    /// The file that has the schedule that fails, if one is written.
    schedule: Option<PathBuf>,
    /// The folder of the report on it.
    report: Option<PathBuf>,
}

impl Again {
    pub(super) fn of(args: &ExploreArgs) -> Self {
        Again {
            schedule: args.write_schedule.clone(),
            report: args.report.clone(),
        }
    }

    /// What to do next with a schedule that fails: what for, and the command.
    pub(super) fn next(&self) -> Vec<(&'static str, String)> {
        let page = |dir: &PathBuf| format!("see {}", dir.join("index.html").display());
        let mut next = match &self.schedule {
            Some(path) => vec![
                ("replay", Again::play(path)),
                ("shrink", played(path, &["--shrink", SHORTEST])),
            ],
            None => vec![("keep", same(&["--write-schedule", SCHEDULE]))],
        };
        match (&self.report, &self.schedule) {
            (Some(dir), _) => next.push(("report", page(dir))),
            (None, Some(path)) => next.push(("report", played(path, &["--report", REPORT]))),
            (None, None) => {}
        }
        if let Some(path) = &self.schedule {
            let play = Replay::Schedule(path).play_command(&of_sim(&words()));
            next.push(("play", play));
        }
        next
    }

    /// The command that shows the failure again.
    pub(super) fn replay(&self) -> String {
        match &self.schedule {
            Some(path) => Again::play(path),
            None => same(&[]),
        }
    }

    /// The command that plays the schedule in a file.
    pub(super) fn play(path: &Path) -> String {
        played(path, &[])
    }
}

/// The command that makes the exploration again.
fn same(more: &[&str]) -> String {
    Replay::Same.command(&words(), more)
}

fn played(schedule: &Path, more: &[&str]) -> String {
    Replay::Schedule(schedule).command(&of_sim(&words()), more)
}

/// The words of `host explore` as those of `host sim`, without the flags that only the former has.
fn of_sim(words: &[OsString]) -> Vec<OsString> {
    let sim = SimArgs::augment_args(Command::new("sim"));
    let explore = ExploreArgs::augment_args(Command::new("explore"));
    let mut kept = vec![OsString::from("sim")];
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        if word == "--" {
            kept.push(word.clone());
            kept.extend(words.by_ref().cloned());
            break;
        }
        let text = word.to_string_lossy(); // a flag is ASCII
        let flag = text.strip_prefix("--");
        let name = flag.map(|flag| flag.split_once('=').map_or(flag, |(name, _)| name));
        let own = name.and_then(|name| {
            let of_explore = find(&explore, name)?;
            find(&sim, name).is_none().then_some(of_explore)
        });
        match own {
            Some(flag) => {
                if flag.get_action().takes_values() && !text.contains('=') {
                    words.next();
                }
            }
            None => kept.push(word.clone()),
        }
    }
    kept
}

fn find<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let mut args = command.get_arguments();
    args.find(|arg| arg.get_long() == Some(name))
}
