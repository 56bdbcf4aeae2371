use std::time::Duration;

use guest_sdk::testing::{Crash, Sent, TestNode};
use serde_json::{Value, json};

use super::*;

const WINDOW: Duration = Duration::from_millis(200);
/// What answers may wait for others.
const BATCH: Duration = Duration::from_millis(1);

/// A node in its first life, as `lin-kv` tells it.
fn start(arguments: &[&str], id: &str, nodes: &[&str]) -> TestNode<Kafka> {
    let mut node = ask(arguments, Duration::ZERO, id, nodes);
    let first = json!({"type": "cas_ok", "in_reply_to": 1});
    assert_eq!(node.receive("lin-kv", first), []);
    node
}

/// A node that asks `lin-kv` whether it has lived before.
fn ask(arguments: &[&str], now: Duration, id: &str, nodes: &[&str]) -> TestNode<Kafka> {
    let (node, sent) = TestNode::begin(now, arguments, id, nodes);
    let life = u64::try_from(now.as_nanos()).unwrap();
    let cas = json!({"type": "cas", "key": format!("lived/{id}"), "from": life, "to": life, "create_if_not_exists": true, "msg_id": 1});
    assert_eq!(sent, [("lin-kv", cas)]);
    node
}

/// What a client asks; with the answer that comes at the end of a batch.
fn ask_of(node: &mut TestNode<Kafka>, body: Value) -> Vec<Sent> {
    let mut sent = node.receive("c1", body);
    sent.extend(node.advance(BATCH));
    sent
}

fn send(node: &mut TestNode<Kafka>, msg: i64) -> Vec<Sent> {
    let body = json!({"type": "send", "msg_id": 1, "key": "k", "msg": msg});
    ask_of(node, body)
}

fn send_ok(offset: i64) -> (&'static str, Value) {
    (
        "c1",
        json!({"type": "send_ok", "in_reply_to": 1, "offset": offset}),
    )
}

#[track_caller]
fn check_poll(node: &mut TestNode<Kafka>, from: i64, msgs: Value) {
    let poll = json!({"type": "poll", "msg_id": 2, "offsets": {"k": from}});
    let poll_ok = json!({"type": "poll_ok", "in_reply_to": 2, "msgs": {"k": msgs}});
    assert_eq!(ask_of(node, poll), [("c1", poll_ok)]);
}

fn message(offset: i64, msg: i64) -> Value {
    json!({"key": "k", "offset": offset, "msg": msg})
}

fn news(rank: usize, from: usize, entries: &[Value]) -> Value {
    json!({"rank": rank, "from": from, "entries": entries})
}

fn gossip(has: &[usize], news: &[Value], asks: bool) -> Value {
    json!({"type": "gossip", "life": 0, "to_life": 0, "has": has, "news": news, "asks": asks})
}

#[test]
fn each_node_gives_offsets_of_its_own_behind_all_that_it_knows() {
    let mut node = start(&[], "n2", &["n1", "n2", "n3"]);
    assert_eq!(send(&mut node, 10), [send_ok(1)]);
    assert_eq!(send(&mut node, 11), [send_ok(4)]);
    node.receive(
        "n3",
        gossip(&[0, 0, 1], &[news(2, 0, &[message(8, 12)])], false),
    );
    assert_eq!(send(&mut node, 13), [send_ok(10)]);
}

#[test]
fn a_poll_shows_what_all_nodes_have_and_stops_before_anything_else() {
    let mut node = start(&[], "n1", &["n1", "n2"]);
    send(&mut node, 10);
    check_poll(&mut node, 0, json!([]));
    // n2 took in 11 and 12 before it had 10, and 14 after it.
    let entries = [message(1, 11), message(3, 12)];
    node.receive("n2", gossip(&[0, 2], &[news(1, 0, &entries)], false));
    check_poll(&mut node, 0, json!([]));
    node.receive(
        "n2",
        gossip(&[1, 3], &[news(1, 2, &[message(5, 14)])], false),
    );
    send(&mut node, 15);
    check_poll(&mut node, 0, json!([[0, 10], [1, 11], [3, 12], [5, 14]]));
    check_poll(&mut node, 2, json!([[3, 12], [5, 14]]));
}

#[test]
fn what_a_peer_says_that_it_has_counts_only_when_its_journal_is_here() {
    let mut node = start(&[], "n1", &["n1", "n2"]);
    send(&mut node, 10);
    node.receive(
        "n2",
        gossip(&[1, 2], &[news(1, 1, &[message(3, 12)])], false),
    );
    check_poll(&mut node, 0, json!([]));
    let entries = [message(1, 11), message(3, 12)];
    for _ in 0..2 {
        node.receive("n2", gossip(&[1, 2], &[news(1, 0, &entries)], false));
        check_poll(&mut node, 0, json!([[0, 10], [1, 11], [3, 12]]));
    }
}

