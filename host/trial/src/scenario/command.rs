//! The command that makes a run again.

use std::path::Path;

use super::facts::Scenario;
use super::option::{self, Group, ScenarioOption, SuiteKey};
use host_protocol::text::shell_quoted;
use host_sim::Bound;

impl Scenario {
    /// The flags of `host sim` that make this scenario, except limits of the run and arguments
    /// of the guests: those of every challenge, and those that are not the default.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let text = |option: &ScenarioOption| match (option.suite, option.group) {
            // They change only a run that reaches them.
            (_, Group::RunLimits) => None,
            (SuiteKey::Required, _) => option.text(self),
            _ => option.get(self),
        };
        let options = option::ALL.iter();
        let set = options.filter_map(|option| Some([option.flag(), text(option)?]));
        set.flatten().collect()
    }

    /// The command that runs `module` in this scenario with this seed. `bound_flag` is the flag
    /// of the limit that the run exceeded, if it did.
    #[must_use]
    pub fn command(&self, module: &Path, seed: u64, bound_flag: Option<&str>) -> String {
        let module = module.to_string_lossy().into_owned();
        let mut words = ["host", "sim", "--module"].map(str::to_owned).to_vec();
        words.push(module);
        words.extend(self.flags());
        words.extend(bound_flag.map(str::to_owned));
        words.extend(["--seed".to_owned(), seed.to_string()]);
        if !self.options.guest_args.is_empty() {
            words.push("--".to_owned());
            words.extend(self.options.guest_args.iter().cloned());
        }
        quoted(&words)
    }
}

/// The flag of `host sim` that sets a limit of the run to what it was.
#[must_use]
pub fn bound_flag(bound: Bound) -> String {
    let mut scenario = Scenario::default();
    let bounds = &mut scenario.options.bounds;
    let option = match bound {
        Bound::Steps(limit) => {
            bounds.steps = limit;
            &option::MAX_STEPS
        }
        Bound::Fuel(limit) => {
            bounds.fuel = limit;
            &option::MAX_RUN_FUEL
        }
        Bound::Memory(limit) => {
            bounds.memory_bytes = limit;
            &option::MAX_RUN_MEMORY_MIB
        }
        Bound::InFlight(limit) => {
            bounds.in_flight = limit;
            &option::MAX_IN_FLIGHT
        }
        Bound::InFlightBytes(limit) => {
            bounds.in_flight_bytes = limit;
            &option::MAX_IN_FLIGHT_MIB
        }
        Bound::AnswerBytes(limit) => {
            bounds.answer_bytes = limit;
            &option::MAX_ANSWERS_MIB
        }
    };
    let text = option.text(&scenario).unwrap_or_default();
    format!("--{}={text}", option.name)
}

/// The command that runs `module` as a schedule says.
#[must_use]
pub fn schedule_command(module: &Path, schedule: &Path) -> String {
    let path = |path: &Path| path.display().to_string();
    let words = [
        "host".to_owned(),
        "sim".to_owned(),
        "--module".to_owned(),
        path(module),
        "--schedule".to_owned(),
        path(schedule),
    ];
    quoted(&words)
}

/// Which run to make again with a command that was given.
#[derive(Debug, Clone, Copy)]
pub enum Replay<'a> {
    /// The run of the command itself.
    Same,
    /// The run with this seed.
    Seed(u64),
    /// The run in this schedule.
    Schedule(&'a Path),
}

/// Flags without a value that are about several runs.
const SWITCHES: [&str; 2] = ["keep-going", "watch"];

