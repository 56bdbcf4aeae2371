use std::time::Duration;

use guest_sdk::testing::{Crash, TestNode};
use serde_json::{Value, json};

use super::*;

/// The default.
const WINDOW: Duration = Duration::from_millis(400);

fn gossip(knows: Value, news: Value) -> Value {
    json!({"type": "gossip", "knows": knows, "news": news})
}

/// n1 of two.
fn first() -> TestNode<Replica> {
    let (node, sent) = TestNode::start_and_see(Duration::ZERO, "n1", &["n1", "n2"]);
    assert_eq!(sent, [("n2", gossip(json!({}), json!({})))]);
    node
}

fn add(node: &mut TestNode<Replica>, element: i64) {
    let sent = node.receive(
        "c1",
        json!({"type": "add", "msg_id": 1, "element": element}),
    );
    assert_eq!(sent, [("c1", json!({"type": "add_ok", "in_reply_to": 1}))]);
}

#[track_caller]
fn check_value(node: &mut TestNode<Replica>, value: Value) {
    let sent = node.receive("c1", json!({"type": "read", "msg_id": 2}));
    let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "value": value});
    assert_eq!(sent, [("c1", read_ok)]);
}

#[test]
fn elements_go_out_together_until_the_peer_says_that_it_has_them() {
    let mut node = first();
    add(&mut node, 5);
    add(&mut node, 3);
    check_value(&mut node, json!([3, 5]));
    let news = || gossip(json!({"n1@0": 2}), json!({"n1@0": [0, [5, 3]]}));
    assert_eq!(node.advance(WINDOW), [("n2", news())]);
    assert_eq!(
        node.advance(WINDOW),
        [("n2", news())],
        "nothing says that it arrived"
    );
    assert_eq!(
        node.receive("n2", gossip(json!({"n1@0": 2}), json!({}))),
        []
    );
    assert_eq!(node.advance(WINDOW * 100), []);
    add(&mut node, 9);
    let more = gossip(json!({"n1@0": 3}), json!({"n1@0": [2, [9]]}));
    assert_eq!(node.advance(WINDOW), [("n2", more)], "only what is new");
}

#[test]
fn news_are_learned_once_and_answered_and_gaps_wait() {
    let mut node = first();
    let gap = gossip(json!({"n2@7": 4}), json!({"n2@7": [3, [8]]}));
    assert_eq!(node.receive("n2", gap), []);
    check_value(&mut node, json!([]));
    let whole = gossip(json!({"n2@7": 4}), json!({"n2@7": [0, [1, 2, 4, 8]]}));
    assert_eq!(node.receive("n2", whole.clone()), []);
    assert_eq!(node.receive("n2", whole.clone()), []);
    check_value(&mut node, json!([1, 2, 4, 8]));
    let answer = || ("n2", gossip(json!({"n2@7": 4}), json!({})));
    assert_eq!(node.advance(WINDOW), [answer()]);
    assert_eq!(node.advance(WINDOW * 100), []);
    assert_eq!(node.receive("n2", whole), [], "the answer was lost");
    assert_eq!(node.advance(WINDOW), [answer()]);
}

#[test]
fn a_node_without_memory_is_told_everything() {
    let mut node = first();
    add(&mut node, 6);
    node.receive("n2", gossip(json!({"n1@0": 1}), json!({})));
    assert_eq!(node.advance(WINDOW * 10), []);
    assert_eq!(node.receive("n2", gossip(json!({}), json!({}))), []);
    let all = gossip(json!({"n1@0": 1}), json!({"n1@0": [0, [6]]}));
    assert_eq!(node.advance(WINDOW), [("n2", all)]);
}

#[test]
fn elements_are_told_until_they_are_answered_and_applied_once() {
    let mut node: TestNode<Replica> =
        TestNode::start_with(&["--strategy", "op"], "n1", &["n1", "n2"]);
    add(&mut node, 5);
    let batch = |operations: Value| json!({"type": "operations", "from": 0, "operations": operations, "msg_id": 1});
    assert_eq!(node.advance(WINDOW), [("n2", batch(json!([5])))]);
    let ok = json!({"type": "operations_ok", "in_reply_to": 1});
    for _ in 0..2 {
        let sent = node.receive("n2", batch(json!([7, 3])));
        assert_eq!(sent, [("n2", ok.clone())]);
    }
    check_value(&mut node, json!([3, 5, 7]));
    node.receive("n2", ok);
    assert_eq!(node.advance(WINDOW * 100), []);
}

#[test]
fn a_nodes_elements_stand_under_its_key() {
    let mut node: TestNode<Replica> =
        TestNode::start_with(&["--strategy", "seq-kv"], "n1", &["n1", "n2"]);
    node.receive("c1", json!({"type": "add", "msg_id": 1, "element": 5}));
    node.receive("seq-kv", json!({"type": "write_ok", "in_reply_to": 1}));
    let found = json!({"type": "read_ok", "in_reply_to": 2, "value": [9]});
    let cas = json!({"type": "cas", "key": "n1", "from": [9], "to": [9, 5], "create_if_not_exists": true, "msg_id": 3});
    assert_eq!(node.receive("seq-kv", found), [("seq-kv", cas)]);
    let sent = node.receive("seq-kv", json!({"type": "cas_ok", "in_reply_to": 3}));
    assert_eq!(sent, [("c1", json!({"type": "add_ok", "in_reply_to": 1}))]);
}

#[test]
fn what_is_acknowledged_survives_a_crash_with_state_and_with_op() {
    for strategy in ["state", "op"] {
        let arguments = ["--strategy", strategy];
        let (mut node, _) = TestNode::begin(Duration::ZERO, &arguments, "n1", &["n1", "n2"]);
        add(&mut node, 5);
        for (crash, element) in [(Crash::Kill, 6), (Crash::Power, 7), (Crash::Torn, 8)] {
            node.advance(Duration::from_nanos(1));
            node.restart(crash);
            add(&mut node, element);
        }
        check_value(&mut node, json!([5, 6, 7, 8]));
        assert_eq!(node.disk().unsynced(), 0);
    }
}
