use guest_sdk::disk::SyncFailure;
use guest_sdk::testing::Crash;

use super::*;

/// How many syncs there were before each message, in this step.
fn syncs(sent: &[Sent], before: u64) -> Vec<u64> {
    sent.iter().map(|sent| sent.syncs - before).collect()
}

/// What the node has as a log: the terms.
fn terms(node: &Node) -> Vec<u64> {
    let entries = node.snapshot()["node"]["persistent"]["log"]["entries"].clone();
    let entries = entries.as_array().unwrap();
    let terms = entries.iter().map(|entry| entry["term"].as_u64().unwrap());
    terms.collect()
}

/// n2 in term 2 with three entries, the last of which was acknowledged in a step of its own.
fn with_three_entries() -> Node {
    let mut node = follower(&THREE, &json!([empty(1), empty(1)]), 0);
    let sent = node.receive("n3", append(2, 1, (2, 1), &json!([empty(2)]), 0));
    assert_eq!(sent, [("n3", appended(2, 1, true, 3))]);
    node
}

#[test]
fn a_vote_survives_a_power_loss() {
    let mut node = first_start("n2", &THREE);
    let before = node.syncs();
    let sent = node.receive("n1", request_vote(false, 1, (0, 0)));
    assert_eq!(sent, [("n1", granted(false, 1, true))]);
    assert_eq!(syncs(&sent, before), [1]);
    assert_eq!(node.restart(Crash::Power), []);
    let sent = node.receive("n3", request_vote(false, 1, (0, 0)));
    assert_eq!(sent, [("n3", granted(false, 1, false))]);
    let sent = node.receive("n1", request_vote(false, 1, (0, 0)));
    assert_eq!(sent, [("n1", granted(false, 1, true))], "the same again");
}

#[test]
fn entries_are_durable_when_they_are_acknowledged() {
    for crash in [Crash::Kill, Crash::Power, Crash::Torn] {
        let mut node = with_three_entries();
        assert_eq!(node.restart(crash), []);
        assert_eq!(terms(&node), [1, 1, 2], "{crash:?}");
        let sent = node.receive("n3", append(2, 2, (3, 2), &json!([]), 3));
        assert_eq!(sent, [("n3", appended(2, 2, true, 3))], "{crash:?}");
    }
}

#[test]
fn a_step_has_one_sync_and_a_heartbeat_none() {
    let mut node = first_start("n2", &THREE);
    let before = node.syncs();
    // A new term, an entry that is overwritten, and more.
    node.receive("n1", append(1, 1, (0, 0), &json!([empty(1), empty(1)]), 1));
    assert_eq!(node.syncs() - before, 1);
    let entries = json!([empty(2), empty(2), empty(2)]);
    node.receive("n3", append(2, 1, (1, 1), &entries, 1));
    assert_eq!(node.syncs() - before, 2);
    for number in 2..10 {
        node.receive("n3", append(2, number, (4, 2), &json!([]), 4));
    }
    assert_eq!(node.syncs() - before, 2);
    node.restart(Crash::Power);
    assert_eq!(terms(&node), [1, 2, 2, 2]);
}

#[test]
fn a_leader_syncs_once_for_what_came_while_a_follower_was_busy() {
    let mut node = leader(&THREE);
    let before = node.syncs();
    for number in 1..=10 {
        assert_eq!(node.receive("c1", client_write(number, 7)), []);
    }
    assert_eq!(node.syncs(), before);
    let sent = node.receive("n2", appended(1, 1, true, 1));
    assert_eq!(sent[0].body["entries"].as_array().unwrap().len(), 10);
    assert_eq!(syncs(&sent, before), [1]);
}

#[test]
fn a_node_that_was_restarted_takes_no_answer_to_the_process_before() {
    let mut node = follower(&THREE, &json!([empty(1)]), 1);
    node.receive("c1", client_write(1, 7));
    node.restart(Crash::Kill);
    node.receive("n1", append(1, 2, (1, 1), &json!([]), 1));
    let sent = node.receive("c1", client_write(1, 8));
    let id = &sent[0].body["command"]["id"];
    assert_eq!(id["process"], json!({"life": 1, "start": 2}));
    let done = json!({"type": "done", "id": super::id("n2", 1), "outcome": "written"});
    assert_eq!(node.receive("n1", done), []);
}

/// Its promise is on the disk before the service knows that it has made any; a start between both
/// tells the service again.
#[test]
fn a_node_that_fails_before_it_is_counted_is_counted_later() {
    let (mut node, _) = Node::start_and_see(Duration::ZERO, "n2", &THREE);
    let missing = json!({"type": "error", "in_reply_to": 1, "code": 20, "text": "missing"});
    node.receive("seq-kv", missing);
    let sent = node.receive("n1", request_vote(false, 1, (0, 0)));
    assert_eq!(sent[0].syncs, 1);
    let sent = node.restart(Crash::Power);
    let write = json!({"type": "write", "msg_id": 1, "key": "starts of n2", "value": 1});
    assert_eq!(sent, [("seq-kv", write)]);
    assert_eq!(node.receive("n1", request_vote(false, 1, (0, 0))), []);
    node.receive("seq-kv", json!({"type": "write_ok", "in_reply_to": 1}));
    let sent = node.receive("n1", request_vote(false, 1, (0, 0)));
    assert_eq!(sent, [("n1", granted(false, 1, true))]);
}

