use super::*;

fn read_ok(in_reply_to: u64, value: i64) -> Value {
    json!({"type": "read_ok", "in_reply_to": in_reply_to, "value": value})
}

/// n1, after x has been set to 7 with n2's help. It has sent two messages.
fn leader_with_x() -> Node {
    let mut node = leader(&THREE);
    node.receive("n2", appended(1, 1, true, 1));
    let sent = node.receive("c1", client_write(1, 7));
    let entry = json!([write_x(1, "n1", 1, "7")]);
    assert_eq!(sent, [("n2", append(1, 2, (1, 1), &entry, 1))]);
    let sent = node.receive("n2", appended(1, 2, true, 2));
    let ok = json!({"type": "write_ok", "in_reply_to": 1});
    assert_eq!(sent, [("c1", ok)]);
    node
}

#[test]
fn a_read_waits_for_an_answer_to_a_message_that_is_younger() {
    let mut node = leader_with_x();
    let sent = node.receive("c1", client_read(2));
    assert_eq!(sent, [("n2", append(1, 3, (2, 1), &json!([]), 2))]);
    let sent = node.receive("n2", appended(1, 2, true, 2));
    assert_eq!(sent, [], "answers what was sent before");
    let sent = node.receive("n2", appended(1, 3, true, 2));
    assert_eq!(sent, [("c1", read_ok(2, 7))]);
}

#[test]
fn a_leader_that_is_none_any_more_answers_no_read() {
    let mut node = leader_with_x();
    node.receive("c1", client_read(2));
    assert_eq!(node.receive("n3", appended(2, 3, false, 2)), []);
    // It knows no leader until it gives up.
    let sent = node.advance(ms(900));
    let sent = sent.iter().filter(|sent| sent.dest == "c1");
    let text = "the leader did not answer; this may have happened or not";
    assert_eq!(sent.collect::<Vec<_>>(), [&("c1", error(2, 0, text))]);
}

#[test]
fn a_new_leader_answers_reads_when_it_has_committed_something() {
    let mut node = leader(&THREE);
    node.receive("c1", client_read(1));
    // n2 confirms that n1 leads, with a message that is young enough, too, but not the entry.
    for number in [1, 2] {
        let sent = node.receive("n2", appended(1, number, false, 0));
        let again = append(1, number + 1, (0, 0), &json!([empty(1)]), 0);
        assert_eq!(sent, [("n2", again)]);
    }
    let sent = node.receive("n2", appended(1, 3, true, 1));
    assert_eq!(sent, [("c1", error(1, 20, "there is no such key"))]);
}

#[test]
fn a_compare_and_set_that_does_not_fit_says_so() {
    let mut node = leader_with_x();
    let cas = |msg_id, from, to| json!({"type": "cas", "msg_id": msg_id, "key": "x", "from": from, "to": to});
    node.receive("c1", cas(2, 8, 9));
    let sent = node.receive("n2", appended(1, 3, true, 3));
    assert_eq!(sent, [("c1", error(2, 22, "the value is 7"))]);
    node.receive("c1", cas(3, 7, 9));
    let sent = node.receive("n2", appended(1, 4, true, 4));
    assert_eq!(sent, [("c1", json!({"type": "cas_ok", "in_reply_to": 3}))]);
}

#[test]
fn a_follower_hands_over_until_it_hears_the_outcome() {
    let mut node = follower(&THREE, &json!([empty(1)]), 1);
    let write = json!({"write": {"key": "\"x\"", "value": "7"}});
    let forward = json!({"type": "forward", "command": command("n2", 1, &write)});
    let sent = node.receive("c1", client_write(1, 7));
    assert_eq!(sent, [("n1", forward.clone())]);
    assert_eq!(node.advance(ms(225)), []);
    assert_eq!(node.advance(ms(25)), [("n1", forward.clone())]);
    // Another leader: at the next tick, under the same number.
    node.receive("n3", append(2, 1, (1, 1), &json!([]), 1));
    assert_eq!(node.advance(ms(25)), [("n3", forward)]);
    let done = json!({"type": "done", "id": id("n2", 1), "outcome": "written"});
    let ok = json!({"type": "write_ok", "in_reply_to": 1});
    assert_eq!(node.receive("n3", done.clone()), [("c1", ok)]);
    assert_eq!(node.receive("n3", done), []);
}

#[test]
fn a_follower_can_hear_the_outcome_from_its_own_log() {
    let mut node = follower(&THREE, &json!([empty(1)]), 1);
    node.receive("c1", client_write(1, 7));
    let entry = json!([write_x(1, "n2", 1, "7")]);
    let sent = node.receive("n1", append(1, 2, (1, 1), &entry, 2));
    let ok = json!({"type": "write_ok", "in_reply_to": 1});
    assert_eq!(sent, [("c1", ok), ("n1", appended(1, 2, true, 2))]);
}

#[test]
fn what_was_handed_to_nobody_has_surely_not_happened() {
    let mut node = first_start("n2", &THREE);
    assert_eq!(node.receive("c1", client_write(1, 7)), []);
    let sent = node.advance(ms(900));
    let sent = sent.iter().filter(|sent| sent.dest == "c1");
    let error = error(1, 11, "no leader is known");
    assert_eq!(sent.collect::<Vec<_>>(), [&("c1", error)]);
}

#[test]
fn what_is_handed_over_twice_is_in_the_log_once() {
    let mut node = leader_with_x();
    let write = json!({"write": {"key": "\"x\"", "value": "8"}});
    let forward = json!({"type": "forward", "command": command("n3", 1, &write)});
    let entry = json!([write_x(1, "n3", 1, "8")]);
    let sent = node.receive("n3", forward.clone());
    assert_eq!(sent, [("n2", append(1, 3, (2, 1), &entry, 2))]);
    assert_eq!(node.receive("n3", forward.clone()), []);
    let done = json!({"type": "done", "id": id("n3", 1), "outcome": "written"});
    let sent = node.receive("n2", appended(1, 3, true, 3));
    assert_eq!(sent, [("n3", done.clone())]);
    assert_eq!(
        node.receive("n3", forward),
        [("n3", done)],
        "once more, from memory"
    );
}
