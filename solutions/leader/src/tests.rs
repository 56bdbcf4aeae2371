use std::panic::{AssertUnwindSafe, catch_unwind};

use guest_sdk::disk::SyncFailure;
use guest_sdk::testing::{Crash, Sent, TestNode};
use serde_json::{Value, json};

use super::*;

/// n1 of three.
fn node() -> TestNode<Elector> {
    TestNode::start("n1", &["n1", "n2", "n3"])
}

fn message(kind: &str, term: u64) -> Value {
    json!({"type": kind, "term": term})
}

fn to_both(kind: &str, term: u64) -> [(&'static str, Value); 2] {
    [("n2", message(kind, term)), ("n3", message(kind, term))]
}

#[track_caller]
fn check_view(node: &mut TestNode<Elector>, term: u64, leader: Option<&str>) {
    let mut answer = json!({"type": "who_ok", "in_reply_to": 9, "term": term});
    if let Some(leader) = leader {
        answer["leader"] = json!(leader);
    }
    let sent = node.receive("c1", json!({"type": "who", "msg_id": 9}));
    assert_eq!(sent, [("c1", answer)]);
}

/// Lets time pass until the node stands for election.
fn stand(node: &mut TestNode<Elector>) -> Vec<Sent> {
    for _ in 0..PATIENCE.end {
        let sent = node.advance(HEARTBEAT);
        if !sent.is_empty() {
            return sent;
        }
    }
    panic!("it never stands");
}

#[test]
fn who_hears_no_leader_stands_and_leads_with_a_majority() {
    let mut node = node();
    check_view(&mut node, 0, None);
    assert_eq!(stand(&mut node), to_both("request_vote", 1));
    check_view(&mut node, 1, None);
    assert_eq!(node.receive("n2", message("vote", 1)), to_both("lead", 1));
    check_view(&mut node, 1, Some("n1"));
    assert_eq!(node.advance(HEARTBEAT), to_both("lead", 1));
}

#[test]
fn a_vote_counts_once_and_in_its_own_term() {
    let five = ["n1", "n2", "n3", "n4", "n5"];
    let mut node = TestNode::<Elector>::start("n1", &five);
    assert_eq!(stand(&mut node).len(), 4);
    for (voter, term) in [("n2", 1), ("n2", 1), ("n3", 0)] {
        assert_eq!(node.receive(voter, message("vote", term)), []);
    }
    check_view(&mut node, 1, None);
    assert_eq!(node.receive("n4", message("vote", 1)).len(), 4);
    check_view(&mut node, 1, Some("n1"));
}

#[test]
fn a_node_votes_once_in_a_term_and_remembers_it() {
    let mut node = node();
    let vote = [("n2", message("vote", 4))];
    assert_eq!(node.receive("n2", message("request_vote", 4)), vote);
    assert_eq!(node.disk().unsynced(), 0);
    for crash in [Crash::Kill, Crash::Power, Crash::Torn] {
        assert_eq!(node.receive("n3", message("request_vote", 4)), []);
        assert_eq!(node.restart(crash), []);
        check_view(&mut node, 4, None);
    }
    assert_eq!(node.receive("n2", message("request_vote", 4)), vote);
    let sent = node.receive("n3", message("request_vote", 5));
    assert_eq!(sent, [("n3", message("vote", 5))]);
}

#[test]
fn a_vote_that_a_failed_sync_has_left_is_durable_before_the_next_life_speaks() {
    let mut node = node();
    node.fail_next_sync(SyncFailure::Error);
    let votes = || node.receive("n2", message("request_vote", 4));
    catch_unwind(AssertUnwindSafe(votes)).unwrap_err();
    // The node sees what was written until the power is lost.
    for crash in [Crash::Kill, Crash::Power] {
        assert_eq!(node.restart(crash), []);
        check_view(&mut node, 4, None);
        assert_eq!(node.receive("n3", message("request_vote", 4)), []);
    }
}

#[test]
fn an_old_leader_learns_of_a_later_term_and_steps_down() {
    let mut node = node();
    stand(&mut node);
    node.receive("n2", message("vote", 1));
    assert_eq!(node.receive("n3", message("term", 3)), []);
    check_view(&mut node, 3, None);
    assert_eq!(node.receive("n2", message("lead", 3)), []);
    check_view(&mut node, 3, Some("n2"));
    let sent = node.receive("n3", message("lead", 2));
    assert_eq!(sent, [("n3", message("term", 3))]);
    let sent = node.receive("n3", message("request_vote", 1));
    assert_eq!(sent, [("n3", message("term", 3))]);
}
