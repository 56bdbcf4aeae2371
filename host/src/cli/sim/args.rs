//! The command line of `host sim`, and the plain facts that it stands for.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::super::input::read;
use super::super::limits::{CacheArgs, LimitArgs};
use super::super::output::Format;
use super::super::rules::{GoalArgs, checks_parser, workload_parser};
use super::super::{EXIT_CODES, Exit, Failure};
use super::console::Shown;
use host_check::validity::Checks;
use host_check::workload::{CheckOptions, Workload};
use host_protocol::text::printable;
use host_sim::nemesis::Fault;
use host_sim::ranges::{
    KEYS_MAX, LATENCY_MS_MAX, NODES_MAX, RATE_MAX, RUNS_MAX, SECONDS_MAX, TXN_LENGTH_MAX,
};
use host_sim::workload::{Topology, TxnShape, WorkloadOptions, make};
use host_sim::{
    Bounds, Cluster, Concurrency, Distribution, Latency, NetworkModel, RunOptions, Script,
    SeedRange, nanoseconds,
};
use host_trial::schedule::Schedule;

/// Run nodes in a simulated cluster, in virtual time, and judge what clients see
///
/// The same module, options and seed give the same run, to the byte, everywhere.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct SimArgs {
    /// What clients do.
    #[arg(long, short, value_name = "NAME", value_parser = workload_parser(), required_unless_present = "schedule")]
    workload: Option<Workload>,
    /// The WebAssembly module that every node runs.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) module: PathBuf,
    /// How many nodes: n0, n1 and so on [default: five, n1 to n5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=NODES_MAX as i64))]
    node_count: Option<u32>,
    /// How many clients at a time: a number, or a number and n for so many a node.
    #[arg(long, value_name = "N", default_value = "1n")]
    concurrency: Concurrency,
    /// Operations a second, of all clients together; 0 makes none.
    #[arg(long, value_name = "OPS", default_value = "5", allow_negative_numbers = true, value_parser = number(0.0, RATE_MAX))]
    rate: f64,
    /// How long clients begin operations, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = number(0.001, SECONDS_MAX))]
    time_limit: f64,
    /// Mean time that a message between servers takes, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=LATENCY_MS_MAX))]
    latency: u64,
    /// How these times are distributed.
    #[arg(long, value_enum, default_value_t = LatencyDist::Constant)]
    latency_dist: LatencyDist,
    /// Who is whose neighbour: line, grid, tree, tree2, tree3, tree4 or total.
    #[arg(long, value_name = "SHAPE", default_value = "grid")]
    topology: Topology,
    /// How many keys transactions and kafka have at a time.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=i64::from(KEYS_MAX)))]
    key_count: u32,
    /// The most operations of a transaction.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=i64::from(TXN_LENGTH_MAX)))]
    max_txn_length: u32,
    /// How many writes a key has, in transactions and kafka, before another takes its place.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    max_writes_per_key: u32,
    /// What goes wrong: partition, kill, pause, loss, duplicate, one-way, slow, clock-skew, swap.
    #[arg(long, value_name = "FAULT,…", value_delimiter = ',')]
    nemesis: Vec<Fault>,
    /// The version that nodes change to with --swap-at or --nemesis swap
    /// [default: the same module again].
    #[arg(long, value_name = "FILE")]
    pub(crate) swap_module: Option<PathBuf>,
    /// When the nodes begin to change to it, one a second, while they run, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = number(0.0, SECONDS_MAX))]
    swap_at: Option<f64>,
    /// Mean time between the starts and stops of a fault, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = number(0.001, SECONDS_MAX))]
    nemesis_interval: f64,
    #[command(flatten)]
    goals: GoalArgs,
    /// Whose rules decide: Maelstrom's alone, or also what its checkers let pass although
    /// it is surely wrong.
    #[arg(long, value_name = "RULES", default_value = "strict", value_parser = checks_parser())]
    checks: Checks,
    /// Whether receivers wait for each message in turn, as Maelstrom's do, or take every
    /// message when it is due.
    #[arg(long, value_enum, default_value_t = Network::Maelstrom)]
    network: Network,
    /// Play the run that this file spells out. It has all of a run's options but the programs
    /// and their limits.
    #[arg(long, value_name = "FILE", conflicts_with_all = IN_SCHEDULES)]
    schedule: Option<PathBuf>,
    /// Spell the run out in this file, for --schedule.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "schedule"])]
    write_schedule: Option<PathBuf>,
    /// If the run is invalid, look for the shortest one that is so in the same way; tell what
    /// happens in it, and spell it out in this file.
    #[arg(long, value_name = "FILE")]
    shrink: Option<PathBuf>,
    /// Where all chance comes from [default: another one each time].
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Try all seeds from A to below B, in parallel, and show the first that fails.
    #[arg(long, value_name = "A..B", conflicts_with_all = ["test_count", "journal", "history"])]
    seeds: Option<SeedRange>,
    /// Run so many times, with the seed and those after it, and show the first that fails.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=RUNS_MAX))]
    test_count: u64,
    /// How to show the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write everything that happens to this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Write the history to this file: as EDN, or as JSON lines if it ends in .json.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Write a report to this folder: pages to open in a browser, drawings, results, history
    /// and journal. Of several seeds it is about the first that fails, or else the first.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Show on stderr what nodes log.
    #[arg(long)]
    log_stderr: bool,
    /// Show on stderr the messages that are sent.
    #[arg(long)]
    log_net_send: bool,
    /// Show on stderr the messages that are received.
    #[arg(long)]
    log_net_recv: bool,
    /// Events that all nodes together may handle.
    #[arg(long, value_name = "N", default_value_t = Bounds::default().steps, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Limits of the run")]
    max_steps: u64,
    /// Fuel that all nodes together may use.
    #[arg(long, value_name = "UNITS", default_value_t = Bounds::default().fuel, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Limits of the run")]
    max_run_fuel: u64,
    /// Linear memory of all nodes together, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = mebibytes(Bounds::default().memory_bytes), value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits of the run")]
    max_run_memory_mib: u32,
    /// Messages on their way at one time.
    #[arg(long, value_name = "N", default_value_t = Bounds::default().in_flight, help_heading = "Limits of the run")]
    max_in_flight: usize,
    /// The size of all of them together, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = mebibytes(Bounds::default().in_flight_bytes), value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits of the run")]
    max_in_flight_mib: u32,
    /// The size of all answers that clients receive, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = mebibytes(Bounds::default().answer_bytes), value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits of the run")]
    max_answers_mib: u32,
    /// The largest journal, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits of the run")]
    max_journal_mib: u32,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// Arguments for every node, after `--`.
    #[arg(last = true, value_name = "GUEST_ARGS")]
    guest_args: Vec<String>,
}

