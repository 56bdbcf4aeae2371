//! Challenge {{id}}: numbers that clients give to one node, and that all nodes have to know.
//!
//! This start keeps its numbers to itself, which is right for one node only.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::prelude::*;

/// The requests that arrive: a variant is a message's `type`, its fields are the message's. What
/// nodes tell each other is added here.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Topology {
        topology: BTreeMap<String, Vec<String>>,
    },
    Broadcast {
        message: i64,
    },
    Read {},
}

/// The answers.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    TopologyOk {},
    BroadcastOk {},
    ReadOk { messages: &'a BTreeSet<i64> },
}

/// The state of the node: plain data, so that it can be stored and restored at any time.
#[derive(Serialize, Deserialize)]
struct State {
    neighbours: Vec<String>,
    messages: BTreeSet<i64>,
}

impl Node for State {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(_ctx: &mut Ctx<Self>) -> Self {
        State {
            neighbours: Vec::new(),
            messages: BTreeSet::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Topology { mut topology } => {
                self.neighbours = topology.remove(ctx.id()).unwrap_or_default();
                ctx.reply(from, &Reply::TopologyOk {});
            }
            Request::Broadcast { message } => {
                self.messages.insert(message);
                ctx.reply(from, &Reply::BroadcastOk {});
            }
            Request::Read {} => {
                let messages = &self.messages;
                ctx.reply(from, &Reply::ReadOk { messages });
            }
        }
        Ok(())
    }
}

guest_sdk::export!(State);

#[cfg(test)]
mod tests;
