//! The command line of `host explore`, and the exploration that it asks for.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::super::limits::{CacheArgs, ModuleArgs};
use super::super::mounts::MountArgs;
use super::super::options::{AllLimits, Explorable, OptionArgs};
use super::super::output::Format;
use super::super::{Exit, Failure};
use host_explore::{Bounds, Budget, Guidance, Strategy, TimerOrder};
use host_sim::nanoseconds;
use host_trial::Scenario;
use host_trial::scenario::option::{self, Group};

/// Try all schedules of a small cluster: every order of messages, timers, operations and faults
///
/// `host sim` draws one schedule for each seed. This tries all of them within the bounds, the shortest
/// first, on the module itself, and says what was proved. docs/explore.md explains the bounds, and the
/// goals of workloads.
#[derive(Debug, Args)]
#[command(after_help = SHORT_END, after_long_help = LONG_END)]
#[command(mut_arg(option::WORKLOAD.name, |arg| arg.required(true)))]
#[command(mut_arg(option::NODE_COUNT.name, |arg| arg.default_value("3").help("Number of nodes, named n0, n1 and so on").long_help(None)))]
pub(crate) struct ExploreArgs {
    /// The same as --module.
    #[arg(value_name = "MODULE", conflicts_with = "module")]
    path: Option<PathBuf>,
    /// Arguments of every node, after `--`.
    #[arg(last = true, value_name = "GUEST_ARGS")]
    guest_args: Vec<String>,
    /// WebAssembly module that every node runs.
    #[arg(long, short, value_name = "FILE", required_unless_present = "path", help_heading = Group::Cluster.heading())]
    module: Option<PathBuf>,
    #[command(flatten)]
    scenario: OptionArgs<Explorable>,
    /// Seed of the operations, and of what nodes draw.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = Group::Clients.heading())]
    pub(super) seed: u64,
    #[command(flatten)]
    bounds: BoundArgs,
    #[command(flatten)]
    budget: BudgetArgs,
    /// Go on from this file, and keep the exploration in it when it ends or is stopped.
    ///
    /// The file is created if there is none. What was kept goes on with the same module, options and seed; --max-states,
    /// --max-states-mib, --threads and what is written can be others. For --strategy exhaustive.
    #[arg(long, value_name = "FILE", help_heading = BUDGET)]
    pub(super) resume: Option<PathBuf>,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    pub(super) format: Format,
    /// Write the schedule that fails to this file, for `host sim --schedule`.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) write_schedule: Option<PathBuf>,
    /// Write a report on the schedule that fails to this folder, as `host sim` does.
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    pub(super) report: Option<PathBuf>,
    /// Write a unit test that plays the schedule that fails to this file, in Rust.
    ///
    /// /dev/stdout prints it. It is for the solution's own crate, with host-testing.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) write_test: Option<PathBuf>,
    #[command(flatten)]
    pub(super) mounts: MountArgs,
    #[command(flatten)]
    pub(super) modules: ModuleArgs,
    #[command(flatten)]
    limits: OptionArgs<AllLimits>,
    #[command(flatten)]
    pub(super) cache: CacheArgs,
}

