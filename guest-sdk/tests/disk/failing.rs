//! The log of a node that goes on when a sync has failed.
//!
//! What was appended behind that sync is not in the file, and what was not durable may be missing from it. A record that
//! follows would be cut off as damaged when the log is opened again, although it was acknowledged.

use std::panic::{AssertUnwindSafe, catch_unwind};

use guest_sdk::disk::SyncFailure;
use guest_sdk::testing::{Crash, TestNode};
use serde_json::{Value, json};

use super::scripted::{Scripted, request, survived};

/// A node with the record 0 in its log, and a step of which a sync has failed. It continues from a snapshot between any
/// two steps.
fn failed(reason: SyncFailure, step: &Value) -> TestNode<Scripted> {
    let mut node = TestNode::start_with(&["--goes-on", "true"], "n1", &["n1", "n2"]);
    node.receive("c1", request(json!([{"append": 0}, "reply"])));
    node.fail_next_sync(reason);
    node.receive("c1", request(step.clone()));
    node
}

/// The records that survive when what a step has written is acknowledged, and the power is lost.
fn acknowledged(mut node: TestNode<Scripted>, step: Value) -> Value {
    let sent = node.receive("c1", request(step));
    let last = ("c1", json!({"type": "do_ok", "in_reply_to": 7}));
    assert_eq!(sent.last().expect("it is answered"), &last);
    node.restart(Crash::Power);
    survived(&node)[0].take()
}

/// What a node says that does this.
fn panic(mut node: TestNode<Scripted>, step: Value) -> String {
    let step = || node.receive("c1", request(step));
    let panic = catch_unwind(AssertUnwindSafe(step)).expect_err("it panics");
    let said = panic.downcast_ref::<String>();
    said.expect("it says why").clone()
}

#[test]
fn a_log_that_a_failed_sync_may_have_damaged_is_replaced_before_it_is_changed() {
    for (reason, step) in [
        (SyncFailure::Full, json!(["sync", {"append": 1}])),
        (SyncFailure::Full, json!(["sync", {"lazy_append": 1}])),
        (SyncFailure::Full, json!(["sync", {"cut": 0}])),
        (SyncFailure::Full, json!(["sync", {"replace": [1]}])),
        (
            SyncFailure::Full,
            json!([{"put": ["v", 1]}, "reply", {"append": 1}]),
        ),
        (SyncFailure::Error, json!(["sync", {"append": 1}])),
        (SyncFailure::Error, json!([{"append": 1}, "reply"])),
        (SyncFailure::Error, json!([{"lazy_append": 1}, "sync"])),
    ] {
        for again in [
            json!({"append": 2}),
            json!({"lazy_append": 2}),
            json!({"extend": []}),
            json!({"cut": 0}),
        ] {
            assert_eq!(
                panic(failed(reason, &step), json!([again])),
                "the log \"log\" is changed after a sync that failed, which leaves its end in doubt: Log::replace comes first",
                "{reason:?} {step} {again}"
            );
        }
        let replaced = json!([{"replace": [0, 1]}, {"append": 2}, "reply"]);
        let records = acknowledged(failed(reason, &step), replaced);
        assert_eq!(records, json!([0, 1, 2]), "{reason:?} {step}");
    }
}

#[test]
fn a_full_disk_keeps_what_was_in_front_of_the_sync() {
    for (step, expected) in [
        (json!([{"append": 1}, "reply"]), json!([0, 1, 2])),
        (json!([{"replace": [1]}, "reply"]), json!([1, 2])),
        (json!(["sync", {"put": ["v", 1]}]), json!([0, 2])),
    ] {
        let node = failed(SyncFailure::Full, &step);
        let records = acknowledged(node, json!([{"append": 2}, "reply"]));
        assert_eq!(records, expected, "{step}");
    }
}

#[test]
fn a_log_that_was_changed_behind_a_sync_that_succeeded_goes_on() {
    let mut node = failed(SyncFailure::Full, &json!(["sync", {"append": 5}]));
    node.receive("c1", request(json!([{"replace": [0]}])));
    node.receive("c1", request(json!(["sync", {"append": 1}])));
    node.fail_next_sync(SyncFailure::Full);
    node.receive("c1", request(json!(["sync"])));
    let records = acknowledged(node, json!([{"append": 2}, "reply"]));
    assert_eq!(records, json!([0, 1, 2]));
}
