//! Broadcast: a node that learns a value tells its neighbours, and tells each again until it has acknowledged.
//!
//! With `--retry off` it tells each once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

/// How long a node waits for acknowledgements before it sends again.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Broadcast {
        message: i64,
    },
    Read {},
    Topology {
        topology: BTreeMap<String, Vec<String>>,
    },
    /// A neighbour's: it knows this value.
    Gossip {
        value: i64,
    },
    /// The answer: so does this node.
    GossipOk {
        value: i64,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    BroadcastOk,
    ReadOk { messages: &'a BTreeSet<i64> },
    TopologyOk,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    retry: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            retry: "on".to_owned(),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Relay {
    values: BTreeSet<i64>,
    neighbours: Vec<String>,
    /// What each neighbour has not acknowledged.
    unacknowledged: BTreeMap<String, BTreeSet<i64>>,
    retries: bool,
    /// Whether a timer is set.
    waits: bool,
}

impl Node for Relay {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        Relay {
            values: BTreeSet::new(),
            neighbours: ctx.peers().map(str::to_owned).collect(), // until told better
            unacknowledged: BTreeMap::new(),
            retries: options.retry == "on",
            waits: false,
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
                self.learn(message, from.node(), ctx);
                ctx.reply(from, &Reply::BroadcastOk);
            }
            Request::Read {} => {
                let messages = &self.values;
                ctx.reply(from, &Reply::ReadOk { messages });
            }
            Request::Topology { mut topology } => {
                self.neighbours = topology.remove(ctx.id()).unwrap_or_default();
                ctx.reply(from, &Reply::TopologyOk);
            }
            Request::Gossip { value } => {
                self.learn(value, from.node(), ctx);
                ctx.send(from.node(), &Request::GossipOk { value });
            }
            Request::GossipOk { value } => {
                if let Some(values) = self.unacknowledged.get_mut(from.node()) {
                    values.remove(&value);
                }
                self.unacknowledged.retain(|_, values| !values.is_empty());
            }
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        self.waits = false;
        for (neighbour, values) in &self.unacknowledged {
            for value in values {
                ctx.send(neighbour, &Request::Gossip { value: *value });
            }
        }
        self.wait(ctx);
    }
}

impl Relay {
    fn learn(&mut self, value: i64, from: &str, ctx: &mut Ctx<Self>) {
        if !self.values.insert(value) {
            return;
        }
        for neighbour in self.neighbours.iter().filter(|it| *it != from) {
            ctx.send(neighbour, &Request::Gossip { value });
            if self.retries {
                let values = self.unacknowledged.entry(neighbour.clone());
                values.or_default().insert(value);
            }
        }
        self.wait(ctx);
    }

    fn wait(&mut self, ctx: &mut Ctx<Self>) {
        if !self.waits && !self.unacknowledged.is_empty() {
            ctx.set_timer(PATIENCE, ());
            self.waits = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::{Value, json};

    use super::*;

    fn gossip(value: i64) -> Value {
        json!({"type": "gossip", "value": value})
    }

    #[test]
    fn what_is_not_acknowledged_is_sent_again() {
        let mut node = TestNode::<Relay>::start("n1", &["n1", "n2", "n3"]);
        let sent = node.receive(
            "c1",
            json!({"type": "broadcast", "msg_id": 1, "message": 5}),
        );
        let ok = json!({"type": "broadcast_ok", "in_reply_to": 1});
        assert_eq!(sent, [("n2", gossip(5)), ("n3", gossip(5)), ("c1", ok)]);
        let sent = node.receive("n2", json!({"type": "gossip_ok", "value": 5}));
        assert_eq!(sent, []);
        let ms = Duration::from_millis;
        assert_eq!(node.advance(ms(499)), []);
        assert_eq!(node.advance(ms(1)), [("n3", gossip(5))]);
        assert_eq!(node.advance(ms(500)), [("n3", gossip(5))]);
        node.receive("n3", json!({"type": "gossip_ok", "value": 5}));
        assert_eq!(node.advance(Duration::from_secs(60)), []);
    }

    #[test]
    fn without_retries_it_says_all_once() {
        let arguments = ["--retry", "off"];
        let mut node = TestNode::<Relay>::start_with(&arguments, "n1", &["n1", "n2"]);
        let sent = node.receive("n2", gossip(7));
        assert_eq!(sent, [("n2", json!({"type": "gossip_ok", "value": 7}))]);
        let sent = node.receive("c1", json!({"type": "broadcast", "message": 5}));
        assert_eq!(sent, [("n2", gossip(5))]);
        assert_eq!(node.advance(Duration::from_secs(60)), []);
    }
}
