//! Challenges 3a to 3c, broadcast: a value given to one node reaches all.
//!
//! Flooding with acknowledged retry. A node that learns a value tells every
//! neighbour except the one it has it from, and keeps telling each until it answers.
//! Values that a node knows already go no further, which ends the flood.
//!
//! - Costs: each value crosses each link of the topology once or twice, plus as many
//!   answers: with n nodes and l links, up to 4 l - 2 (n - 1) messages a value.
//! - Tolerates partitions and lost, doubled and reordered messages: what was not
//!   acknowledged is sent again, and hearing a value twice changes nothing.
//! - Fails if a node loses its memory: nobody tells it again what it acknowledged.
//! - A client's broadcast is acknowledged when this node has stored the value, not
//!   when all have.
//!
//! Source of the idea: flooding with per-link acknowledgements, the textbook's
//! "eager reliable broadcast" on a given graph.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

/// The first wait for an acknowledgement: several round trips on a slow network.
const PATIENCE: Duration = Duration::from_millis(500);
/// The longest: how long after a partition heals a value may still be missing.
const PATIENCE_MAX: Duration = Duration::from_secs(2);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Broadcast {
        message: i64,
    },
    Read,
    Topology {
        topology: BTreeMap<String, Vec<String>>,
    },
    Gossip {
        message: i64,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    BroadcastOk,
    ReadOk { messages: &'a BTreeSet<i64> },
    TopologyOk,
    GossipOk,
}

#[derive(Serialize, Deserialize)]
struct Broadcast {
    values: BTreeSet<i64>,
    neighbours: Vec<String>,
}

impl Node for Broadcast {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        Broadcast {
            values: BTreeSet::new(),
            neighbours: ctx.peers().map(str::to_owned).collect(), // until told better
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Broadcast { message } => {
                self.learn(message, &from, ctx);
                ctx.reply(from, &Reply::BroadcastOk);
            }
            Request::Gossip { message } => {
                self.learn(message, &from, ctx);
                ctx.reply(from, &Reply::GossipOk);
            }
            Request::Read => {
                let messages = &self.values;
                ctx.reply(from, &Reply::ReadOk { messages });
            }
            Request::Topology { mut topology } => {
                self.neighbours = topology.remove(ctx.id()).unwrap_or_default();
                ctx.reply(from, &Reply::TopologyOk);
            }
        }
        Ok(())
    }
}

impl Broadcast {
    fn learn(&mut self, message: i64, from: &Caller, ctx: &mut Ctx<Self>) {
        if !self.values.insert(message) {
            return;
        }
        let retry = Retry::forever(PATIENCE).max_wait(PATIENCE_MAX);
        for neighbour in self.neighbours.iter().filter(|node| *node != from.node()) {
            ctx.call(neighbour, &Request::Gossip { message }, (), retry);
        }
    }
}

guest_sdk::export!(Broadcast);

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::json;

    use super::*;

    /// n2 in the line n1 - n2 - n3.
    fn middle_of_three() -> TestNode<Broadcast> {
        let mut node = TestNode::start("n2", &["n1", "n2", "n3"]);
        let topology = json!({"n1": ["n2"], "n2": ["n1", "n3"], "n3": ["n2"]});
        let told = node.receive(
            "c1",
            json!({"type": "topology", "msg_id": 1, "topology": topology}),
        );
        assert_eq!(
            told,
            [("c1", json!({"type": "topology_ok", "in_reply_to": 1}))]
        );
        node
    }

    fn read(node: &mut TestNode<Broadcast>) -> serde_json::Value {
        let sent = node.receive("c1", json!({"type": "read", "msg_id": 9}));
        sent[0].body["messages"].clone()
    }

    fn gossip(message: i64, msg_id: u64) -> serde_json::Value {
        json!({"type": "gossip", "message": message, "msg_id": msg_id})
    }

    #[test]
    fn a_new_value_goes_to_all_neighbours_but_the_one_it_comes_from() {
        let mut node = middle_of_three();
        let sent = node.receive(
            "c1",
            json!({"type": "broadcast", "msg_id": 2, "message": 5}),
        );
        let ok = json!({"type": "broadcast_ok", "in_reply_to": 2});
        assert_eq!(
            sent,
            [("n1", gossip(5, 1)), ("n3", gossip(5, 2)), ("c1", ok)]
        );
        let sent = node.receive("n1", gossip(6, 40));
        let ok = json!({"type": "gossip_ok", "in_reply_to": 40});
        assert_eq!(sent, [("n3", gossip(6, 3)), ("n1", ok.clone())]);
        let sent = node.receive("n1", gossip(6, 40));
        assert_eq!(sent, [("n1", ok)], "a value that it knows goes no further");
        assert_eq!(read(&mut node), json!([5, 6]));
    }

    #[test]
    fn it_repeats_what_is_not_acknowledged_and_nothing_else() {
        let mut node = middle_of_three();
        node.receive(
            "c1",
            json!({"type": "broadcast", "msg_id": 2, "message": 5}),
        );
        let sent = node.receive("n1", json!({"type": "gossip_ok", "in_reply_to": 1}));
        assert_eq!(sent, []);
        assert_eq!(node.advance(Duration::from_millis(499)), []);
        assert_eq!(
            node.advance(Duration::from_millis(1)),
            [("n3", gossip(5, 2))]
        );
        // The waits double, up to two seconds and a quarter more: 57 s of such waits.
        let repeats = node.advance(Duration::from_secs(60));
        assert!((24..=30).contains(&repeats.len()), "{}", repeats.len());
        assert!(repeats.iter().all(|sent| *sent == ("n3", gossip(5, 2))));
        node.receive("n3", json!({"type": "gossip_ok", "in_reply_to": 2}));
        assert_eq!(node.advance(Duration::from_secs(60)), []);
    }
}
