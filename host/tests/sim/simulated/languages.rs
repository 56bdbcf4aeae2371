//! Programs in Go, C and Rust (`host/tests/programs`) in the simulator.

use std::ops::Range;

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sandbox::GuestModule;
use host_sim::nemesis::Fault;
use host_sim::{RunOptions, SECOND};
use rayon::prelude::*;
use test_support::program;

use crate::simulated::runs::{self, load, run};

fn options(count: usize, seconds: u64, rate: f64) -> RunOptions {
    RunOptions {
        rate,
        ..runs::options(count, seconds)
    }
}

/// `--node-count 5 --nemesis partition --time-limit 20 --rate 10`
fn challenge_3c(guest_args: &[&str]) -> RunOptions {
    RunOptions {
        faults: vec![Fault::Partition],
        guest_args: guest_args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..options(5, 20, 10.0)
    }
}

fn valid(module: &GuestModule, workload: Workload, options: &RunOptions, seed: u64) -> Validity {
    let (report, journal) = run(module, workload, options, seed);
    if let Err(stopped) = &report.result {
        panic!("seed {seed}: {stopped}\n{journal:.2000}");
    }
    report.valid()
}

/// Whether two runs have the same journal, under all faults that need no second version.
fn repeats(module: &GuestModule) {
    let options = RunOptions {
        faults: Fault::PLAIN
            .iter()
            .copied()
            .filter(|fault| *fault != Fault::Swap)
            .collect(),
        nemesis_interval_ns: SECOND,
        ..options(5, 8, 20.0)
    };
    let journal = |seed| run(module, Workload::Broadcast, &options, seed).1;
    let first = journal(7);
    assert!(first.len() > 30_000);
    let again = std::thread::scope(|scope| {
        scope
            .spawn(|| journal(7))
            .join()
            .expect("it does not panic")
    });
    assert!(again == first);
    assert_ne!(journal(8), first);
}

/// A node that gossips, and repeats until it is acknowledged.
fn gossips_until_it_is_acknowledged(name: &str) {
    let module = load(&program(name));
    let judged = |args: &[&str], seeds: Range<u64>| -> Vec<Validity> {
        let options = challenge_3c(args);
        let seeds = seeds.into_par_iter();
        let judged = seeds.map(|seed| valid(&module, Workload::Broadcast, &options, seed));
        judged.collect()
    };
    assert_eq!(judged(&[], 0..20), [Validity::True; 20]);
    assert_eq!(judged(&["no-retry"], 0..3), [Validity::False; 3]);
    repeats(&module);
}

#[test]
fn a_gossip_in_go_with_a_log_file_and_signals_survives_partitions() {
    gossips_until_it_is_acknowledged("go-gossip");
}

#[test]
fn a_gossip_with_threads_in_rust_survives_partitions() {
    gossips_until_it_is_acknowledged("rust-threads");
}

#[test]
fn a_gossip_on_tokio_survives_partitions() {
    gossips_until_it_is_acknowledged("rust-tokio");
}

#[test]
fn a_counter_in_go_agrees_with_seq_kv() {
    let counter = load(&program("go-counter"));
    let options = options(3, 10, 20.0);
    assert_eq!(
        valid(&counter, Workload::GCounter, &options, 1),
        Validity::True
    );
}

#[test]
fn echoes_in_every_language() {
    for name in ["go-echo", "c-echo", "c-threads", "rust-echo"] {
        let echo = load(&program(name));
        let valid = valid(&echo, Workload::Echo, &options(1, 10, 10.0), 1);
        assert_eq!(valid, Validity::True, "{name}");
    }
}

#[test]
fn a_gossip_in_rust_with_blocking_reads_survives_partitions() {
    let gossip = load(&program("rust-gossip"));
    let valid = valid(&gossip, Workload::Broadcast, &challenge_3c(&[]), 1);
    assert_eq!(valid, Validity::True);
}
