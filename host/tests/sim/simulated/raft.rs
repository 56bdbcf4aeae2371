//! Raft with a disk: right under faults of nodes and disks, and caught without its writes.

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Distribution, Latency, RunOptions, SECOND};
use test_support::built;

use crate::simulated::runs::{load, options, run};

fn exponential(mean_ms: u64) -> Latency {
    Latency {
        mean_ms,
        distribution: Distribution::Exponential,
    }
}

/// `--node-count COUNT --concurrency 4n --rate 100 --time-limit 20`, with slow syncs.
fn with_faults(count: usize, faults: &[Fault], args: &str) -> RunOptions {
    RunOptions {
        concurrency: 4 * count,
        rate: 100.0,
        latency: exponential(5),
        disk_latency: exponential(5),
        faults: faults.to_vec(),
        nemesis_interval_ns: SECOND,
        guest_args: args.split_whitespace().map(str::to_owned).collect(),
        ..options(count, 20)
    }
}

#[track_caller]
fn check(count: usize, faults: &[Fault]) {
    let module = load(&built("lin-kv"));
    for seed in 0..5 {
        let options = with_faults(count, faults, "");
        let (report, _) = run(&module, Workload::LinKv, &options, seed);
        assert_eq!(report.valid(), Validity::True, "{faults:?}, seed {seed}");
    }
}

#[test]
fn what_was_acknowledged_survives_kills_power_losses_partitions_and_loss() {
    let faults = [Fault::Power, Fault::Kill, Fault::Partition, Fault::Loss];
    check(3, &faults);
    check(5, &faults);
}

#[test]
fn a_minority_may_lose_its_disks() {
    check(5, &[Fault::Wipe]);
}

#[test]
fn disks_may_be_slow_or_fail() {
    check(3, &[Fault::Power, Fault::DiskError, Fault::DiskSlow]);
}

/// At the seed with which a challenge begins.
#[test]
fn raft_without_its_disk_writes_is_caught() {
    let module = load(&built("raft-mutants"));
    for (bug, expected) in [
        ("", Validity::True),
        ("--bug no-disk", Validity::False),
        ("--bug log-lost", Validity::False),
    ] {
        let args = format!("--design durable {bug}");
        let options = with_faults(3, &[Fault::Power], &args);
        let (report, _) = run(&module, Workload::LinKv, &options, 1);
        assert_eq!(report.valid(), expected, "{bug}");
    }
}
