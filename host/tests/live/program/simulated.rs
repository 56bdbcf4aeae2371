//! Programs in the simulator.

use std::sync::LazyLock;

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_guest::Limits;
use host_sandbox::GuestModule;
use host_sim::journal::{JsonLines, Observer};
use host_sim::nemesis::Fault;
use host_sim::{Cluster, RunOptions, SECOND};
use host_trial::{Scenario, Trial, TrialResult};

use crate::program::driver::{built, load, load_bytes};
use crate::program::probe::probe;

static GOSSIP: LazyLock<GuestModule> =
    LazyLock::new(|| load(&built("go-gossip"), &Limits::default()));

fn run(
    module: &GuestModule,
    workload: Workload,
    options: &RunOptions,
    seed: u64,
) -> (TrialResult, String) {
    let trial = Trial::of(module, Scenario::with(workload, options.clone()));
    let mut journal = JsonLines::new(Vec::new(), u64::MAX);
    let observers: Vec<&mut dyn Observer> = vec![&mut journal];
    let report = trial.run(seed, observers);
    let journal = journal.finish().expect("memory can be written to");
    (report, String::from_utf8(journal).expect("it is JSON"))
}

fn options(count: usize, seconds: u64, rate: f64) -> RunOptions {
    RunOptions {
        cluster: Cluster::of(count),
        concurrency: count,
        time_limit_ns: seconds * SECOND,
        rate,
        ..RunOptions::default()
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

#[test]
fn a_gossip_in_go_survives_partitions() {
    for seed in 0..5 {
        let valid = valid(&GOSSIP, Workload::Broadcast, &challenge_3c(&[]), seed);
        assert_eq!(valid, Validity::True, "seed {seed}");
    }
}

#[test]
fn without_its_retry_it_does_not() {
    let options = challenge_3c(&["no-retry"]);
    let caught = (0..3)
        .filter(|seed| valid(&GOSSIP, Workload::Broadcast, &options, *seed) == Validity::False);
    assert_eq!(caught.count(), 3);
}

#[test]
fn two_runs_of_a_seed_have_the_same_journal_whatever_happens_to_the_nodes() {
    let options = RunOptions {
        faults: Fault::ALL
            .iter()
            .copied()
            .filter(|fault| *fault != Fault::Swap)
            .collect(),
        nemesis_interval_ns: SECOND,
        ..options(5, 8, 20.0)
    };
    let journal = |seed| run(&GOSSIP, Workload::Broadcast, &options, seed).1;
    let first = journal(7);
    assert!(first.len() > 100_000);
    let again = std::thread::scope(|scope| {
        scope
            .spawn(|| journal(7))
            .join()
            .expect("it does not panic")
    });
    assert!(again == first);
    assert_ne!(journal(8), first);
}

#[test]
fn a_counter_in_go_agrees_with_seq_kv() {
    let counter = load(&built("go-counter"), &Limits::default());
    let options = options(3, 10, 20.0);
    assert_eq!(
        valid(&counter, Workload::GCounter, &options, 1),
        Validity::True
    );
}

#[test]
fn echoes_in_every_language() {
    for name in ["go-echo", "c-echo", "rust-echo"] {
        let echo = load(&built(name), &Limits::default());
        let valid = valid(&echo, Workload::Echo, &options(1, 10, 10.0), 1);
        assert_eq!(valid, Validity::True, "{name}");
    }
}

#[test]
fn a_gossip_in_rust_with_blocking_reads_survives_partitions() {
    let gossip = load(&built("rust-gossip"), &Limits::default());
    let valid = valid(&gossip, Workload::Broadcast, &challenge_3c(&[]), 1);
    assert_eq!(valid, Validity::True);
}

/// Why the run stopped.
fn stopped(body: &str) -> String {
    let module = load_bytes(&probe(body), &Limits::default()).expect("it loads");
    let mut options = options(1, 5, 10.0);
    options.bounds.steps = 10_000;
    let (report, _) = run(&module, Workload::Echo, &options, 1);
    match &report.result {
        Ok(result) => panic!("it did not stop: {result:?}"),
        Err(stopped) => stopped.to_string(),
    }
}

#[test]
fn a_failure_is_reported_with_the_node_and_the_event() {
    assert_eq!(
        stopped("(call $exit (i32.const 3))"),
        "at 0 s, node n0: the guest failed in _start: it exited with code 3; a node runs until it \
         is stopped\n  \
         in: _start\n  \
         event: message {\"src\":\"c0\",\"dest\":\"n0\",\"body\":{\"node_id\":\"n0\",\
         \"node_ids\":[\"n0\"],\"type\":\"init\",\"msg_id\":1}}\n  \
         nothing that this step asked for was done"
    );
}

#[test]
fn a_program_that_waits_for_nanoseconds_cannot_stop_time() {
    let body = "(call $on_clock (i32.const 0) (i64.const 1) (i64.const 1) (i32.const 0))
         (loop $again
           (drop (call $poll (i32.const 0) (i32.const 1024) (i32.const 1) (i32.const 3036)))
           (br $again))";
    assert_eq!(
        stopped(body),
        "at 0.000010001 s, the nodes have handled more than 10000 events (--max-steps); do they send \
         or set timers without end?"
    );
}
