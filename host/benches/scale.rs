//! Measures how the cost of a run grows with nodes and with operations, and prints a table for docs/scale.md: a process of
//! `host sim` for each point, with the compiled module in its cache.
//!
//! `./runner.sh bench --bench scale` builds what this needs and runs it. `-- --all` adds the largest points, which take 6 GB of
//! memory and some minutes.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use test_support::memory::status_kib;
use test_support::{built, compiled, host};

/// How often the memory of a process is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// How many times the system counts processor time in a second, for programs: the same on all Linux.
const TICKS: f64 = 100.0;

/// What makes the bounds of a run no matter.
const UNBOUNDED: &str = "--max-steps 1000000000000 --max-run-fuel 1000000000000000 --max-run-memory-mib 1000000 \
                         --max-in-flight 100000000 --max-in-flight-mib 100000 --max-answers-mib 100000";

fn main() {
    let all = std::env::args().any(|arg| arg == "--all");
    let up_to = |most: usize| move |it: &usize| *it <= most || all;
    println!("| what | | wall | processor | memory | operations | messages |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for nodes in [10, 100, 1000] {
        let options =
            format!("-w broadcast --node-count {nodes} --rate 100 --time-limit 20 --latency 100");
        row("3d's options", nodes, "broadcast", &options);
    }
    for nodes in [10, 100, 1000, 10_000].into_iter().filter(up_to(1000)) {
        let options =
            format!("-w echo --node-count {nodes} --rate 100 --time-limit 60 --latency 20");
        row("membership, 60 s", nodes, "membership", &options);
    }
    for exponent in (3..=7).filter(|it| *it <= 6 || all) {
        let operations = 10_usize.pow(exponent);
        let seconds = operations as f64 / 50_000.0;
        let options = format!(
            "-w unique-ids --node-count 3 --concurrency 100 --rate 50000 --network ideal --time-limit {seconds}"
        );
        row("unique-ids, operations", operations, "unique-ids", &options);
    }
}

/// Runs it once, and prints what it took. The module is compiled before.
fn row(what: &str, count: usize, module: &str, options: &str) {
    let mut compiling = Command::new(host());
    compiling.args(["sim", "-w", "echo", "--node-count", "1", "--rate", "0"]);
    compiling
        .args(["--time-limit", "0.1", "--module"])
        .arg(built(module));
    compiling
        .arg("--cache-dir")
        .arg(compiled())
        .stdout(Stdio::null());
    compiling.status().expect("the host can be started");
    let before = children_s();
    let begin = Instant::now();
    let mut child = Command::new(host())
        .args(["sim", "--seed", "1", "--format", "json", "--module"])
        .arg(built(module))
        .arg("--cache-dir")
        .arg(compiled())
        .args(options.split_whitespace())
        .args(UNBOUNDED.split_whitespace())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the host can be started");
    let mut peak_kib = 0;
    while child.try_wait().expect("it can be waited for").is_none() {
        peak_kib = status_kib(&child.id().to_string(), "VmHWM").unwrap_or(peak_kib);
        thread::sleep(LOOK);
    }
    let wall = begin.elapsed();
    let output = child.wait_with_output().expect("its output can be read");
    assert!(output.status.success(), "{options}: the solution is right");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let (operations, messages) = (
        &result["results"]["stats"]["count"],
        &result["run"]["messages"],
    );
    println!(
        "| {what} | {count} | {:.2} s | {:.2} s | {} MiB | {operations} | {messages} |",
        wall.as_secs_f64(),
        children_s() - before,
        peak_kib >> 10,
    );
}

/// The processor time of all processes that were started here and have ended, in seconds.
fn children_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells it");
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    // User and system time of children are the fields 16 and 17; the first behind the name is the third.
    let fields = behind_name.split_whitespace().skip(13).take(2);
    let ticks: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS
}
