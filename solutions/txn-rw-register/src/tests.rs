use guest_sdk::testing::{Sent, TestNode};
use serde_json::{Value, json};

use super::*;

const MS: Duration = Duration::from_millis(1);

/// n1 of these, after its first turn, in which it says that it knows nothing.
fn start(nodes: &[&str], strategy: &str) -> TestNode<Database> {
    let mut node = TestNode::start_with(&["--strategy", strategy], "n1", nodes);
    let hello = json!({"type": "gossip", "since": null, "knows": {}, "news": []});
    assert_eq!(node.advance(MS), [("n2", hello)]);
    node
}

fn txn(node: &mut TestNode<Database>, mops: Value) -> Vec<Sent> {
    node.receive("c1", json!({"type": "txn", "msg_id": 1, "txn": mops}))
}

#[track_caller]
fn check_txn(node: &mut TestNode<Database>, mops: Value, done: Value) {
    let ok = json!({"type": "txn_ok", "in_reply_to": 1, "txn": done});
    assert_eq!(txn(node, mops), [("c1", ok)]);
}

fn write(key: i64, value: i64, clock: u64, author: &str, step: usize) -> Value {
    let stamp = json!({"clock": clock, "author": author, "step": step});
    json!({"key": key, "value": value, "stamp": stamp})
}

fn gossip(since: Value, knows: Value, news: Value) -> Value {
    json!({"type": "gossip", "since": since, "knows": knows, "news": news})
}

