use std::panic::{AssertUnwindSafe, catch_unwind};

use guest_sdk::disk::SyncFailure;
use guest_sdk::testing::{Crash, TestNode};
use serde_json::{Value, json};

use super::*;

const NODES: [&str; 2] = ["n1", "n2"];

fn append(key: u64, value: u64, serial: u64) -> Value {
    json!({"type": "append", "msg_id": 1, "key": key, "value": value, "client": 0, "serial": serial})
}

fn get(key: u64) -> Value {
    json!({"type": "get", "msg_id": 1, "key": key})
}

fn ok(kind: &str) -> (&'static str, Value) {
    ("c1", json!({"type": kind, "in_reply_to": 1}))
}

fn get_ok(value: &[u64]) -> (&'static str, Value) {
    (
        "c1",
        json!({"type": "get_ok", "in_reply_to": 1, "value": value}),
    )
}

fn redirected(node: &str) -> (&'static str, Value) {
    let text = format!("ask {node}");
    let body = json!({"type": "error", "in_reply_to": 1, "code": 1000, "text": text, "node": node});
    ("c1", body)
}

fn refused(code: u64, text: &str) -> (&'static str, Value) {
    (
        "c1",
        json!({"type": "error", "in_reply_to": 1, "code": code, "text": text}),
    )
}

/// A configuration of groups 1, the node n1, and 2, the node n2.
fn configured(number: u64, shards: [u64; 8]) -> Value {
    let groups = json!({"1": ["n1"], "2": ["n2"]});
    json!({"type": "configured", "config": {"number": number, "groups": groups, "shards": shards}})
}

fn install(number: u64, hop: u64, key: u64, value: &[u64], serial: u64) -> Value {
    let values = json!({key.to_string(): value});
    let shard = json!({"values": values, "done": {"0": serial}});
    json!({"type": "install", "number": number, "hop": hop, "shard": shard})
}

fn installed(number: u64, hop: u64) -> Value {
    json!({"type": "installed", "number": number, "hop": hop})
}

/// n2, which has been told of this configuration.
fn second(shards: [u64; 8]) -> TestNode<ShardNode> {
    let mut node = TestNode::start("n2", &NODES);
    assert_eq!(node.receive("n1", configured(2, shards)), []);
    node
}

#[test]
fn the_controller_serves_until_a_shard_is_given_away_and_hands_it_over() {
    let mut node = TestNode::<ShardNode>::start("n1", &NODES);
    assert_eq!(node.receive("c1", append(3, 10, 1)), [ok("append_ok")]);
    let join = |group: u64, name: &str| json!({"type": "join", "msg_id": 1, "group": group, "nodes": [name]});
    node.receive("c1", join(1, "n1"));
    let sent = node.receive("c1", join(2, "n2"));
    let empty = |number: u64| {
        let shard = json!({"values": {}, "done": {}});
        json!({"type": "install", "number": number, "hop": 1, "shard": shard})
    };
    assert_eq!(
        sent,
        [
            ok("join_ok"),
            ("n2", configured(2, [2, 2, 2, 2, 1, 1, 1, 1])),
            ("n2", empty(0)),
            ("n2", empty(1)),
            ("n2", empty(2)),
            ("n2", install(3, 1, 3, &[10], 1)),
        ]
    );
    // It is frozen until it has arrived.
    assert_eq!(node.receive("c1", get(3)), []);
    assert_eq!(node.receive("n2", installed(3, 1)), [redirected("n2")]);
    assert_eq!(node.receive("c1", append(3, 11, 2)), [redirected("n2")]);
    let again = [
        ("n2", configured(2, [2, 2, 2, 2, 1, 1, 1, 1])),
        ("n2", empty(0)),
        ("n2", empty(1)),
        ("n2", empty(2)),
    ];
    assert_eq!(node.advance(INTERVAL), again);
}

#[test]
fn a_request_waits_for_its_shard_and_is_done_once() {
    let mut node = second([2; 8]);
    assert_eq!(node.receive("c1", append(3, 11, 2)), []);
    let sent = node.receive("n1", install(3, 1, 3, &[10], 1));
    assert_eq!(sent, [ok("append_ok"), ("n1", installed(3, 1))]);
    assert_eq!(node.receive("c1", append(3, 11, 2)), [ok("append_ok")]);
    assert_eq!(node.receive("c1", get(3)), [get_ok(&[10, 11])]);
    let old = refused(0, "the client has gone on to a later request");
    assert_eq!(node.receive("c1", append(3, 10, 1)), [old]);
}