/// What is tried.
#[derive(Debug, Args)]
#[command(next_help_heading = BOUNDS)]
struct BoundArgs {
    /// Number of operations that clients begin, together.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = operations)]
    operations: usize,
    /// Number of timers that fire, or of bursts of them.
    #[arg(long, value_name = "N", default_value_t = 4)]
    fires: u32,
    /// Which of the timers that are set may fire next.
    #[arg(long, value_name = "ORDER", default_value = TimerOrder::default().name(), value_parser = timers())]
    timers: TimerOrder,
    /// With --timers bounded: by how much of its time a timer may be late, in millionths.
    #[arg(long, value_name = "PPM", value_parser = clap::value_parser!(u32).range(1..=DRIFT_PPM_MAX))]
    drift: Option<u32>,
    /// Number of messages between nodes that are lost.
    #[arg(long, value_name = "N", default_value_t = 0)]
    drops: u8,
    /// Number of messages between nodes that arrive twice.
    #[arg(long, value_name = "N", default_value_t = 0)]
    duplicates: u8,
    /// Number of times that a node is killed. It starts again, and its disk keeps all that was written.
    #[arg(long, value_name = "N", default_value_t = 0)]
    kills: u8,
    /// Number of times that a node's power fails: what it has not synced is lost.
    #[arg(long, value_name = "N", default_value_t = 0)]
    power: u8,
    /// Number of times that the network splits in two.
    #[arg(long, value_name = "N", default_value_t = 0)]
    partitions: u8,
    /// Number of times that a client gives up to wait for an answer.
    #[arg(long, value_name = "N", default_value_t = 0)]
    timeouts: u8,
    /// Number of messages that are late; all others arrive in the order of sending [default: any may be].
    ///
    /// Operations and faults come when only late messages are in flight. Schedules are longer then,
    /// and there are far fewer of them.
    #[arg(long, value_name = "N")]
    delays: Option<u32>,
    /// Longest schedule, in moves [default: as long as they are].
    #[arg(long, value_name = "N")]
    depth: Option<u32>,
    /// Virtual time for which the cluster runs undisturbed before anything is tried, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, allow_negative_numbers = true, value_parser = warm_up)]
    warm_up: f64,
    /// Whether states are left out that show nothing new; `off` is slower and finds the same.
    #[arg(long, value_name = "SWITCH", value_enum, default_value_t = Switch::On)]
    reductions: Switch,
    /// Nodes are alike: states that differ only in which node is which are met once.
    ///
    /// That the guest treats nodes alike is tested in each new step, with names exchanged; a guest of which it is not
    /// true is refused. For --strategy exhaustive and depth-first, built-in workloads, and at most 5 nodes.
    #[arg(long, conflicts_with = "delays")]
    symmetric: bool,
    /// Whether each state is also brought to its end without further faults, and judged there.
    #[arg(long, value_name = "SWITCH", value_enum, default_value_t = Switch::On)]
    ends: Switch,
}

/// When to stop.
#[derive(Debug, Args)]
#[command(next_help_heading = BUDGET)]
struct BudgetArgs {
    /// Which schedules are tried.
    #[arg(long, value_name = "NAME", default_value = EXHAUSTIVE, value_parser = strategies())]
    strategy: String,
    /// With --strategy exhaustive or depth-first: stop when so many states were met [default: 1000000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_states: Option<u64>,
    /// Stop when all that was met takes so much memory, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    max_states_mib: u32,
    /// With another strategy: number of schedules [default: 10000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    runs: Option<u64>,
    /// With --strategy pct: how many things have to come in a certain order for a bug to show [default: 3].
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pct_depth: Option<u32>,
    /// Number of threads [default: one for each core]. The result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=THREADS_MAX))]
    threads: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// The headings of options that no scenario has.
const BOUNDS: &str = "Bounds: what is tried";
const BUDGET: &str = "Strategy and budget";
const OUTPUT: &str = "Output";

/// The strategies that leave out nothing.
pub(super) const EXHAUSTIVE: &str = "exhaustive";
pub(super) const DEPTH_FIRST: &str = "depth-first";

/// Why there is nothing to resume.
const NOT_KEPT: &str = "--resume is for --strategy exhaustive; others are not kept";

/// The states of an exploration, and the runs of a guided search, if nothing else is asked for.
const STATES: usize = 1_000_000;
const RUNS: u64 = 10_000;

/// More operations than any exploration gets through.
const OPERATIONS_MAX: usize = 1000;

/// The longest warm-up, in seconds of virtual time.
const WARM_UP_MAX: f64 = 3600.0;

/// A timer that is late by all of its time.
const DRIFT_PPM_MAX: i64 = 1_000_000;

const THREADS_MAX: i64 = 1024;

/// The end of the short help.
const SHORT_END: &str = "\
Exit codes: 0 no failure; 1 a failure; 2 stopped at the budget, no failure so far; 3 not loaded,
130 interrupted, 254 usage, 255 bug.
`host explore --help` says more of each option, and has limits and examples.";

/// The end of the long help.
const LONG_END: &str = "\
Examples:
  All schedules of two nodes and two operations:
    host explore -w broadcast --node-count 2 --operations 2 my.wasm
  With a message lost, or a node killed, at any point:
    host explore -w broadcast --drops 1 --kills 1 my.wasm
  A cluster that is too large for all of them:
    host explore -w broadcast --node-count 5 --operations 10 --drops 2 --fires 40 --strategy pct my.wasm
  Three nodes of a Raft, after 3 s in which it elects a leader:
    host explore -w lin-kv --concurrency 2n --warm-up 3 --fires 8 --delays 1 my.wasm

Exit codes:
  0    everything within the bounds was tried, or all runs of a strategy were made: nothing fails
  1    a schedule fails, or the nodes do not get as far as the first operation
  2    unknown: stopped at the budget, or a goal is not known to be reached; nothing has failed so far
  3    the module cannot be loaded
  130  interrupted before everything was tried
  254  invalid usage, or a file that cannot be read or written
  255  internal error; also if the simulator does not fail in a schedule that is found to fail";

fn operations(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err(format!(
            "without operations no client sees anything: from 1 to {OPERATIONS_MAX}"
        )),
        Ok(number @ 1..=OPERATIONS_MAX) => Ok(number),
        _ => Err(format!(
            "expected a whole number from 1 to {OPERATIONS_MAX}"
        )),
    }
}

