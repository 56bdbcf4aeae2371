use std::time::Duration;

use guest_sdk::testing::{Crash, Sent, TestNode};
use serde_json::json;

use super::*;

/// The default, and when a peer's news are passed on.
const WINDOW: Duration = Duration::from_millis(800);
const RELAY_AFTER: Duration = Duration::from_secs(3);

/// n1 of two.
fn first() -> TestNode<Replica> {
    let (node, sent) = TestNode::start_and_see(Duration::ZERO, "n1", &["n1", "n2"]);
    assert_eq!(sent, [("n2", json!({"type": "hello"}))]);
    node
}

fn add(node: &mut TestNode<Replica>, delta: i64) {
    let sent = node.receive("c1", json!({"type": "add", "msg_id": 1, "delta": delta}));
    assert_eq!(sent, [("c1", json!({"type": "add_ok", "in_reply_to": 1}))]);
}

#[track_caller]
fn check_value(node: &mut TestNode<Replica>, value: i64) {
    let sent = node.receive("c1", json!({"type": "read", "msg_id": 2}));
    let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "value": value});
    assert_eq!(sent, [("c1", read_ok)]);
}

/// Gossip that wants an answer, and gossip that is one.
fn news(counts: serde_json::Value) -> serde_json::Value {
    json!({"type": "gossip", "counts": counts, "wants_answer": true})
}

fn answer(counts: serde_json::Value) -> serde_json::Value {
    json!({"type": "gossip", "counts": counts, "wants_answer": false})
}

#[test]
fn additions_of_a_window_go_out_in_one_message_until_the_peer_shows_that_it_knows() {
    let mut node = first();
    for delta in [5, -2, 4] {
        add(&mut node, delta);
    }
    check_value(&mut node, 7);
    let counts = || json!({"n1@0": {"adds": 3, "sum": 7}});
    assert_eq!(node.advance(WINDOW), [("n2", news(counts()))]);
    assert_eq!(
        node.advance(WINDOW),
        [("n2", news(counts()))],
        "nothing shows that it arrived"
    );
    assert_eq!(node.receive("n2", answer(counts())), []);
    assert_eq!(node.advance(WINDOW * 100), []);
}

#[test]
fn news_are_merged_once_and_answered_each_time() {
    let mut node = first();
    let counts = || json!({"n2@5": {"adds": 2, "sum": -3}});
    for _ in 0..2 {
        assert_eq!(node.receive("n2", news(counts())), []);
        check_value(&mut node, -3);
    }
    assert_eq!(
        node.receive("n2", answer(json!({"n2@5": {"adds": 1, "sum": 9}}))),
        []
    );
    check_value(&mut node, -3);
    assert_eq!(node.advance(WINDOW), [("n2", answer(counts()))]);
    assert_eq!(node.advance(WINDOW * 100), []);
    assert_eq!(
        node.receive("n2", news(counts())),
        [],
        "the answer was lost"
    );
    assert_eq!(node.advance(WINDOW), [("n2", answer(counts()))]);
}

#[test]
fn a_node_without_memory_is_told_everything() {
    let mut node = first();
    add(&mut node, 6);
    node.advance(WINDOW);
    let counts = || json!({"n1@0": {"adds": 1, "sum": 6}});
    node.receive("n2", answer(counts()));
    assert_eq!(node.advance(WINDOW * 10), []);
    assert_eq!(node.receive("n2", json!({"type": "hello"})), []);
    assert_eq!(node.advance(WINDOW), [("n2", news(counts()))]);
}

#[test]
fn what_its_author_does_not_tell_is_passed_on_later() {
    let nodes = ["n1", "n2", "n3"];
    let (mut node, _) = TestNode::<Replica>::start_and_see(Duration::ZERO, "n1", &nodes);
    let counts = || json!({"n3@0": {"adds": 1, "sum": 8}});
    node.receive("n3", news(counts()));
    assert_eq!(node.advance(WINDOW), [("n3", answer(counts()))]);
    assert_eq!(node.advance(RELAY_AFTER), [("n2", news(counts()))]);
}

fn start(strategy: &str, nodes: &[&str]) -> TestNode<Replica> {
    TestNode::start_with(&["--strategy", strategy], "n1", nodes)
}

