//! Many transactions, and histories made to be slow (benches/check.rs has the times).

use super::script::{concurrent, verdict};
use super::simulate::{Isolation, Model as Kind, Plan, run};
use host_check::history::History;
use host_check::txn::anomaly::{Anomaly, Class, Reach};
use host_check::txn::model::Model;
use host_check::txn::{Transactions, list_append, rw_register};
use host_check::unexpected::UnexpectedOperation;
use host_check::validity::{Checks, Validity};

fn judge(kind: Kind, history: &History, model: Model) -> Result<Transactions, UnexpectedOperation> {
    match kind {
        Kind::ListAppend => list_append(history, &[model], Checks::Strict),
        Kind::RwRegister => rw_register(history, &[model], Checks::Strict),
    }
}

/// Checks a valid history.
fn accept(plan: Plan, model: Model) {
    let result = judge(plan.model, &run(plan), model).unwrap();
    assert_eq!(result.valid, Validity::True, "{:?}", result.anomaly_types);
}

/// Valid histories of several shapes.
fn shapes(txns: usize) -> Vec<(Plan, Model)> {
    let mut shapes = Vec::new();
    for kind in [Kind::ListAppend, Kind::RwRegister] {
        let plan = Plan {
            txns,
            ..Plan::new(kind)
        };
        shapes.push((plan, Model::StrictSerializable));
        shapes.push((plan, Model::ReadUncommitted));
        let wide = Plan {
            processes: 1000,
            keys: 100,
            ..plan
        };
        shapes.push((wide, Model::StrictSerializable));
        let one_key = Plan {
            keys: 1,
            writes_per_key: usize::MAX / 2,
            length_max: if kind == Kind::ListAppend { 1 } else { 4 },
            txns: if kind == Kind::ListAppend {
                txns.min(10_000)
            } else {
                txns
            },
            ..plan
        };
        shapes.push((one_key, Model::StrictSerializable));
        let snapshot = Plan {
            isolation: Isolation::Snapshot,
            lost_percent: 5,
            ..plan
        };
        shapes.push((snapshot, Model::SnapshotIsolation));
    }
    shapes
}

#[test]
fn many_transactions_of_every_shape_are_valid() {
    // Without optimization a part of them has to do.
    let txns = if cfg!(debug_assertions) {
        2_000
    } else {
        100_000
    };
    for (plan, model) in shapes(txns) {
        accept(plan, model);
    }
}

/// A history in which nothing was ever read, or everything is stale, is wrong throughout: the search
/// is bounded.
#[test]
fn histories_that_are_wrong_throughout_are_searched_in_bounds() {
    let txns = if cfg!(debug_assertions) {
        2_000
    } else {
        100_000
    };
    for kind in [Kind::ListAppend, Kind::RwRegister] {
        for (isolation, keys) in [
            (Isolation::Stale, 5),
            (Isolation::Stale, 1),
            (Isolation::Blind, 5),
            (Isolation::Blind, 1),
        ] {
            let plan = Plan {
                isolation,
                keys,
                txns,
                writes_per_key: if keys == 1 && kind == Kind::RwRegister {
                    txns
                } else {
                    16
                },
                ..Plan::new(kind)
            };
            let history = run(plan);
            let result = judge(kind, &history, Model::StrictSerializable).unwrap();
            assert_eq!(result.valid, Validity::False);
        }
    }
}

/// A long chain of appends, as many readers of what was before it, and a way back to them that needs
/// a second anti-dependency: every search for a way with one goes through the whole chain.
#[test]
fn what_was_not_searched_is_unknown() {
    let length = 3_000;
    let chain = (1..=length).map(|n| format!("ok [[:append 0 {n}]]"));
    let all: Vec<String> = (1..=length).map(|n| n.to_string()).collect();
    let readers = (0..length).map(|_| "ok [[:r 0 nil] [:r 1 [1]]]".to_owned());
    let txns: Vec<String> = chain
        .chain([
            format!("ok [[:r 0 [{}]] [:r 1 nil]]", all.join(" ")),
            "ok [[:append 1 1]]".to_owned(),
        ])
        .chain(readers)
        .collect();
    let history = concurrent(&txns.iter().map(String::as_str).collect::<Vec<_>>());
    let judge = |model| list_append(&history, &[model], Checks::Strict).unwrap();
    let single = Anomaly::Cycle(Class::GSingle, Reach::Data);
    let result = judge(Model::ConsistentView);
    assert_eq!(
        (result.valid, result.anomaly_types),
        (Validity::Unknown, Vec::new())
    );
    assert_eq!(result.unsearched.len(), 1);
    assert!(result.unsearched[0].closure().contains(&single));
    // That a cycle breaks snapshot isolation is known all the same.
    let result = judge(Model::SnapshotIsolation);
    assert_eq!(result.valid, Validity::False);
    assert_eq!(verdict(&result), "G-nonadjacent-item");
}
