//! The options, in the order in which help texts and commands have them.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::definition::{
    Choice, Group, OptionError, ScenarioOption, SuiteKey, Values, items, read, reads,
};
use crate::scenario::custom::{find, is_workload_file, other_workloads};
use host_check::availability::Goal;
use host_check::txn::model::Model;
use host_check::validity::Checks;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::ranges::{
    HOP_MS_MAX, KEYS_MAX, LATENCY_MS_MAX, NODES_MAX, RATE_MAX, SECONDS_MAX, TXN_LENGTH_MAX,
};
use host_sim::workload::{AnyWorkload, Topology};
use host_sim::{
    Bounds, Cluster, Concurrency, Distribution, Hops, NetworkModel, Regions, nanoseconds, seconds,
};
use strum::VariantArray;

/// The most MiB that a 32-bit memory has.
const MEMORY_MIB_MAX: u64 = 4096;

/// The most bytes that a disk holds, which is in memory.
const DISK_BYTES_MAX: u64 = 1 << 32;

/// The largest of numbers that need no larger one.
const U32_MAX: u64 = u32::MAX as u64;

/// What some write for a run without faults.
const NO_FAULTS: &str = "none";

/// Why explorations have no rate and no time limit.
const ANY_START: &str = "operations begin in every order; --operations N says how many there are";

/// Why they have no latencies.
const ANY_ORDER: &str = "messages arrive in every order, and no time passes but for timers; --timers says which of those may fire";

/// Why they have no times of disks.
const ANY_SYNC: &str =
    "with --kills or --power a sync ends at any point of the order, and else at once";

/// Why they have no nemeses.
const BUDGETS: &str = "a fault is a budget there, and strikes at every point: --drops, --duplicates, --kills, \
                       --power, --partitions and --timeouts, each with a number";

/// No duration is shorter, in seconds, unless it may be zero.
const SECONDS_MIN: f64 = 0.001;

/// Defines the options and the list of all of them.
macro_rules! options {
    ($($id:ident: $help:literal, $option:expr;)*) => {
        $(
            #[doc = concat!($help, ".")]
            pub static $id: ScenarioOption = ScenarioOption { help: $help, ..$option };
        )*

        /// All options.
        pub static ALL: &[&ScenarioOption] = &[$(&$id),*];
    };
}

/// What most options have in common.
const USUAL: ScenarioOption = ScenarioOption {
    name: "",
    short: None,
    value_name: "N",
    help: "",
    more: "",
    default: None,
    group: Group::Clients,
    values: Values::Whole(0, u64::MAX),
    suite: SuiteKey::Optional,
    unexplored: None,
    unit: "",
    set: |_, _| Ok(()),
    write: |_| None,
};

/// What the limits of a guest have in common.
const GUEST_LIMIT: ScenarioOption = ScenarioOption {
    group: Group::GuestLimits,
    suite: SuiteKey::Limit(None),
    ..USUAL
};

/// What the limits of a run have in common.
const RUN_LIMIT: ScenarioOption = ScenarioOption {
    group: Group::RunLimits,
    suite: SuiteKey::Limit(None),
    ..USUAL
};