#[test]
fn operations_are_told_until_they_are_answered() {
    let mut node = start("op", &["n1", "n2", "n3"]);
    add(&mut node, 5);
    add(&mut node, -2);
    check_value(&mut node, 3);
    let batch = |msg_id, operations, from| json!({"type": "operations", "from": from, "operations": operations, "msg_id": msg_id});
    let first = |msg_id| batch(msg_id, json!([5, -2]), 0);
    assert_eq!(node.advance(WINDOW), [("n2", first(1)), ("n3", first(2))]);
    add(&mut node, 4);
    let ok = |msg_id: u64| json!({"type": "operations_ok", "in_reply_to": msg_id});
    assert_eq!(node.receive("n2", ok(1)), []);
    assert_eq!(
        node.advance(WINDOW),
        [("n3", first(2)), ("n2", batch(3, json!([4]), 2))],
        "what is not answered comes again, and nothing overtakes it"
    );
    node.receive("n2", ok(3));
    node.receive("n3", ok(2));
    let rest = batch(4, json!([4]), 2);
    assert_eq!(node.advance(WINDOW), [("n3", rest)]);
    node.receive("n3", ok(4));
    assert_eq!(node.advance(WINDOW * 100), []);
}

#[test]
fn operations_are_applied_once_and_in_order() {
    let mut node = start("op", &["n1", "n2"]);
    let mut told = |from: u64, operations: serde_json::Value, value| {
        let batch =
            json!({"type": "operations", "from": from, "operations": operations, "msg_id": 7});
        let sent = node.receive("n2", batch);
        check_value(&mut node, value);
        sent
    };
    let ok = || ("n2", json!({"type": "operations_ok", "in_reply_to": 7}));
    assert_eq!(told(2, json!([10]), 0), [], "not the next");
    assert_eq!(told(0, json!([1, 2]), 3), [ok()]);
    assert_eq!(told(0, json!([1, 2]), 3), [ok()], "twice");
    assert_eq!(told(2, json!([10]), 13), [ok()]);
}

/// What `seq-kv` says to the call with this number.
fn seq_kv(
    node: &mut TestNode<Replica>,
    in_reply_to: u64,
    mut answer: serde_json::Value,
) -> Vec<Sent> {
    answer["in_reply_to"] = json!(in_reply_to);
    node.receive("seq-kv", answer)
}

fn share(adds: u64, sum: i64) -> serde_json::Value {
    json!({"adds": adds, "sum": sum})
}

fn cas(msg_id: u64, from: serde_json::Value, to: serde_json::Value) -> serde_json::Value {
    json!({"type": "cas", "key": "n1", "from": from, "to": to, "create_if_not_exists": true, "msg_id": msg_id})
}

fn fresh(value: u64, msg_id: u64) -> (&'static str, serde_json::Value) {
    let write = json!({"type": "write", "key": "fresh/n1", "value": value, "msg_id": msg_id});
    ("seq-kv", write)
}

fn read(key: &str, msg_id: u64) -> (&'static str, serde_json::Value) {
    (
        "seq-kv",
        json!({"type": "read", "key": key, "msg_id": msg_id}),
    )
}

#[test]
fn a_node_finds_its_share_before_it_adds_to_it_and_adds_that_wait_go_together() {
    let mut node = start("seq-kv", &["n1", "n2"]);
    let add = |node: &mut TestNode<Replica>, msg_id: u64, delta: i64| {
        node.receive(
            "c1",
            json!({"type": "add", "msg_id": msg_id, "delta": delta}),
        )
    };
    let add_ok = |msg_id: u64| ("c1", json!({"type": "add_ok", "in_reply_to": msg_id}));
    assert_eq!(add(&mut node, 1, 5), [fresh(1, 1)]);
    assert_eq!(
        seq_kv(&mut node, 1, json!({"type": "write_ok"})),
        [read("n1", 2)]
    );
    let sent = seq_kv(
        &mut node,
        2,
        json!({"type": "read_ok", "value": share(7, 70)}),
    );
    assert_eq!(sent, [("seq-kv", cas(3, share(7, 70), share(8, 75)))]);
    assert_eq!(add(&mut node, 2, 1), []);
    assert_eq!(add(&mut node, 3, -9), []);
    let sent = seq_kv(&mut node, 3, json!({"type": "cas_ok"}));
    let second = cas(4, share(8, 75), share(10, 67));
    assert_eq!(sent, [add_ok(1), ("seq-kv", second)]);
    let sent = seq_kv(&mut node, 4, json!({"type": "cas_ok"}));
    assert_eq!(sent, [add_ok(2), add_ok(3)]);
}

