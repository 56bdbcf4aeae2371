//! The next version of `broadcast-retry`, with another strategy: a node batches values and
//! sends each neighbour one message. It is correct: tests upgrade a running cluster to
//! it.
//!
//! It restores the state of that version, calls in flight included, and works with nodes
//! that still run the old version: a node that does not support batches gets the values
//! one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

const BATCH_FOR: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_millis(500);

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
    GossipBatch {
        messages: BTreeSet<i64>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    BroadcastOk,
    ReadOk { messages: &'a BTreeSet<i64> },
    TopologyOk,
    GossipOk,
    GossipBatchOk,
}

#[derive(Serialize, Deserialize)]
struct Batched {
    values: BTreeSet<i64>,
    neighbours: Vec<String>,
    /// What each neighbour has yet to be told.
    #[serde(default)]
    news: BTreeMap<String, BTreeSet<i64>>,
}

/// A batch on its way, and to whom.
#[derive(Serialize, Deserialize)]
struct Batch {
    to: String,
    messages: BTreeSet<i64>,
}

impl Node for Batched {
    type Request = Request;
    /// `None` for a value that goes alone: all that calls of the old version were.
    type Call = Option<Batch>;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        Batched {
            values: BTreeSet::new(),
            neighbours: ctx.peers().map(str::to_owned).collect(),
            news: BTreeMap::new(),
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
                self.learn([message].into(), &from, ctx);
                ctx.reply(from, &Reply::BroadcastOk);
            }
            Request::Gossip { message } => {
                self.learn([message].into(), &from, ctx);
                ctx.reply(from, &Reply::GossipOk);
            }
            Request::GossipBatch { messages } => {
                self.learn(messages, &from, ctx);
                ctx.reply(from, &Reply::GossipBatchOk);
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

    fn response(
        &mut self,
        batch: Option<Batch>,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        let (Some(batch), Err(error)) = (batch, response) else {
            return;
        };
        if error.code == ErrorCode::NotSupported {
            for message in batch.messages {
                let retry = Retry::forever(PATIENCE);
                ctx.call(&batch.to, &Request::Gossip { message }, None, retry);
            }
        }
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        for (to, messages) in std::mem::take(&mut self.news) {
            let gossip = Request::GossipBatch {
                messages: messages.clone(),
            };
            let batch = Batch {
                to: to.clone(),
                messages,
            };
            ctx.call(&to, &gossip, Some(batch), Retry::forever(PATIENCE));
        }
    }
}

impl Batched {
    fn learn(&mut self, messages: BTreeSet<i64>, from: &Caller, ctx: &mut Ctx<Self>) {
        let is_quiet = self.news.is_empty();
        for message in messages {
            if !self.values.insert(message) {
                continue;
            }
            for neighbour in self.neighbours.iter().filter(|node| *node != from.node()) {
                let news = self.news.entry(neighbour.clone()).or_default();
                news.insert(message);
            }
        }
        if is_quiet && !self.news.is_empty() {
            ctx.set_timer(BATCH_FOR, ());
        }
    }
}

guest_sdk::export!(Batched);
