//! A run is a function of module, options and seed.

use std::process::Command;

use host_check::history::write_edn;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Distribution, Latency, NetworkModel, RunOptions, SECOND};
use sha2::{Digest, Sha256};
use strum::VariantArray;

use crate::simulated::runs::{broadcast, built, echo, options, run};

/// Everything at once.
fn stormy() -> RunOptions {
    RunOptions {
        rate: 50.0,
        faults: Fault::VARIANTS.to_vec(),
        nemesis_interval_ns: SECOND,
        latency: Latency {
            mean_ms: 20,
            distribution: Distribution::Exponential,
        },
        ..options(5, 8)
    }
}

#[test]
fn two_runs_are_the_same_to_the_byte_on_any_thread() {
    let once = || {
        let (report, journal) = run(broadcast(), Workload::Broadcast, &stormy(), 7);
        let history = write_edn(report.history.as_ref().unwrap());
        let result = serde_json::to_string(report.result.as_ref().unwrap()).unwrap();
        (journal, history, result)
    };
    let first = once();
    assert!(first.0.len() > 100_000);
    let others: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(once)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(others.into_iter().all(|other| other == first));
}

#[test]
fn another_seed_is_another_run() {
    let journal = |seed| run(broadcast(), Workload::Broadcast, &stormy(), seed).1;
    assert_ne!(journal(7), journal(8));
}

#[test]
fn the_program_and_the_library_write_the_same_journal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.jsonl");
    let output = Command::new(env!("CARGO_BIN_EXE_host"))
        .args([
            "sim",
            "-w",
            "broadcast",
            "--node-count",
            "5",
            "--time-limit",
            "8",
        ])
        .args([
            "--rate",
            "50",
            "--latency",
            "20",
            "--latency-dist",
            "exponential",
        ])
        .args([
            "--nemesis",
            "swap,clock-skew,kill,pause,loss,duplicate,one-way,slow,partition",
        ])
        .args(["--nemesis-interval", "1", "--seed", "7", "--no-cache"])
        .arg("--module")
        .arg(built("broadcast-retry"))
        .arg("--journal")
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}"); // killed nodes lose values
    let (_, journal) = run(broadcast(), Workload::Broadcast, &stormy(), 7);
    assert!(std::fs::read_to_string(&path).unwrap() == journal);
}

#[test]
fn seeds_in_parallel_give_what_each_gives_alone() {
    let with_threads = |threads: &str| {
        Command::new(env!("CARGO_BIN_EXE_host"))
            .env("RAYON_NUM_THREADS", threads)
            .args([
                "sim",
                "-w",
                "broadcast",
                "--node-count",
                "3",
                "--time-limit",
                "5",
            ])
            .args([
                "--nemesis",
                "partition",
                "--seeds",
                "0..12",
                "--format",
                "json",
            ])
            .arg("--module")
            .arg(built("broadcast-flood"))
            .output()
            .unwrap()
    };
    let (one, three) = (with_threads("1"), with_threads("3"));
    assert_eq!(one.status.code(), Some(1));
    let text = |output: &std::process::Output| String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text(&one), text(&three));
}

#[test]
fn this_very_run_is_the_same_everywhere() {
    let options = RunOptions {
        network: NetworkModel::Ideal,
        ..stormy()
    };
    let (_, journal) = run(echo(), Workload::Echo, &options, 1);
    let hash: String = Sha256::digest(journal)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        hash,
        "2a98e14af97d81cfa437ba5f566671bdeb41087de1a07a0dcc7f7b571110850d"
    );
}
