use std::time::Duration;

use guest_sdk::testing::{Sent, TestNode};
use host_testing::play;
use serde_json::{Value, json};

use crate::Membership;
use crate::members::{Belief, Members, Rank};

const NODES: [&str; 3] = ["n1", "n2", "n3"];
const MS: Duration = Duration::from_millis(1);

/// n1 of some nodes, with periods of 300 ms.
fn first(nodes: &[&str]) -> TestNode<Membership> {
    TestNode::start_with(&["--period-ms", "300"], "n1", nodes)
}

/// Lets time pass until the node sends something.
fn next(node: &mut TestNode<Membership>) -> Vec<Sent> {
    let mut sent = (0..2000).map(|_| node.advance(MS));
    sent.find(|sent| !sent.is_empty()).unwrap()
}

fn members(node: &mut TestNode<Membership>) -> Value {
    let sent = node.receive("c1", json!({"type": "members", "msg_id": 1}));
    assert_eq!((sent.len(), &*sent[0].dest), (1, "c1"));
    assert_eq!(sent[0].body["type"], "members_ok");
    sent[0].body["members"].clone()
}

fn ping(me: u32, facts: Value, period: u64) -> Value {
    json!({"type": "ping", "me": me, "facts": facts, "period": period})
}

fn ack(me: u32, facts: Value, period: u64, alive: u32) -> Value {
    json!({"type": "ack", "me": me, "facts": facts, "period": period, "alive": alive})
}

#[test]
fn beliefs_outrank_each_other_as_the_paper_says_and_the_dead_may_return() {
    use Belief::{Alive, Dead, Suspect};
    let all = [Alive, Suspect, Dead];
    for (new, old) in all
        .iter()
        .flat_map(|new| all.iter().map(move |old| (*new, *old)))
    {
        for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            let holds = match (new, old) {
                (Suspect | Dead, Alive) | (Dead, Suspect) => i >= j,
                _ => i > j,
            };
            assert_eq!(
                Rank::new(i, new) > Rank::new(j, old),
                holds,
                "{new:?} {i}, {old:?} {j}"
            );
        }
    }
    let rank = Rank::new(7, Suspect);
    assert_eq!((rank.incarnation(), rank.belief()), (7, Suspect));
}

#[test]
fn a_ping_is_answered_and_what_it_says_is_believed_and_passed_on() {
    let mut node = first(&NODES);
    // n3 is dead, in its second incarnation.
    let sent = node.receive("n2", ping(1, json!([[2, 5]]), 9));
    assert_eq!(sent, [("n2", ack(0, json!([[2, 5]]), 9, 0))]);
    assert_eq!(members(&mut node), json!(["n1", "n2"]));
    let older = node.receive("n2", ping(1, json!([[2, 4], [8, 1]]), 10));
    assert_eq!(older, [("n2", ack(0, json!([[2, 5]]), 10, 0))]);
    let back = node.receive("n2", ping(1, json!([[2, 6]]), 11));
    assert_eq!(back, [("n2", ack(0, json!([[2, 6]]), 11, 0))]);
    assert_eq!(members(&mut node), json!(NODES));
}

#[test]
fn whoever_is_suspected_says_that_it_is_alive() {
    let mut node = first(&NODES);
    let sent = node.receive("n2", ping(1, json!([[0, 1]]), 9));
    assert_eq!(sent, [("n2", ack(0, json!([[0, 3]]), 9, 0))]);
    // And again to whoever has not heard it, but no more often than news are told otherwise.
    for period in 10..20 {
        node.receive("n3", ping(2, json!([]), period));
    }
    let sent = node.receive("n3", ping(2, json!([]), 20));
    assert_eq!(sent, [("n3", ack(0, json!([]), 20, 0))]);
    let sent = node.receive("n3", ping(2, json!([[0, 1]]), 21));
    assert_eq!(sent, [("n3", ack(0, json!([[0, 3]]), 21, 0))]);
    // Dead in that incarnation: once more.
    let sent = node.receive("n2", ping(1, json!([[0, 5]]), 22));
    assert_eq!(sent, [("n2", ack(0, json!([[0, 6]]), 22, 0))]);
}

#[test]
fn a_member_that_answers_nobody_is_suspected_then_dead_then_pinged_now_and_then() {
    let mut node = first(&["n1", "n2"]);
    assert_eq!(next(&mut node), [("n2", ping(0, json!([]), 1))]);
    // There is nobody to ask for help. The suspicion begins with the second period.
    assert_eq!(next(&mut node), [("n2", ping(0, json!([[1, 1]]), 2))]);
    // It lasts three periods: 3 times the logarithm of two.
    assert_eq!(node.advance(299 * MS), []);
    assert_eq!(next(&mut node), [("n2", ping(0, json!([[1, 1]]), 3))]);
    assert_eq!(next(&mut node), [("n2", ping(0, json!([[1, 1]]), 4))]);
    assert_eq!(members(&mut node), json!(["n1", "n2"]));
    assert_eq!(
        node.advance(300 * MS),
        [("n2", ping(0, json!([[1, 2]]), 0))]
    );
    assert_eq!(members(&mut node), json!(["n1"]));
    // It is alive after all, and says so.
    assert_eq!(node.receive("n2", ack(1, json!([[1, 3]]), 0, 1)), []);
    assert_eq!(members(&mut node), json!(["n1", "n2"]));
    assert_eq!(next(&mut node), [("n2", ping(0, json!([[1, 3]]), 6))]);
    assert_eq!(node.receive("n2", ack(1, json!([]), 6, 1)), []);
    assert_eq!(next(&mut node), [("n2", ping(0, json!([[1, 3]]), 7))]);
}

