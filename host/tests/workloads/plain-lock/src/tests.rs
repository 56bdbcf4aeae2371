use guest_sdk::workload::testing::{TestHistory, TestRun};

use super::*;

/// A node with one state for each lock, which does what the specification says, but for what `lies` makes of an answer.
fn against(lies: impl Fn(&(u64, bool), &mut Value)) -> TestHistory<Lock> {
    let mut locks: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
    TestRun::new().operations(200).against(|_, request| {
        let number = |field: &str| request[field].as_u64().unwrap();
        let state = locks.entry(number("lock")).or_default();
        let before = *state;
        let mut answer = match request["type"].as_str() {
            Some("acquire") if state.1 => json!({"type": "acquire_ok", "token": null}),
            Some("acquire") => {
                *state = (state.0 + 1, true);
                json!({"type": "acquire_ok", "token": state.0})
            }
            _ => {
                let released = *state == (number("token"), true);
                state.1 &= !released;
                json!({"type": "release_ok", "released": released})
            }
        };
        lies(&before, &mut answer);
        answer
    })
}

#[test]
fn a_right_node_is_right_and_what_clients_have_comes_back_at_last() {
    let history = against(|_, _| {});
    assert_eq!(history.problems(), [""; 0]);
    let mut held: BTreeMap<u64, bool> = BTreeMap::new();
    for record in history.records() {
        match (&record.operation, record.outcome()) {
            (Operation::Acquire { lock, .. }, Some(Value::Number(_))) => held.insert(*lock, true),
            (Operation::Release { lock, .. }, Some(Value::Bool(true))) => held.insert(*lock, false),
            _ => None,
        };
    }
    // 200 operations, 50 for a lock, counted from 1.
    assert_eq!(held.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(history.records().len() > 200);
}

#[test]
fn the_specification_is_a_right_node_and_one_that_forgets_is_wrong() {
    let run = TestRun::<Lock>::new;
    assert_eq!(run().against_a_perfect_node().problems(), [""; 0]);
    assert_eq!(run().against_a_node_that_forgets(30).problems().len(), 1);
}

#[test]
fn a_lock_that_is_granted_twice_is_wrong() {
    let history = against(|before, answer| {
        if answer["token"].is_null() && answer["type"] == "acquire_ok" {
            answer["token"] = json!(before.0);
        }
    });
    let [problem] = history.problems() else {
        panic!("{:?}", history.problems());
    };
    assert!(
        problem.ends_with("completed with Number(1); expected Null"),
        "{problem}"
    );
}
