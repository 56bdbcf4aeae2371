//! What is acknowledged survives kills and losses of power, of all nodes too: our solutions, on a few seeds.
//! `solutions/*/trials.txt` has more of them.

use host_check::text::render_text;
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Distribution, Latency, RunOptions, SECOND};
use test_support::built;

use crate::simulated::runs::{load, options, run};

const SEEDS: u64 = 4;

/// `--concurrency 4n --rate 50 --disk-latency 5 --disk-latency-dist exponential --nemesis-interval 3`
fn under(faults: &[Fault], args: &[&str]) -> RunOptions {
    RunOptions {
        concurrency: 12,
        rate: 50.0,
        disk_latency: Latency {
            mean_ms: 5,
            distribution: Distribution::Exponential,
        },
        faults: faults.to_vec(),
        nemesis_interval_ns: 3 * SECOND,
        guest_args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..options(3, 20)
    }
}

#[track_caller]
fn check(name: &str, workload: Workload, strategies: &[&str]) {
    let module = load(&built(name));
    let crashes = [Fault::Power, Fault::Kill, Fault::Partition, Fault::Loss];
    let disks = [
        Fault::Power,
        Fault::DiskError,
        Fault::DiskFull,
        Fault::DiskSlow,
    ];
    for strategy in strategies {
        for faults in [crashes, disks] {
            let options = under(&faults, &["--strategy", strategy]);
            let mut valid = 0;
            for seed in 1..=SEEDS {
                let (report, _) = run(&module, workload, &options, seed);
                let result = report.result.as_ref().unwrap();
                let text = render_text(result);
                assert_ne!(
                    report.valid(),
                    Validity::False,
                    "{name} {strategy} {seed}: {text}"
                );
                valid += u64::from(report.valid() == Validity::True);
            }
            // With all nodes down most of the time, nothing may be left to judge.
            assert!(valid * 2 >= SEEDS, "{name} {strategy}: {valid}");
        }
    }
}

#[test]
fn kafka() {
    check("kafka", Workload::Kafka, &["merge"]);
}

#[test]
fn broadcast() {
    let strategies = ["star", "gossip", "plumtree", "flood"];
    check("broadcast", Workload::Broadcast, &strategies);
}

#[test]
fn g_set() {
    check("g-set", Workload::GSet, &["state", "op"]);
}

#[test]
fn g_counter() {
    check("g-counter", Workload::GCounter, &["state", "op"]);
}

#[test]
fn pn_counter() {
    check("pn-counter", Workload::PnCounter, &["state", "op"]);
}

#[test]
fn unique_ids() {
    let strategies = ["counter", "flake", "residue"];
    check("unique-ids", Workload::UniqueIds, &strategies);
}