/// Changes a byte of the last line, or cuts it in half.
fn spoil_last(node: &mut Node, is_torn: bool) {
    let mut bytes = node.disk().bytes("raft").unwrap().to_vec();
    match is_torn {
        true => bytes.truncate(bytes.len() - 20),
        false => {
            let at = bytes.len() - 20;
            bytes[at] ^= 1;
        }
    }
    node.disk_mut().set("raft", bytes);
}

fn read_starts() -> Value {
    json!({"type": "read", "msg_id": 1, "key": "starts of n2"})
}

#[test]
fn a_record_that_was_never_synced_may_be_torn() {
    let mut node = with_three_entries();
    // Behind the last mark: this entry is not acknowledged.
    let line = "00000000 {\"entry\":[4,{\"term\":2,";
    let mut bytes = node.disk().bytes("raft").unwrap().to_vec();
    bytes.extend(line.bytes());
    node.disk_mut().set("raft", bytes);
    assert_eq!(node.restart(Crash::Kill), []);
    assert_eq!(terms(&node), [1, 1, 2]);
    // What follows is whole again.
    node.receive("n3", append(2, 2, (3, 2), &json!([empty(2)]), 0));
    node.restart(Crash::Power);
    assert_eq!(terms(&node), [1, 1, 2, 2]);
}

#[test]
fn who_lost_a_record_that_was_synced_recovers_as_with_an_empty_disk() {
    for is_torn in [true, false] {
        let mut node = with_three_entries();
        spoil_last(&mut node, is_torn);
        assert_eq!(node.restart(Crash::Kill), [("seq-kv", read_starts())]);
        // It is the same if the power fails at once.
        assert_eq!(node.restart(Crash::Power), [("seq-kv", read_starts())]);
        let one = json!({"type": "read_ok", "in_reply_to": 1, "value": 1});
        node.receive("seq-kv", one);
        let sent = node.receive("seq-kv", json!({"type": "write_ok", "in_reply_to": 2}));
        let recover = json!({"type": "recover", "life": 2});
        assert_eq!(sent, [("n1", recover.clone()), ("n3", recover)]);
        assert_eq!(node.receive("n3", request_vote(false, 9, (9, 9))), []);
    }
}

#[test]
fn a_damaged_or_missing_file_is_a_loss_too() {
    let spoil = |file: &str, bytes: &[u8]| {
        let mut node = with_three_entries();
        node.disk_mut().set(file, bytes);
        assert_eq!(
            node.restart(Crash::Kill),
            [("seq-kv", read_starts())],
            "{file}"
        );
    };
    spoil("raft", b"");
    spoil("raft", b"rubbish\n");
    spoil("synced", b"rubbish\n");
}

#[test]
fn the_file_is_replaced_when_it_has_grown_and_no_entry_is_lost() {
    let mut node = leader(&THREE);
    node.receive("n2", appended(1, 1, true, 1));
    let mut longest = 0;
    for i in 0..600 {
        let sent = node.receive("c1", client_write(i, 5));
        let number = of_type(&sent, "append")[0].1["number"].as_u64().unwrap();
        node.receive("n2", appended(1, number, true, i + 2));
        longest = longest.max(node.disk().bytes("raft").unwrap().len());
    }
    assert!((31 << 10..=32 << 10).contains(&longest), "{longest}");
    let machine = |node: &Node| node.snapshot()["node"]["machine"]["values"].clone();
    let values = machine(&node);
    node.restart(Crash::Power);
    assert_eq!(machine(&node), values);
    let last = json!({"type": "request_vote", "pre": false, "term": 2, "life": 1,
        "last_index": 600, "last_term": 1});
    let sent = node.receive("n3", last);
    assert_eq!(sent[0].body["granted"], json!(false), "it has entry 601");
}

/// It would not be durable later either: see the module's documentation.
#[test]
fn what_a_failed_sync_has_left_visible_is_written_again() {
    let mut node = with_three_entries();
    node.fail_next_sync(SyncFailure::Error);
    let entries = append(2, 2, (3, 2), &json!([empty(2)]), 0);
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        node.receive("n3", entries);
    }));
    assert!(failed.is_err(), "it must not go on");
    node.restart(Crash::Kill);
    assert_eq!(terms(&node), [1, 1, 2, 2]);
    assert_eq!(node.disk().bytes("raft"), node.disk().durable("raft"));
}

/// n2 has said that n3 begins its second life, and must not deny it (see `recovery`).
#[test]
fn what_is_known_of_lives_survives() {
    let mut node = follower(&THREE, &json!([empty(1)]), 0);
    node.receive("n3", json!({"type": "recover", "life": 2}));
    node.restart(Crash::Power);
    let sent = node.receive("n1", request_vote(false, 2, (1, 1)));
    assert_eq!(sent[0].body["lives"], json!({"n3": 2}));
}