#[test]
fn who_waits_too_long_is_refused() {
    let mut node = second([2; 8]);
    node.receive("c1", get(3));
    let sent = node.advance(INTERVAL * 8);
    assert_eq!(sent, [refused(11, "the shard is on its way")]);
}

#[test]
fn an_old_shard_does_not_come_back() {
    let mut node = second([2; 8]);
    node.receive("n1", install(3, 5, 3, &[10], 1));
    node.receive("c1", append(3, 11, 2));
    for hop in [5, 3] {
        let sent = node.receive("n1", install(3, hop, 3, &[10], 1));
        assert_eq!(sent, [("n1", installed(3, hop))]);
    }
    assert_eq!(node.receive("c1", get(3)), [get_ok(&[10, 11])]);
    let to_first = [2, 2, 2, 1, 2, 2, 2, 2];
    let sent = node.receive("n1", configured(3, to_first));
    assert_eq!(sent, [("n1", install(3, 6, 3, &[10, 11], 2))]);
    // An acknowledgement of an earlier hop is none of this one.
    assert_eq!(node.receive("n1", installed(3, 5)), []);
    assert_eq!(
        node.advance(INTERVAL),
        [("n1", install(3, 6, 3, &[10, 11], 2))]
    );
}

#[test]
fn a_shard_that_belongs_elsewhere_by_now_goes_on() {
    let mut node = second([1; 8]);
    let sent = node.receive("n1", install(3, 1, 3, &[10], 1));
    assert_eq!(
        sent,
        [("n1", install(3, 2, 3, &[10], 1)), ("n1", installed(3, 1))]
    );
    // A configuration from before says nothing.
    assert_eq!(node.receive("n1", configured(1, [2; 8])), []);
    assert_eq!(node.receive("c1", get(4)), [redirected("n1")]);
}

#[test]
fn a_shard_here_or_on_its_way_survives_a_crash() {
    let mut node = second([2; 8]);
    node.receive("n1", install(3, 1, 3, &[10], 1));
    for (crash, value) in [(Crash::Kill, 11), (Crash::Power, 12), (Crash::Torn, 13)] {
        assert_eq!(
            node.receive("c1", append(3, value, value)),
            [ok("append_ok")]
        );
        assert_eq!(node.restart(crash), []);
    }
    assert_eq!(node.receive("c1", get(3)), [get_ok(&[10, 11, 12, 13])]);
    node.receive("n1", configured(3, [1; 8]));
    node.restart(Crash::Power);
    let leaving = install(3, 2, 3, &[10, 11, 12, 13], 13);
    assert_eq!(node.advance(INTERVAL), [("n1", leaving)]);
}

#[test]
fn what_a_failed_sync_has_left_is_durable_before_the_next_life_speaks() {
    let mut node = TestNode::<ShardNode>::start("n1", &NODES);
    node.fail_next_sync(SyncFailure::Error);
    let join = json!({"type": "join", "msg_id": 1, "group": 1, "nodes": ["n1"]});
    catch_unwind(AssertUnwindSafe(|| node.receive("c1", join))).unwrap_err();
    node.restart(Crash::Kill);
    node.fail_next_sync(SyncFailure::Error);
    let appends = || node.receive("c1", append(3, 10, 1));
    catch_unwind(AssertUnwindSafe(appends)).unwrap_err();
    // The node sees what was written until the power is lost.
    for crash in [Crash::Kill, Crash::Power] {
        assert_eq!(node.restart(crash), []);
        assert_eq!(node.receive("c1", get(3)), [get_ok(&[10])]);
        let shards = json!({"type": "config_ok", "in_reply_to": 1, "shards": vec![1; 8]});
        let sent = node.receive("c1", json!({"type": "config", "msg_id": 1}));
        assert_eq!(sent, [("c1", shards)]);
    }
}

#[test]
fn only_the_controller_changes_groups() {
    let mut node = second([2; 8]);
    for request in [
        json!({"type": "config", "msg_id": 1}),
        json!({"type": "move", "msg_id": 1, "shard": 0, "group": 1}),
    ] {
        assert_eq!(node.receive("c1", request), [redirected("n1")]);
    }
}
