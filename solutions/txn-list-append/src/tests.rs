use guest_sdk::testing::{Sent, TestNode};
use serde_json::{Value, json};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Of a node that does not know yet how long lin-kv takes to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The first of two nodes: it does transactions itself.
fn first() -> TestNode<Database> {
    TestNode::start("n1", &["n1", "n2"])
}

/// The second: it hands over what is to be written.
fn second() -> TestNode<Database> {
    TestNode::start("n2", &["n1", "n2"])
}

fn txn(node: &mut TestNode<Database>, msg_id: u64, mops: Value) -> Vec<Sent> {
    node.receive("c1", json!({"type": "txn", "msg_id": msg_id, "txn": mops}))
}

fn txn_ok(in_reply_to: u64, mops: Value) -> (&'static str, Value) {
    let body = json!({"type": "txn_ok", "in_reply_to": in_reply_to, "txn": mops});
    ("c1", body)
}

fn read_root(msg_id: u64) -> (&'static str, Value) {
    (
        "lin-kv",
        json!({"type": "read", "key": "root", "msg_id": msg_id}),
    )
}

fn root(batches: Value, recent: Value) -> Value {
    json!({"batches": batches, "recent": recent, "page": null})
}

fn empty() -> Value {
    root(json!({}), json!({}))
}

fn cas(msg_id: u64, from: Value, to: Value) -> (&'static str, Value) {
    let body = json!({
        "type": "cas", "key": "root", "from": from, "to": to, "create_if_not_exists": true,
        "msg_id": msg_id,
    });
    ("lin-kv", body)
}

fn root_is(node: &mut TestNode<Database>, in_reply_to: u64, value: Value) -> Vec<Sent> {
    let body = json!({"type": "read_ok", "in_reply_to": in_reply_to, "value": value});
    node.receive("lin-kv", body)
}

fn ok(node: &mut TestNode<Database>, in_reply_to: u64, kind: &str) -> Vec<Sent> {
    node.receive("lin-kv", json!({"type": kind, "in_reply_to": in_reply_to}))
}

fn refuse(node: &mut TestNode<Database>, in_reply_to: u64) -> Vec<Sent> {
    let error = json!({"type": "error", "in_reply_to": in_reply_to, "code": 22, "text": ""});
    node.receive("lin-kv", error)
}

