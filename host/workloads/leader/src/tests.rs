use guest_sdk::workload::testing::{TestHistory, TestRun};

use super::*;

/// Runs 30 questions against three nodes. `leader` gets how many questions there have been and the node's number, and answers
/// with a term and a leader.
fn run(
    mut answer: impl FnMut(usize, usize) -> (u64, Option<&'static str>),
) -> TestHistory<Election> {
    let mut asked = 0;
    let run = TestRun::new().workers(3).operations(30);
    run.against(|node, _| {
        asked += 1;
        let (term, leader) = answer(asked, node);
        let mut body = json!({"type": "who_ok", "term": term});
        if let Some(leader) = leader {
            body["leader"] = json!(leader);
        }
        body
    })
}

#[test]
fn a_leader_that_all_name_is_right_and_so_is_another_in_a_later_term() {
    let history = run(|asked, _| match asked {
        0..=5 => (0, None),
        6..=15 => (1, Some("n0")),
        16..=18 => (2, None),
        _ => (3, Some("n2")),
    });
    assert_eq!(history.problems(), [""; 0]);
    assert_eq!(history.records().len(), 30 + 3);
}

#[test]
fn a_node_that_is_cut_off_may_name_the_leader_of_an_old_term() {
    let history = run(|asked, node| match (asked, node) {
        (0..=30, 1) => (1, Some("n1")),
        _ => (2, Some("n0")),
    });
    assert_eq!(history.problems(), [""; 0]);
}

#[test]
fn two_leaders_of_a_term_are_told_once() {
    let history = run(|asked, node| match (asked, node) {
        (7..=12, 2) => (1, Some("n2")),
        (0..=12, _) => (1, Some("n0")),
        _ => (2, Some("n0")),
    });
    assert_eq!(
        history.problems(),
        ["two-leaders: term 1 has two leaders: n0 names n0, n2 names n2"]
    );
}

#[test]
fn a_term_that_goes_back_at_a_node_is_told() {
    let history = run(|asked, node| match (asked, node) {
        (10, 0) => (7, None),
        _ => (4, Some("n0")),
    });
    assert_eq!(
        history.problems(),
        ["term-went-back: n0 was in term 7, and later in term 4"]
    );
}

#[test]
fn nodes_that_never_agree_are_told() {
    let history = run(|_, node| match node {
        0 => (1, Some("n0")),
        1 => (2, Some("n1")),
        _ => (2, None),
    });
    // One answer of each is enough: no time passes for those who wait.
    assert_eq!(
        history.problems(),
        [
            "no-agreement: after recovery nodes do not agree: n0 names n0 in term 1, n1 names n1 in term 2, n2 knows no leader in term 2"
        ]
    );
}

#[test]
fn a_node_that_does_not_answer_at_last_is_told() {
    let mut asked = 0;
    let run = TestRun::<Election>::new().workers(3).operations(30);
    let history = run.against(|node, _| {
        asked += 1;
        match (asked, node) {
            (31.., 2) => json!({"type": "error", "code": 11, "text": "later"}),
            _ => json!({"type": "who_ok", "term": 1, "leader": "n0"}),
        }
    });
    assert_eq!(
        history.problems(),
        [
            "no-agreement: after recovery nodes do not agree: n0 names n0 in term 1, n1 names n0 in term 1, 1 of 3 nodes do not answer"
        ]
    );
}

#[test]
#[should_panic(expected = "give each node one, with --concurrency 1n or more")]
fn each_node_needs_a_client() {
    let _ = TestRun::<Election>::new()
        .workers(2)
        .against_a_perfect_node();
}

#[test]
#[should_panic(expected = "\"n9\" leads, which is no node")]
fn a_leader_is_a_node() {
    let _ = run(|_, _| (1, Some("n9")));
}

#[test]
fn two_nodes_that_lead_in_one_term_break_an_invariant_and_one_is_a_goal() {
    let cluster = Cluster {
        nodes: vec!["n0".to_owned(), "n1".to_owned()],
        workers: 2,
        topology: BTreeMap::new(),
    };
    let mut election = Election::new(&cluster, ()).unwrap();
    let mut see = |node, term: u64, role: Value| {
        let state = json!({"node": {"term": term, "role": role}});
        election.observe(Duration::ZERO, node, &state)
    };
    let elected = || Ok(Observation::of([ELECTED]));
    let nobody = || Ok(Observation::of([]));
    assert_eq!(see(0, 1, json!("leader")), nobody());
    assert_eq!(see(1, 1, json!("follower")), elected());
    assert_eq!(see(0, 2, json!({"candidate": ["n0"]})), nobody());
    assert_eq!(see(1, 2, json!("leader")), elected());
    assert_eq!(see(0, 1, json!("leader")), nobody());
    let broken = Err("n0 and n1 both lead in term 1".to_owned());
    assert_eq!(see(1, 1, json!("leader")), broken);
    assert_eq!(see(0, 2, json!("follower")), nobody());
    let says_nothing = Ok(Observation::default());
    for state in [Value::Null, json!({"role": "leader"}), json!({"term": 2})] {
        let seen = election.observe(Duration::ZERO, 1, &state);
        assert_eq!(seen, says_nothing, "{state}");
    }
}