fn warm_up(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| (0.0..=WARM_UP_MAX).contains(seconds));
    seconds.ok_or_else(|| format!("expected a number from 0 to {WARM_UP_MAX}"))
}

fn strategies() -> PossibleValuesParser {
    let guided = Strategy::ALL.iter().map(|strategy| {
        PossibleValue::new(strategy.name()).help(match strategy {
            Strategy::Random => "What happens next is drawn, all as likely",
            Strategy::Pct => "Messages are prompt, but for a few that are late by any time",
            Strategy::Phases => "In each phase some nodes are cut off and some clocks are quick",
            Strategy::Pos => "Events have drawn priorities, and new ones where their order matters",
            Strategy::Novelty => "Go on from states that are unlike all before",
            Strategy::Mutate => "Change schedules that have reached such states",
        })
    });
    let all = [
        PossibleValue::new(EXHAUSTIVE).help("All of them, the shortest first"),
        PossibleValue::new(DEPTH_FIRST).help("All of them, in less memory, on one thread"),
    ];
    PossibleValuesParser::new(all.into_iter().chain(guided))
}

fn timers() -> impl TypedValueParser<Value = TimerOrder> {
    let values = TimerOrder::ALL.iter().map(|order| {
        PossibleValue::new(order.name()).help(match order {
            TimerOrder::Any => "Any of them: a node may be slow by any time",
            TimerOrder::Bursts => {
                "Any of them, and those of its node after it until that sends something"
            }
            TimerOrder::Ordered => "The one that is due first: no timer is late",
            TimerOrder::Bounded => "One that may be due first if clocks drift by --drift",
        })
    });
    let parser = PossibleValuesParser::new(values);
    parser.try_map(|name| name.parse::<TimerOrder>())
}

/// How schedules are chosen.
#[derive(Debug, Clone)]
pub(super) enum Search {
    /// All of them.
    All(Budget),
    /// All of them, in less memory.
    DepthFirst(Budget),
    /// By a strategy.
    Chosen(Guidance, Budget),
}

impl ExploreArgs {
    /// The scenario, whose options fit together.
    pub(super) fn scenario(&self) -> Result<Scenario, Failure> {
        let mut scenario = self.scenario.scenario()?;
        self.limits.apply(&mut scenario)?;
        scenario.options.guest_args.clone_from(&self.guest_args);
        let usage = |error| Failure::new(Exit::Usage, error);
        scenario.verify().map_err(usage)?;
        Ok(scenario)
    }

