//! The command line of `host sim`, and the runs that it asks for.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use super::super::input::read;
use super::super::limits::{CacheArgs, ModuleArgs};
use super::super::mounts::MountArgs;
use super::super::options::{AllLimits, Circumstances, OptionArgs};
use super::super::output::Format;
use super::super::{Exit, Failure, suite_file};
use super::console::Shown;
use host_grade::suite::Target;
use host_sim::ranges::RUNS_MAX;
use host_sim::{Script, SeedRange};
use host_trial::Scenario;
use host_trial::scenario::option::{self, Group, ScenarioOption};
use host_trial::schedule::Schedule;

/// Run nodes in a simulated cluster, in virtual time, and judge what clients see
///
/// The same module, options and seed give the same run, to the byte, everywhere.
#[derive(Debug, Args)]
#[command(after_help = SHORT_END, after_long_help = LONG_END)]
#[command(mut_arg(option::WORKLOAD.name, |arg| arg.required_unless_present_any(SOURCES)))]
pub(crate) struct SimArgs {
    /// The same as --module.
    #[arg(value_name = "MODULE", conflicts_with = "module")]
    path: Option<PathBuf>,
    /// Arguments of every node, after `--`.
    #[arg(last = true, value_name = "GUEST_ARGS")]
    guest_args: Vec<String>,
    /// WebAssembly module that every node runs.
    #[arg(long, short, value_name = "FILE", required_unless_present = "path", help_heading = Group::Cluster.heading())]
    module: Option<PathBuf>,
    /// Version that --swap-at and --nemesis swap change nodes to [default: the same module].
    #[arg(long, value_name = "FILE", help_heading = Group::Cluster.heading())]
    pub(super) swap_module: Option<PathBuf>,
    #[command(flatten)]
    scenario: OptionArgs<Circumstances>,
    /// Take the options and the targets of this challenge of a suite. Other options change them.
    #[arg(long, value_name = "ID", conflicts_with = "schedule", help_heading = CHALLENGES)]
    challenge: Option<String>,
    /// Take the options of this world of the challenge; `host suite show ID` lists its worlds.
    #[arg(long, value_name = "NAME", conflicts_with = "schedule", help_heading = CHALLENGES)]
    world: Option<String>,
    /// Read the challenge from this suite [default: the Gossip Glomers challenges].
    #[arg(long, value_name = "FILE", conflicts_with = "schedule", help_heading = CHALLENGES)]
    suite: Option<PathBuf>,
    /// Ask for less than this of a measure, such as msgs-per-op=30, or the run is not valid.
    ///
    /// Repeatable; --challenge brings the targets of the challenge.
    #[arg(long, value_name = "MEASURE=NUMBER", value_parser = Target::from_str, help_heading = Group::Checks.heading())]
    below: Vec<Target>,
    /// Seed of the run [default: random].
    #[arg(long, value_name = "N", conflicts_with = "seeds", help_heading = SEEDS)]
    seed: Option<u64>,
    /// Run with all seeds from A to below B, in parallel, up to the first that fails.
    ///
    /// Shows the first run that fails, whatever the number of threads; if none does, the median, the
    /// 99th percentile and the worst of each figure. An interrupt shows what is done.
    #[arg(long, value_name = "A..B", conflicts_with_all = ["test_count", "journal", "history"], help_heading = SEEDS)]
    seeds: Option<SeedRange>,
    /// Number of runs, with the seed and the seeds after it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=RUNS_MAX), help_heading = SEEDS)]
    test_count: u64,
    /// With several seeds: go on after the first that fails, and count the anomalies.
    #[arg(long, conflicts_with = "schedule", help_heading = SEEDS)]
    pub(super) keep_going: bool,
    /// Run again when the module's file changes, and show what changed in the verdict.
    ///
    /// Builds nothing. Without --seed all runs have the seed of the first. Ends with an interrupt
    /// (Ctrl-C).
    #[arg(long, help_heading = SEEDS)]
    pub(super) watch: bool,
    /// Play the run in this file. It has all options except modules and limits.
    #[arg(long, value_name = "FILE", conflicts_with_all = in_schedules(), help_heading = SEEDS)]
    schedule: Option<PathBuf>,
    /// Write the run to this file, for --schedule.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "schedule"], help_heading = SEEDS)]
    pub(super) write_schedule: Option<PathBuf>,
    /// If the run is invalid, search for the shortest run like it, and write it to this file.
    ///
    /// Shows what happens in the shortest run that is invalid in the same way.
    #[arg(long, value_name = "FILE", help_heading = SEEDS)]
    pub(super) shrink: Option<PathBuf>,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    pub(super) format: Format,
    /// Write a report to this folder: pages, drawings, results, history and journal.
    ///
    /// Of several seeds, it is about the first that fails, or else about the first.
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    pub(super) report: Option<PathBuf>,
    /// Write everything that happens to this file, as JSON lines.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) journal: Option<PathBuf>,
    /// Write the history to this file: as JSON lines if its name ends in .json, else as EDN.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) history: Option<PathBuf>,
    /// Show the logs of nodes on stderr.
    #[arg(long, help_heading = OUTPUT)]
    log_stderr: bool,
    /// Show the messages that are sent on stderr.
    #[arg(long, help_heading = OUTPUT)]
    log_net_send: bool,
    /// Show the messages that are received on stderr.
    #[arg(long, help_heading = OUTPUT)]
    log_net_recv: bool,
    #[command(flatten)]
    pub(super) mounts: MountArgs,
    #[command(flatten)]
    pub(super) modules: ModuleArgs,
    #[command(flatten)]
    limits: OptionArgs<AllLimits>,
    /// Maximum size of the journal, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..), help_heading = Group::RunLimits.heading(), hide_short_help = true)]
    max_journal_mib: u32,
    #[command(flatten)]
    pub(super) cache: CacheArgs,
}