#[test]
fn news_of_a_window_go_out_together_and_again_until_the_peer_has_them() {
    let mut node = start(&[], "n1", &["n1", "n2"]);
    assert_eq!(node.advance(WINDOW * 10), []);
    send(&mut node, 10);
    send(&mut node, 11);
    let entries = [message(0, 10), message(2, 11)];
    let told = |asks| ("n2", gossip(&[2, 0], &[news(0, 0, &entries)], asks));
    assert_eq!(node.advance(WINDOW), [told(false)]);
    assert_eq!(node.advance(WINDOW * 3), []);
    assert_eq!(node.advance(WINDOW), [told(true)], "after a second");
    assert_eq!(node.receive("n2", gossip(&[2, 0], &[], false)), []);
    assert_eq!(node.advance(WINDOW * 100), []);
    assert_eq!(node.receive("n2", gossip(&[2, 0], &[], true)), []);
    assert_eq!(
        node.advance(WINDOW),
        [("n2", gossip(&[2, 0], &[], false))],
        "it asked"
    );
}

#[test]
fn committed_offsets_go_forwards_and_to_all_nodes() {
    let mut node = start(&[], "n1", &["n1", "n2"]);
    for (key, offset) in [("k", 4), ("k", 2), ("l", 1)] {
        let commit = json!({"type": "commit_offsets", "msg_id": 1, "offsets": {key: offset}});
        let ok = json!({"type": "commit_offsets_ok", "in_reply_to": 1});
        assert_eq!(ask_of(&mut node, commit), [("c1", ok)]);
    }
    let commit = |key: &str, offset: i64| json!({"key": key, "offset": offset, "msg": null});
    let entries = [commit("k", 4), commit("l", 1)];
    let told = gossip(&[2, 0], &[news(0, 0, &entries)], false);
    assert_eq!(node.advance(WINDOW), [("n2", told)]);
    node.receive(
        "n2",
        gossip(&[0, 1], &[news(1, 0, &[commit("l", 7)])], false),
    );
    let list = json!({"type": "list_committed_offsets", "msg_id": 1, "keys": ["k", "l", "m"]});
    let listed =
        json!({"type": "list_committed_offsets_ok", "in_reply_to": 1, "offsets": {"k": 4, "l": 7}});
    assert_eq!(ask_of(&mut node, list), [("c1", listed)]);
}

#[test]
fn with_acks_all_a_send_is_acknowledged_when_all_have_it() {
    let mut node = start(&["--acks", "all"], "n1", &["n1", "n2", "n3"]);
    assert_eq!(send(&mut node, 10), []);
    assert_eq!(node.receive("n2", gossip(&[1, 0, 0], &[], false)), []);
    assert_eq!(
        node.receive("n3", gossip(&[1, 0, 0], &[], false)),
        [send_ok(0)]
    );
}

#[test]
fn a_node_that_has_lived_before_learns_its_own_journal_before_it_serves() {
    let life = Duration::from_nanos(70);
    let mut node = ask(&[], life, "n1", &["n1", "n2"]);
    assert_eq!(
        node.receive(
            "c1",
            json!({"type": "send", "msg_id": 1, "key": "k", "msg": 12})
        ),
        []
    );
    let lived = json!({"type": "error", "code": 22, "text": "it is true", "in_reply_to": 1});
    let hello = || [("n2", json!({"type": "hello", "life": 70}))];
    assert_eq!(node.receive("lin-kv", lived), hello());
    assert_eq!(
        node.receive("n2", gossip(&[2, 0], &[], false)),
        [],
        "not to this life"
    );
    assert_eq!(node.advance(WINDOW * 5), hello(), "again after a second");
    let entries = [message(0, 10), message(2, 11)];
    let to_this_life = |news: &[Value]| {
        let mut gossip = gossip(&[2, 0], news, false);
        gossip["to_life"] = json!(70);
        gossip
    };
    let next = to_this_life(&[]);
    assert_eq!(node.receive("n2", next), [], "the answer itself was lost");
    let welcome = to_this_life(&[news(0, 0, &entries)]);
    assert_eq!(
        node.receive("n2", welcome),
        [send_ok(4)],
        "behind its former life's"
    );
    check_poll(&mut node, 0, json!([[0, 10], [2, 11]]));
}

