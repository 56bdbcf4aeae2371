//! The examples of the SDKs on challenges 1 and 3c, and on those that ask for durability.

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sandbox::GuestModule;
use host_sim::nemesis::Fault;
use host_sim::{RunOptions, SECOND};
use test_support::{Dir, Ended, Run, compiled, program};

use crate::simulated::runs::{self, load, run};

fn valid(module: &GuestModule, workload: Workload, options: &RunOptions, seed: u64) -> Validity {
    let (report, journal) = run(module, workload, options, seed);
    if let Err(stopped) = &report.result {
        panic!("seed {seed}: {stopped}\n{journal:.2000}");
    }
    report.valid()
}

/// `--node-count 5 --nemesis partition --time-limit 20 --rate 10`
fn challenge_3c(guest_args: &[&str]) -> RunOptions {
    RunOptions {
        faults: vec![Fault::Partition],
        guest_args: guest_args.iter().map(|arg| (*arg).to_owned()).collect(),
        rate: 10.0,
        ..runs::options(5, 20)
    }
}

/// Every seed passes, every node is upgraded while it runs, two runs of a seed are the same to the byte, and without retries
/// every seed fails.
fn gossips(name: &str) {
    let module = load(&program(name));
    let broadcast = Workload::Broadcast;
    for seed in 0..20 {
        let valid = valid(&module, broadcast, &challenge_3c(&[]), seed);
        assert_eq!(valid, Validity::True, "{name}: seed {seed}");
    }
    for seed in 0..3 {
        let options = challenge_3c(&["--retry", "never"]);
        let valid = valid(&module, broadcast, &options, seed);
        assert_eq!(valid, Validity::False, "{name}: seed {seed}");
    }
    let swapped = RunOptions {
        faults: vec![Fault::Partition, Fault::Swap],
        nemesis_interval_ns: SECOND,
        ..challenge_3c(&[])
    };
    for seed in 0..3 {
        let valid = valid(&module, broadcast, &swapped, seed);
        assert_eq!(valid, Validity::True, "{name}: swapped, seed {seed}");
    }
    let stormy = RunOptions {
        faults: Fault::PLAIN.to_vec(),
        nemesis_interval_ns: SECOND,
        ..challenge_3c(&[])
    };
    let journal = |seed| run(&module, broadcast, &stormy, seed).1;
    let first = journal(7);
    assert!(first.len() > 100_000);
    assert!(first.contains("swapped"), "{name}");
    assert!(journal(7) == first, "{name}: another run of the same seed");
    assert!(journal(8) != first, "{name}");
}

#[test]
fn a_gossip_in_c_by_clang() {
    gossips("sdk-c-gossip");
}

#[test]
fn a_gossip_in_c_by_zig() {
    gossips("sdk-zig-gossip");
}

#[test]
fn a_gossip_in_go() {
    gossips("sdk-go-gossip");
}

#[test]
fn a_gossip_in_assemblyscript() {
    gossips("sdk-assemblyscript-gossip");
}

#[test]
fn echoes() {
    for name in [
        "sdk-c-echo",
        "sdk-wasi-echo",
        "sdk-zig-echo",
        "sdk-go-echo",
        "sdk-assemblyscript-echo",
    ] {
        let echo = load(&program(name));
        let valid = valid(&echo, Workload::Echo, &runs::options(1, 10), 1);
        assert_eq!(valid, Validity::True, "{name}");
    }
}

/// Five official seeds and every world of the suite pass, the exploration of all orders too; without syncs every seed fails; and a
/// node that is swapped again and again goes on with its log.
fn is_durable(name: &str, challenge: &str) {
    let dir = Dir::new();
    std::fs::copy(program(name), dir.path(&format!("{challenge}.wasm"))).unwrap();
    let suite = Run::host().args(["suite", "run", "--challenge", challenge]);
    let suite = suite.arg("--cache-dir").arg(compiled()).arg(dir.root());
    let ended = suite.end();
    assert_eq!(ended.code(), Some(0), "{name}: {ended}");
    assert!(ended.stdout.contains(" 14/14 "), "{name}: {ended}");
    let sim = |seeds: &str, flags: &[&str], guest: &[&str]| -> Ended {
        let run = Run::host().args(["sim", "--challenge", challenge]);
        let run = run.arg("--cache-dir").arg(compiled()).args(flags);
        let run = run.args(["--seeds", seeds]).arg(program(name));
        run.arg("--").args(guest).end()
    };
    let ended = sim("1..6", &[], &[]);
    assert_eq!(ended.code(), Some(0), "{name}: {ended}");
    for seed in 1..6 {
        let ended = sim(&format!("{seed}..{}", seed + 1), &[], &["--sync", "never"]);
        assert_eq!(ended.code(), Some(1), "{name}: {ended}");
        assert!(ended.stdout.contains(": INVALID\n"), "{name}: {ended}");
    }
    let swaps = ["--nemesis", "power,swap", "--nemesis-interval", "1"];
    let ended = sim("1..4", &swaps, &[]);
    assert_eq!(ended.code(), Some(0), "{name}: {ended}");
}

#[test]
fn a_durable_broadcast_in_c_by_clang() {
    is_durable("sdk-c-durable", "3c-durable");
}

#[test]
fn a_durable_broadcast_in_c_by_zig() {
    is_durable("sdk-zig-durable", "3c-durable");
}

#[test]
fn a_durable_log_in_go() {
    is_durable("sdk-go-durable", "5b-durable");
}

#[test]
fn a_durable_broadcast_in_assemblyscript() {
    is_durable("sdk-assemblyscript-durable", "3c-durable");
}
