use super::*;

/// The paper's figure 8, c and e: S1 leads term 4 and brings an entry of term 2 to a
/// majority. That does not commit it; an entry of term 4 behind it does.
#[test]
fn an_entry_of_an_earlier_term_is_not_committed_by_counting() {
    let mut node = first_start("n1", &FIVE);
    let entries = json!([empty(1), write_x(2, "n5", 1, "7")]);
    node.receive("n5", append(2, 1, (0, 0), &entries, 1));
    node.receive("n4", request_vote(false, 3, (0, 0)));
    while of_type(&node.advance(ms(25)), "request_vote").is_empty() {}
    for pre in [true, false] {
        node.receive("n2", vote(pre, 4));
        node.receive("n3", vote(pre, 4));
    }
    // n2 and n3 have taken over the entry of term 2, but not yet that of term 4.
    for (peer, number) in [("n2", 1), ("n3", 2)] {
        let sent = node.receive(peer, appended(4, number, true, 2));
        let next = append(4, number + 2, (2, 2), &json!([empty(4)]), 1);
        assert_eq!(sent, [(peer, next)], "and 2 is not committed");
    }
    node.receive("n2", appended(4, 3, true, 3));
    let sent = node.receive("n3", appended(4, 4, true, 3));
    let done = json!({"type": "done", "id": id("n5", 1), "outcome": "written"});
    assert_eq!(sent, [("n5", done)]);
}

#[test]
fn what_conflicts_with_the_leaders_log_gives_way() {
    let entries = json!([empty(1), empty(1), write_x(1, "n3", 1, "1")]);
    let mut node = follower(&THREE, &entries, 1);
    // n3 leads term 2 and has another entry 3, and more behind it.
    let sent = node.receive("n3", append(2, 1, (4, 2), &json!([]), 2));
    assert_eq!(sent, [("n3", appended(2, 1, false, 1))], "no entry 4 here");
    let theirs = json!([empty(1), write_x(2, "n3", 2, "2"), empty(2)]);
    let sent = node.receive("n3", append(2, 2, (1, 1), &theirs, 4));
    assert_eq!(sent, [("n3", appended(2, 2, true, 4))]);
    // It does what is committed: x is 2.
    assert_eq!(
        node.snapshot()["node"]["machine"]["values"],
        json!({"\"x\"": "2"})
    );
    // The old leader learns that its term is over.
    let sent = node.receive("n1", append(1, 9, (3, 1), &json!([]), 1));
    assert_eq!(sent, [("n1", appended(2, 9, false, 4))]);
}

#[test]
fn what_is_lost_is_sent_again_and_what_comes_twice_starts_nothing() {
    let mut node = leader(&THREE);
    let entry = json!([empty(1)]);
    let sent = node.advance(ms(100));
    let again = [
        ("n2", append(1, 2, (0, 0), &entry, 0)),
        ("n3", append(1, 3, (0, 0), &entry, 0)),
    ];
    assert_eq!(sent, again);
    for _ in 0..3 {
        assert_eq!(node.receive("n2", appended(1, 2, true, 1)), []);
    }
}

#[test]
fn a_follower_far_behind_is_given_a_snapshot() {
    let mut node = leader(&THREE);
    node.receive("n2", appended(1, 1, true, 1));
    for i in 0..300 {
        let sent = node.receive("c1", client_write(i, 5));
        let [(dest, append)] = of_type(&sent, "append")[..] else {
            panic!("{sent:?}");
        };
        assert_eq!(dest, "n2");
        let number = append["number"].as_u64().unwrap();
        node.receive("n2", appended(1, number, true, i + 2));
    }
    let sent = node.advance(ms(100));
    let last = sent.iter().rfind(|sent| sent.dest == "n3").unwrap();
    let body = &last.body;
    assert_eq!(body["type"], "install_snapshot");
    assert_eq!(body["snapshot"]["index"], json!(301));
    // Another node that takes it over knows all that n1 does.
    let mut other = first_start("n3", &THREE);
    let number = body["number"].as_u64().unwrap();
    let sent = other.receive("n1", body.clone());
    assert_eq!(sent, [("n1", appended(1, number, true, 301))]);
    let machine = |node: &Node| node.snapshot()["node"]["machine"].clone();
    assert_eq!(machine(&other), machine(&node));
}
