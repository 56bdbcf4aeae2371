//! The command line of `host sim`, and the runs that it asks for.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::input::read;
use super::super::limits::{CacheArgs, ModuleArgs, fit_threads};
use super::super::mounts::MountArgs;
use super::super::options::{AllLimits, OptionArgs};
use super::super::output::{Format, TableFormat};
use super::super::{Exit, Failure};
use super::console::Shown;
use super::seeds::SeedSet;
use super::setting::SettingArgs;
use host_grade::grade::Shard;
use host_grade::suite::Target;
use host_sim::ranges::RUNS_MAX;
use host_sim::{Script, SeedRange};
use host_trial::Scenario;
use host_trial::scenario::option::{self, Group};
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
    setting: SettingArgs,
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
    /// With several seeds: run all of them, and show only what they show together.
    ///
    /// How many are valid, the first seeds of each anomaly, and each figure's median, 99th percentile and worst:
    /// as text, JSON or CSV, of a size that does not grow with the seeds.
    #[arg(long, conflicts_with_all = ["schedule", "watch", "report", "shrink", "journal", "history", "write_schedule"], help_heading = SEEDS)]
    pub(super) summary: bool,
    /// Run only share I of N of the seeds, and show a summary; `host merge` merges the JSON of the shares.
    #[arg(long, value_name = "I/N", requires = "seeds", conflicts_with_all = ["schedule", "watch", "report", "shrink"], help_heading = SEEDS)]
    pub(super) shard: Option<Shard>,
    /// Keep what the runs of a summary show in this file, and go on from there if it exists.
    ///
    /// It is written every 10 s and at the end, so after Ctrl-C, a crash or `kill -9` the same command goes on. The result is
    /// the same as without an interruption.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["schedule", "watch"], help_heading = SEEDS)]
    pub(super) resume: Option<PathBuf>,
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
    /// Format of the result; CSV is for summaries.
    #[arg(long, value_enum, default_value_t = TableFormat::Text, help_heading = OUTPUT)]
    format: TableFormat,
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
pub(in crate::cli) const SEEDS: &str = "Seeds and schedules";
pub(in crate::cli) const OUTPUT: &str = "Output";

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
  See what a thousand seeds show together:
    host sim --challenge 3d my.wasm --seeds 0..1000 --summary
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
pub(in crate::cli) fn in_schedules() -> Vec<&'static str> {
    let options = option::ALL.iter().filter(|it| it.is_in_schedules());
    let options = options.map(|option| option.name);
    options
        .chain(["challenge", "world", "suite"])
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
    /// Several.
    Many(SeedSet),
}

impl Runs {
    /// How many guests there are at a time, with as many threads as they allow.
    pub(super) fn instances(&self) -> Result<usize, Failure> {
        let guests = self.scenario.options.cluster.guests_max();
        let runs = match self.seeds {
            Seeds::One(_) => 1,
            Seeds::Many(seeds) => {
                fit_threads(guests)?;
                seeds.count.min(rayon::current_num_threads())
            }
        };
        Ok(runs * guests)
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
                let setting = self
                    .setting
                    .read(&self.limits, &self.guest_args, self.module())?;
                Runs {
                    scenario: setting.scenario,
                    seeds: self.seeds()?,
                    script: None,
                    limit_flags: setting.limit_flags,
                    targets: setting.targets,
                }
            }
        };
        let usage = |error| Failure::new(Exit::Usage, error);
        runs.scenario.verify().map_err(usage)?;
        runs.targets = self
            .setting
            .targets(&runs.scenario.workload, runs.targets)?;
        Ok(runs)
    }

    /// The module that every node runs.
    pub(super) fn module(&self) -> &Path {
        let given = self.module.as_deref().or(self.path.as_deref());
        given.unwrap_or(Path::new("")) // clap asks for one of them
    }

    /// Whether a summary is asked for.
    pub(super) fn summarises(&self) -> bool {
        self.summary || self.shard.is_some()
    }

    /// The format of a summary.
    pub(super) fn table_format(&self) -> TableFormat {
        self.format
    }

    /// The format of anything else, which is no table.
    pub(super) fn format(&self) -> Result<Format, Failure> {
        match self.format {
            TableFormat::Text => Ok(Format::Text),
            TableFormat::Json => Ok(Format::Json),
            TableFormat::Csv => Err(Failure::new(
                Exit::Usage,
                "--format csv is for what many runs show together: add --summary",
            )),
        }
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
        if let Some(range) = self.seeds {
            return Ok(Seeds::Many(SeedSet::share(range, self.shard)));
        }
        // Small enough to be typed again.
        let any = || RandomState::new().hash_one(0_u8) % 1_000_000;
        let seed = self.seed.unwrap_or_else(any);
        if self.test_count == 1 {
            let flag = match (self.keep_going, self.summary, self.shard) {
                (false, false, None) => return Ok(Seeds::One(seed)),
                (true, ..) => "--keep-going",
                (false, true, _) => "--summary",
                (false, false, Some(_)) => "--shard",
            };
            let text = format!("{flag} is for several runs: add --seeds A..B");
            return Err(Failure::new(Exit::Usage, text));
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
        let range = SeedRange {
            first: seed,
            count: self.test_count,
        };
        Ok(Seeds::Many(SeedSet::share(range, None)))
    }
}

/// The schedule in a file.
pub(in crate::cli) fn read_schedule(path: &Path) -> Result<Schedule, Failure> {
    let name = path.display().to_string();
    let text = read(path, "a schedule", SCHEDULE_BYTES_MAX);
    let text = text.map_err(|error| cannot_play(&name, &error))?;
    schedule_of(&text, &name)
}

/// The schedule that a text is, which comes from what has this name.
pub(in crate::cli) fn schedule_of(text: &[u8], name: &str) -> Result<Schedule, Failure> {
    Schedule::read(text).map_err(|error| cannot_play(name, &error))
}

fn cannot_play(name: &str, what: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Usage, format!("cannot play {name}: {what}"))
}