#[test]
fn others_are_asked_to_ping_whoever_does_not_answer_soon() {
    let mut node = first(&NODES);
    let pinged = next(&mut node);
    let target = u32::from(pinged == [("n3", ping(0, json!([]), 1))]) + 1;
    assert_eq!(pinged, [(NODES[target as usize], ping(0, json!([]), 1))]);
    let helper = 3 - target;
    let asked = node.advance(100 * MS);
    let ping_req = json!({"type": "ping_req", "me": 0, "facts": [], "period": 1, "target": target});
    assert!(!asked.is_empty());
    assert!(
        asked
            .iter()
            .all(|sent| *sent == (NODES[helper as usize], ping_req.clone()))
    );
    // It was heard on the other way, so nobody is suspected.
    assert_eq!(
        node.receive(NODES[helper as usize], ack(helper, json!([]), 1, target)),
        []
    );
    let second = next(&mut node);
    assert_eq!(second[0].body, ping(0, json!([]), 2));
}

#[test]
fn a_helper_pings_and_says_what_came_of_it() {
    let mut node = first(&NODES);
    let ping_req = json!({"type": "ping_req", "me": 1, "facts": [], "period": 5, "target": 2});
    let mut helped = ping(0, json!([]), 5);
    helped["helps"] = json!(1);
    assert_eq!(node.receive("n2", ping_req), [("n3", helped)]);
    let mut answer = ack(2, json!([]), 5, 2);
    answer["helps"] = json!(1);
    assert_eq!(
        node.receive("n3", answer),
        [("n2", ack(0, json!([]), 5, 2))]
    );
}

#[test]
fn a_message_has_eight_news_and_each_is_told_so_often() {
    let mut members = Members::new(0, 100);
    for member in 1..=20 {
        assert!(members.learn((member, Rank::new(0, Belief::Suspect))));
    }
    let mut told = [0; 21];
    for _ in 0..10 {
        let facts = members.tell(8, 3);
        assert!(facts.len() <= 8);
        facts
            .iter()
            .for_each(|(member, _)| told[*member as usize] += 1);
    }
    assert_eq!(told[1..], [3; 20]);
    assert_eq!(members.tell(8, 3), []);
}

/// Whom each of five nodes believes to be alive after a run with these faults, as places; periods are 100 ms long.
fn alive_after(seconds: u64, faults: &Value) -> Vec<Vec<usize>> {
    let schedule = json!({
        "version": 1, "workload": "echo", "seed": 1, "node_count": 5, "first_node": 0, "concurrency": 5,
        "time_limit_ns": seconds * 1_000_000_000, "latency_ms": 10, "latency_dist": "exponential",
        "hop_ns": 0, "network": "maelstrom", "topology": "grid", "checks": "strict",
        "consistency_models": ["strict-serializable"], "guest_args": ["--period-ms", "100"],
        "operations": [{"at_ns": seconds * 1_000_000_000 - 1, "worker": 0, "f": "echo", "value": "\"last\""}],
        "faults": faults,
    });
    let run = play::<Membership>(&schedule.to_string());
    run.assert_valid();
    let of = |node: usize| {
        let state = run.state(&format!("n{node}"));
        let ranks = state["members"]["ranks"].as_array().unwrap();
        let is_alive = |member: &usize| ranks[*member].as_u64().unwrap().is_multiple_of(3);
        (0..5).filter(is_alive).collect()
    };
    (0..5).map(of).collect()
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn a_node_that_is_down_is_dead_for_all_others() {
    let kill = json!({"fault": "kill", "from_ns": 2 * SECOND, "nodes": ["n2"]});
    let alive = alive_after(6, &json!([kill]));
    for node in [0, 1, 3, 4] {
        assert_eq!(alive[node], [0, 1, 3, 4], "n{node}");
    }
}

#[test]
fn after_faults_all_are_alive_for_all() {
    let apart = json!({
        "n0": ["n2", "n3", "n4"], "n1": ["n2", "n3", "n4"],
        "n2": ["n0", "n1"], "n3": ["n0", "n1"], "n4": ["n0", "n1"]
    });
    let partition = |until: Value| json!({"fault": "partition", "from_ns": SECOND, "until_ns": until, "links": apart});
    let sides = [vec![0, 1], vec![2, 3, 4]];
    let alive = alive_after(6, &json!([partition(json!(null))]));
    assert_eq!(alive, [0, 0, 1, 1, 1].map(|side| sides[side].clone()));
    let faults = json!([
        partition(json!(6 * SECOND)),
        {"fault": "loss", "from_ns": 2 * SECOND, "until_ns": 8 * SECOND, "permille": 300},
        {"fault": "kill", "from_ns": 3 * SECOND, "until_ns": 5 * SECOND, "nodes": ["n0", "n3"]},
    ]);
    assert_eq!(alive_after(16, &faults), vec![vec![0, 1, 2, 3, 4]; 5]);
}
