//! Runs, and what they leave behind.

use host_check::Checks;
use host_check::workload::Workload;
use host_guest::Start;
use host_sim::journal::JsonLines;
use host_sim::workload::{Topology, TxnShape, WorkloadOptions, make};
use host_sim::{
    Cluster, Hand, Hops, Outcome, RunOptions, SECOND, Script, Simulation, run as simulate, service,
};
use serde_json::Value as Json;

/// `count` nodes and as many clients, for `seconds` at the default rate. Messages take no time, so
/// that what happens has round times.
pub(crate) fn options(count: usize, seconds: u64) -> RunOptions {
    RunOptions {
        cluster: Cluster::of(count),
        concurrency: count,
        time_limit_ns: seconds * SECOND,
        hops: Some(Hops::of(0)),
        ..RunOptions::default()
    }
}

/// Runs with a journal.
pub(crate) fn run(
    program: &dyn Start,
    workload: Workload,
    options: &RunOptions,
    seed: u64,
) -> (Outcome, String) {
    simulated(program, workload, options, seed, None, (false, None))
}

/// The same, and records the script.
pub(crate) fn record(
    program: &dyn Start,
    workload: Workload,
    options: &RunOptions,
    seed: u64,
) -> (Outcome, String) {
    simulated(program, workload, options, seed, None, (true, None))
}

/// The same, with the operations and faults of a script.
pub(crate) fn play(
    program: &dyn Start,
    workload: Workload,
    options: &RunOptions,
    seed: u64,
    script: &Script,
) -> (Outcome, String) {
    simulated(
        program,
        workload,
        options,
        seed,
        Some(script),
        (false, None),
    )
}

/// The same while somebody touches the run. What is drawn is recorded.
pub(crate) fn touch(
    program: &dyn Start,
    workload: Workload,
    options: &RunOptions,
    seed: u64,
    script: Option<&Script>,
    hand: &mut dyn Hand,
) -> (Outcome, String) {
    let by_hand = (script.is_none(), Some(hand));
    simulated(program, workload, options, seed, script, by_hand)
}

fn simulated(
    program: &dyn Start,
    workload: Workload,
    options: &RunOptions,
    seed: u64,
    script: Option<&Script>,
    (records, hand): (bool, Option<&mut dyn Hand>),
) -> (Outcome, String) {
    let workload_options = WorkloadOptions {
        cluster: options.cluster,
        concurrency: options.concurrency,
        topology: Topology::default(),
        txn: TxnShape::default(),
        mean_latency_ms: options.latency.mean_ms,
        checks: Checks::default(),
    };
    let mut journal = JsonLines::new(Vec::new(), u64::MAX);
    let outcome = simulate(Simulation {
        module: program,
        next_module: None,
        options,
        seed,
        workload: make(workload, &workload_options).unwrap(),
        services: service::all(),
        memory: None,
        observers: vec![&mut journal],
        script,
        records,
        hand: hand.map(|hand| hand as &mut dyn Hand),
    });
    let journal = String::from_utf8(journal.finish().unwrap()).unwrap();
    (outcome, journal)
}

/// Why the run stopped.
#[track_caller]
pub(crate) fn stopped(outcome: &Outcome) -> String {
    let stopped = outcome.stopped.as_ref();
    stopped.expect("it did not stop").to_string()
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
