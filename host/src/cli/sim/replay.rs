//! The command that runs a run again: the one that was given, with what chooses the run changed.

use std::path::Path;

use super::args::IN_SCHEDULES;
use host_protocol::text::shell_quoted;

/// Which run to run again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Replay<'a> {
    /// The very command.
    Same,
    /// The one with this seed.
    Seed(u64),
    /// The one that this file spells out.
    Schedule(&'a Path),
}

impl Replay<'_> {
    /// The command.
    pub(super) fn command(self) -> String {
        let args = std::env::args_os().skip(1);
        let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
        replay_of(&args, &self)
    }

    /// Whether an argument with this name has to go.
    fn drops(self, name: &str) -> bool {
        const SEEDS: [&str; 3] = ["seed", "seeds", "test-count"];
        const OUTPUTS: [&str; 3] = ["schedule", "write-schedule", "shrink"];
        match self {
            Replay::Same => false,
            Replay::Seed(_) => SEEDS.contains(&name),
            Replay::Schedule(_) => {
                let argument = name.replace('-', "_");
                OUTPUTS.contains(&name) || IN_SCHEDULES.contains(&argument.as_str())
            }
        }
    }
}

fn replay_of(args: &[String], replay: &Replay<'_>) -> String {
    let guest_args = args
        .iter()
        .position(|arg| arg == "--")
        .unwrap_or(args.len());
    let mut kept: Vec<String> = Vec::new();
    let mut own = args[..guest_args].iter();
    while let Some(arg) = own.next() {
        let (name, has_value) = name_of(arg);
        if replay.drops(name) {
            if !has_value {
                own.next(); // its value
            }
        } else {
            kept.push(shell_quoted(arg));
        }
    }
    match replay {
        Replay::Same => {}
        Replay::Seed(seed) => kept.push(format!("--seed {seed}")),
        Replay::Schedule(path) => {
            kept.push(format!(
                "--schedule {}",
                shell_quoted(&path.display().to_string())
            ));
        }
    }
    if !replay.drops("guest-args") {
        kept.extend(args[guest_args..].iter().map(|arg| shell_quoted(arg)));
    }
    format!("host {}", kept.join(" "))
}

/// The name of the option that an argument is, and whether its value is in it too.
fn name_of(arg: &str) -> (&str, bool) {
    if let Some(long) = arg.strip_prefix("--") {
        return match long.split_once('=') {
            Some((name, _)) => (name, true),
            None => (long, false),
        };
    }
    match arg.strip_prefix("-w") {
        Some(value) => ("workload", !value.is_empty()),
        None => ("", false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(args: &[&str], expected: &str) {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        assert_eq!(replay_of(&args, &Replay::Seed(7)), expected);
    }

    #[test]
    fn the_command_to_replay_a_run_has_its_seed_and_no_other() {
        check(
            &[
                "sim",
                "-w",
                "echo",
                "--seeds",
                "0..9",
                "--module",
                "my echo.wasm",
            ],
            "host sim -w echo --module 'my echo.wasm' --seed 7",
        );
        check(
            &[
                "sim",
                "--seed=3",
                "--test-count",
                "9",
                "-w",
                "echo",
                "--",
                "--seed",
                "it's",
            ],
            "host sim -w echo --seed 7 -- --seed 'it'\\''s'",
        );
    }
}
