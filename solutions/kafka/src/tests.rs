//! The strategies other than `merge`, which has tests of its own.

use std::time::Duration;

use guest_sdk::testing::{Crash, Sent, TestNode};
use serde_json::{Value, json};

use super::*;

/// What answers may wait for others.
const BATCH: Duration = Duration::from_millis(1);

fn start(strategy: &str, id: &str, nodes: &[&str]) -> TestNode<Kafka> {
    TestNode::start_with(&["--strategy", strategy], id, nodes)
}

/// What a client or a node asks, under the number 1; with the answer that comes at the end of a batch.
fn ask(node: &mut TestNode<Kafka>, from: &str, mut body: Value) -> Vec<Sent> {
    body["msg_id"] = json!(1);
    let mut sent = node.receive(from, body);
    sent.extend(node.advance(BATCH));
    sent
}

/// What a node or a service answers to the call of this number.
fn answer(node: &mut TestNode<Kafka>, from: &str, msg_id: u64, mut body: Value) -> Vec<Sent> {
    body["in_reply_to"] = json!(msg_id);
    node.receive(from, body)
}

fn send(key: &str, msg: i64) -> Value {
    json!({"type": "send", "key": key, "msg": msg})
}

fn send_ok(offset: i64) -> Value {
    json!({"type": "send_ok", "in_reply_to": 1, "offset": offset})
}

fn poll(offsets: Value) -> Value {
    json!({"type": "poll", "offsets": offsets})
}

fn poll_ok(msgs: Value) -> Value {
    json!({"type": "poll_ok", "in_reply_to": 1, "msgs": msgs})
}

/// A call with this number.
fn numbered(msg_id: u64, mut body: Value) -> Value {
    body["msg_id"] = json!(msg_id);
    body
}

fn cas_or_create(key: &str, from: Value, to: Value) -> Value {
    json!({"type": "cas", "key": key, "from": from, "to": to, "create_if_not_exists": true})
}

fn refused() -> Value {
    json!({"type": "error", "code": 22, "text": "current value"})
}

#[test]
fn single_the_first_node_keeps_the_logs_and_others_refuse() {
    let mut node = start("single", "n1", &["n1", "n2"]);
    assert_eq!(ask(&mut node, "c1", send("k", 10)), [("c1", send_ok(0))]);
    assert_eq!(ask(&mut node, "c1", send("k", 11)), [("c1", send_ok(1))]);
    let msgs = json!({"k": [[1, 11]], "l": []});
    let polled = ask(&mut node, "c1", poll(json!({"k": 1, "l": 0})));
    assert_eq!(polled, [("c1", poll_ok(msgs))]);
    let commit = json!({"type": "commit_offsets", "offsets": {"k": 1}});
    let ok = json!({"type": "commit_offsets_ok", "in_reply_to": 1});
    assert_eq!(ask(&mut node, "c1", commit), [("c1", ok)]);
    let list = json!({"type": "list_committed_offsets", "keys": ["k", "l"]});
    let listed =
        json!({"type": "list_committed_offsets_ok", "in_reply_to": 1, "offsets": {"k": 1}});
    assert_eq!(ask(&mut node, "c1", list), [("c1", listed)]);

    let mut other = start("single", "n2", &["n1", "n2"]);
    let refusal =
        json!({"type": "error", "in_reply_to": 1, "code": 11, "text": "only n1 keeps logs"});
    assert_eq!(ask(&mut other, "c1", send("k", 10)), [("c1", refusal)]);
}

/// Two keys, of which the first node of two leads the first and the second node the second.
fn led_keys() -> (String, String) {
    let nodes = ["n1".to_owned(), "n2".to_owned()];
    let led_by = |node: &str| {
        let mut keys = (0..100).map(|key| key.to_string());
        keys.find(|key| leader::leader(key, &nodes) == node)
            .unwrap()
    };
    (led_by("n1"), led_by("n2"))
}

#[test]
fn leader_keys_are_spread_evenly() {
    let nodes = ["n1", "n2", "n3"].map(str::to_owned);
    let keys = (0..3000).map(|key| key.to_string());
    let mut counts = [0_u32; 3];
    for key in keys {
        let leader = leader::leader(&key, &nodes);
        counts[nodes.iter().position(|node| node == leader).unwrap()] += 1;
    }
    // 1000 on average; five standard deviations are 5 * sqrt(3000 * 2 / 9) = 129.
    assert!(
        counts.iter().all(|count| count.abs_diff(1000) < 129),
        "{counts:?}"
    );
}

