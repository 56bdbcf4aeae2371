//! Broadcast by flooding with acknowledged retry, in one file. It is correct; tests of
//! upgrades start clusters with it. Unlike the solution it has one strategy, and tests
//! depend on its messages and its state.

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