#[test]
fn an_add_whose_answer_was_lost_is_found_in_the_share_or_made_again() {
    for (found, made_again) in [(share(1, 5), false), (share(3, 8), true)] {
        let mut node = start("seq-kv", &["n1", "n2"]);
        node.receive("c1", json!({"type": "add", "msg_id": 1, "delta": 5}));
        seq_kv(&mut node, 1, json!({"type": "write_ok"}));
        let none = json!({"type": "error", "code": 20, "text": "no key"});
        let sent = seq_kv(&mut node, 2, none);
        assert_eq!(sent, [("seq-kv", cas(3, share(0, 0), share(1, 5)))]);
        let refused = json!({"type": "error", "code": 22, "text": "current value"});
        assert_eq!(seq_kv(&mut node, 3, refused), [fresh(2, 4)]);
        assert_eq!(
            seq_kv(&mut node, 4, json!({"type": "write_ok"})),
            [read("n1", 5)]
        );
        let sent = seq_kv(&mut node, 5, json!({"type": "read_ok", "value": found}));
        if made_again {
            assert_eq!(sent, [("seq-kv", cas(6, share(3, 8), share(4, 13)))]);
        } else {
            assert_eq!(sent, [("c1", json!({"type": "add_ok", "in_reply_to": 1}))]);
        }
    }
}

#[test]
fn a_read_forces_recency_and_adds_up_all_shares() {
    let mut node = start("seq-kv", &["n1", "n2"]);
    let sent = node.receive("c1", json!({"type": "read", "msg_id": 1}));
    assert_eq!(sent, [fresh(1, 1)]);
    assert_eq!(node.receive("c2", json!({"type": "read", "msg_id": 2})), []);
    let sent = seq_kv(&mut node, 1, json!({"type": "write_ok"}));
    assert_eq!(sent, [read("n1", 2), read("n2", 3)]);
    assert_eq!(
        seq_kv(
            &mut node,
            3,
            json!({"type": "read_ok", "value": share(2, -4)})
        ),
        []
    );
    let none = json!({"type": "error", "code": 20, "text": "no key"});
    let sent = seq_kv(&mut node, 2, none);
    let answer = (
        "c1",
        json!({"type": "read_ok", "in_reply_to": 1, "value": -4}),
    );
    assert_eq!(
        sent,
        [answer, fresh(2, 4)],
        "the second read came too late for this one"
    );
}

#[test]
fn what_is_acknowledged_survives_a_crash_and_is_counted_once_with_state_and_with_op() {
    for strategy in ["state", "op"] {
        let arguments = ["--strategy", strategy];
        let (mut node, _) = TestNode::begin(Duration::ZERO, &arguments, "n1", &["n1", "n2"]);
        add(&mut node, 5);
        for (crash, delta) in [(Crash::Kill, 1), (Crash::Power, -2), (Crash::Torn, 4)] {
            node.advance(Duration::from_secs(1));
            node.restart(crash);
            add(&mut node, delta);
        }
        check_value(&mut node, 8);
        assert_eq!(node.disk().names().count(), 1, "and it does not grow");
    }
}

#[test]
fn op_what_a_peer_told_is_counted_once_though_power_is_lost_in_between() {
    let arguments = ["--strategy", "op"];
    let (mut node, _) = TestNode::begin(Duration::ZERO, &arguments, "n1", &["n1", "n2"]);
    let told = json!({"type": "operations", "msg_id": 9, "from": 0, "operations": [3, 4]});
    let ok = json!({"type": "operations_ok", "in_reply_to": 9});
    assert_eq!(node.receive("n2", told.clone()), [("n2", ok.clone())]);
    assert_eq!(node.restart(Crash::Power), []);
    assert_eq!(node.receive("n2", told), [("n2", ok)]);
    check_value(&mut node, 7);
}