/// The name of this life of the node.
fn author(node: &TestNode<Database>) -> String {
    let snapshot = node.snapshot().to_string();
    let (_, rest) = snapshot.split_once(r#""me":""#).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn a_transaction_sees_its_own_writes_and_leaves_the_last() {
    let mut node = start(&["n1", "n2"], "causal");
    check_txn(
        &mut node,
        json!([["r", 1, null], ["w", 1, 5], ["w", 1, 6], ["r", 1, null]]),
        json!([["r", 1, null], ["w", 1, 5], ["w", 1, 6], ["r", 1, 6]]),
    );
    check_txn(&mut node, json!([["r", 1, null]]), json!([["r", 1, 6]]));
}

#[test]
fn a_write_without_a_value_is_refused_and_nothing_of_its_transaction_is_done() {
    let mut node = start(&["n1", "n2"], "causal");
    let text = "malformed txn: a write needs a value";
    let error = json!({"type": "error", "in_reply_to": 1, "code": 12, "text": text});
    let sent = txn(&mut node, json!([["w", 1, 5], ["w", 2, null]]));
    assert_eq!(sent, [("c1", error)]);
    check_txn(&mut node, json!([["r", 1, null]]), json!([["r", 1, null]]));
}

#[test]
fn the_later_write_wins_by_clock_and_then_by_node() {
    let mut node = start(&["n1", "n2"], "causal");
    let mail = |node: &mut TestNode<Database>, write: Value, value: i64| {
        let mail = json!({"type": "mail", "writes": [write]});
        assert_eq!(node.receive("n2", mail), []);
        check_txn(node, json!([["r", 1, null]]), json!([["r", 1, value]]));
    };
    mail(&mut node, write(1, 7, 3, "n2@0", 0), 7);
    mail(&mut node, write(1, 8, 2, "n3@0", 0), 7);
    // Its own is later than what it has seen, so it has the clock 4.
    check_txn(&mut node, json!([["w", 1, 10]]), json!([["w", 1, 10]]));
    mail(&mut node, write(1, 11, 4, "n0@0", 0), 10);
    mail(&mut node, write(1, 12, 4, "n2@0", 1), 12);
    mail(&mut node, write(1, 13, 4, "n2@0", 0), 12);
}

#[test]
fn a_peer_is_told_what_it_lacks_until_it_says_that_it_has_it() {
    let mut node = start(&["n1", "n2"], "causal");
    assert_eq!(
        node.receive("n2", gossip(json!({}), json!({}), json!([]))),
        []
    );
    check_txn(&mut node, json!([["w", 1, 5]]), json!([["w", 1, 5]]));
    check_txn(&mut node, json!([["w", 1, 6]]), json!([["w", 1, 6]]));
    let me = author(&node);
    let knows = json!({&me: 2});
    let news = || gossip(json!({}), knows.clone(), json!([write(1, 6, 2, &me, 0)]));
    assert_eq!(
        node.advance(500 * MS),
        [("n2", news())],
        "half a window after the first"
    );
    assert_eq!(
        node.advance(1000 * MS),
        [("n2", news())],
        "nothing says that it arrived"
    );
    assert_eq!(
        node.receive("n2", gossip(knows.clone(), knows.clone(), json!([]))),
        []
    );
    assert_eq!(node.advance(100_000 * MS), []);
    check_txn(&mut node, json!([["w", 2, 7]]), json!([["w", 2, 7]]));
    let more = gossip(knows, json!({&me: 3}), json!([write(2, 7, 3, &me, 0)]));
    assert_eq!(node.advance(1000 * MS), [("n2", more)], "only what is new");
}

#[test]
fn news_are_learned_whole_and_acknowledged() {
    let mut node = start(&["n1", "n2"], "causal");
    let news = json!([write(1, 5, 4, "n2@0", 0), write(2, 6, 4, "n2@0", 1)]);
    assert_eq!(
        node.receive("n2", gossip(json!({}), json!({"n2@0": 4}), news)),
        []
    );
    let read = json!([["r", 1, null], ["r", 2, null]]);
    check_txn(&mut node, read, json!([["r", 1, 5], ["r", 2, 6]]));
    let knows = json!({"n2@0": 4});
    let answer = gossip(knows.clone(), knows, json!([]));
    assert_eq!(node.advance(500 * MS), [("n2", answer)]);
    assert_eq!(node.advance(100_000 * MS), []);
}

#[test]
fn news_that_build_on_what_it_does_not_know_wait_and_the_sender_is_told() {
    let mut node = start(&["n1", "n2"], "causal");
    let news = json!([write(2, 6, 4, "n2@0", 0)]);
    let late = gossip(json!({"n2@0": 3}), json!({"n2@0": 4}), news);
    assert_eq!(node.receive("n2", late), []);
    check_txn(&mut node, json!([["r", 2, null]]), json!([["r", 2, null]]));
    let answer = gossip(json!({"n2@0": 4}), json!({}), json!([]));
    assert_eq!(node.advance(500 * MS), [("n2", answer)]);
}

#[test]
fn who_has_lost_its_memory_is_told_everything_at_once() {
    let mut node = start(&["n1", "n2"], "causal");
    check_txn(&mut node, json!([["w", 1, 5]]), json!([["w", 1, 5]]));
    let me = author(&node);
    let knows = json!({&me: 1});
    node.receive("n2", gossip(json!({}), knows.clone(), json!([])));
    let all = gossip(json!({}), knows, json!([write(1, 5, 1, &me, 0)]));
    let sent = node.receive("n2", gossip(json!(null), json!({}), json!([])));
    assert_eq!(sent, [("n2", all)]);
}

#[test]
fn each_turn_is_another_peers() {
    let mut node = start(&["n0", "n1", "n2", "n3"], "causal");
    // Two turns a window; the first regular one comes after n0's.
    let told: Vec<String> = node
        .advance(2250 * MS)
        .into_iter()
        .map(|sent| sent.dest)
        .collect();
    assert_eq!(told, ["n3", "n0", "n2", "n3", "n0"]);
}

#[test]
fn writes_are_mailed_one_by_one_or_as_a_transaction_or_not_at_all() {
    let mops = || json!([["w", 1, 5], ["r", 2, null], ["w", 1, 6]]);
    let mail = |writes: Value| ("n2", json!({"type": "mail", "writes": writes}));
    let ok = (
        "c1",
        json!({"type": "txn_ok", "in_reply_to": 1, "txn": mops()}),
    );

    let mut node = start(&["n1", "n2"], "read-uncommitted");
    let me = author(&node);
    let (first, last) = (write(1, 5, 1, &me, 0), write(1, 6, 1, &me, 2));
    let mails = [mail(json!([first])), mail(json!([last])), ok.clone()];
    assert_eq!(txn(&mut node, mops()), mails);

    let mut node = start(&["n1", "n2"], "read-committed");
    let me = author(&node);
    let (first, last) = (write(1, 5, 1, &me, 0), write(1, 6, 1, &me, 2));
    assert_eq!(
        txn(&mut node, mops()),
        [mail(json!([first, last])), ok.clone()]
    );
    check_txn(&mut node, json!([["r", 1, null]]), json!([["r", 1, 6]]));

    let mut node = start(&["n1", "n2"], "causal");
    assert_eq!(txn(&mut node, mops()), [ok]);
}