/// The headings of options that no scenario has.
const CHALLENGES: &str = "Challenges";
const SEEDS: &str = "Seeds and schedules";
const OUTPUT: &str = "Output";

/// The end of the short help.
const SHORT_END: &str = "\
Exit codes: 0 valid, 1 invalid, 2 unknown, 3 not loaded, 130 interrupted, 254 usage, 255 bug.
`host sim --help` says more of each option, and has limits and examples.";

/// The end of the long help.
const LONG_END: &str = "\
Examples:
  Run challenge 3c with a seed, and look at the run in a browser:
    host sim --challenge 3c my.wasm --seed 1 --report out
  Look for a seed that fails, and reduce the run to what matters:
    host sim --challenge 3c my.wasm --seeds 0..1000 --shrink short.json
  Run again after each build:
    host sim --challenge 3c my.wasm --seed 1 --watch

Exit codes:
  0    valid
  1    invalid, or the guest failed: it trapped, exceeded a limit or broke the protocol
  2    unknown: the history has too little to judge
  3    the module cannot be loaded
  130  interrupted before everything was judged
  254  invalid usage, or a file that cannot be read or written
  255  internal error";

/// The flags that say where options come from, instead of a workload. Those of them that do not
/// say enough are refused with a better message than that a workload is missing.
const SOURCES: [&str; 4] = ["schedule", "challenge", "world", "suite"];

/// The flags of what a schedule decides.
fn in_schedules() -> Vec<&'static str> {
    let options = option::ALL.iter().filter(|it| it.is_in_schedules());
    let options = options.map(|option| option.name);
    options
        .chain(["seed", "seeds", "test_count", "guest_args"])
        .collect()
}

/// The largest schedule that is read.
const SCHEDULE_BYTES_MAX: u64 = 256 << 20;

/// The runs that a command line asks for.
pub(super) struct Runs {
    /// Their scenario.
    pub(super) scenario: Scenario,
    /// Their seeds.
    pub(super) seeds: Seeds,
    /// What to play instead of what the seed would draw.
    pub(super) script: Option<Script>,
    /// The flags for limits that come from a suite. A schedule has none.
    pub(super) limit_flags: Vec<String>,
    /// The figures that have a bound.
    pub(super) targets: Vec<Target>,
}

/// The seeds of runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seeds {
    /// A single run.
    One(u64),
    /// The first, and how many.
    Many(u64, usize),
}

impl Runs {
    /// How many guests there are at a time.
    pub(super) fn instances(&self) -> usize {
        let runs = match self.seeds {
            Seeds::One(_) => 1,
            Seeds::Many(_, count) => count.min(rayon::current_num_threads()),
        };
        runs * (self.scenario.options.cluster.count + 1) // one more while versions change
    }
}

impl SimArgs {
    /// The runs, whose options fit together.
    pub(super) fn runs(&self) -> Result<Runs, Failure> {
        let mut runs = match &self.schedule {
            Some(path) => {
                let Schedule {
                    seed,
                    mut scenario,
                    script,
                } = read_schedule(path)?;
                self.limits.apply(&mut scenario)?;
                Runs {
                    scenario,
                    seeds: Seeds::One(seed),
                    script: Some(script),
                    limit_flags: Vec::new(),
                    targets: Vec::new(),
                }
            }
            None => {
                let (scenario, limit_flags, targets) = self.scenario()?;
                Runs {
                    scenario,
                    seeds: self.seeds()?,
                    script: None,
                    limit_flags,
                    targets,
                }
            }
        };
        let usage = |error| Failure::new(Exit::Usage, error);
        runs.scenario.verify().map_err(usage)?;
        let workload = runs.scenario.workload;
        if let Some(target) = self.below.iter().find(|it| !it.measure.is_of(workload)) {
            let text = format!("--below: {workload} has no {}", target.measure.name());
            return Err(Failure::new(Exit::Usage, text));
        }
        // Other options may have changed the workload of the challenge.
        let is_asked = |target: &Target| {
            let is_given = self.below.iter().any(|it| it.measure == target.measure);
            target.measure.is_of(workload) && !is_given
        };
        runs.targets.retain(is_asked);
        runs.targets.extend_from_slice(&self.below);
        Ok(runs)
    }

