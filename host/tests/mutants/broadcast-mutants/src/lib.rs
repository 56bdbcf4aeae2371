//! Broadcast by flooding with acknowledged retry. Without an option it is correct;
//! `--bug NAME` gives it the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `acknowledges-first` | a value is acknowledged, and stored unless the node is busy with another |
//! | `batch-forgotten` | values are sent in batches, and forgotten whether they arrive or not |
//! | `falsy` | the value 0 counts as none |
//! | `gives-up` | a value is sent three times at most |
//! | `greatest` | only values greater than all before count as new |
//! | `list` | a value that is received twice is stored twice |
//! | `no-dedup` | a known value is forwarded again |
//! | `no-relay` | values from other nodes are not forwarded |
//! | `unread` | reads return only the values of the node's own clients |

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::prelude::*;

const RETRY: Retry = Retry::forever(Duration::from_millis(500)).max_wait(Duration::from_secs(2));

/// How long values gather, and how long a busy node takes to store one.
const WINDOW: Duration = Duration::from_millis(100);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    AcknowledgesFirst,
    BatchForgotten,
    Falsy,
    GivesUp,
    Greatest,
    List,
    NoDedup,
    NoRelay,
    Unread,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

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
        messages: Vec<i64>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    BroadcastOk,
    ReadOk { messages: Vec<i64> },
    TopologyOk,
    GossipOk,
}

#[derive(Serialize, Deserialize)]
struct Broadcast {
    bug: Bug,
    known: BTreeSet<i64>,
    shown: Vec<i64>,
    neighbours: Vec<String>,
    /// Values that wait to go out, or to be stored.
    waiting: Vec<i64>,
}

impl Node for Broadcast {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        Broadcast {
            bug: ctx.options::<Options>().bug,
            known: BTreeSet::new(),
            shown: Vec::new(),
            neighbours: ctx.peers().map(str::to_owned).collect(),
            waiting: Vec::new(),
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
                let is_busy = !self.waiting.is_empty();
                match self.bug {
                    Bug::AcknowledgesFirst if is_busy => {}
                    Bug::AcknowledgesFirst => {
                        self.waiting.push(message);
                        ctx.set_timer(WINDOW, ());
                    }
                    Bug::Falsy if message == 0 => {}
                    _ => {
                        self.learn(message, from.node(), ctx);
                    }
                }
                ctx.reply(from, &Reply::BroadcastOk);
            }
            Request::Gossip { messages } => {
                for message in messages {
                    self.learn(message, from.node(), ctx);
                }
                ctx.reply(from, &Reply::GossipOk);
            }
            Request::Read => {
                let messages = self.shown.clone();
                ctx.reply(from, &Reply::ReadOk { messages });
            }
            Request::Topology { mut topology } => {
                self.neighbours = topology.remove(ctx.id()).unwrap_or_default();
                ctx.reply(from, &Reply::TopologyOk);
            }
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        let waiting = std::mem::take(&mut self.waiting);
        if self.bug == Bug::AcknowledgesFirst {
            let own = ctx.id().to_owned();
            for message in waiting {
                self.learn(message, &own, ctx);
            }
        } else {
            let gossip = Request::Gossip { messages: waiting };
            for neighbour in &self.neighbours {
                ctx.send(neighbour, &gossip);
            }
        }
    }
}

impl Broadcast {
    fn learn(&mut self, message: i64, from: &str, ctx: &mut Ctx<Self>) {
        let is_of_client = from.starts_with('c') || from == ctx.id();
        let is_late = self.known.last().is_some_and(|last| *last > message);
        let is_news = match self.bug {
            Bug::Greatest => !is_late && self.known.insert(message),
            _ => self.known.insert(message),
        };
        if is_news && (self.bug != Bug::Unread || is_of_client) || self.bug == Bug::List {
            self.shown.push(message);
        }
        let goes_on = match self.bug {
            Bug::NoRelay => is_of_client,
            Bug::NoDedup => true,
            _ => is_news,
        };
        if !goes_on {
            return;
        }
        if self.bug == Bug::BatchForgotten {
            if self.waiting.is_empty() {
                ctx.set_timer(WINDOW, ());
            }
            self.waiting.push(message);
            return;
        }
        let retry = match self.bug {
            Bug::GivesUp => Retry::times(3, Duration::from_millis(100)),
            _ => RETRY,
        };
        let messages = vec![message];
        let gossip = Request::Gossip { messages };
        for neighbour in self.neighbours.iter().filter(|node| *node != from) {
            ctx.call(neighbour, &gossip, (), retry);
        }
    }
}

guest_sdk::export!(Broadcast);
