//! Explorations of guests, compared with what is known of them from elsewhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod budget;
mod depth_first;
mod flood;
mod goals;
mod guided;
mod languages;
mod mutants;
mod resume;
mod solutions;
mod symmetric;
mod toy;

use std::fs;

use host_check::{Checks, Workload};
use host_explore::{Bounds, Budget, Exploration, Explored, Operations};
use host_guest::Limits;
use host_sandbox::{Cache, GuestModule, Sandbox};
use host_sim::Cluster;
use host_sim::workload::Topology;
use host_trial::Scenario;
use test_support::built;

/// A module and the cluster that it runs in.
struct Subject {
    sandbox: Sandbox,
    module: GuestModule,
    scenario: Scenario,
}

impl Subject {
    fn of(guest: &str, args: &[&str], workload: Workload, nodes: usize) -> Self {
        let cache = Cache::open(test_support::compiled());
        let sandbox = Sandbox::new(cache.ok()).expect("the engine starts");
        let wasm = fs::read(built(guest)).expect("it is built");
        let mut scenario = Scenario::of(workload);
        scenario.options.cluster = Cluster::of(nodes);
        scenario.options.concurrency = match workload {
            Workload::LinKv => 2 * nodes,
            _ => nodes,
        };
        scenario.options.guest_args = args.iter().map(|&arg| arg.to_owned()).collect();
        scenario.topology = Topology::Total;
        scenario.checks.checks = Checks::Strict;
        let module = sandbox.load_bytes(&wasm, &Limits::default());
        Subject {
            sandbox,
            module: module.expect("it is a guest"),
            scenario,
        }
    }
}

fn flood(nodes: usize) -> Subject {
    Subject::of("broadcast-flood", &[], Workload::Broadcast, nodes)
}

/// Explores with these operations.
fn explore(subject: &Subject, bounds: &Bounds, operations: Operations<'_>) -> Explored {
    search(subject, bounds, operations)
}

/// Explores with operations that are drawn.
fn explore_drawn(subject: &Subject, bounds: &Bounds) -> Explored {
    search(subject, bounds, Operations::Drawn)
}

fn search(subject: &Subject, bounds: &Bounds, operations: Operations<'_>) -> Explored {
    let budget = Budget {
        states: 2_000_000,
        ..Budget::default()
    };
    search_within(subject, bounds, operations, &budget)
}

fn search_within(
    subject: &Subject,
    bounds: &Bounds,
    operations: Operations<'_>,
    budget: &Budget,
) -> Explored {
    let exploration = Exploration {
        module: &subject.module,
        scenario: &subject.scenario,
        bounds,
        budget: budget.clone(),
        seed: 1,
        operations,
    };
    exploration.search(&mut |_| ()).expect("the cluster begins")
}