/// What a schedule says itself, by the names of the arguments.
pub(super) const IN_SCHEDULES: [&str; 22] = [
    "workload",
    "node_count",
    "concurrency",
    "rate",
    "time_limit",
    "latency",
    "latency_dist",
    "topology",
    "key_count",
    "max_txn_length",
    "max_writes_per_key",
    "nemesis",
    "swap_at",
    "nemesis_interval",
    "availability",
    "consistency_models",
    "checks",
    "network",
    "seed",
    "seeds",
    "test_count",
    "guest_args",
];

/// The largest schedule that is read.
const SCHEDULE_BYTES_MAX: u64 = 256 << 20;

/// Whole MiB, as flags have them.
fn mebibytes(bytes: usize) -> u32 {
    u32::try_from(bytes >> 20).unwrap_or(u32::MAX)
}

/// Reads a number in a range.
fn number(min: f64, max: f64) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync {
    move |text| match text.parse::<f64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(format!("expected a number from {min} to {max}")),
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LatencyDist {
    /// All are the mean.
    Constant,
    /// From 0 to twice the mean.
    Uniform,
    /// Most are short, some very long.
    Exponential,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Network {
    /// In turn.
    Maelstrom,
    /// When due.
    Ideal,
}

/// What the command line asks for.
pub(super) struct Plan {
    pub(super) workload: Workload,
    pub(super) topology: Topology,
    pub(super) txn: TxnShape,
    pub(super) options: RunOptions,
    pub(super) checks: CheckOptions,
    pub(super) seeds: Seeds,
    /// What to play instead of what the seed would draw.
    pub(super) script: Option<Script>,
    /// Where to spell the run out.
    pub(super) write_schedule: Option<PathBuf>,
    /// Where to spell out the shortest run that is invalid in the same way.
    pub(super) shrink: Option<PathBuf>,
    pub(super) format: Format,
    pub(super) journal: Option<PathBuf>,
    pub(super) journal_bytes_max: u64,
    pub(super) history: Option<PathBuf>,
    pub(super) report: Option<PathBuf>,
    pub(super) console: Shown,
}

/// Which runs to make.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seeds {
    One(u64),
    /// The first, and how many.
    Many(u64, usize),
}

impl Plan {
    pub(super) fn of(args: &SimArgs) -> Result<Self, Failure> {
        match (&args.schedule, args.workload) {
            (Some(path), _) => Plan::of_schedule(args, args.read_schedule(path)?),
            (None, Some(workload)) => Plan::of_options(args, workload),
            (None, None) => Err(Failure::new(Exit::Usage, "--workload is needed")),
        }
    }

    /// The run that a schedule spells out.
    fn of_schedule(args: &SimArgs, schedule: Schedule) -> Result<Self, Failure> {
        let options = RunOptions {
            limits: args.limits.limits(),
            bounds: args.bounds(),
            ..schedule.options
        };
        let settings = WorkloadOptions {
            cluster: options.cluster,
            concurrency: options.concurrency,
            topology: schedule.topology,
            txn: args.txn(),
            mean_latency_ms: options.latency.mean_ms,
        };
        Plan::new(args, schedule.workload, &settings, options, schedule.checks).map(|plan| Plan {
            seeds: Seeds::One(schedule.seed),
            script: Some(schedule.script),
            ..plan
        })
    }

    /// The runs that the command line describes.
    fn of_options(args: &SimArgs, workload: Workload) -> Result<Self, Failure> {
        let cluster = match args.node_count {
            Some(count) => Cluster::of(count as usize),
            None => Cluster::default(),
        };
        let concurrency = args.concurrency.workers(cluster);
        let concurrency = concurrency
            .map_err(|why| Failure::new(Exit::Usage, format!("--concurrency: {why}")))?;
        let mut faults = args.nemesis.clone();
        faults.sort_unstable();
        faults.dedup();
        let options = RunOptions {
            cluster,
            concurrency,
            rate: args.rate,
            time_limit_ns: nanoseconds(args.time_limit),
            latency: Latency {
                mean_ms: args.latency,
                distribution: match args.latency_dist {
                    LatencyDist::Constant => Distribution::Constant,
                    LatencyDist::Uniform => Distribution::Uniform,
                    LatencyDist::Exponential => Distribution::Exponential,
                },
            },
            network: match args.network {
                Network::Maelstrom => NetworkModel::Maelstrom,
                Network::Ideal => NetworkModel::Ideal,
            },
            faults,
            nemesis_interval_ns: nanoseconds(args.nemesis_interval),
            swap_after_ns: args.swap_at.map(nanoseconds),
            limits: args.limits.limits(),
            guest_args: args.guest_args.clone(),
            bounds: args.bounds(),
        };
        let settings = WorkloadOptions {
            cluster,
            concurrency,
            topology: args.topology,
            txn: args.txn(),
            mean_latency_ms: args.latency,
        };
        let checks = args.goals.options(args.checks);
        Plan::new(args, workload, &settings, options, checks)
    }

    fn new(
        args: &SimArgs,
        workload: Workload,
        settings: &WorkloadOptions,
        options: RunOptions,
        checks: CheckOptions,
    ) -> Result<Self, Failure> {
        make(workload, settings).map_err(|why| Failure::new(Exit::Usage, why))?;
        Ok(Plan {
            workload,
            topology: settings.topology,
            txn: settings.txn,
            options,
            checks,
            seeds: args.seeds()?,
            script: None,
            write_schedule: args.write_schedule.clone(),
            shrink: args.shrink.clone(),
            format: args.format,
            journal: args.journal.clone(),
            journal_bytes_max: u64::from(args.max_journal_mib) << 20,
            history: args.history.clone(),
            report: args.report.clone(),
            console: Shown {
                logs: args.log_stderr,
                sends: args.log_net_send,
                receipts: args.log_net_recv,
            },
        })
    }

    /// How many guests there will be at a time.
    pub(super) fn instances(&self) -> usize {
        let runs = match self.seeds {
            Seeds::One(_) => 1,
            Seeds::Many(_, count) => count.min(rayon::current_num_threads()),
        };
        runs * (self.options.cluster.count + 1) // one more while versions change
    }
}

impl SimArgs {
    fn read_schedule(&self, path: &Path) -> Result<Schedule, Failure> {
        let text = read(path, "a schedule", SCHEDULE_BYTES_MAX).map_err(|error| error.to_string());
        let schedule = text.and_then(|text| Schedule::read(&text));
        schedule.map_err(|what| {
            let text = format!("cannot play {}: {what}", path.display());
            Failure::new(Exit::Usage, printable(&text))
        })
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            steps: self.max_steps,
            fuel: self.max_run_fuel,
            memory_bytes: (self.max_run_memory_mib as usize) << 20,
            in_flight: self.max_in_flight,
            in_flight_bytes: (self.max_in_flight_mib as usize) << 20,
            answer_bytes: (self.max_answers_mib as usize) << 20,
        }
    }

    fn txn(&self) -> TxnShape {
        TxnShape {
            key_count: self.key_count as usize,
            max_txn_length: u64::from(self.max_txn_length),
            max_writes_per_key: i64::from(self.max_writes_per_key),
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
            return Ok(Seeds::One(seed));
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use host_grade::Suite;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        sim: SimArgs,
    }

    /// A grade's command to replay a run has to make that very run.
    #[test]
    fn the_flags_of_a_challenge_make_its_options_again() {
        for challenge in Suite::built_in().unwrap().challenges {
            let setup = &challenge.setup;
            let words = ["sim", "--module", "m.wasm"].map(str::to_owned).into_iter();
            let Words { sim } = Words::try_parse_from(words.chain(setup.flags())).unwrap();
            let plan = Plan::of(&sim).unwrap();
            let expected = RunOptions {
                bounds: plan.options.bounds,
                ..setup.options.clone()
            };
            assert_eq!(
                format!("{:?} {:?}", plan.options, plan.checks),
                format!("{expected:?} {:?}", setup.checks)
            );
            assert_eq!(
                format!("{:?} {:?} {:?}", plan.workload, plan.topology, plan.txn),
                format!("{:?} {:?} {:?}", setup.workload, setup.topology, setup.txn)
            );
        }
    }
}
