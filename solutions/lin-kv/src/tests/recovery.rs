use super::*;

/// A node in its second life, and what it asks.
fn second_start(id: &str, nodes: &[&str]) -> (Node, Vec<Sent>) {
    let (mut node, _) = TestNode::start_and_see(Duration::ZERO, id, nodes);
    let read = json!({"type": "read_ok", "in_reply_to": 1, "value": 1});
    let sent = node.receive("seq-kv", read);
    let write = json!({"type": "write", "msg_id": 2, "key": format!("starts of {id}"), "value": 2});
    assert_eq!(sent, [("seq-kv", write)]);
    let sent = node.receive("seq-kv", json!({"type": "write_ok", "in_reply_to": 2}));
    (node, sent)
}

fn recovered(term: u64, state: &Value) -> Value {
    json!({"type": "recovered", "asked_by": 2, "term": term, "lives": {"n2": 2}, "state": state})
}

/// A store where x is 7, and an entry that is not committed yet.
fn state(term: u64) -> Value {
    json!({"index": 2, "term": term, "entries": [empty(term)], "machine": {
        "values": {"\"x\"": "7"}, "sessions": []}})
}

#[test]
fn a_node_without_memory_takes_part_when_a_majority_and_the_leader_have_answered() {
    let (mut node, sent) = second_start("n2", &FIVE);
    let ask = json!({"type": "recover", "life": 2});
    let asked: Vec<&str> = sent.iter().map(|sent| sent.dest.as_str()).collect();
    assert_eq!(asked, ["n1", "n3", "n4", "n5"]);
    assert!(sent.iter().all(|sent| sent.body == ask));
    // It votes for nobody and follows nobody.
    assert_eq!(node.receive("n3", request_vote(true, 9, (9, 9))), []);
    assert_eq!(node.receive("n3", append(9, 1, (0, 0), &json!([]), 0)), []);
    assert_eq!(node.receive("n1", recovered(3, &state(3))), []);
    assert_eq!(node.receive("n3", recovered(4, &json!(null))), []);
    assert_eq!(node.receive("n4", recovered(3, &json!(null))), []);
    let sent = node.advance(ms(100));
    assert_eq!(
        sent.len(),
        4,
        "three have answered, but not who leads in term 4: {sent:?}"
    );
    assert_eq!(node.receive("n5", recovered(4, &state(4))), []);
    // It has what n5 has, and has voted for n5.
    let sent = node.receive("n5", append(4, 8, (3, 4), &json!([]), 3));
    assert_eq!(sent, [("n5", appended(4, 8, true, 3))]);
    let snapshot = node.snapshot();
    assert_eq!(snapshot["node"]["machine"], state(4)["machine"]);
    let sent = node.receive("n3", request_vote(false, 4, (9, 4)));
    assert_eq!(sent[0].body["granted"], json!(false));
}

#[test]
fn answers_to_an_earlier_life_count_for_nothing() {
    let (mut node, _) = second_start("n2", &THREE);
    for peer in ["n1", "n3"] {
        let mut answer = recovered(1, &state(1));
        answer["asked_by"] = json!(1);
        node.receive(peer, answer);
    }
    assert_eq!(node.advance(ms(100)).len(), 2, "it goes on asking");
}

/// The flaw of recovery without crash vectors: n2 voted for n1 and lost its memory of that. n3
/// has told n2 so before it voted itself.
#[test]
fn a_vote_of_a_life_that_is_over_does_not_count() {
    let mut node = first_start("n1", &FIVE);
    node.advance(ms(25));
    node.receive("n2", vote(true, 1));
    node.receive("n3", vote(true, 1));
    node.receive("n2", vote(false, 1));
    let mut knows = vote(false, 1);
    knows["lives"] = json!({"n2": 2});
    assert_eq!(
        node.receive("n3", knows),
        [],
        "three votes, two of them valid"
    );
    let sent = node.receive("n4", vote(false, 1));
    assert_eq!(of_type(&sent, "append").len(), 2);
}

#[test]
fn only_a_leader_hands_out_its_state() {
    let ask = json!({"type": "recover", "life": 2});
    let mut node = follower(&THREE, &json!([empty(1)]), 0);
    let mut answer = recovered(1, &json!(null));
    answer["lives"] = json!({"n3": 2});
    assert_eq!(node.receive("n3", ask.clone()), [("n3", answer)]);
    let mut node = leader(&THREE);
    let state = json!({"index": 0, "term": 0, "entries": [empty(1)],
        "machine": {"values": {}, "sessions": []}});
    assert_eq!(node.receive("n2", ask), [("n2", recovered(1, &state))]);
}

#[test]
fn a_leader_that_has_lost_its_memory_is_soon_replaced() {
    let mut node = follower(&THREE, &json!([empty(1)]), 0);
    node.receive("n1", json!({"type": "recover", "life": 2}));
    // It asks both others within 250 ms, and perhaps again.
    let sent = node.advance(ms(250));
    let ask = request_vote(true, 2, (1, 1));
    assert_eq!(sent[..2], [("n1", ask.clone()), ("n3", ask)]);
}
