//! Measures explorations on one thread: distinct states a second, and the memory that each takes.
//!
//! `cargo bench -p host --bench explore` after `./runner.sh build`. Memory is the most that an
//! exploration takes beyond what the process has at its beginning, for each state that it has met: with tables and frontier.
//! Each row is explored breadth first, and then depth first.

use std::time::{Duration, Instant};

use host_check::{Checks, Workload};
use host_explore::{Bounds, Budget, Exploration, TimerOrder};
use host_guest::Limits;
use host_sandbox::{GuestModule, Sandbox};
use host_sim::workload::Topology;
use host_sim::{Cluster, MS};
use host_trial::Scenario;
use test_support::built;
use test_support::memory::{peak_kib_since_last_call, status_kib};

const TRIES: usize = 3;

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    let pool = pool.build().expect("a thread starts");
    println!(
        "{:<60} {:>8} {:>11} {:>6} {:>9} {:>11}",
        "what", "states", "transitions", "s", "states/s", "bytes/state"
    );
    pool.install(|| {
        let any = Bounds {
            timers: TimerOrder::Any,
            tries_ends: false,
            ..Bounds::default()
        };
        let counts = Bounds {
            operations: 5,
            fires: 3,
            ..any.clone()
        };
        row(
            "g-counter, 3 nodes, 5 operations, 3 timers",
            "g-counter",
            Workload::GCounter,
            3,
            3,
            &counts,
            400_000,
        );
        let flood = Bounds {
            operations: 4,
            fires: 0,
            ..any.clone()
        };
        row(
            "flood, 4 nodes, 4 operations",
            "broadcast-flood",
            Workload::Broadcast,
            4,
            4,
            &flood,
            400_000,
        );
        let retries = Bounds {
            operations: 4,
            fires: 4,
            ..any.clone()
        };
        row(
            "broadcast with retries, 3 nodes, 4 operations, 4 timers",
            "broadcast-retry",
            Workload::Broadcast,
            3,
            3,
            &retries,
            400_000,
        );
        let with_ends = Bounds {
            tries_ends: true,
            ..retries
        };
        row(
            "the same, each state brought to its end",
            "broadcast-retry",
            Workload::Broadcast,
            3,
            3,
            &with_ends,
            100_000,
        );
        let election = Bounds {
            operations: 1,
            fires: 200,
            delays: Some(1),
            tries_ends: false,
            ..Bounds::default()
        };
        row(
            "our Raft, election and an operation, one message late",
            "lin-kv",
            Workload::LinKv,
            3,
            6,
            &election,
            1_000_000,
        );
        let kill = Bounds {
            operations: 3,
            fires: 80,
            kills: 1,
            delays: Some(0),
            warm_up_ns: 3000 * MS,
            tries_ends: false,
            ..Bounds::default()
        };
        row(
            "our Raft with a leader, 3 operations, 1 kill",
            "lin-kv",
            Workload::LinKv,
            3,
            6,
            &kill,
            1_000_000,
        );
    });
}

struct Measured {
    time: Duration,
    states: usize,
    transitions: u64,
    kib: u64,
}

fn row(
    what: &str,
    guest: &str,
    workload: Workload,
    nodes: usize,
    clients: usize,
    bounds: &Bounds,
    states: usize,
) {
    let sandbox = Sandbox::new(None).expect("the sandbox works here");
    let module = sandbox
        .load(&built(guest), &Limits::default())
        .expect("it is a guest");
    let mut scenario = Scenario::of(workload);
    scenario.options.cluster = Cluster::of(nodes);
    scenario.options.concurrency = clients;
    scenario.topology = Topology::Total;
    scenario.checks.checks = Checks::Strict;
    for order in [Order::Breadth, Order::Depth] {
        let measure = || measure(&module, &scenario, bounds, states, order);
        let what = match order {
            Order::Breadth => what,
            Order::Depth => "  depth first",
        };
        show(what, (0..TRIES).map(|_| measure()).collect());
    }
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Breadth,
    Depth,
}

fn show(what: &str, mut tries: Vec<Measured>) {
    tries.sort_unstable_by_key(|it| it.time);
    let Measured {
        time,
        states,
        transitions,
        ..
    } = tries[TRIES / 2];
    // The first has the whole memory to ask for, those after it what was given back.
    let kib = tries.iter().map(|it| it.kib).max().unwrap_or_default();
    let seconds = time.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
    let rate = states as f64 / seconds;
    let bytes = (kib << 10) / states as u64;
    println!("{what:<60} {states:>8} {transitions:>11} {seconds:>6.2} {rate:>9.0} {bytes:>11}");
}

fn measure(
    module: &GuestModule,
    scenario: &Scenario,
    bounds: &Bounds,
    states: usize,
    order: Order,
) -> Measured {
    let exploration = Exploration {
        module,
        scenario,
        bounds,
        budget: Budget {
            states,
            ..Budget::default()
        },
        seed: 1,
        operations: None,
    };
    peak_kib_since_last_call();
    let before = status_kib("self", "VmRSS").unwrap_or_default();
    let begin = Instant::now();
    let explored = match order {
        Order::Breadth => exploration.search(&mut |_| ()),
        Order::Depth => exploration.search_depth_first(&mut |_| ()),
    };
    let explored = explored.expect("the cluster begins");
    let time = begin.elapsed();
    Measured {
        time,
        states: explored.progress.states,
        transitions: explored.progress.transitions,
        kib: peak_kib_since_last_call().saturating_sub(before),
    }
}