impl Replay<'_> {
    /// The command with the words `args` after `host`, changed so that it makes the run.
    #[must_use]
    pub fn command(self, args: &[String]) -> String {
        let guest_args = args
            .iter()
            .position(|arg| arg == "--")
            .unwrap_or(args.len());
        let mut kept: Vec<String> = Vec::new();
        let mut own = args[..guest_args].iter();
        while let Some(arg) = own.next() {
            let (name, has_value) = name_of(arg);
            if SWITCHES.contains(&name) {
                continue;
            }
            if self.drops(name) {
                if !has_value {
                    own.next(); // its value
                }
            } else {
                kept.push(shell_quoted(arg));
            }
        }
        match self {
            Replay::Same => {}
            Replay::Seed(seed) => kept.push(format!("--seed {seed}")),
            Replay::Schedule(path) => {
                kept.push(format!(
                    "--schedule {}",
                    shell_quoted(&path.display().to_string())
                ));
            }
        }
        if !matches!(self, Replay::Schedule(_)) {
            kept.extend(args[guest_args..].iter().map(|arg| shell_quoted(arg)));
        }
        format!("host {}", kept.join(" "))
    }

    /// Whether the flag with this name has to go.
    fn drops(self, name: &str) -> bool {
        const SEEDS: [&str; 3] = ["seed", "seeds", "test-count"];
        const SOURCES: [&str; 3] = ["challenge", "world", "suite"];
        const OUTPUTS: [&str; 3] = ["schedule", "write-schedule", "shrink"];
        match self {
            Replay::Same => false,
            Replay::Seed(_) => SEEDS.contains(&name),
            Replay::Schedule(_) => {
                let mut options = option::ALL.iter();
                let is_option = options.any(|it| it.name == name && it.is_in_schedules());
                let others = [&SEEDS, &SOURCES, &OUTPUTS];
                is_option || others.iter().any(|names| names.contains(&name))
            }
        }
    }
}

/// The name of the flag that a word is, and whether its value is in the same word.
fn name_of(arg: &str) -> (&str, bool) {
    if let Some(long) = arg.strip_prefix("--") {
        return match long.split_once('=') {
            Some((name, _)) => (name, true),
            None => (long, false),
        };
    }
    let mut options = option::ALL.iter();
    let short = options.find_map(|option| {
        let value = arg.strip_prefix('-')?.strip_prefix(option.short?)?;
        Some((option.name, !value.is_empty()))
    });
    short.unwrap_or(("", false))
}

fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| shell_quoted(word)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(replay: Replay<'_>, args: &[&str], expected: &str) {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        assert_eq!(replay.command(&args), expected);
    }

    #[test]
    fn the_command_to_replay_a_run_has_its_seed_and_no_other() {
        check(
            Replay::Seed(7),
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
            Replay::Seed(7),
            &[
                "sim",
                "--seed=3",
                "--test-count",
                "9",
                "--keep-going",
                "--watch",
                "-w",
                "echo",
                "--",
                "--seed",
                "it's",
            ],
            "host sim -w echo --seed 7 -- --seed 'it'\\''s'",
        );
    }

    #[test]
    fn the_command_to_replay_a_schedule_has_no_options_that_the_schedule_has() {
        check(
            Replay::Schedule(Path::new("a b.json")),
            &[
                "sim",
                "-wecho",
                "--rate=3",
                "--max-fuel",
                "9",
                "--shrink",
                "x.json",
                "-m",
                "echo.wasm",
                "--",
                "arg",
            ],
            "host sim --max-fuel 9 -m echo.wasm --schedule 'a b.json'",
        );
    }

    #[test]
    fn the_flag_of_a_bound_has_its_unit() {
        assert_eq!(bound_flag(Bound::Steps(7)), "--max-steps=7");
        assert_eq!(
            bound_flag(Bound::Memory(256 << 20)),
            "--max-run-memory-mib=256"
        );
    }

    #[test]
    fn a_command_has_the_flags_of_every_challenge_and_those_that_are_not_the_default() {
        let mut scenario = Scenario::default();
        let set = [
            (&option::NODE_COUNT, "3"),
            (&option::CONCURRENCY, "2n"),
            (&option::NEMESIS, "kill,partition"),
            (&option::MAX_STEPS, "7"),
        ];
        for (option, text) in set {
            option.set(&mut scenario, text).unwrap();
        }
        scenario.options.guest_args = vec!["an arg".to_owned()];
        assert_eq!(
            scenario.command(Path::new("m.wasm"), 4, Some("--max-steps=7")),
            "host sim --module m.wasm -w echo --node-count 3 --concurrency 6 --rate 5 \
             --time-limit 60 --nemesis partition,kill --max-steps=7 --seed 4 -- 'an arg'"
        );
    }
}
