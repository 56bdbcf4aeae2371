//! The command that makes a run again.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::OnceLock;

use super::facts::Scenario;
use super::option::{self, Group, ScenarioOption, SuiteKey};
use host_protocol::text::{shell_quoted, shell_quoted_bytes};
use host_sim::Bound;

/// What the program was called as.
static PROGRAM: OnceLock<OsString> = OnceLock::new();

/// Says what the program was called as, before the first command is made: commands for people begin
/// with it. It is `host` where nobody does.
pub fn called_as(program: OsString) {
    // It is the same, or it is too late.
    let _ = PROGRAM.set(program);
}

/// The first word of a command.
fn program() -> String {
    PROGRAM
        .get()
        .map_or_else(|| "host".to_owned(), |name| quoted_os(name))
}

fn quoted_os(word: &OsStr) -> String {
    shell_quoted_bytes(word.as_encoded_bytes())
}

impl Scenario {
    /// The flags of `host sim` that make this scenario, except limits of the run and arguments
    /// of the guests: those of every challenge, and those that are not the default.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        self.flags_of(|_| true)
    }

    fn flags_of(&self, is_asked: impl Fn(&ScenarioOption) -> bool) -> Vec<String> {
        let text = |option: &ScenarioOption| match (option.suite, option.group) {
            // They change only a run that reaches them.
            (_, Group::RunLimits) => None,
            (SuiteKey::Required, _) => option.text(self),
            _ => option.get(self),
        };
        let options = option::ALL.iter().filter(|option| is_asked(option));
        let set = options.filter_map(|option| Some([option.flag(), text(option)?]));
        set.flatten().collect()
    }

    /// The flags of `host explore` that make this scenario, as [`flags`](Self::flags) are those of `host sim`.
    fn explored_flags(&self) -> Vec<String> {
        self.flags_of(|option| option.unexplored.is_none())
    }

    /// The command that explores `module` in this scenario with this seed, within bounds that `more` flags say.
    #[must_use]
    pub fn explore_command(&self, module: &Path, seed: u64, more: &[String]) -> String {
        let words = self.explored_flags();
        self.whole_command("explore", module, words, seed, more)
    }

    /// The command that runs `module` in this scenario with this seed, and with more flags: those of
    /// the limit that the run exceeded, or of the targets that it missed.
    #[must_use]
    pub fn command(&self, module: &Path, seed: u64, more: &[String]) -> String {
        self.whole_command("sim", module, self.flags(), seed, more)
    }

    fn whole_command(
        &self,
        command: &str,
        module: &Path,
        mut words: Vec<String>,
        seed: u64,
        more: &[String],
    ) -> String {
        words.extend_from_slice(more);
        words.extend(["--seed".to_owned(), seed.to_string()]);
        if !self.options.guest_args.is_empty() {
            words.push("--".to_owned());
            words.extend(self.options.guest_args.iter().cloned());
        }
        let words: Vec<String> = words.iter().map(|word| shell_quoted(word)).collect();
        format!("{} {}", of_module(command, module), words.join(" "))
    }
}

/// `host sim --module FILE`, of this command
fn of_module(command: &str, module: &Path) -> String {
    format!(
        "{} {command} --module {}",
        program(),
        quoted_os(module.as_os_str())
    )
}

