//! Commands for other explorations and runs, made from the one that was given.

use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, Args, Command};

use super::args::ExploreArgs;
use crate::cli::sim::SimArgs;
use host_trial::scenario::Replay;

/// The file that the next command writes.
const SCHEDULE: &str = "schedule.json";

/// What to do next with a schedule that fails: what for, and the command. `schedule` is the file
/// that has it, if one was written.
pub(super) fn next(schedule: Option<&Path>, report: Option<&Path>) -> Vec<(&'static str, String)> {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let Some(path) = schedule else {
        let command = Replay::Same.command(&words, &["--write-schedule", SCHEDULE]);
        return vec![("keep", command)];
    };
    let words = of_sim(&words);
    let replay = Replay::Schedule(path);
    let page = match report {
        Some(dir) => format!("see {}", dir.join("index.html").display()),
        None => replay.command(&words, &["--report", "report"]),
    };
    vec![("replay", replay.command(&words, &[])), ("report", page)]
}

/// The command that plays the schedule in a file.
pub(super) fn replay(schedule: &Path) -> String {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    Replay::Schedule(schedule).command(&of_sim(&words), &[])
}

/// The command that makes the exploration again.
pub(super) fn same() -> String {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    Replay::Same.command(&words, &[])
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
