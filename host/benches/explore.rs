//! Measures explorations on one thread: distinct states a second of processor time, and the memory that each takes.
//!
//! `cargo bench -p host --bench explore` after `./runner.sh build`. Memory is the most that an
//! exploration takes beyond what the process has at its beginning, for each state that it has met: with tables and frontier.
//! Each row is explored breadth first, and then depth first, in a process of its own.

use std::process::Command;
use std::time::Duration;
use std::{env, fs};

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

/// What is explored.
struct Row {
    what: &'static str,
    guest: &'static str,
    workload: Workload,
    nodes: usize,
    clients: usize,
    bounds: Bounds,
    states: usize,
}

fn rows() -> Vec<Row> {
    let any = Bounds {
        timers: TimerOrder::Any,
        tries_ends: false,
        ..Bounds::default()
    };
    let retries = Bounds {
        operations: 4,
        fires: 4,
        ..any.clone()
    };
    let of_broadcast = |what, bounds, states| Row {
        what,
        guest: "broadcast-retry",
        workload: Workload::Broadcast,
        nodes: 3,
        clients: 3,
        bounds,
        states,
    };
    let of_raft = |what, bounds| Row {
        what,
        guest: "lin-kv",
        workload: Workload::LinKv,
        nodes: 3,
        clients: 6,
        bounds,
        states: 1_000_000,
    };
    vec![
        Row {
            what: "g-counter, 3 nodes, 5 operations, 3 timers",
            guest: "g-counter",
            workload: Workload::GCounter,
            nodes: 3,
            clients: 3,
            bounds: Bounds {
                operations: 5,
                fires: 3,
                ..any.clone()
            },
            states: 400_000,
        },
        Row {
            what: "flood, 4 nodes, 4 operations",
            guest: "broadcast-flood",
            workload: Workload::Broadcast,
            nodes: 4,
            clients: 4,
            bounds: Bounds {
                operations: 4,
                fires: 0,
                ..any
            },
            states: 400_000,
        },
        of_broadcast(
            "broadcast with retries, 3 nodes, 4 operations, 4 timers",
            retries.clone(),
            400_000,
        ),
        of_broadcast(
            "the same, each state brought to its end",
            Bounds {
                tries_ends: true,
                ..retries
            },
            100_000,
        ),
        of_raft(
            "our Raft, election and an operation, one message late",
            Bounds {
                operations: 1,
                fires: 200,
                delays: Some(1),
                tries_ends: false,
                ..Bounds::default()
            },
        ),
        of_raft(
            "our Raft with a leader, 3 operations, 1 kill",
            Bounds {
                operations: 3,
                fires: 80,
                kills: 1,
                delays: Some(0),
                warm_up_ns: 3000 * MS,
                tries_ends: false,
                ..Bounds::default()
            },
        ),
    ]
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Breadth,
    Depth,
}

fn main() {
    let args: Vec<String> = env::args().collect();
    let mut numbers = args.iter().filter_map(|arg| arg.parse::<usize>().ok());
    if let (Some(row), Some(order)) = (numbers.next(), numbers.next()) {
        let order = [Order::Breadth, Order::Depth][order];
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
        let pool = pool.build().expect("a thread starts");
        pool.install(|| show(&rows()[row], order));
        return;
    }
    println!(
        "{:<60} {:>8} {:>11} {:>6} {:>9} {:>11}",
        "what", "states", "moves", "s", "states/s", "bytes/state"
    );
    let itself = env::current_exe().expect("it runs");
    for row in 0..rows().len() {
        for order in [0, 1] {
            // Memory that one has given back is no memory of the next.
            let mut command = Command::new(&itself);
            let status = command.args([row.to_string(), order.to_string()]).status();
            assert!(status.is_ok_and(|status| status.success()));
        }
    }
}

struct Measured {
    time: Duration,
    states: usize,
    transitions: u64,
    kib: u64,
}

fn show(row: &Row, order: Order) {
    let sandbox = Sandbox::new(None).expect("the sandbox works here");
    let module = sandbox
        .load(&built(row.guest), &Limits::default())
        .expect("it is a guest");
    let mut scenario = Scenario::of(row.workload);
    scenario.options.cluster = Cluster::of(row.nodes);
    scenario.options.concurrency = row.clients;
    scenario.topology = Topology::Total;
    scenario.checks.checks = Checks::Strict;
    let mut tries: Vec<Measured> = (0..TRIES)
        .map(|_| measure(&module, &scenario, row, order))
        .collect();
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
    let what = match order {
        Order::Breadth => row.what,
        Order::Depth => "  depth first",
    };
    println!("{what:<60} {states:>8} {transitions:>11} {seconds:>6.2} {rate:>9.0} {bytes:>11}");
}

fn measure(module: &GuestModule, scenario: &Scenario, row: &Row, order: Order) -> Measured {
    let exploration = Exploration {
        module,
        scenario,
        bounds: &row.bounds,
        budget: Budget {
            states: row.states,
            ..Budget::default()
        },
        seed: 1,
        operations: host_explore::Operations::Drawn,
    };
    peak_kib_since_last_call();
    let before = status_kib("self", "VmRSS").unwrap_or_default();
    let begin = processor_time();
    let explored = match order {
        Order::Breadth => exploration.search(&mut |_| ()),
        Order::Depth => exploration.search_depth_first(&mut |_| ()),
    };
    let explored = explored.expect("the cluster begins");
    Measured {
        time: processor_time() - begin,
        states: explored.progress.states,
        transitions: explored.progress.transitions,
        kib: peak_kib_since_last_call().saturating_sub(before),
    }
}

/// What this process has used: other work on the machine does not count.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields = after_name.split(' ').skip(11).take(2);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks) // a tick is a hundredth of a second, by the ABI
}