/// The name of this life of the node.
fn me(node: &TestNode<Database>) -> String {
    let snapshot = node.snapshot().to_string();
    let (_, rest) = snapshot.split_once(r#""me":""#).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn a_transaction_makes_a_root_from_the_last_one_that_it_knows() {
    let mut node = first();
    let me = me(&node);
    let sent = txn(
        &mut node,
        1,
        json!([["append", 7, 1], ["r", 7, null], ["r", 8, null]]),
    );
    let one = root(json!({&me: 1}), json!({"7": [1]}));
    assert_eq!(sent, [cas(1, empty(), one.clone())]);
    let done = json!([["append", 7, 1], ["r", 7, [1]], ["r", 8, null]]);
    assert_eq!(ok(&mut node, 1, "cas_ok"), [txn_ok(1, done)]);
    let two = root(json!({&me: 2}), json!({"7": [1, 2]}));
    assert_eq!(
        txn(&mut node, 2, json!([["append", 7, 2]])),
        [cas(2, one, two)]
    );
}

#[test]
fn reading_reads_the_root_and_nothing_else() {
    let mut node = first();
    assert_eq!(txn(&mut node, 1, json!([["r", 7, null]])), [read_root(1)]);
    let theirs = root(json!({"n2@0": 1}), json!({"7": [4]}));
    let sent = root_is(&mut node, 1, theirs);
    assert_eq!(sent, [txn_ok(1, json!([["r", 7, [4]]]))]);
}

#[test]
fn what_arrives_meanwhile_is_done_together() {
    let mut node = first();
    let me = me(&node);
    txn(&mut node, 1, json!([["append", 7, 1]]));
    assert_eq!(txn(&mut node, 2, json!([["r", 7, null]])), []);
    assert_eq!(txn(&mut node, 3, json!([["append", 7, 2]])), []);
    let [one, two] = [(1, json!([1])), (2, json!([1, 2]))]
        .map(|(batch, list)| root(json!({&me: batch}), json!({"7": list})));
    let answer = txn_ok(1, json!([["append", 7, 1]]));
    assert_eq!(ok(&mut node, 1, "cas_ok"), [answer, cas(2, one, two)]);
    let answers = [
        txn_ok(2, json!([["r", 7, [1]]])),
        txn_ok(3, json!([["append", 7, 2]])),
    ];
    assert_eq!(ok(&mut node, 2, "cas_ok"), answers);
}

#[test]
fn who_was_refused_executes_again_on_the_new_root_and_at_last_gives_up() {
    let mut node = first();
    let me = me(&node);
    txn(&mut node, 1, json!([["r", 7, null], ["append", 7, 1]]));
    for refusal in 0..10 {
        let id = 1 + 2 * refusal;
        assert_eq!(refuse(&mut node, id), [read_root(id + 1)]);
        let theirs = |mine: Value| {
            let mut batches = json!({"n2@0": refusal});
            batches
                .as_object_mut()
                .unwrap()
                .extend(mine.as_object().unwrap().clone());
            batches
        };
        let before = root(theirs(json!({})), json!({"7": [9]}));
        let after = root(theirs(json!({&me: 1})), json!({"7": [9, 1]}));
        assert_eq!(
            root_is(&mut node, id + 1, before.clone()),
            [cas(id + 2, before, after)]
        );
    }
    assert_eq!(refuse(&mut node, 21), [read_root(22)]);
    let text = "others were always faster";
    let error = json!({"type": "error", "in_reply_to": 1, "code": 30, "text": text});
    assert_eq!(
        root_is(&mut node, 22, root(json!({"n2@0": 10}), json!({}))),
        [("c1", error)]
    );
}

#[test]
fn a_lost_answer_is_looked_up_in_the_root() {
    let mut node = first();
    let me = me(&node);
    let one = root(json!({&me: 1}), json!({"7": [1]}));
    let sent = txn(&mut node, 1, json!([["append", 7, 1], ["r", 7, null]]));
    assert_eq!(sent, [cas(1, empty(), one.clone())]);
    // Nothing happened: the same request again. It is harmless if the first is still on its way.
    assert_eq!(node.advance(PATIENCE), [read_root(2)]);
    let none = json!({"type": "error", "in_reply_to": 2, "code": 20, "text": ""});
    assert_eq!(node.receive("lin-kv", none), [cas(3, empty(), one)]);
    // It is refused, since the first came through, and somebody else was there already.
    assert_eq!(refuse(&mut node, 3), [read_root(4)]);
    let later = root(json!({&me: 1, "n2@0": 1}), json!({"7": [1, 2]}));
    let done = json!([["append", 7, 1], ["r", 7, [1]]]);
    assert_eq!(root_is(&mut node, 4, later), [txn_ok(1, done)]);
}

#[test]
fn old_lists_move_to_a_page_that_is_written_before_the_root() {
    let mut node = first();
    let me = me(&node);
    let recent: serde_json::Map<_, _> = (0..32).map(|key| (key.to_string(), json!([1]))).collect();
    let full = root(json!({"n2@0": 1}), json!(recent));
    txn(&mut node, 1, json!([["r", 0, null]]));
    root_is(&mut node, 1, full.clone());
    txn(&mut node, 2, json!([["append", 99, 1], ["append", 5, 2]]));
    assert_eq!(
        node.receive("lin-kv", json!({"type": "cas_ok", "in_reply_to": 9})),
        []
    );
    let page = format!("{me}/2/0");
    let value = json!({"lists": recent, "older": null});
    let write = json!({"type": "write", "key": &page, "value": value, "msg_id": 3});
    assert_eq!(root_is(&mut node, 2, full.clone()), [("lin-kv", write)]);
    let after = json!({
        "batches": {"n2@0": 1, &me: 2}, "recent": {"5": [1, 2], "99": [1]}, "page": &page,
    });
    assert_eq!(ok(&mut node, 3, "write_ok"), [cas(4, full, after.clone())]);

    // Another node finds the page on its way to that root.
    let mut other = second();
    txn(&mut other, 1, json!([["r", 5, null], ["r", 6, null]]));
    let read = json!({"type": "read", "key": page, "msg_id": 2});
    assert_eq!(root_is(&mut other, 1, after), [("lin-kv", read)]);
    let done = json!([["r", 5, [1, 2]], ["r", 6, [1]]]);
    assert_eq!(root_is(&mut other, 2, value), [txn_ok(1, done)]);
}

/// A root with what reads of another node's batch saw.
fn seen_by_n2(mut root: Value, lengths: Value) -> Value {
    root["seen"] = json!({"n2@0": lengths});
    root
}

fn batch(node: &str, number: u64, mops: Value, msg_id: u64) -> Value {
    let batch = json!({"node": node, "number": number});
    json!({"type": "batch", "batch": batch, "txn": mops, "msg_id": msg_id})
}

#[test]
fn what_is_to_be_written_is_handed_over_to_the_first_node() {
    let mut node = second();
    let me = me(&node);
    let sent = txn(&mut node, 1, json!([["append", 7, 1], ["r", 7, null]]));
    let handed = batch(&me, 1, json!([["append", 7, 1], ["r", 7, null]]), 1);
    assert_eq!(sent, [("n1", handed)]);
    let answer = json!({"type": "batch_ok", "in_reply_to": 1, "seen": [[4, 1]], "root": null});
    let done = json!([["append", 7, 1], ["r", 7, [4, 1]]]);
    assert_eq!(node.receive("n1", answer), [txn_ok(1, done)]);
}

#[test]
fn a_batch_that_comes_twice_takes_place_once() {
    let mut node = first();
    let me = me(&node);
    let handed = || batch("n2@0", 3, json!([["append", 7, 1], ["r", 7, null]]), 5);
    let one = seen_by_n2(
        root(json!({&me: 1, "n2@0": 3}), json!({"7": [1]})),
        json!([1]),
    );
    assert_eq!(node.receive("n2", handed()), [cas(1, empty(), one.clone())]);
    assert_eq!(node.receive("n2", handed()), []);
    let answer = json!({"type": "batch_ok", "in_reply_to": 5, "seen": [[1]], "root": null});
    assert_eq!(ok(&mut node, 1, "cas_ok"), [("n2", answer)]);
    let two = seen_by_n2(
        root(json!({&me: 3, "n2@0": 3}), json!({"7": [1, 2]})),
        json!([1]),
    );
    let sent = txn(&mut node, 1, json!([["append", 7, 2]]));
    assert_eq!(sent, [cas(2, one, two)]);
}

#[test]
fn a_batch_whose_taker_does_not_answer_is_done_here_under_a_later_number() {
    let mut node = second();
    let me = me(&node);
    txn(&mut node, 1, json!([["append", 7, 1]]));
    assert_eq!(node.advance(PATIENCE), [read_root(2)]);
    let before = root(json!({"n1@0": 8}), json!({}));
    let after = root(json!({"n1@0": 8, &me: 2}), json!({"7": [1]}));
    assert_eq!(
        root_is(&mut node, 2, before.clone()),
        [cas(3, before, after)]
    );
    assert_eq!(
        ok(&mut node, 3, "cas_ok"),
        [txn_ok(1, json!([["append", 7, 1]]))]
    );
}

#[test]
fn a_batch_that_was_handed_over_may_have_taken_place_without_an_answer() {
    let mut node = second();
    let me = me(&node);
    let mops = json!([
        ["r", 8, null],
        ["append", 7, 1],
        ["r", 7, null],
        ["r", 9, null]
    ]);
    txn(&mut node, 1, mops);
    assert_eq!(node.advance(PATIENCE), [read_root(2)]);
    // The lists have grown since.
    let lists = json!({"7": [4, 1, 5], "8": [6, 7], "9": [8]});
    let mut root = root(json!({&me: 1}), lists);
    root["seen"] = json!({&me: [1, 2, null]});
    let done = json!([
        ["r", 8, [6]],
        ["append", 7, 1],
        ["r", 7, [4, 1]],
        ["r", 9, null]
    ]);
    assert_eq!(root_is(&mut node, 2, root), [txn_ok(1, done)]);
}

/// It was answered as if it had taken place with the others.
#[test]
fn what_comes_later_does_not_join_what_was_handed_over() {
    let mut node = second();
    let me = me(&node);
    txn(&mut node, 1, json!([["append", 7, 1]]));
    assert_eq!(txn(&mut node, 2, json!([["append", 7, 2]])), []);
    assert_eq!(node.advance(PATIENCE), [read_root(2)]);
    let after = root(json!({&me: 2}), json!({"7": [1]}));
    let none = json!({"type": "error", "in_reply_to": 2, "code": 20, "text": ""});
    assert_eq!(node.receive("lin-kv", none), [cas(3, empty(), after)]);
    // Meanwhile the node that it was handed over to has done it.
    assert_eq!(refuse(&mut node, 3), [read_root(4)]);
    let theirs = root(json!({"n1@0": 1, &me: 1}), json!({"7": [1]}));
    let both = root(json!({"n1@0": 1, &me: 3}), json!({"7": [1, 2]}));
    let sent = root_is(&mut node, 4, theirs.clone());
    assert_eq!(sent[0], txn_ok(1, json!([["append", 7, 1]])));
    assert_eq!(sent[1..], [read_root(5)]);
    assert_eq!(
        root_is(&mut node, 5, theirs.clone()),
        [cas(6, theirs, both)]
    );
}

#[test]
fn snapshots_may_be_a_second_old() {
    let arguments = ["--strategy", "snapshot-isolation"];
    let mut node = TestNode::<Database>::start_with(&arguments, "n1", &["n1", "n2"]);
    let read = || json!([["r", 7, null]]);
    assert_eq!(
        txn(&mut node, 1, read()),
        [read_root(1)],
        "it knows no root yet"
    );
    let theirs = root(json!({"n2@0": 1}), json!({"7": [4]}));
    root_is(&mut node, 1, theirs);
    assert_eq!(
        txn(&mut node, 2, read()),
        [txn_ok(2, json!([["r", 7, [4]]]))]
    );
    node.advance(SECOND);
    assert_eq!(txn(&mut node, 3, read()), [read_root(2)]);
}
