use super::*;

#[test]
fn a_majority_that_would_vote_and_then_does_makes_a_leader() {
    let mut node = first_start("n1", &THREE);
    let ask = request_vote(true, 1, (0, 0));
    let sent = node.advance(ms(25));
    assert_eq!(
        sent,
        [("n2", ask.clone()), ("n3", ask)],
        "the first node need not wait"
    );
    let ask = request_vote(false, 1, (0, 0));
    let sent = node.receive("n3", vote(true, 1));
    assert_eq!(sent, [("n2", ask.clone()), ("n3", ask)]);
    assert_eq!(node.receive("n3", vote(true, 1)), [], "no vote, a copy");
    let first = append(1, 1, (0, 0), &json!([empty(1)]), 0);
    assert_eq!(node.receive("n2", vote(false, 1)), [("n2", first)]);
    // Two of three are a majority; the third hears of it with the heartbeat.
    let sent = node.receive("n2", appended(1, 1, true, 1));
    assert_eq!(sent, []);
    let sent = node.advance(ms(100));
    let expected = [
        ("n2", append(1, 2, (1, 1), &json!([]), 1)),
        ("n3", append(1, 3, (0, 0), &json!([empty(1)]), 1)),
    ];
    assert_eq!(sent, expected);
}

#[test]
fn without_a_majority_that_would_vote_no_term_begins() {
    let ask = request_vote(true, 1, (0, 0));
    let both = [("n2", ask.clone()), ("n3", ask.clone())];
    let mut node = first_start("n1", &THREE);
    assert_eq!(node.advance(ms(25)), both);
    assert_eq!(node.advance(ms(75)), []);
    assert_eq!(node.advance(ms(25)), both, "again: it may have been lost");
    // It stands anew every 0.5 to 1 s, but always for term 1.
    let sent = node.advance(ms(10_000));
    assert!(sent.len() >= 190 && sent.iter().all(|sent| sent.body == ask));
}

#[test]
fn a_node_votes_once_in_a_term() {
    let mut node = first_start("n2", &THREE);
    let ask = request_vote(false, 1, (0, 0));
    let sent = node.receive("n1", ask.clone());
    assert_eq!(sent, [("n1", granted(false, 1, true))]);
    let sent = node.receive("n3", ask.clone());
    assert_eq!(sent, [("n3", granted(false, 1, false))]);
    let sent = node.receive("n1", ask);
    assert_eq!(sent, [("n1", granted(false, 1, true))], "the same again");
    // The same node in a later life is another candidate.
    let mut again = request_vote(false, 1, (0, 0));
    again["life"] = json!(2);
    let mut refusal = granted(false, 1, false);
    refusal["candidate_life"] = json!(2);
    assert_eq!(node.receive("n1", again), [("n1", refusal)]);
    let sent = node.receive("n3", request_vote(false, 2, (0, 0)));
    assert_eq!(sent, [("n3", granted(false, 2, true))]);
}

#[test]
fn who_hears_a_leader_is_not_disturbed_by_who_does_not() {
    let mut node = follower(&THREE, &json!([empty(1)]), 0);
    let ask = request_vote(true, 2, (1, 1));
    let refusal = granted(true, 1, false);
    assert_eq!(node.receive("n3", ask.clone()), [("n3", refusal)]);
    // After half a second of silence it would vote, and has still begun no term.
    node.advance(ms(500));
    assert_eq!(node.receive("n3", ask), [("n3", granted(true, 2, true))]);
    let sent = node.receive("n1", append(1, 2, (1, 1), &json!([]), 1));
    assert_eq!(sent, [("n1", appended(1, 2, true, 1))]);
}

#[test]
fn nobody_votes_for_a_candidate_that_lacks_what_the_voter_has() {
    let mut node = follower(&THREE, &json!([empty(1), empty(1)]), 0);
    for (last, covers) in [((1, 1), false), ((2, 1), true)] {
        let term = 2 + last.0;
        let vote = granted(false, term, covers);
        let sent = node.receive("n3", request_vote(false, term, last));
        assert_eq!(sent, [("n3", vote)]);
    }
}

#[test]
fn a_leader_that_hears_nobody_resigns() {
    let mut node = leader(&THREE);
    let sent = node.advance(ms(1025));
    assert!(of_type(&sent, "request_vote").is_empty());
    assert!(!of_type(&sent, "append").is_empty());
    let sent = node.advance(ms(2000));
    assert!(of_type(&sent, "append").is_empty());
    assert!(!of_type(&sent, "request_vote").is_empty());
}
