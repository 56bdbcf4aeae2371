use std::panic::{AssertUnwindSafe, catch_unwind};

use guest_sdk::disk::SyncFailure;
use guest_sdk::testing::{Crash, TestNode};
use serde_json::{Value, json};

use super::*;

/// n1 of two.
fn node() -> TestNode<Replica> {
    TestNode::start("n1", &["n1", "n2"])
}

fn gossip(executed: Value, news: Value) -> Value {
    json!({"type": "gossip", "executed": executed, "news": news})
}

/// News of n2's: writes from an index on, each a key, a value and a timestamp.
fn news(from: usize, writes: &[(u64, u64, u64)]) -> Value {
    let write = |&(key, value, stamp): &_| json!({"key": key, "value": value, "stamp": stamp});
    let writes: Vec<Value> = writes.iter().map(write).collect();
    json!({"n2@7": [from, writes]})
}

fn read(key: u64, token: Value) -> Value {
    json!({"type": "read", "msg_id": 1, "key": key, "token": token})
}

fn write(key: u64, value: u64, token: Value) -> Value {
    json!({"type": "write", "msg_id": 1, "key": key, "value": value, "token": token})
}

fn read_ok(value: Option<u64>, token: Value) -> (&'static str, Value) {
    let mut body = json!({"type": "read_ok", "in_reply_to": 1, "token": token});
    if let Some(value) = value {
        body["value"] = json!(value);
    }
    ("c1", body)
}

fn write_ok(token: Value) -> (&'static str, Value) {
    (
        "c1",
        json!({"type": "write_ok", "in_reply_to": 1, "token": token}),
    )
}

#[test]
fn a_session_sees_its_writes_at_once() {
    let mut node = node();
    let open = json!({"type": "open", "msg_id": 1, "guarantees": ["monotonic-reads"]});
    let open_ok = json!({"type": "open_ok", "in_reply_to": 1, "token": {}});
    assert_eq!(node.receive("c1", open), [("c1", open_ok)]);
    assert_eq!(
        node.receive("c1", read(5, json!({}))),
        [read_ok(None, json!({}))]
    );
    let token = json!({"n1@0": 1});
    assert_eq!(
        node.receive("c1", write(5, 10, json!({}))),
        [write_ok(token.clone())]
    );
    assert_eq!(
        node.receive("c1", read(5, token.clone())),
        [read_ok(Some(10), token)]
    );
}

#[test]
fn a_session_that_has_seen_more_waits_until_the_node_has_it_too() {
    let mut node = node();
    let token = json!({"n2@7": 2});
    assert_eq!(node.receive("c1", read(5, token.clone())), []);
    let first = gossip(json!({"n2@7": 1}), news(0, &[(5, 10, 1)]));
    assert_eq!(node.receive("n2", first), []);
    let second = gossip(json!({"n2@7": 2}), news(1, &[(5, 11, 2)]));
    assert_eq!(node.receive("n2", second), [read_ok(Some(11), token)]);
}

#[test]
fn who_waits_too_long_is_refused() {
    let mut node = node();
    node.receive("c1", write(5, 10, json!({"n2@7": 1})));
    let sent = node.advance(INTERVAL * 20);
    let error = json!({"type": "error", "in_reply_to": 1, "code": 11,
        "text": "this node has not heard yet of what the session has seen"});
    let to_client: Vec<_> = sent.iter().filter(|sent| sent.dest == "c1").collect();
    assert_eq!(to_client, [&("c1", error)]);
    // And nothing was written.
    assert_eq!(
        node.receive("c1", read(5, json!({}))),
        [read_ok(None, json!({}))]
    );
}

#[test]
fn a_message_with_a_gap_is_dropped_whole() {
    let mut node = node();
    let mut with_gap = news(1, &[(5, 11, 2)]);
    with_gap["n3@7"] = json!([0, [{"key": 6, "value": 20, "stamp": 1}]]);
    node.receive("n2", gossip(json!({"n2@7": 2, "n3@7": 1}), with_gap));
    assert_eq!(
        node.receive("c1", read(6, json!({}))),
        [read_ok(None, json!({}))]
    );
}

#[test]
fn a_write_comes_behind_all_that_its_node_has_executed_and_the_author_decides_ties() {
    let mut node = node();
    node.receive("n2", gossip(json!({}), news(0, &[(5, 10, 41)])));
    node.receive("c1", write(5, 11, json!({})));
    let mine = json!({"n1@0": [0, [{"key": 5, "value": 11, "stamp": 42}]]});
    let told = |news| ("n2", gossip(json!({"n1@0": 1, "n2@7": 1}), news));
    let both = json!({"n1@0": mine["n1@0"], "n2@7": news(0, &[(5, 10, 41)])["n2@7"]});
    assert_eq!(node.advance(INTERVAL), [told(both)]);
    node.receive("n2", gossip(json!({"n2@7": 1}), json!({})));
    assert_eq!(node.advance(INTERVAL), [told(mine)]);
    node.receive("n2", gossip(json!({"n1@0": 1, "n2@7": 1}), json!({})));
    assert_eq!(node.advance(INTERVAL), [told(json!({}))]);

    node.receive(
        "n2",
        gossip(json!({}), news(1, &[(5, 12, 42), (5, 13, 40)])),
    );
    let sent = node.receive("c1", read(5, json!({})));
    assert_eq!(sent, [read_ok(Some(12), json!({"n1@0": 1, "n2@7": 3}))]);
}

#[test]
fn what_was_told_survives_a_crash() {
    let mut node = node();
    node.receive("c1", write(5, 10, json!({})));
    for (crash, millis) in [(Crash::Kill, 1), (Crash::Power, 2), (Crash::Torn, 3)] {
        node.advance(Duration::from_millis(millis));
        assert_eq!(node.restart(crash), []);
        let token = json!({"n1@0": 1});
        let sent = node.receive("c1", read(5, token.clone()));
        assert_eq!(sent, [read_ok(Some(10), token)]);
    }
    let sent = node.receive("c1", write(5, 11, json!({})));
    assert_eq!(sent, [write_ok(json!({"n1@0": 1, "n1@6000000": 1}))]);
}

#[test]
fn a_write_that_a_failed_sync_has_left_is_durable_before_the_next_life_speaks() {
    let mut node = node();
    node.fail_next_sync(SyncFailure::Error);
    let writes = || node.receive("c1", write(5, 10, json!({})));
    catch_unwind(AssertUnwindSafe(writes)).unwrap_err();
    // The node sees what was written until the power is lost.
    for crash in [Crash::Kill, Crash::Power] {
        assert_eq!(node.restart(crash), []);
        let token = json!({"n1@0": 1});
        let sent = node.receive("c1", read(5, token.clone()));
        assert_eq!(sent, [read_ok(Some(10), token)]);
    }
}
