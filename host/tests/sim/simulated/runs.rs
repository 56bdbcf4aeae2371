//! Runs of the simulator as a library.

use std::path::Path;
use std::sync::LazyLock;

use host_check::workload::Workload;
use host_guest::{Limits, Start};
use host_sandbox::{Cache, GuestModule, Sandbox};
use host_sim::journal::{JsonLines, Observer};
use host_sim::{Cluster, Hops, Latency, RunOptions, SECOND};
use host_trial::{Scenario, Trial, TrialResult};
use serde_json::Value as Json;
use test_support::{Dir, built, compiled, json_lines, with_placeholders};

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let cache = Cache::open(compiled()).unwrap();
    Sandbox::new(Some(cache)).unwrap()
});
static ECHO: LazyLock<GuestModule> = LazyLock::new(|| load(&built("echo")));
static KAFKA: LazyLock<GuestModule> = LazyLock::new(|| load(&built("kafka-mutants")));
static TXN: LazyLock<GuestModule> = LazyLock::new(|| load(&built("txn-mutants")));
static LIN_KV: LazyLock<GuestModule> = LazyLock::new(|| load(&built("lin-kv-mutants")));
static FLOOD: LazyLock<GuestModule> = LazyLock::new(|| load(&built("broadcast-flood")));
static RETRYING: LazyLock<GuestModule> = LazyLock::new(|| load(&built("broadcast-mutants")));
static BATCHED: LazyLock<GuestModule> = LazyLock::new(|| load(&built("broadcast-batched")));
static BROADCAST: LazyLock<GuestModule> = LazyLock::new(|| load(&built("broadcast-retry")));

pub(crate) fn echo() -> &'static GuestModule {
    &ECHO
}

pub(crate) fn flood() -> &'static GuestModule {
    &FLOOD
}

/// Broadcast by flooding with acknowledged retry, which forgets what it knew when it is killed.
pub(crate) fn retrying() -> &'static GuestModule {
    &RETRYING
}

/// The version of [`broadcast`] after that.
pub(crate) fn batched() -> &'static GuestModule {
    &BATCHED
}

pub(crate) fn broadcast() -> &'static GuestModule {
    &BROADCAST
}

/// The program with all the bugs in registers.
pub(crate) fn lin_kv() -> &'static GuestModule {
    &LIN_KV
}

/// The program with all the bugs in transactions.
pub(crate) fn txn() -> &'static GuestModule {
    &TXN
}

/// The program with all the bugs in kafka.
pub(crate) fn kafka() -> &'static GuestModule {
    &KAFKA
}

/// A module from its file.
pub(crate) fn load(path: &Path) -> GuestModule {
    SANDBOX.load(path, &Limits::default()).unwrap()
}

/// A module from its bytes.
pub(crate) fn module(wasm: &[u8]) -> GuestModule {
    let dir = Dir::new();
    load(&dir.write("guest.wasm", wasm))
}

/// `count` nodes and as many clients, for `seconds` at the default rate.
pub(crate) fn options(count: usize, seconds: u64) -> RunOptions {
    RunOptions {
        cluster: Cluster::of(count),
        concurrency: count,
        time_limit_ns: seconds * SECOND,
        hops: Some(Hops::of(0)), // times are round
        ..RunOptions::default()
    }
}

/// `--concurrency CLIENTS --rate 100 --latency LATENCY`, for ten seconds, with a bug of the program
/// or none.
pub(crate) fn with_bug(count: usize, clients: usize, latency_ms: u64, bug: &str) -> RunOptions {
    RunOptions {
        concurrency: clients,
        rate: 100.0,
        latency: Latency {
            mean_ms: latency_ms,
            ..Latency::default()
        },
        guest_args: bug.split_whitespace().map(str::to_owned).collect(),
        ..options(count, 10)
    }
}

/// A trial under the strictest consistency model and checks.
pub(crate) fn trial<'a>(
    module: &'a GuestModule,
    workload: Workload,
    options: &RunOptions,
) -> Trial<'a> {
    Trial::of(module, Scenario::with(workload, options.clone()))
}

/// Runs with a journal.
pub(crate) fn run(
    module: &GuestModule,
    workload: Workload,
    options: &RunOptions,
    seed: u64,
) -> (TrialResult, String) {
    run_trial(&trial(module, workload, options), seed)
}

/// Runs with a journal and a next version of the module.
pub(crate) fn run_with_next(
    module: &GuestModule,
    next_module: Option<&GuestModule>,
    workload: Workload,
    options: &RunOptions,
    seed: u64,
) -> (TrialResult, String) {
    let trial = Trial {
        next_module: next_module.map(|next| next as &dyn Start),
        ..trial(module, workload, options)
    };
    run_trial(&trial, seed)
}

/// Runs with a journal.
pub(crate) fn run_trial(trial: &Trial<'_>, seed: u64) -> (TrialResult, String) {
    let mut journal = JsonLines::new(Vec::new(), u64::MAX);
    let observers: Vec<&mut dyn Observer> = vec![&mut journal];
    let report = trial.run(seed, observers);
    let journal = String::from_utf8(journal.finish().unwrap()).unwrap();
    (report, journal)
}

/// Why the run stopped, with placeholders for sentences that other tests own.
pub(crate) fn stopped(report: &TrialResult) -> String {
    match &report.result {
        Ok(result) => panic!("it did not stop: {result:?}"),
        Err(stopped) => with_placeholders(&stopped.to_string()),
    }
}

/// The entries of one kind: `send`, `fault`.
pub(crate) fn of_kind(journal: &str, event: &str) -> Vec<Json> {
    let mut entries = json_lines(journal);
    entries.retain(|entry| entry["event"] == event);
    entries
}