#[test]
fn leader_a_send_is_forwarded_and_repeated_until_it_is_answered() {
    let (_, theirs) = led_keys();
    let mut node = start("leader", "n1", &["n1", "n2"]);
    let forward = |msg: i64, number: u64, settled: u64| json!({"type": "forward", "key": theirs, "msg": msg, "number": number, "settled": settled});
    let first = || ("n2", numbered(1, forward(10, 0, 0)));
    assert_eq!(ask(&mut node, "c1", send(&theirs, 10)), [first()]);
    let second = ("n2", numbered(2, forward(11, 1, 0)));
    assert_eq!(ask(&mut node, "c2", send(&theirs, 11)), [second]);
    let ok = json!({"type": "send_ok", "offset": 7});
    assert_eq!(answer(&mut node, "n2", 2, ok), [("c2", send_ok(7))]);
    assert_eq!(node.advance(Duration::from_millis(250)), [first()]);
    let rest = node.advance(Duration::from_secs(5));
    let timeout =
        json!({"type": "error", "in_reply_to": 1, "code": 0, "text": "no answer from n2"});
    assert_eq!(rest, [first(), first(), ("c1", timeout)]);
    let third = ("n2", numbered(3, forward(12, 2, 2)));
    assert_eq!(ask(&mut node, "c1", send(&theirs, 12)), [third]);
}

#[test]
fn leader_a_forwarded_send_takes_place_once() {
    let (ours, _) = led_keys();
    let mut node = start("leader", "n1", &["n1", "n2"]);
    let mut forward = |number: u64, settled: u64| {
        let forward = json!({"type": "forward", "key": ours, "msg": 10 + number, "number": number, "settled": settled});
        ask(&mut node, "n2", forward)
    };
    assert_eq!(forward(5, 5), [("n2", send_ok(0))]);
    assert_eq!(forward(6, 5), [("n2", send_ok(1))]);
    assert_eq!(forward(5, 5), [("n2", send_ok(0))], "again");
    assert_eq!(forward(8, 6), [("n2", send_ok(2))]);
    assert_eq!(forward(5, 5), [], "nobody waits for it");
    let msgs = json!({&ours: [[0, 15], [1, 16], [2, 18]]});
    let polled = ask(&mut node, "c1", poll(json!({&ours: 0})));
    assert_eq!(polled, [("c1", poll_ok(msgs))]);
}

#[test]
fn leader_a_poll_asks_each_leader_and_does_without_those_that_do_not_answer() {
    let (ours, theirs) = led_keys();
    let mut node = start("leader", "n1", &["n1", "n2"]);
    ask(&mut node, "c1", send(&ours, 10));
    let both = || poll(json!({&ours: 0, &theirs: 4}));
    let part = |msg_id| ("n2", numbered(msg_id, poll(json!({&theirs: 4}))));
    assert_eq!(ask(&mut node, "c1", both()), [part(1)]);
    let answered = json!({"type": "poll_ok", "msgs": {&theirs: [[4, 20]]}});
    let msgs = json!({&ours: [[0, 10]], &theirs: [[4, 20]]});
    assert_eq!(
        answer(&mut node, "n2", 1, answered),
        [("c1", poll_ok(msgs))]
    );
    assert_eq!(ask(&mut node, "c1", both()), [part(2)]);
    let msgs = json!({&ours: [[0, 10]]});
    assert_eq!(
        node.advance(Duration::from_secs(1)),
        [("c1", poll_ok(msgs))]
    );
}