    pub(super) fn bounds(&self) -> Result<Bounds, Failure> {
        let it = &self.bounds;
        let usage = |text| Err(Failure::new(Exit::Usage, text));
        match (it.timers, it.drift) {
            (TimerOrder::Bounded, None) => {
                return usage(
                    "--timers bounded needs --drift PPM: 1000 lets a timer of 1 s be late by 1 ms",
                );
            }
            (TimerOrder::Any | TimerOrder::Bursts | TimerOrder::Ordered, Some(_)) => {
                return usage("--drift is for --timers bounded");
            }
            _ => {}
        }
        Ok(Bounds {
            operations: it.operations,
            fires: it.fires,
            drops: it.drops,
            duplicates: it.duplicates,
            kills: it.kills,
            power: it.power,
            partitions: it.partitions,
            timeouts: it.timeouts,
            delays: it.delays,
            depth: it.depth,
            timers: it.timers,
            drift_ppm: it.drift.unwrap_or(0),
            warm_up_ns: nanoseconds(it.warm_up),
            reduces: it.reductions == Switch::On,
            symmetric: it.symmetric,
            tries_ends: it.ends == Switch::On,
        })
    }

    /// How schedules are chosen, and how many of them.
    pub(super) fn search(&self) -> Result<Search, Failure> {
        let it = &self.budget;
        let usage = |text: &str| Err(Failure::new(Exit::Usage, text));
        let strategy = it.strategy.parse::<Strategy>().ok();
        let budget = Budget {
            bytes: usize::try_from(it.max_states_mib).map_or(usize::MAX, |mib| mib << 20),
            ..Budget::default()
        };
        if strategy != Some(Strategy::Pct) && it.pct_depth.is_some() {
            return usage("--pct-depth is for --strategy pct");
        }
        let Some(strategy) = strategy else {
            if it.runs.is_some() {
                return usage(
                    "--runs is for strategies that choose schedules, such as --strategy pct; all of them are \
                     tried by --strategy exhaustive and depth-first, up to --max-states",
                );
            }
            let states = it.max_states.map(usize::try_from);
            let budget = Budget {
                states: states.map_or(STATES, |states| states.unwrap_or(usize::MAX)),
                ..budget
            };
            return match it.strategy.as_str() {
                DEPTH_FIRST if self.resume.is_some() => usage(NOT_KEPT),
                DEPTH_FIRST => Ok(Search::DepthFirst(budget)),
                _ => Ok(Search::All(budget)),
            };
        };
        if self.resume.is_some() {
            return usage(NOT_KEPT);
        }
        if self.bounds.delays.is_some() {
            return usage(
                "--delays is for --strategy exhaustive and depth-first; others choose what is late",
            );
        }
        if self.bounds.symmetric {
            return usage(
                "--symmetric is for --strategy exhaustive and depth-first; others do not look for equal states",
            );
        }
        if it.max_states.is_some() {
            return usage(
                "--max-states is for --strategy exhaustive and depth-first; others stop after --runs",
            );
        }
        let guidance = Guidance {
            strategy,
            runs: it.runs.unwrap_or(RUNS),
            pct_depth: it.pct_depth.unwrap_or(Guidance::default().pct_depth),
        };
        Ok(Search::Chosen(guidance, budget))
    }

    /// Has all work in parallel use as many threads as were asked for. Returns how many those are.
    pub(super) fn use_threads(&self) -> Result<usize, Failure> {
        if let Some(threads) = self.budget.threads {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
            pool.build_global().map_err(|error| {
                let text = format!("cannot start {threads} threads: {error}; ask for fewer");
                Failure::new(Exit::Usage, text)
            })?;
        }
        Ok(rayon::current_num_threads())
    }

    /// The module that every node runs.
    pub(super) fn module(&self) -> &Path {
        let given = self.module.as_deref().or(self.path.as_deref());
        given.unwrap_or(Path::new("")) // clap asks for one of them
    }
}
