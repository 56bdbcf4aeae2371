//! A run is a function of module, options and seed.

use host_check::history::write_edn;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Distribution, Hops, Latency, NetworkModel, RunOptions, SECOND};
use sha2::{Digest, Sha256};
use test_support::{Dir, Run, built, sim};

use crate::simulated::runs::{broadcast, echo, options, run};

/// All faults at once.
fn stormy() -> RunOptions {
    RunOptions {
        rate: 50.0,
        faults: Fault::PLAIN.to_vec(),
        nemesis_interval_ns: SECOND,
        latency: Latency {
            mean_ms: 20,
            distribution: Distribution::Exponential,
        },
        hops: None,
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
    let dir = Dir::new();
    let path = dir.path("journal.jsonl");
    let args = "-w broadcast --node-count 5 --time-limit 8 --rate 50 --latency 20 \
                --latency-dist exponential --nemesis-interval 1 --seed 7 \
                --nemesis swap,clock-skew,kill,power,wipe,pause,loss,duplicate,one-way,slow,partition,\
                disk-slow,disk-full,disk-error,bit-rot";
    let journal = ["--journal", path.to_str().unwrap()];
    let ended = sim("broadcast-retry", args, &journal);
    assert_eq!(ended.code(), Some(1), "{ended}"); // wiped nodes lose values
    let (_, journal) = run(broadcast(), Workload::Broadcast, &stormy(), 7);
    assert!(dir.read("journal.jsonl") == journal);
}

#[test]
fn seeds_in_parallel_give_what_each_gives_alone() {
    let args = "sim --no-cache -w broadcast --node-count 3 --time-limit 5 --nemesis partition \
                --seeds 0..12 --format json --module";
    let with_threads = |threads: &str| {
        let run = Run::host().env("RAYON_NUM_THREADS", threads);
        run.args(args.split(' '))
            .arg(built("broadcast-flood"))
            .end()
    };
    let (one, three) = (with_threads("1"), with_threads("3"));
    assert_eq!(one.code(), Some(1));
    assert_eq!(one.stdout, three.stdout);
}

#[test]
fn this_very_run_is_the_same_everywhere() {
    let options = RunOptions {
        network: NetworkModel::Ideal,
        hops: Some(Hops::of(300_000)),
        ..stormy()
    };
    let (_, journal) = run(echo(), Workload::Echo, &options, 1);
    let hash: String = Sha256::digest(journal)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        hash,
        "8d3db5b691feb223fbf8674956241d8986c2ea35d3ef7ac7683be57d086935e6"
    );
}