#[test]
fn a_peer_that_has_lost_its_memory_is_told_everything_and_its_former_life_is_not_heard() {
    let mut node = start(&[], "n1", &["n1", "n2"]);
    send(&mut node, 10);
    node.receive(
        "n2",
        gossip(&[1, 1], &[news(1, 0, &[message(1, 11)])], false),
    );
    check_poll(&mut node, 0, json!([[0, 10], [1, 11]]));
    let all = [news(0, 0, &[message(0, 10)]), news(1, 0, &[message(1, 11)])];
    let mut told = gossip(&[1, 1], &all, false);
    told["to_life"] = json!(70);
    let hello = json!({"type": "hello", "life": 70});
    assert_eq!(node.receive("n2", hello), [("n2", told)]);
    let late = gossip(&[1, 2], &[news(1, 1, &[message(3, 12)])], true);
    assert_eq!(node.receive("n2", late), []);
    check_poll(&mut node, 0, json!([]));
    let mut back = gossip(&[1, 1], &[], false);
    back["life"] = json!(70);
    node.receive("n2", back);
    check_poll(&mut node, 0, json!([[0, 10], [1, 11]]));
}

#[test]
fn after_a_power_loss_a_node_goes_on_where_it_was_and_asks_how_much_the_others_have() {
    let mut node = start(&[], "n1", &["n1", "n2"]);
    let sent = send(&mut node, 10);
    assert_eq!(sent, [send_ok(0)]);
    assert_eq!(sent[0].syncs, 2, "one for its life, one for what it serves");
    // Two more sends of one batch have one sync.
    let body = |msg: i64| json!({"type": "send", "msg_id": 1, "key": "k", "msg": msg});
    let first = node.receive("c1", body(11));
    assert_eq!(first, [send_ok(2)]);
    assert_eq!(node.receive("c1", body(12)), []);
    assert_eq!(node.receive("c1", body(13)), []);
    let rest = node.advance(BATCH);
    assert_eq!(rest, [send_ok(4), send_ok(6)]);
    assert_eq!([first[0].syncs, rest[0].syncs, rest[1].syncs], [3, 4, 4]);
    node.receive(
        "n2",
        gossip(&[0, 1], &[news(1, 0, &[message(7, 14)])], false),
    );
    for crash in [Crash::Kill, Crash::Power, Crash::Torn] {
        let greeting = gossip(&[4, 1], &[], true);
        // What n2 told and nobody was told of was not synced.
        let lost = gossip(&[4, 0], &[], true);
        let sent = node.restart(crash);
        assert!(
            sent == [("n2", greeting)] || sent == [("n2", lost)],
            "{crash:?}: {sent:?}"
        );
        node.receive(
            "n2",
            gossip(&[4, 1], &[news(1, 0, &[message(7, 14)])], false),
        );
        check_poll(
            &mut node,
            0,
            json!([[0, 10], [2, 11], [4, 12], [6, 13], [7, 14]]),
        );
    }
    assert_eq!(send(&mut node, 15), [send_ok(8)]);
}

#[test]
fn a_node_that_crashed_before_it_served_asks_again_in_the_same_life() {
    let mut node = ask(&[], Duration::from_nanos(70), "n1", &["n1", "n2"]);
    node.advance(Duration::from_millis(5));
    let cas = json!({"type": "cas", "key": "lived/n1", "from": 70, "to": 70, "create_if_not_exists": true, "msg_id": 5001});
    assert_eq!(node.restart(Crash::Power), [("lin-kv", cas)]);
    let first = json!({"type": "cas_ok", "in_reply_to": 5001});
    assert_eq!(node.receive("lin-kv", first), []);
    assert_eq!(send(&mut node, 10), [send_ok(0)]);
}

#[test]
fn committed_offsets_survive_a_power_loss() {
    let mut node = start(&[], "n1", &["n1"]);
    let commit = json!({"type": "commit_offsets", "msg_id": 1, "offsets": {"k": 4}});
    let ok = json!({"type": "commit_offsets_ok", "in_reply_to": 1});
    assert_eq!(ask_of(&mut node, commit), [("c1", ok)]);
    assert_eq!(node.restart(Crash::Power), []);
    let list = json!({"type": "list_committed_offsets", "msg_id": 1, "keys": ["k"]});
    let listed =
        json!({"type": "list_committed_offsets_ok", "in_reply_to": 1, "offsets": {"k": 4}});
    assert_eq!(ask_of(&mut node, list), [("c1", listed)]);
}
