//! The solution's nodes in a simulated cluster of unit tests: their state after faults have ended.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use guest_sdk::testing::{Crash, Sent, TestNode};
use serde_json::{Value, json};

use crate::Broadcast;

const NODES: [&str; 5] = ["n1", "n2", "n3", "n4", "n5"];
const STEP: Duration = Duration::from_millis(10);
/// Of a message, in steps.
const LATENCY: u64 = 5;

#[derive(Default)]
struct Cluster {
    nodes: BTreeMap<String, TestNode<Broadcast>>,
    /// Those that nobody hears, and that hear nobody, on the other side of a partition.
    cut_off: BTreeSet<&'static str>,
    on_their_way: VecDeque<(u64, String, Sent)>,
    steps: u64,
    /// Everything that nodes have sent to each other.
    sent: Vec<Sent>,
}

impl Cluster {
    fn start(strategy: &str) -> Self {
        let start = |id: &str| {
            // A tree of five nodes with two levels; the other strategies have no children.
            let arguments = ["--strategy", strategy, "--children", "2"];
            let node = TestNode::start_with(&arguments, id, &NODES);
            (id.to_owned(), node)
        };
        Cluster {
            nodes: NODES.into_iter().map(start).collect(),
            ..Cluster::default()
        }
    }

    fn receive(&mut self, id: &str, src: &str, body: Value) -> Vec<Sent> {
        let node = self.nodes.get_mut(id);
        let sent = node.map_or(Vec::new(), |node| node.receive(src, body));
        self.send(id, sent.iter().filter(|sent| !sent.dest.starts_with('c')));
        sent
    }

    fn send<'a>(&mut self, src: &str, messages: impl IntoIterator<Item = &'a Sent>) {
        for message in messages {
            let arrival = self.steps + LATENCY;
            self.sent.push(message.clone());
            self.on_their_way
                .push_back((arrival, src.to_owned(), message.clone()));
        }
    }

    fn run(&mut self, time: Duration) {
        let end = self.steps + u64::try_from(time.as_millis() / STEP.as_millis()).unwrap();
        while self.steps < end {
            self.steps += 1;
            for id in NODES {
                let node = self.nodes.get_mut(id);
                let sent = node.map_or(Vec::new(), |node| node.advance(STEP));
                self.send(id, &sent);
            }
            while let Some((_, src, message)) =
                self.on_their_way.pop_front_if(|(at, ..)| *at <= self.steps)
            {
                let is_cut_off = |node: &str| self.cut_off.contains(node);
                if is_cut_off(&src) == is_cut_off(&message.dest) {
                    self.receive(&message.dest, &src, message.body);
                }
            }
        }
    }

    fn broadcast(&mut self, id: &str, value: i64) {
        let body = json!({"type": "broadcast", "msg_id": 1, "message": value});
        let ok = ("c1", json!({"type": "broadcast_ok", "in_reply_to": 1}));
        let sent = self.receive(id, "c1", body);
        assert!(sent.iter().any(|sent| *sent == ok), "{sent:?}");
    }

    /// The node loses its memory.
    fn restart(&mut self, id: &str) {
        let now = STEP * u32::try_from(self.steps).unwrap();
        let node = TestNode::start_at(now, id, &NODES);
        self.nodes.insert(id.to_owned(), node);
    }

    #[track_caller]
    fn check_all_know(&mut self, values: impl IntoIterator<Item = i64>) {
        let messages: Vec<i64> = values.into_iter().collect();
        let ids: Vec<String> = self.nodes.keys().cloned().collect();
        for id in ids {
            let sent = self.receive(&id, "c1", json!({"type": "read", "msg_id": 2}));
            let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "messages": messages});
            assert_eq!(sent, [("c1", read_ok)], "{id}");
        }
    }
}

#[test]
fn five_seconds_after_a_partition_all_know_everything() {
    for strategy in ["star", "gossip", "plumtree", "flood", "tree"] {
        let mut cluster = Cluster::start(strategy);
        cluster.cut_off = ["n1", "n2"].into();
        for value in 0..20 {
            let side = if value % 2 == 0 { "n1" } else { "n4" };
            cluster.broadcast(side, value);
            cluster.run(Duration::from_millis(500));
        }
        cluster.cut_off.clear();
        cluster.run(Duration::from_secs(5));
        cluster.check_all_know(0..20);
    }
}

#[test]
fn without_the_hub_the_others_reach_each_other() {
    let mut cluster = Cluster::start("star");
    cluster.nodes.remove("n1");
    cluster.broadcast("n2", 1);
    cluster.broadcast("n4", 2);
    cluster.run(Duration::from_secs(5));
    cluster.check_all_know([1, 2]);
}

#[test]
fn a_node_without_memory_relearns_what_any_other_knows() {
    for forgetful in [&["n1"][..], &["n3"], &["n1", "n2", "n3", "n4"]] {
        let mut cluster = Cluster::start("star");
        for (value, id) in (0..).zip(NODES) {
            cluster.broadcast(id, value);
        }
        cluster.run(Duration::from_secs(60));
        for id in forgetful {
            cluster.restart(id);
        }
        cluster.run(Duration::from_secs(5));
        cluster.check_all_know(0..5);
    }
}

#[test]
fn what_only_a_spoke_knows_when_the_hub_forgets_everything_is_not_lost() {
    let mut cluster = Cluster::start("star");
    cluster.cut_off = ["n1", "n5"].into();
    cluster.broadcast("n5", 7);
    cluster.run(Duration::from_secs(20)); // the hub has it, and n5 knows that
    cluster.restart("n1");
    cluster.cut_off.clear();
    cluster.run(Duration::from_secs(5));
    cluster.check_all_know([7]);
}

#[test]
fn at_rest_only_a_sign_of_life_is_sent() {
    let mut cluster = Cluster::start("star");
    cluster.broadcast("n5", 7);
    cluster.run(Duration::from_secs(20));
    cluster.check_all_know([7]);
    let knows = json!({"n5@0": 1});
    let sync = |ask| json!({"type": "sync", "knows": knows, "news": {}, "ask": ask});
    cluster.sent.clear();
    cluster.run(Duration::from_secs(29));
    let (asked, answered): (Vec<&Sent>, Vec<&Sent>) =
        cluster.sent.iter().partition(|sent| sent.dest == "n1");
    assert_eq!((asked.len(), answered.len()), (4, 4));
    assert!(asked.iter().all(|sent| **sent == ("n1", sync(true))));
    assert!(answered.iter().all(|sent| sent.body == sync(false)));
}

#[test]
fn what_is_acknowledged_survives_when_all_lose_their_power_at_once() {
    for strategy in ["star", "gossip", "plumtree", "flood", "tree"] {
        let mut cluster = Cluster::start(strategy);
        for (value, id) in (0..).zip(NODES) {
            cluster.broadcast(id, value);
        }
        cluster.on_their_way.clear();
        for (id, crash) in NODES
            .into_iter()
            .zip([Crash::Power, Crash::Torn].into_iter().cycle())
        {
            let sent = cluster.nodes.get_mut(id).unwrap().restart(crash);
            cluster.send(id, &sent);
        }
        cluster.run(Duration::from_secs(10));
        cluster.check_all_know(0..5);
    }
}
