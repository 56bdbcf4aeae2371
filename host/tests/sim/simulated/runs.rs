//! Runs of the library, without the command line.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use host_check::workload::Workload;
use host_guest::{Limits, Start};
use host_sandbox::{GuestModule, Sandbox};
use host_sim::journal::{JsonLines, Observer};
use host_sim::{Cluster, RunOptions, SECOND};
use host_trial::{Scenario, Trial, TrialResult};
use serde_json::Value as Json;

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(None).unwrap());
static ECHO: LazyLock<GuestModule> = LazyLock::new(|| load(&built("echo")));
static KAFKA: LazyLock<GuestModule> = LazyLock::new(|| load(&built("kafka-mutants")));
static TXN: LazyLock<GuestModule> = LazyLock::new(|| load(&built("txn-mutants")));
static LIN_KV: LazyLock<GuestModule> = LazyLock::new(|| load(&built("lin-kv-mutants")));
static FLOOD: LazyLock<GuestModule> = LazyLock::new(|| load(&built("broadcast-flood")));
static RETRYING: LazyLock<GuestModule> = LazyLock::new(|| load(&built("broadcast-mutants")));
static BATCHED: LazyLock<GuestModule> = LazyLock::new(|| load(&built("broadcast-batched")));
static BROADCAST: LazyLock<GuestModule> = LazyLock::new(|| load(&built("broadcast-retry")));

/// The module of a package of this workspace.
pub(crate) fn built(name: &str) -> PathBuf {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasm32-wasip1/release");
    let path = guests.join(format!("{name}.wasm"));
    assert!(
        path.exists(),
        "{} is missing: run ./runner.sh build",
        path.display()
    );
    path
}

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

fn load(path: &Path) -> GuestModule {
    SANDBOX.load(path, &Limits::default()).unwrap()
}

/// A module from its bytes.
pub(crate) fn module(wasm: &[u8]) -> GuestModule {
    let file = tempfile::NamedTempFile::with_suffix(".wasm").unwrap();
    std::fs::write(file.path(), wasm).unwrap();
    load(file.path())
}

/// `count` nodes and as many clients, for `seconds` at the default rate.
pub(crate) fn options(count: usize, seconds: u64) -> RunOptions {
    RunOptions {
        cluster: Cluster::of(count),
        concurrency: count,
        time_limit_ns: seconds * SECOND,
        ..RunOptions::default()
    }
}

/// Under the strictest model and rules.
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

/// Runs with a journal, and a version to change to.
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

/// Why the run stopped.
pub(crate) fn stopped(report: &TrialResult) -> String {
    match &report.result {
        Ok(result) => panic!("it did not stop: {result:?}"),
        Err(stopped) => stopped.to_string(),
    }
}

/// The entries of a journal.
pub(crate) fn entries(journal: &str) -> Vec<Json> {
    let lines = journal.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The entries of one kind: `send`, `fault`.
pub(crate) fn of_kind(journal: &str, event: &str) -> Vec<Json> {
    let mut entries = entries(journal);
    entries.retain(|entry| entry["event"] == event);
    entries
}