#[test]
fn lin_kv_a_send_that_comes_second_reads_the_log_and_tries_again() {
    let mut node = start("lin-kv", "n1", &["n1", "n2"]);
    let sent = ask(&mut node, "c1", send("k", 12));
    let cas = cas_or_create("log/k", json!([]), json!([12]));
    assert_eq!(sent, [("lin-kv", numbered(1, cas))]);
    let sent = answer(&mut node, "lin-kv", 1, refused());
    let read = json!({"type": "read", "key": "log/k"});
    assert_eq!(sent, [("lin-kv", numbered(2, read))]);
    let read_ok = json!({"type": "read_ok", "value": [10, 11]});
    let cas = cas_or_create("log/k", json!([10, 11]), json!([10, 11, 12]));
    let sent = answer(&mut node, "lin-kv", 2, read_ok);
    assert_eq!(sent, [("lin-kv", numbered(3, cas))]);
    let sent = answer(&mut node, "lin-kv", 3, json!({"type": "cas_ok"}));
    assert_eq!(sent, [("c1", send_ok(2))]);
    let sent = ask(&mut node, "c1", send("k", 13));
    let cas = cas_or_create("log/k", json!([10, 11, 12]), json!([10, 11, 12, 13]));
    assert_eq!(sent, [("lin-kv", numbered(4, cas))]);
    let timeout =
        json!({"type": "error", "in_reply_to": 1, "code": 0, "text": "no answer from lin-kv"});
    assert_eq!(node.advance(Duration::from_secs(4)), [("c1", timeout)]);
}

fn record(msg_id: u64, offset: i64, record: Value) -> (&'static str, Value) {
    let key = format!("record/k/{offset}");
    let cas = cas_or_create(&key, record.clone(), record);
    ("seq-kv", numbered(msg_id, cas))
}

fn length(msg_id: u64, from: i64) -> (&'static str, Value) {
    let cas = cas_or_create("length/k", json!(from), json!(from + 1));
    ("lin-kv", numbered(msg_id, cas))
}

fn read(service: &'static str, msg_id: u64, key: &str) -> (&'static str, Value) {
    (
        service,
        numbered(msg_id, json!({"type": "read", "key": key})),
    )
}

#[test]
fn split_a_send_takes_an_offset_and_another_if_that_was_made_void() {
    let mut node = start("split", "n1", &["n1", "n2"]);
    let cas_ok = || json!({"type": "cas_ok"});
    assert_eq!(ask(&mut node, "c1", send("k", 10)), [length(1, 0)]);
    let sent = answer(&mut node, "lin-kv", 1, refused());
    assert_eq!(sent, [read("lin-kv", 2, "length/k")]);
    let sent = answer(
        &mut node,
        "lin-kv",
        2,
        json!({"type": "read_ok", "value": 4}),
    );
    assert_eq!(sent, [length(3, 4)]);
    assert_eq!(
        answer(&mut node, "lin-kv", 3, cas_ok()),
        [record(4, 4, json!([10]))]
    );
    assert_eq!(answer(&mut node, "seq-kv", 4, refused()), [length(5, 5)]);
    assert_eq!(
        answer(&mut node, "lin-kv", 5, cas_ok()),
        [record(6, 5, json!([10]))]
    );
    assert_eq!(
        answer(&mut node, "seq-kv", 6, cas_ok()),
        [("c1", send_ok(5))]
    );
}

#[test]
fn split_a_poll_reads_what_is_new_and_stops_at_a_record_that_is_missing() {
    let mut node = start("split", "n1", &["n1", "n2"]);
    let none = || json!({"type": "error", "code": 20, "text": "no key"});
    let found = |value: Value| json!({"type": "read_ok", "value": value});
    let polled = ask(&mut node, "c1", poll(json!({"k": 0})));
    assert_eq!(polled, [read("lin-kv", 1, "length/k")]);
    let sent = answer(&mut node, "lin-kv", 1, found(json!(3)));
    let records = [(2, 0), (3, 1), (4, 2)];
    assert_eq!(
        sent,
        records.map(|(id, at)| read("seq-kv", id, &format!("record/k/{at}")))
    );
    answer(&mut node, "seq-kv", 4, found(json!([12])));
    answer(&mut node, "seq-kv", 3, none());
    let sent = answer(&mut node, "seq-kv", 2, found(json!([10])));
    assert_eq!(sent, [("c1", poll_ok(json!({"k": [[0, 10]]})))]);

    // A second later it is missing still: it is made void, and then left out.
    node.advance(Duration::from_secs(1));
    ask(&mut node, "c1", poll(json!({"k": 1})));
    let sent = answer(&mut node, "lin-kv", 5, found(json!(3)));
    assert_eq!(sent, [read("seq-kv", 6, "record/k/1")]);
    let sent = answer(&mut node, "seq-kv", 6, none());
    assert_eq!(
        sent,
        [record(7, 1, json!([])), ("c1", poll_ok(json!({"k": []})))]
    );
    assert_eq!(
        answer(&mut node, "seq-kv", 7, json!({"type": "cas_ok"})),
        []
    );
    ask(&mut node, "c1", poll(json!({"k": 1})));
    let sent = answer(&mut node, "lin-kv", 8, found(json!(3)));
    assert_eq!(sent, [("c1", poll_ok(json!({"k": [[2, 12]]})))]);
}

