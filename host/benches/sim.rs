//! Measures the simulator on one core, whole runs with their checks, and prints a table
//! of medians.
//!
//! `./runner.sh bench` builds what this needs and runs it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use host_check::workload::Workload;
use host_guest::Limits;
use host_sandbox::{GuestModule, Sandbox};
use host_sim::workload::Topology;
use host_sim::{Cluster, Latency, RunOptions, SECOND};
use host_trial::{Scenario, Trial, TrialResult};
use test_support::{built, compiled, host};

const NODES: usize = 25;
const TRIES: usize = 9;

fn main() {
    let sandbox = Sandbox::pooled(None, NODES).expect("the sandbox works here");
    let flood = sandbox
        .load(&built("broadcast-flood"), &Limits::default())
        .expect("the flood is a guest");

    println!("{:<58} {:>10}  budget", "what", "median");
    let (time, report) = measure(&flood, Topology::Total, 0);
    row(
        "flood of 25 nodes, everybody a neighbour: messages a second",
        &format!("{:.0}", per_second(report.messages, time)),
        ">= 300,000",
    );
    let (time, report) = measure(&flood, Topology::Grid, 0);
    row(
        "flood of 25 nodes in a grid: messages a second",
        &format!("{:.0}", per_second(report.messages, time)),
        ">= 300,000",
    );
    let (time, _) = measure(&flood, Topology::Tree(4), 100);
    row(
        "challenge 3d on a tree, with checks",
        &milliseconds(time),
        "<= 100 ms",
    );
    let (time, _) = measure_run(
        &flood,
        Topology::Line,
        &RunOptions {
            rate: 0.0,
            time_limit_ns: SECOND,
            ..options(0)
        },
    );
    row(
        "25 nodes, started, asked once, ended",
        &milliseconds(time),
        "",
    );
    row(
        "challenge 3d with our solution, the whole process",
        &milliseconds(process(&["--challenge", "3d"])),
        "<= 30 ms",
    );
    row(
        "25 nodes of our solution, the whole process",
        &milliseconds(process(&[
            "--workload",
            "broadcast",
            "--node-count",
            "25",
            "--rate",
            "0",
            "--time-limit",
            "1",
        ])),
        "",
    );
}

/// The time of a process of `host sim` with seed 1, with the compiled module in its cache.
fn process(options: &[&str]) -> Duration {
    let run = || {
        let mut command = Command::new(host());
        command.args(["sim", "--seed", "1", "--module"]);
        command.arg(built("broadcast"));
        command.arg("--cache-dir").arg(compiled());
        command.args(options).stdout(Stdio::null());
        let begin = Instant::now();
        let status = command.status().expect("the host can be started");
        assert!(status.success(), "the solution is right");
        begin.elapsed()
    };
    run(); // fills the cache
    let mut times: Vec<Duration> = (0..2 * TRIES).map(|_| run()).collect();
    times.sort();
    times[TRIES]
}

fn options(latency_ms: u64) -> RunOptions {
    RunOptions {
        cluster: Cluster::of(NODES),
        concurrency: NODES,
        rate: 100.0,
        time_limit_ns: 20 * SECOND,
        latency: Latency {
            mean_ms: latency_ms,
            ..Latency::default()
        },
        ..RunOptions::default()
    }
}

/// The options of challenge 3d, but for the latency.
fn measure(module: &GuestModule, topology: Topology, latency_ms: u64) -> (Duration, TrialResult) {
    measure_run(module, topology, &options(latency_ms))
}

fn measure_run(
    module: &GuestModule,
    topology: Topology,
    options: &RunOptions,
) -> (Duration, TrialResult) {
    let mut scenario = Scenario::with(Workload::Broadcast, options.clone());
    scenario.topology = topology;
    let trial = Trial::of(module, scenario);
    let run = |_| {
        let start = Instant::now();
        let report = trial.run(1, Vec::new());
        (start.elapsed(), report)
    };
    let mut runs: Vec<(Duration, TrialResult)> = (0..TRIES).map(run).collect();
    runs.sort_by_key(|(time, _)| *time);
    runs.swap_remove(TRIES / 2)
}

fn row(what: &str, value: &str, budget: &str) {
    println!("{what:<58} {value:>10}  {budget}");
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