    /// The scenario from the flags, or from a challenge and the flags; the flags for what no schedule
    /// will have of it; and the targets of the challenge.
    fn scenario(&self) -> Result<(Scenario, Vec<String>, Vec<Target>), Failure> {
        let Some(id) = &self.challenge else {
            if self.world.is_some() || self.suite.is_some() {
                let flag = match self.world {
                    Some(_) => "--world is for a world",
                    None => "--suite is for the suite",
                };
                let text = format!(
                    "{flag} of a challenge: add --challenge ID; `host suite list` lists them"
                );
                return Err(Failure::new(Exit::Usage, text));
            }
            let mut scenario = self.scenario.scenario()?;
            self.limits.apply(&mut scenario)?;
            scenario.options.guest_args.clone_from(&self.guest_args);
            return Ok((scenario, Vec::new(), Vec::new()));
        };
        let suite = suite_file::open(self.suite.as_deref())?;
        let challenge = suite_file::find(&suite, id)?;
        let setting = suite_file::setting(challenge, self.world.as_deref())?;
        if let (Some(explore), Some(world)) = (setting.explore(), &self.world) {
            let command = setting.scenario().explore_command(
                self.module(),
                setting.run_seed(setting.seeds()[0]),
                &explore.flags(),
            );
            let text = format!("the world {world} is explored, and has no runs: {command}");
            return Err(Failure::new(Exit::Usage, text));
        }
        let given = [self.scenario.given(), self.limits.given()].concat();
        let usage = |error| Failure::new(Exit::Usage, error);
        let mut scenario = setting.scenario_with(&given).map_err(usage)?;
        if !self.guest_args.is_empty() {
            scenario.options.guest_args.clone_from(&self.guest_args);
        }
        let is_given =
            |option: &ScenarioOption| given.iter().any(|(it, _)| std::ptr::eq(*it, option));
        let limits = option::ALL.iter().copied();
        let limits = limits.filter(|option| !option.is_in_schedules() && !is_given(option));
        let flags = limits.filter_map(|option| Some([option.flag(), option.get(&scenario)?]));
        let flags = flags.flatten().collect();
        Ok((scenario, flags, setting.targets().to_vec()))
    }

    /// The module that every node runs.
    pub(super) fn module(&self) -> &Path {
        let given = self.module.as_deref().or(self.path.as_deref());
        given.unwrap_or(Path::new("")) // clap asks for one of them
    }

    /// The largest journal, in bytes.
    pub(super) fn journal_bytes_max(&self) -> u64 {
        u64::from(self.max_journal_mib) << 20
    }

    /// What to show on stderr.
    pub(super) fn console(&self) -> Shown {
        Shown {
            logs: self.log_stderr,
            sends: self.log_net_send,
            receipts: self.log_net_recv,
        }
    }

    fn seeds(&self) -> Result<Seeds, Failure> {
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        if let Some(range) = self.seeds {
            return Ok(Seeds::Many(range.first, count(range.count)));
        }
        // Small enough to be typed again.
        let any = || RandomState::new().hash_one(0_u8) % 1_000_000;
        let seed = self.seed.unwrap_or_else(any);
        if self.test_count == 1 {
            return match self.keep_going {
                false => Ok(Seeds::One(seed)),
                true => Err(Failure::new(
                    Exit::Usage,
                    "--keep-going is for several runs: add --seeds A..B",
                )),
            };
        }
        if self.journal.is_some() || self.history.is_some() || self.write_schedule.is_some() {
            let text = "--journal, --history and --write-schedule are for one run, not for several \
                        (--test-count)";
            return Err(Failure::new(Exit::Usage, text));
        }
        if seed.checked_add(self.test_count).is_none() {
            return Err(Failure::new(
                Exit::Usage,
                "--seed is too large for --test-count",
            ));
        }
        Ok(Seeds::Many(seed, count(self.test_count)))
    }
}

fn read_schedule(path: &Path) -> Result<Schedule, Failure> {
    let cannot = |what: &dyn std::fmt::Display| {
        let text = format!("cannot play {}: {what}", path.display());
        Failure::new(Exit::Usage, text)
    };
    let text = read(path, "a schedule", SCHEDULE_BYTES_MAX).map_err(|error| cannot(&error))?;
    Schedule::read(&text).map_err(|error| cannot(&error))
}
