use std::collections::BTreeSet;
use std::time::Duration;

use guest_sdk::testing::{Crash, TestNode};
use serde_json::{Value, json};

use super::*;

const NODES: [&str; 3] = ["n1", "n2", "n11"];

fn start(strategy: &str, node: &str) -> TestNode<UniqueIds> {
    TestNode::start_with(&["--strategy", strategy], node, &NODES)
}

fn generate(node: &mut TestNode<UniqueIds>) -> Value {
    let sent = node.receive("c1", json!({"type": "generate", "msg_id": 7}));
    let [answer] = &sent[..] else {
        panic!("one answer, not {sent:?}");
    };
    let id = answer.body["id"].clone();
    let expected = json!({"type": "generate_ok", "in_reply_to": 7, "id": id});
    assert_eq!(*answer, ("c1", expected));
    id
}

fn ids<const N: usize>(node: &mut TestNode<UniqueIds>) -> [Value; N] {
    std::array::from_fn(|_| generate(node))
}

#[test]
fn counter_no_id_comes_twice_from_several_nodes_and_lives() {
    let mut given = BTreeSet::new();
    for life in 0..3 {
        for name in NODES {
            let mut node = TestNode::start_at(Duration::from_millis(life), name, &NODES);
            for _ in 0..100 {
                let id = generate(&mut node);
                assert!(given.insert(id.as_str().unwrap().to_owned()));
            }
        }
    }
}

#[test]
fn flake_ids_are_time_rank_and_counter() {
    let mut node = start("flake", "n2");
    // Rank 1 is 2^12; a millisecond is 2^22.
    let at = |millis: u64, count: u64| json!(millis * 4_194_304 + 4096 + count);
    assert_eq!(
        ids(&mut node),
        [at(1, 0), at(1, 1)],
        "not in the millisecond of its start"
    );
    node.advance(Duration::from_micros(1900));
    assert_eq!(ids(&mut node), [at(1, 2)]);
    node.advance(Duration::from_millis(3));
    assert_eq!(ids(&mut node), [at(4, 0), at(4, 1)]);
}

#[test]
fn flake_a_full_millisecond_lends_from_the_next() {
    let mut node = start("flake", "n1");
    for count in 0..4096_u64 {
        assert_eq!(generate(&mut node), json!(4_194_304 + count));
    }
    assert_eq!(generate(&mut node), json!(2 * 4_194_304));
}

#[test]
fn residue_each_node_has_its_own_class() {
    for (name, expected) in [("n1", [0, 3, 6]), ("n2", [1, 4, 7]), ("n11", [2, 5, 8])] {
        assert_eq!(
            ids(&mut start("residue", name)),
            expected.map(|id| json!(id))
        );
    }
}

#[test]
fn random_ids_are_64_bits_and_no_two_are_the_same() {
    let mut given = BTreeSet::new();
    for name in NODES {
        let mut node = start("random", name);
        for _ in 0..100 {
            let id = generate(&mut node).as_str().unwrap().to_owned();
            assert_eq!(id.len(), 16, "{id}");
            assert!(u64::from_str_radix(&id, 16).is_ok(), "{id}");
            assert!(given.insert(id));
        }
    }
}

#[test]
fn no_id_comes_twice_though_the_clock_stands_still_while_the_node_crashes() {
    for strategy in ["counter", "flake", "residue"] {
        let mut node = start(strategy, "n2");
        let mut given = BTreeSet::new();
        for crash in [Crash::Kill, Crash::Power, Crash::Torn, Crash::Power] {
            for _ in 0..1500 {
                let id = generate(&mut node).to_string();
                assert!(given.insert(id), "{strategy} {crash:?}");
            }
            assert_eq!(node.restart(crash), []);
        }
        // One for a start, one for what a start finds, and one for a block of 1024 ids.
        assert!(node.syncs() <= 13, "{strategy}: {}", node.syncs());
    }
}
