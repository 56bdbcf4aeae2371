use guest_sdk::workload::prelude::*;
use guest_sdk::workload::testing::TestRun;

use super::Counter;

#[test]
fn a_node_that_does_what_the_specification_says_is_right() {
    let played = TestRun::<Counter>::new().against_a_perfect_node();
    assert_eq!(played.problems(), [""; 0]);
    assert_eq!(played.records().len(), 100);
}

#[test]
fn a_node_that_forgets_is_wrong() {
    let played = TestRun::<Counter>::new().against_a_node_that_forgets(50);
    assert_eq!(played.problems().len(), 1);
}

#[test]
fn nodes_that_do_not_tell_each_other_are_wrong() {
    let mut sums = [0; 3];
    let played = TestRun::<Counter>::new()
        .nodes(3)
        .against(|node, request| match request["type"].as_str() {
            Some("add") => {
                sums[node] += request["delta"].as_i64().unwrap();
                json!({"type": "add_ok"})
            }
            _ => json!({"type": "read_ok", "value": sums[node]}),
        });
    assert_eq!(played.problems().len(), 1);
}