options! {
    WORKLOAD: "Workload that clients run", ScenarioOption {
        name: "workload",
        short: Some('w'),
        value_name: "NAME",
        more: "Or a file that ends in .wasm: a workload of your own, see docs/workloads.md. FILE#HASH also checks its SHA-256.",
        values: Values::Names {
            choices: || {
                let built_in = Workload::ALL.iter().map(|it| it.name());
                plain(built_in.chain(other_workloads().iter().copied()))
            },
            check: |text| match is_workload_file(text) || other_workloads().contains(&text) {
                true => Ok(()),
                false => reads::<Workload>(text),
            },
        },
        suite: SuiteKey::Required,
        set: |scenario, text| {
            scenario.workload = find(text).map_err(OptionError::Invalid)?;
            Ok(())
        },
        write: |scenario| Some(scenario.workload.to_string()),
        ..USUAL
    };
    OPTION: "Options of a workload of your own, such as accounts=5", ScenarioOption {
        name: "option",
        short: Some('o'),
        value_name: "NAME=VALUE,...",
        more: "Each is a flag of its own, too, unless the command has one with this name: `-w bank --accounts 5`. `host sim -w bank --help` lists them.",
        values: Values::List {
            check: |text| match text.split_once('=') {
                Some((name, _)) if !name.is_empty() => Ok(()),
                _ => Err(OptionError::Invalid(format!("expected NAME=VALUE, found {text:?}"))),
            },
        },
        set: |scenario, text| {
            let given: Vec<&str> = items(text).collect();
            match &scenario.workload {
                AnyWorkload::Custom(custom) => {
                    let with_them = custom.with_options(&given).map_err(OptionError::Invalid)?;
                    scenario.workload = AnyWorkload::Custom(with_them);
                    Ok(())
                }
                AnyWorkload::BuiltIn(_) if given.is_empty() => Ok(()),
                AnyWorkload::BuiltIn(workload) => Err(OptionError::Invalid(format!(
                    "{workload} is built in, and its options are flags of their own: see --help"
                ))),
            }
        },
        write: |scenario| Some(scenario.workload.options().join(",")),
        ..USUAL
    };
    NODE_COUNT: "Number of nodes, named n0, n1 and so on [default: 5, named n1 to n5]", ScenarioOption {
        name: "node-count",
        more: "\
With more than 100 nodes the limits of a run that are not given are as many times the default as
there are hundreds of nodes.",
        group: Group::Cluster,
        values: Values::Whole(1, NODES_MAX as u64),
        suite: SuiteKey::Required,
        set: |scenario, text| {
            let cluster = Cluster::of(read(text)?);
            scenario.options.cluster = cluster;
            scenario.options.concurrency = cluster.count; // the default, 1n
            scenario.options.bounds = Bounds::of_nodes(cluster.count); // limits come later
            Ok(())
        },
        write: |scenario| {
            let cluster = scenario.options.cluster;
            (cluster != Cluster::default()).then(|| cluster.count.to_string())
        },
        ..USUAL
    };
    CONCURRENCY: "Number of clients at a time: N, or Nn for N per node", ScenarioOption {
        name: "concurrency",
        more: "Each waits for an answer before it asks again.",
        default: Some("1n"),
        values: Values::NumberOrText {
            expected: "a number, or \"2n\" for two a node",
            check: reads::<Concurrency>,
        },
        set: |scenario, text| {
            let workers = read::<Concurrency>(text)?.workers(scenario.options.cluster);
            scenario.options.concurrency =
                workers.map_err(|error| OptionError::Invalid(error.to_string()))?;
            Ok(())
        },
        write: |scenario| {
            let options = &scenario.options;
            Some(match options.concurrency == options.cluster.count {
                true => "1n".to_owned(),
                false => options.concurrency.to_string(),
            })
        },
        ..USUAL
    };
    RATE: "Operations per second, of all clients together; 0 starts none", ScenarioOption {
        name: "rate",
        unexplored: Some(ANY_START),
        value_name: "OPS",
        default: Some("5"),
        values: Values::Decimal(0.0, RATE_MAX),
        suite: SuiteKey::Required,
        unit: " a second",
        set: |scenario, text| {
            scenario.options.rate = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.rate.to_string()),
        ..USUAL
    };
    TIME_LIMIT: "Time during which clients start operations, in seconds", ScenarioOption {
        name: "time-limit",
        unexplored: Some(ANY_START),
        value_name: "SECONDS",
        default: Some("60"),
        values: Values::Decimal(SECONDS_MIN, SECONDS_MAX),
        suite: SuiteKey::Required,
        unit: " s",
        set: |scenario, text| {
            scenario.options.time_limit_ns = duration_ns(text)?;
            Ok(())
        },
        write: |scenario| Some(seconds(scenario.options.time_limit_ns)),
        ..USUAL
    };
    LATENCY: "Mean latency of messages between servers, in milliseconds", ScenarioOption {
        name: "latency",
        unexplored: Some(ANY_ORDER),
        group: Group::Network,
        value_name: "MS",
        default: Some("0"),
        values: Values::Whole(0, LATENCY_MS_MAX),
        unit: " ms",
        set: |scenario, text| {
            scenario.options.latency.mean_ms = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.latency.mean_ms.to_string()),
        ..USUAL
    };
    LATENCY_DIST: "Distribution of latencies", ScenarioOption {
        name: "latency-dist",
        unexplored: Some(ANY_ORDER),
        group: Group::Network,
        value_name: "SHAPE",
        default: Some("constant"),
        values: Values::Names {
            choices: distributions,
            check: |text| one_of::<Distribution>(text).map(drop),
        },
        set: |scenario, text| {
            scenario.options.latency.distribution =
                one_of::<Distribution>(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.latency.distribution.to_string()),
        ..USUAL
    };
    LATENCY_MATRIX: "Regions and what is between them: a file, its text, or a preset", ScenarioOption {
        name: "latency-matrix",
        unexplored: Some(ANY_ORDER),
        group: Group::Network,
        value_name: "FILE",
        more: "\
The file says `regions us eu`, then for each a row of one-way latencies in ms (`us 0.5 40`); and perhaps
`nodes eu n0 n3-n7` (else in turn), `clients us` (else near their nodes), `services us`, `loss us eu 0.5`
(per cent) and `bandwidth us eu 100` (Mbit/s of each link). The mean of --latency is added.
Presets, from public measurements: azure-2024, azure-2024-europe.",
        values: Values::TextOrFile { check: reads::<Regions> },
        set: |scenario, text| {
            scenario.options.regions = Some(Arc::new(read(text)?));
            Ok(())
        },
        write: |scenario| scenario.options.regions.as_ref().map(ToString::to_string),
        ..USUAL
    };
    HOP_TIME: "Median time of a message between two processes besides its latency, in milliseconds [default: as under Maelstrom: 0.155 to 2.2 of a client's request, by the rate, 0.03 of others]", ScenarioOption {
        name: "hop-time",
        unexplored: Some(ANY_ORDER),
        group: Group::Network,
        value_name: "MS",
        more: "\
Each message draws its own, from half of the median to several times as much. With 0, messages
without latency arrive at the moment at which they are sent, and operations start on time.",
        values: Values::Decimal(0.0, HOP_MS_MAX),
        unit: " ms",
        set: |scenario, text| {
            let median_ns = nanoseconds(read::<f64>(text)? / 1e3);
            scenario.options.hops = Some(Hops::of(median_ns));
            Ok(())
        },
        write: |scenario| scenario.options.hops.map(|hops| seconds(hops.message_ns.saturating_mul(1000))),
        ..USUAL
    };
    DISK_LATENCY: "Mean time of a sync of a node's disk, in milliseconds", ScenarioOption {
        name: "disk-latency",
        unexplored: Some(ANY_SYNC),
        more: "A node waits for its syncs: it handles no message and no timer meanwhile.",
        group: Group::Cluster,
        value_name: "MS",
        default: Some("0"),
        values: Values::Whole(0, LATENCY_MS_MAX),
        unit: " ms",
        set: |scenario, text| {
            scenario.options.disk_latency.mean_ms = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.disk_latency.mean_ms.to_string()),
        ..USUAL
    };
    DISK_LATENCY_DIST: "Distribution of the times of syncs", ScenarioOption {
        name: "disk-latency-dist",
        unexplored: Some(ANY_SYNC),
        group: Group::Cluster,
        value_name: "SHAPE",
        default: Some("constant"),
        values: Values::Names {
            choices: distributions,
            check: |text| one_of::<Distribution>(text).map(drop),
        },
        set: |scenario, text| {
            scenario.options.disk_latency.distribution =
                one_of::<Distribution>(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.disk_latency.distribution.to_string()),
        ..USUAL
    };
    TOPOLOGY: "Neighbours in broadcast: line, grid, tree, tree2, tree3, tree4 or total", ScenarioOption {
        name: "topology",
        more: "The clients send it to the nodes as `topology`, and nodes may ignore it.",
        group: Group::Cluster,
        value_name: "SHAPE",
        default: Some("grid"),
        values: Values::Text { check: reads::<Topology> },
        set: |scenario, text| {
            scenario.topology = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.topology.to_string()),
        ..USUAL
    };
    KEY_COUNT: "Number of keys at a time, in transactions and kafka", ScenarioOption {
        name: "key-count",
        default: Some("10"),
        values: Values::Whole(1, KEYS_MAX as u64),
        set: |scenario, text| {
            scenario.txn.key_count = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.txn.key_count.to_string()),
        ..USUAL
    };
    MAX_TXN_LENGTH: "Maximum number of operations in a transaction", ScenarioOption {
        name: "max-txn-length",
        default: Some("4"),
        values: Values::Whole(1, TXN_LENGTH_MAX as u64),
        set: |scenario, text| {
            scenario.txn.max_txn_length = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.txn.max_txn_length.to_string()),
        ..USUAL
    };
    MAX_WRITES_PER_KEY: "Number of writes to a key before another replaces it, in transactions and kafka", ScenarioOption {
        name: "max-writes-per-key",
        default: Some("16"),
        values: Values::Whole(1, U32_MAX),
        set: |scenario, text| {
            scenario.txn.max_writes_per_key = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.txn.max_writes_per_key.to_string()),
        ..USUAL
    };
    NEMESIS: "Faults to inject, such as `partition` or `kill,pause`; `none` for none", ScenarioOption {
        name: "nemesis",
        unexplored: Some(BUDGETS),
        more: "\
Faults that start and stop at random:
  partition   links are cut, in the shapes that Maelstrom draws
  kill        processes end and start again; their disks keep all that was written
  power       the same, but what was written and not synced may be lost
  wipe        the same, but the disks are empty afterwards
  pause       nodes stop; messages and timers wait
  loss        a part of the messages between nodes is lost
  duplicate   a part of them arrives twice
  one-way     nodes send, and receive nothing
  slow        half of the links have ten times the latency
  clock-skew  clocks jump ahead and run at other speeds
  swap        nodes change to --swap-module while they run
  disk-slow   syncs take ten times as long, at least 100 ms more
  disk-full   nothing can be written, and syncs fail
  disk-error  syncs fail, and what was not synced may be lost
  bit-rot     a bit on a disk flips
Faults that wait for a bad moment, such as an answer to a client:
  isolate     links around one node are cut
  chain       one node after another is cut off
  flip        one majority, then another
  flap        links are cut many times, for a moment each
  stall       a node stops between an event and what follows
  hold        messages wait for up to a minute
  lose-one    exactly one message of a link is lost
  hunt        one of these after another",
        group: Group::Faults,
        value_name: "FAULT,…",
        values: Values::List { check: |text| if text == NO_FAULTS { Ok(()) } else { reads::<Fault>(text) } },
        set: |scenario, text| {
            let named = if text == NO_FAULTS { "" } else { text };
            let mut faults: Vec<Fault> = items(named).map(read).collect::<Result<_, _>>()?;
            faults.sort_unstable();
            faults.dedup();
            scenario.options.faults = faults;
            Ok(())
        },
        write: |scenario| {
            let faults = scenario.options.faults.iter();
            let names: Vec<String> = faults.map(ToString::to_string).collect();
            (!names.is_empty()).then(|| names.join(","))
        },
        ..USUAL
    };
    SWAP_AT: "Time from which nodes change to --swap-module, one node per second, in seconds", ScenarioOption {
        name: "swap-at",
        unexplored: Some("nodes do not change versions there"),
        group: Group::Faults,
        value_name: "SECONDS",
        values: Values::Decimal(0.0, SECONDS_MAX),
        suite: SuiteKey::None("a submission has one version of its program"),
        unit: " s",
        set: |scenario, text| {
            scenario.options.swap_after_ns = Some(duration_ns(text)?);
            Ok(())
        },
        write: |scenario| scenario.options.swap_after_ns.map(seconds),
        ..USUAL
    };
    NEMESIS_INTERVAL: "Mean time from a start or end of a fault to the next, in seconds", ScenarioOption {
        name: "nemesis-interval",
        unexplored: Some(BUDGETS),
        group: Group::Faults,
        value_name: "SECONDS",
        default: Some("10"),
        values: Values::Decimal(SECONDS_MIN, SECONDS_MAX),
        unit: " s",
        set: |scenario, text| {
            scenario.options.nemesis_interval_ns = duration_ns(text)?;
            Ok(())
        },
        write: |scenario| Some(seconds(scenario.options.nemesis_interval_ns)),
        ..USUAL
    };
    AVAILABILITY: "Fraction of operations that must succeed: `total`, or a number from 0 to 1 [default: any]", ScenarioOption {
        name: "availability",
        unexplored: Some("few operations say nothing about how many succeed"),
        value_name: "PART",
        group: Group::Checks,
        values: Values::NumberOrText {
            expected: "\"total\" or a number from 0 to 1",
            check: reads::<Goal>,
        },
        set: |scenario, text| {
            scenario.checks.availability = Some(read(text)?);
            Ok(())
        },
        write: |scenario| scenario.checks.availability.map(|goal| goal.to_string()),
        ..USUAL
    };
    CONSISTENCY_MODELS: "Consistency models that transactions must satisfy", ScenarioOption {
        name: "consistency-models",
        more: "\
Some of them, from weak to strong: read-uncommitted, read-committed, snapshot-isolation,
serializable, strict-serializable.",
        value_name: "MODEL,…",
        default: Some("strict-serializable"),
        group: Group::Checks,
        values: Values::List { check: reads::<Model> },
        set: |scenario, text| {
            let models: Vec<Model> = items(text).map(read).collect::<Result<_, _>>()?;
            if models.is_empty() {
                let why = "expected at least one consistency model: without any, nothing that \
                           transactions do is wrong; leave the option out for strict-serializable";
                return Err(OptionError::Invalid(why.to_owned()));
            }
            scenario.checks.consistency_models = models;
            Ok(())
        },
        write: |scenario| {
            let models = scenario.checks.consistency_models.iter();
            let names: Vec<&str> = models.map(|model| model.name()).collect();
            Some(names.join(","))
        },
        ..USUAL
    };
    CHECKS: "Rules to judge by: Maelstrom's, or strict ones that also refuse what its checkers miss", ScenarioOption {
        name: "checks",
        value_name: "RULES",
        default: Some("strict"),
        group: Group::Checks,
        values: Values::Names {
            choices: || plain(Checks::ALL.iter().map(|it| it.name())),
            check: reads::<Checks>,
        },
        set: |scenario, text| {
            scenario.checks.checks = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.checks.checks.name().to_owned()),
        ..USUAL
    };
    NETWORK: "Order in which a receiver takes messages", ScenarioOption {
        name: "network",
        unexplored: Some(ANY_ORDER),
        group: Group::Network,
        value_name: "MODEL",
        default: Some("maelstrom"),
        values: Values::Names {
            choices: || {
                let choices = NetworkModel::VARIANTS.iter().map(|it| Choice {
                    name: it.into(),
                    help: match it {
                        NetworkModel::Maelstrom => "Wait for each message in turn, as Maelstrom's receivers do",
                        NetworkModel::Ideal => "Take every message when it is due",
                    },
                });
                choices.collect()
            },
            check: |text| one_of::<NetworkModel>(text).map(drop),
        },
        set: |scenario, text| {
            scenario.options.network = one_of::<NetworkModel>(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.network.to_string()),
        ..USUAL
    };
    MAX_MEMORY_MIB: "Maximum linear memory, in MiB", ScenarioOption {
        name: "max-memory-mib",
        value_name: "MIB",
        default: Some("128"),
        values: Values::Whole(1, MEMORY_MIB_MAX),
        suite: SuiteKey::Limit(Some("memory-mib")),
        set: |scenario, text| {
            scenario.options.limits.memory_bytes = bytes(text)?;
            Ok(())
        },
        write: |scenario| mebibytes(scenario.options.limits.memory_bytes),
        ..GUEST_LIMIT
    };
    MAX_FUEL: "Maximum fuel for one step; an instruction takes about one unit", ScenarioOption {
        name: "max-fuel",
        value_name: "UNITS",
        default: Some("10000000000"),
        values: Values::Whole(1, u64::MAX),
        suite: SuiteKey::Limit(Some("step-fuel")),
        set: |scenario, text| {
            scenario.options.limits.fuel = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.limits.fuel.to_string()),
        ..GUEST_LIMIT
    };
    MAX_STEP_MS: "Maximum wall time for one step, in milliseconds, checked every 100 ms", ScenarioOption {
        name: "max-step-ms",
        value_name: "MS",
        default: Some("100000"),
        values: Values::Whole(1, U32_MAX),
        set: |scenario, text| {
            scenario.options.limits.wall = Duration::from_millis(read(text)?);
            Ok(())
        },
        write: |scenario| Some(scenario.options.limits.wall.as_millis().to_string()),
        ..GUEST_LIMIT
    };
    MAX_OUTPUT_BYTES: "Maximum number of bytes that one step returns", ScenarioOption {
        name: "max-output-bytes",
        value_name: "BYTES",
        default: Some("8388608"),
        set: |scenario, text| {
            scenario.options.limits.output_bytes = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.limits.output_bytes.to_string()),
        ..GUEST_LIMIT
    };
    MAX_EFFECTS: "Maximum number of effects (messages, timers, log lines) of one step", ScenarioOption {
        name: "max-effects",
        default: Some("10000"),
        set: |scenario, text| {
            scenario.options.limits.effects = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.limits.effects.to_string()),
        ..GUEST_LIMIT
    };
    MAX_TIMERS: "Maximum number of timers outstanding at a time", ScenarioOption {
        name: "max-timers",
        default: Some("10000"),
        set: |scenario, text| {
            scenario.options.limits.timers = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.limits.timers.to_string()),
        ..GUEST_LIMIT
    };
    MAX_LOG_BYTES: "Maximum number of bytes that one step prints to stdout and stderr", ScenarioOption {
        name: "max-log-bytes",
        value_name: "BYTES",
        default: Some("262144"),
        set: |scenario, text| {
            scenario.options.limits.log_bytes = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.limits.log_bytes.to_string()),
        ..GUEST_LIMIT
    };
    MAX_DISK_BYTES: "Maximum number of bytes of all files on a node's disk", ScenarioOption {
        name: "max-disk-bytes",
        value_name: "BYTES",
        default: Some("67108864"),
        values: Values::Whole(0, DISK_BYTES_MAX),
        set: |scenario, text| {
            scenario.options.limits.disk_bytes = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.limits.disk_bytes.to_string()),
        ..GUEST_LIMIT
    };
    MAX_STEPS: "Maximum number of events that all nodes together handle", ScenarioOption {
        name: "max-steps",
        default: Some("20000000"),
        values: Values::Whole(1, u64::MAX),
        suite: SuiteKey::Limit(Some("steps")),
        set: |scenario, text| {
            scenario.options.bounds.steps = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.bounds.steps.to_string()),
        ..RUN_LIMIT
    };
    MAX_RUN_FUEL: "Maximum fuel of all nodes together", ScenarioOption {
        name: "max-run-fuel",
        value_name: "UNITS",
        default: Some("430000000000"),
        values: Values::Whole(1, u64::MAX),
        suite: SuiteKey::Limit(Some("run-fuel")),
        set: |scenario, text| {
            scenario.options.bounds.fuel = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.bounds.fuel.to_string()),
        ..RUN_LIMIT
    };
    MAX_RUN_MEMORY_MIB: "Maximum memory of all nodes and services together, in MiB", ScenarioOption {
        name: "max-run-memory-mib",
        value_name: "MIB",
        default: Some("384"),
        values: Values::Whole(1, U32_MAX),
        suite: SuiteKey::Limit(Some("run-memory-mib")),
        set: |scenario, text| {
            scenario.options.bounds.memory_bytes = bytes(text)?;
            Ok(())
        },
        write: |scenario| mebibytes(scenario.options.bounds.memory_bytes),
        ..RUN_LIMIT
    };
    MAX_IN_FLIGHT: "Maximum number of messages in flight", ScenarioOption {
        name: "max-in-flight",
        default: Some("100000"),
        set: |scenario, text| {
            scenario.options.bounds.in_flight = read(text)?;
            Ok(())
        },
        write: |scenario| Some(scenario.options.bounds.in_flight.to_string()),
        ..RUN_LIMIT
    };
    MAX_IN_FLIGHT_MIB: "Maximum size of all messages in flight, in MiB", ScenarioOption {
        name: "max-in-flight-mib",
        value_name: "MIB",
        default: Some("32"),
        values: Values::Whole(1, U32_MAX),
        set: |scenario, text| {
            scenario.options.bounds.in_flight_bytes = bytes(text)?;
            Ok(())
        },
        write: |scenario| mebibytes(scenario.options.bounds.in_flight_bytes),
        ..RUN_LIMIT
    };
    MAX_ANSWERS_MIB: "Maximum size of all answers that clients receive, as values, in MiB", ScenarioOption {
        name: "max-answers-mib",
        value_name: "MIB",
        default: Some("32"),
        values: Values::Whole(1, U32_MAX),
        set: |scenario, text| {
            scenario.options.bounds.answer_bytes = bytes(text)?;
            Ok(())
        },
        write: |scenario| mebibytes(scenario.options.bounds.answer_bytes),
        ..RUN_LIMIT
    };
}

/// The shapes of times.
fn distributions() -> Vec<Choice> {
    let choices = Distribution::VARIANTS.iter().map(|it| Choice {
        name: it.into(),
        help: match it {
            Distribution::Constant => "All are the mean",
            Distribution::Uniform => "From 0 to twice the mean",
            Distribution::Exponential => "Most are short, some very long",
        },
    });
    choices.collect()
}

/// Names that need no explanation.
fn plain(names: impl Iterator<Item = &'static str>) -> Vec<Choice> {
    names.map(|name| Choice { name, help: "" }).collect()
}

/// The variant with this name.
fn one_of<T>(text: &str) -> Result<T, OptionError>
where
    T: FromStr + VariantArray + Copy + Into<&'static str>,
{
    text.parse().map_err(|_| {
        let names: Vec<&str> = T::VARIANTS.iter().map(|it| (*it).into()).collect();
        let names = names.join(", ");
        OptionError::Invalid(format!("expected one of {names}, found `{text}`"))
    })
}

/// Seconds as nanoseconds.
fn duration_ns(text: &str) -> Result<u64, OptionError> {
    read(text).map(nanoseconds)
}

/// MiB as bytes.
fn bytes(text: &str) -> Result<usize, OptionError> {
    read::<usize>(text).map(|mebibytes| mebibytes << 20)
}

/// Bytes as MiB.
fn mebibytes(bytes: usize) -> Option<String> {
    Some((bytes >> 20).to_string())
}
