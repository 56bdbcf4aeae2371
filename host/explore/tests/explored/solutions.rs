//! The solutions: explored completely within bounds that take a second or two. `host explore` goes further.

use host_check::Workload;
use host_check::txn::model::Model;
use host_explore::{Bounds, End};
use host_sim::SECOND;

use crate::{Subject, explore_drawn};

/// Explores a solution with its strategies.
#[track_caller]
fn complete(
    solution: &str,
    strategies: &[&str],
    workload: Workload,
    nodes: usize,
    bounds: &Bounds,
) {
    for strategy in strategies {
        let args = ["--strategy", strategy];
        let subject = Subject::of(solution, &args, workload, nodes);
        is_complete(&subject, bounds);
    }
}

#[track_caller]
fn is_complete(subject: &Subject, bounds: &Bounds) {
    let explored = explore_drawn(subject, bounds);
    let args = &subject.scenario.options.guest_args;
    let progress = explored.progress;
    assert!(
        matches!(explored.end, End::Complete),
        "{args:?} {:?}",
        explored.end
    );
    // Each operation begins at least.
    assert!(progress.states > bounds.operations, "{args:?} {progress:?}");
}

/// Messages are lost or come twice.
fn unreliable(operations: usize, fires: u32) -> Bounds {
    Bounds {
        operations,
        fires,
        drops: 1,
        duplicates: 1,
        ..Bounds::default()
    }
}

/// Messages are lost.
fn lossy(operations: usize, fires: u32) -> Bounds {
    Bounds {
        duplicates: 0,
        ..unreliable(operations, fires)
    }
}

/// A node is killed, and one loses power.
fn crashing(operations: usize, fires: u32) -> Bounds {
    Bounds {
        operations,
        fires,
        kills: 1,
        power: 1,
        ..Bounds::default()
    }
}

#[test]
fn broadcast() {
    let strategies = ["star", "gossip", "plumtree"];
    let workload = Workload::Broadcast;
    complete("broadcast", &strategies, workload, 3, &lossy(1, 3));
    complete("broadcast", &strategies, workload, 2, &lossy(2, 3));
    complete("broadcast", &["flood"], workload, 2, &unreliable(2, 3));
    complete("broadcast", &["star"], workload, 2, &crashing(2, 1));
}

#[test]
fn unique_ids() {
    let strategies = ["counter", "flake", "residue", "random"];
    let bounds = crashing(3, 0);
    complete("unique-ids", &strategies, Workload::UniqueIds, 3, &bounds);
}

#[test]
fn sets_and_counters() {
    let all = [
        ("g-set", Workload::GSet),
        ("g-counter", Workload::GCounter),
        ("pn-counter", Workload::PnCounter),
    ];
    for (solution, workload) in all {
        complete(solution, &["state", "op"], workload, 2, &unreliable(3, 3));
        complete(solution, &["seq-kv"], workload, 2, &lossy(2, 1));
        complete(solution, &["state", "op"], workload, 2, &crashing(2, 1));
        complete(solution, &["seq-kv"], workload, 2, &crashing(2, 0));
    }
}

#[test]
fn kafka() {
    let strategies = ["merge", "leader", "split", "lin-kv"];
    complete("kafka", &strategies, Workload::Kafka, 2, &lossy(4, 3));
    let strategies = ["leader", "lin-kv"];
    complete("kafka", &strategies, Workload::Kafka, 2, &crashing(3, 1));
}

#[test]
fn transactions_on_registers() {
    let strategies = [
        ("causal", Model::CausalCerone, lossy(3, 3)),
        ("read-committed", Model::ReadAtomic, lossy(2, 3)),
        ("read-uncommitted", Model::ReadUncommitted, lossy(2, 2)),
    ];
    for (strategy, model, bounds) in strategies {
        let args = ["--strategy", strategy];
        let mut subject = Subject::of("txn-rw-register", &args, Workload::TxnRwRegister, 2);
        subject.scenario.checks.consistency_models = vec![model];
        is_complete(&subject, &bounds);
    }
}

#[test]
fn transactions_on_lists() {
    let bounds = Bounds {
        operations: 2,
        fires: 1,
        ..Bounds::default()
    };
    let strategies = [
        ("strict-serializable", Model::StrictSerializable),
        ("snapshot-isolation", Model::SnapshotIsolation),
    ];
    for (strategy, model) in strategies {
        let args = ["--strategy", strategy];
        let mut subject = Subject::of("txn-list-append", &args, Workload::TxnListAppend, 2);
        subject.scenario.checks.consistency_models = vec![model];
        is_complete(&subject, &bounds);
        is_complete(&subject, &crashing(2, 0));
    }
}

/// After an election, with a node that is killed at any time and a message that is late by any. What becomes of each
/// state in the end would take minutes.
#[test]
fn lin_kv() {
    let bounds = Bounds {
        operations: 3,
        fires: 4,
        kills: 1,
        delays: Some(1),
        warm_up_ns: 2 * SECOND,
        tries_ends: false,
        ..Bounds::default()
    };
    let subject = Subject::of("lin-kv", &[], Workload::LinKv, 3);
    is_complete(&subject, &bounds);
}
