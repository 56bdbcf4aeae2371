//! Measures programs as guests, in one process on one core, and prints a table of
//! medians; and what two different modules that nothing is known of take to compile.
//!
//! `./runner.sh bench` builds what this needs and runs it.

use std::path::Path;
use std::time::{Duration, Instant};

use host_check::workload::Workload;
use host_guest::{Event, EventKind, GuestOptions, Limits};
use host_sandbox::{Cache, GuestModule, Sandbox};
use host_sim::nemesis::Fault;
use host_sim::{Cluster, RunOptions, SECOND};
use host_trial::{Scenario, Trial};
use test_support::program;

const ECHOES: u32 = 20_000;

const INIT: &str = r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}"#;

fn main() {
    let directory = tempfile::tempdir().expect("there is room");
    let sandbox = || {
        let cache = Cache::open(directory.path().join("cache")).expect("the cache is ours");
        Sandbox::new(Some(cache)).expect("the sandbox works here")
    };
    println!("{:<58} {:>10}  budget", "what", "median");
    for (name, budget) in [("go-echo", "<= 3 ms"), ("rust-echo", ""), ("c-echo", "")] {
        let path = program(name);
        load(&sandbox(), &path); // fills the cache
        start(&sandbox(), name, budget);
        echoes(&load(&sandbox(), &path), name);
    }
    challenge_3c(&load(&sandbox(), &program("go-gossip")));
    for (first, second) in [
        ("go-gossip", "go-counter"),
        ("go-counter", "go-clock"),
        ("rust-echo", "rust-gossip"),
    ] {
        second_module(first, second);
    }
}

fn load(sandbox: &Sandbox, path: &Path) -> GuestModule {
    sandbox
        .load(path, &Limits::default())
        .expect("it is a guest")
}

/// The processor time to compile `first`, and then `second`, whose functions are looked for among
/// those of `first`.
fn second_module(first: &str, second: &str) {
    let directory = tempfile::tempdir().expect("there is room");
    let compile = |name| {
        let cache = Cache::open(directory.path().join("cache")).expect("the cache is ours");
        let sandbox = Sandbox::new(Some(cache)).expect("the sandbox works here");
        let begin = processor_time();
        load(&sandbox, &program(name));
        processor_time().saturating_sub(begin)
    };
    let times = [compile(first), compile(second)];
    let ratio = times[0].as_secs_f64() / times[1].as_secs_f64();
    row(
        &format!("{first}, then {second}: compiled, processor time"),
        &times.map(milliseconds).join(", "),
        &format!("{ratio:.2} times faster"),
    );
}

/// The processor time of all threads of this process.
fn processor_time() -> Duration {
    const TICKS_PER_SECOND: u64 = 100; // Linux shows that to all processes
    let text = std::fs::read_to_string("/proc/self/stat").expect("this is Linux");
    // The name of the command is in parentheses and may have spaces.
    let (_, fields) = text.rsplit_once(") ").expect("it has a command");
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u64 = ticks
        .map(|ticks| ticks.parse::<u64>().expect("a number"))
        .sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

fn row(what: &str, value: &str, budget: &str) {
    println!("{what:<58} {value:>10}  {budget}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn step(guest: &mut dyn host_guest::Guest, now_ns: u64, text: &str) -> usize {
    let event = Event {
        now_ns,
        node: "n1",
        kind: EventKind::Message(text),
    };
    guest.step(&event).expect("it answers").len()
}

/// From the compiled module to the answer to `init`, and the same from its file.
fn start(sandbox: &Sandbox, name: &str, budget: &str) {
    let path = program(name);
    let from_file = |_| {
        let begin = Instant::now();
        let module = load(sandbox, &path);
        let loaded = begin.elapsed();
        let mut guest = module.start(GuestOptions::default()).expect("it starts");
        step(guest.as_mut(), 1, INIT);
        (loaded, begin.elapsed() - loaded)
    };
    let (loads, starts): (Vec<_>, Vec<_>) = (0..41).map(from_file).unzip();
    let what = format!("{name}: read, vetted, mapped from the warm cache");
    row(&what, &milliseconds(median(loads)), "");
    let what = format!("{name}: started, to the answer to init");
    row(&what, &milliseconds(median(starts)), budget);
}

fn echoes(module: &GuestModule, name: &str) {
    let lines: Vec<String> = (0..ECHOES)
        .map(|i| {
            format!(
                r#"{{"id":{i},"src":"c1","dest":"n1","body":{{"echo":"Please echo {}","type":"echo","msg_id":{i}}}}}"#,
                i % 128
            )
        })
        .collect();
    let run = |_| {
        let mut guest = module.start(GuestOptions::default()).expect("it starts");
        step(guest.as_mut(), 1, INIT);
        let begin = Instant::now();
        for (i, line) in (2..).zip(&lines) {
            assert!(step(guest.as_mut(), i * 1_000_000, line) > 0, "{line}");
        }
        begin.elapsed()
    };
    let time = median((0..5).map(run).collect()) / ECHOES;
    let budget = if name.starts_with("go-") {
        "<= 100 µs"
    } else {
        ""
    };
    let microseconds = format!("{:.1} µs", time.as_secs_f64() * 1e6);
    row(
        &format!("{name}: an echo, {ECHOES} in a row"),
        &microseconds,
        budget,
    );
}

/// `--node-count 5 --nemesis partition --time-limit 20 --rate 10`
fn challenge_3c(module: &GuestModule) {
    let options = RunOptions {
        cluster: Cluster::of(5),
        concurrency: 5,
        rate: 10.0,
        time_limit_ns: 20 * SECOND,
        faults: vec![Fault::Partition],
        ..RunOptions::default()
    };
    let trial = Trial::of(module, Scenario::with(Workload::Broadcast, options));
    let run = |seed| {
        let begin = Instant::now();
        assert!(trial.run(seed, Vec::new()).result.is_ok(), "seed {seed}");
        begin.elapsed()
    };
    let time = median((0..9).map(run).collect());
    row(
        "go-gossip: challenge 3c, with checks",
        &milliseconds(time),
        "<= 1 s",
    );
}