#[test]
fn committed_offsets_stand_in_lin_kv() {
    for strategy in ["lin-kv", "split"] {
        let mut node = start(strategy, "n1", &["n1", "n2"]);
        let commit = json!({"type": "commit_offsets", "offsets": {"k": 4}});
        let write = json!({"type": "write", "key": "committed/k", "value": 4});
        assert_eq!(
            ask(&mut node, "c1", commit),
            [("lin-kv", numbered(1, write))]
        );
        let ok = json!({"type": "commit_offsets_ok", "in_reply_to": 1});
        let sent = answer(&mut node, "lin-kv", 1, json!({"type": "write_ok"}));
        assert_eq!(sent, [("c1", ok)]);
        let list = json!({"type": "list_committed_offsets", "keys": ["k", "l"]});
        let reads = [(2, "committed/k"), (3, "committed/l")];
        let sent = ask(&mut node, "c1", list);
        assert_eq!(sent, reads.map(|(id, key)| read("lin-kv", id, key)));
        answer(
            &mut node,
            "lin-kv",
            2,
            json!({"type": "read_ok", "value": 4}),
        );
        let none = json!({"type": "error", "code": 20, "text": "no key"});
        let listed =
            json!({"type": "list_committed_offsets_ok", "in_reply_to": 1, "offsets": {"k": 4}});
        assert_eq!(answer(&mut node, "lin-kv", 3, none), [("c1", listed)]);
    }
}

#[test]
fn single_and_leader_go_on_behind_what_they_acknowledged() {
    for strategy in ["single", "leader"] {
        let mut node = start(strategy, "n1", &["n1"]);
        assert_eq!(ask(&mut node, "c1", send("k", 10)), [("c1", send_ok(0))]);
        let commit = json!({"type": "commit_offsets", "offsets": {"k": 1}});
        let ok = json!({"type": "commit_offsets_ok", "in_reply_to": 1});
        assert_eq!(ask(&mut node, "c1", commit), [("c1", ok)]);
        for (crash, offset) in [(Crash::Kill, 1), (Crash::Power, 2), (Crash::Torn, 3)] {
            assert_eq!(node.restart(crash), []);
            let sent = ask(&mut node, "c1", send("k", 10 + offset));
            assert_eq!(sent, [("c1", send_ok(offset))]);
        }
        let msgs = json!({"k": [[0, 10], [1, 11], [2, 12], [3, 13]]});
        let polled = ask(&mut node, "c1", poll(json!({"k": 0})));
        assert_eq!(polled, [("c1", poll_ok(msgs))]);
        let list = json!({"type": "list_committed_offsets", "keys": ["k"]});
        let listed =
            json!({"type": "list_committed_offsets_ok", "in_reply_to": 1, "offsets": {"k": 1}});
        assert_eq!(ask(&mut node, "c1", list), [("c1", listed)]);
    }
}

#[test]
fn leader_a_forwarded_send_takes_place_once_though_power_is_lost_in_between() {
    let (ours, _) = led_keys();
    let mut node = start("leader", "n1", &["n1", "n2"]);
    let forward = |number: u64| json!({"type": "forward", "key": ours, "msg": 10, "number": number, "settled": 5});
    assert_eq!(ask(&mut node, "n2", forward(5)), [("n2", send_ok(0))]);
    assert_eq!(node.restart(Crash::Power), []);
    assert_eq!(ask(&mut node, "n2", forward(5)), [("n2", send_ok(0))]);
    assert_eq!(ask(&mut node, "n2", forward(6)), [("n2", send_ok(1))]);
}