/// A command of this module that also writes a report, to the folder `report`; `None` if it is
/// another's.
#[must_use]
pub fn with_report(command: &str) -> Option<String> {
    let sim = format!("{} sim", program());
    let rest = command.strip_prefix(&sim)?;
    Some(format!("{sim} --report report{rest}"))
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

/// The command that runs `module` as a schedule says, with more flags.
#[must_use]
pub fn schedule_command(module: &Path, schedule: &Path, more: &[String]) -> String {
    let more: String = more
        .iter()
        .map(|word| format!(" {}", shell_quoted(word)))
        .collect();
    format!(
        "{}{more} --schedule {}",
        of_module("sim", module),
        quoted_os(schedule.as_os_str())
    )
}

/// The command that plays a schedule with `module` in the browser.
#[must_use]
pub fn play_command(module: &Path, schedule: &Path) -> String {
    format!(
        "{} --schedule {}",
        of_module("play", module),
        quoted_os(schedule.as_os_str())
    )
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
const SWITCHES: [&str; 3] = ["keep-going", "summary", "watch"];

impl Replay<'_> {
    /// The command with the words `args` after the program, changed so that it makes the run, and with
    /// `more` flags. It writes no files but what these say: what the run has written stays.
    #[must_use]
    pub fn command(self, args: &[OsString], more: &[&str]) -> String {
        let guest_args = args
            .iter()
            .position(|arg| arg == "--")
            .unwrap_or(args.len());
        let mut kept: Vec<String> = Vec::new();
        let mut own = args[..guest_args].iter();
        while let Some(arg) = own.next() {
            let text = arg.to_string_lossy(); // a flag is ASCII
            let (name, has_value) = name_of(&text);
            if SWITCHES.contains(&name) {
                continue;
            }
            if self.drops(name) {
                if !has_value {
                    own.next(); // its value
                }
            } else {
                kept.push(quoted_os(arg));
            }
        }
        match self {
            Replay::Same => {}
            Replay::Seed(seed) => kept.push(format!("--seed {seed}")),
            Replay::Schedule(path) => {
                kept.push(format!("--schedule {}", quoted_os(path.as_os_str())));
            }
        }
        kept.extend(more.iter().map(|word| shell_quoted(word)));
        if !matches!(self, Replay::Schedule(_)) {
            kept.extend(args[guest_args..].iter().map(|arg| quoted_os(arg)));
        }
        format!("{} {}", program(), kept.join(" "))
    }

    /// The same for a command of `host sim`, as one that opens the run in the browser.
    #[must_use]
    pub fn play_command(self, args: &[OsString]) -> String {
        const OF_SIM: [&str; 3] = ["format", "below", "max-journal-mib"];
        const SWITCHES_OF_SIM: [&str; 3] = ["log-stderr", "log-net-send", "log-net-recv"];
        let (mut kept, mut is_value, mut is_guests) = (Vec::new(), false, false);
        for (place, arg) in args.iter().enumerate() {
            let text = arg.to_string_lossy();
            let (name, has_value) = name_of(&text);
            is_guests |= text == "--";
            match () {
                () if is_guests => kept.push(arg.clone()),
                () if std::mem::take(&mut is_value) => {}
                () if place == 0 => kept.push("play".into()),
                () if OF_SIM.contains(&name) => is_value = !has_value,
                () if SWITCHES_OF_SIM.contains(&name) => {}
                () => kept.push(arg.clone()),
            }
        }
        self.command(&kept, &[])
    }

    /// Whether the flag with this name has to go.
    fn drops(self, name: &str) -> bool {
        const SEEDS: [&str; 5] = ["seed", "seeds", "test-count", "shard", "resume"];
        const SOURCES: [&str; 3] = ["challenge", "world", "suite"];
        const OUTPUTS: [&str; 6] = [
            "write-schedule",
            "write-test",
            "shrink",
            "report",
            "journal",
            "history",
        ];
        if OUTPUTS.contains(&name) {
            return true;
        }
        match self {
            Replay::Same => false,
            Replay::Seed(_) => SEEDS.contains(&name),
            Replay::Schedule(_) => {
                let mut options = option::ALL.iter();
                let is_option = options.any(|it| it.name == name && it.is_in_schedules());
                let others = SEEDS.contains(&name) || SOURCES.contains(&name);
                is_option || others || name == "schedule"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(replay: Replay<'_>, args: &[&str], expected: &str) {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        assert_eq!(replay.command(&args, &[]), expected);
    }

    #[test]
    fn a_replay_writes_nothing_but_what_it_is_to_write() {
        let args =
            "sim -w echo --report r --journal=j --history h --shrink s -m m.wasm -- a --report";
        let args: Vec<OsString> = args.split(' ').map(OsString::from).collect();
        assert_eq!(
            Replay::Seed(3).command(&args, &["--shrink", "shortest.json"]),
            "host sim -w echo -m m.wasm --seed 3 --shrink shortest.json -- a --report"
        );
        let args: Vec<OsString> = ["sim", "--schedule", "s.json", "--report", "r"]
            .map(OsString::from)
            .to_vec();
        assert_eq!(
            Replay::Same.command(&args, &[]),
            "host sim --schedule s.json"
        );
    }

    #[test]
    fn the_run_of_a_command_is_opened_in_the_browser_by_one_like_it() {
        let args = "sim --format json -w echo --log-stderr m.wasm --below a=1 --report r --max-journal-mib=3 --seeds 0..9 -- --format x";
        let args: Vec<OsString> = args.split(' ').map(OsString::from).collect();
        assert_eq!(
            Replay::Seed(3).play_command(&args),
            "host play -w echo m.wasm --seed 3 -- --format x"
        );
    }

    #[test]
    fn a_report_is_asked_for_before_all_else() {
        let scenario = Scenario::default();
        let command = scenario.command(Path::new("m.wasm"), 4, &[]);
        assert_eq!(
            with_report(&command).unwrap(),
            "host sim --report report --module m.wasm -w echo --rate 5 --time-limit 60 --seed 4"
        );
        assert_eq!(with_report("host inspect m.wasm"), None);
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
            scenario.command(Path::new("m.wasm"), 4, &["--max-steps=7".to_owned()]),
            "host sim --module m.wasm -w echo --node-count 3 --concurrency 6 --rate 5 \
             --time-limit 60 --nemesis partition,kill --max-steps=7 --seed 4 -- 'an arg'"
        );
    }
}
