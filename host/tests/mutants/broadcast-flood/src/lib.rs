//! `broadcast-retry` without acknowledgements and retries: a node sends each new
//! value to every neighbour once, and does not check whether it arrived.
//!
//! Correct on a network that loses nothing. Under partitions it loses values, which the
//! simulator has to detect. Benchmarks of the simulator's speed use it as the naive
//! flood.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::prelude::*;

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
}

#[derive(Serialize, Deserialize)]
struct Flood {
    values: BTreeSet<i64>,
    neighbours: Vec<String>,
}

impl Node for Flood {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        Flood {
            values: BTreeSet::new(),
            neighbours: ctx.peers().map(str::to_owned).collect(),
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
            Request::Gossip { message } => self.learn(message, &from, ctx),
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

impl Flood {
    fn learn(&mut self, message: i64, from: &Caller, ctx: &mut Ctx<Self>) {
        if !self.values.insert(message) {
            return;
        }
        for neighbour in self.neighbours.iter().filter(|node| *node != from.node()) {
            ctx.send(neighbour, &Request::Gossip { message });
        }
    }
}

guest_sdk::export!(Flood);
