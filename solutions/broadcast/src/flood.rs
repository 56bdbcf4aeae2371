//! `--strategy flood`: flooding over the topology with acknowledged retry.
//!
//! A node that learns a value sends it to every neighbour except its source, and retries each
//! until it acknowledges. A node does not forward values that it already knows, which ends
//! the flood.
//!
//! - Costs: each value crosses each link of the topology once or twice, plus as many
//!   acknowledgements: with n nodes and l links, up to 4 l - 2 (n - 1) messages a value. A value
//!   takes one latency for each hop.
//! - Values, and the neighbours, are on the disk before a node speaks of them. A node that is started again sends
//!   all its values to its neighbours once more, since it does not know who has acknowledged which.
//! - Fails if a node loses its disk: no other node sends it again what it acknowledged.
//!
//! Source: the textbook's "eager reliable broadcast" (Cachin, Guerraoui and Rodrigues) on a
//! given graph.

use std::time::Duration;

use guest_sdk::disk::Log;
use guest_sdk::prelude::*;

use crate::knowledge::Values;
use crate::{Broadcast, Request, Strategy, not_for_this_strategy};

/// The first wait for an acknowledgement: several round trips on a slow network.
const PATIENCE: Duration = Duration::from_millis(500);
/// The longest: how long after a partition heals a value may still be missing.
const PATIENCE_MAX: Duration = Duration::from_secs(2);

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    GossipOk,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Flood {
    values: Values,
    neighbours: Vec<String>,
    disk: Log<i64>,
}

/// Where the neighbours are kept.
const NEIGHBOURS: &str = "neighbours";

impl Flood {
    pub(crate) fn new(ctx: &mut Ctx<Broadcast>) -> Self {
        let kept = ctx.disk().get(NEIGHBOURS);
        let kept = kept.unwrap_or_else(|error| panic!("{error}"));
        let all = || ctx.peers().map(str::to_owned).collect(); // until told better
        let neighbours: Vec<String> = kept.unwrap_or_else(all);
        let (mut disk, known) = ctx.disk().open_log("values");
        if !known.is_empty() {
            // Some of it may never have been synced, and after a sync that failed it may be here though no later one
            // makes it durable.
            disk.replace(&known, ctx.disk());
            ctx.disk().put(NEIGHBOURS, &neighbours);
        }
        let mut flood = Flood {
            values: Values::default(),
            neighbours,
            disk,
        };
        for value in known {
            flood.spread(value, None, ctx);
        }
        flood
    }

    fn learn(&mut self, message: i64, from: Option<&str>, ctx: &mut Ctx<Broadcast>) {
        if self.values.has(message) {
            return;
        }
        self.disk.append(&message, ctx.disk());
        self.spread(message, from, ctx);
    }

    fn spread(&mut self, message: i64, from: Option<&str>, ctx: &mut Ctx<Broadcast>) {
        self.values.insert(message);
        let retry = Retry::forever(PATIENCE).max_wait(PATIENCE_MAX);
        let others = self.neighbours.iter();
        for neighbour in others.filter(|node| Some(node.as_str()) != from) {
            ctx.call(neighbour, &Request::Gossip { message }, (), retry);
        }
    }
}

impl Strategy for Flood {
    fn values(&self) -> &Values {
        &self.values
    }

    fn store(&mut self, value: i64, ctx: &mut Ctx<Broadcast>) {
        self.learn(value, None, ctx);
    }

    fn neighbours(&mut self, neighbours: Vec<String>, ctx: &mut Ctx<Broadcast>) {
        ctx.disk().put(NEIGHBOURS, &neighbours);
        self.neighbours = neighbours;
    }

    fn hear(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Broadcast>,
    ) -> Result<(), Error> {
        let Request::Gossip { message } = request else {
            return Err(not_for_this_strategy());
        };
        self.learn(message, Some(from.node()), ctx);
        ctx.reply(from, &Reply::GossipOk);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::json;

    use super::*;

    /// n2 in the line n1 - n2 - n3.
    fn middle_of_three() -> TestNode<Broadcast> {
        let mut node = TestNode::start_with(&["--strategy", "flood"], "n2", &["n1", "n2", "n3"]);
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
        let sent = node.receive("c1", json!({"type": "read", "msg_id": 9}));
        let read_ok = json!({"type": "read_ok", "in_reply_to": 9, "messages": [5, 6]});
        assert_eq!(sent, [("c1", read_ok)]);
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
