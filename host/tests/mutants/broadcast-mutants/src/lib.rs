//! Broadcast by flooding with acknowledged retry. Without an option it is correct;
//! `--bug NAME` gives it the bug of that name.
//!
//! | design | how it works |
//! |---|---|
//! | `retry` | a new value goes to all neighbours, again and again until they acknowledge it |
//! | `once` | a new value goes to all neighbours once: enough where no message is lost |
//! | `tree` | the same in a tree of the node's own, with 4 children each: fast and with few messages |
//!
//! | bug | what is wrong |
//! |---|---|
//! | `acknowledges-first` | a value is acknowledged, and stored unless the node is busy with another |
//! | `backs-off` | the wait between two attempts doubles without a limit |
//! | `batch-forgotten` | values are sent in batches, and forgotten whether they arrive or not |
//! | `by-number` | a client's value counts as known if its `msg_id` was seen before |
//! | `current` | a value is acknowledged when a neighbour has it; a second client's takes its place |
//! | `downhill` | values go only to neighbours with a greater number |
//! | `falsy` | the value 0 counts as none |
//! | `first-answer` | a value is not sent again once any neighbour has acknowledged it |
//! | `forgets` | only the last 16 values count as known |
//! | `full` | with 8 values on their way to a neighbour, further ones are not sent to it |
//! | `gives-up` | a value is sent three times at most |
//! | `greatest` | only values greater than all before count as new |
//! | `list` | a value that is received twice is stored twice |
//! | `no-dedup` | a known value is forwarded again |
//! | `no-relay` | values from other nodes are not forwarded |
//! | `random-two` | a value goes to two other nodes, drawn at random, and no further from those that know it |
//! | `refuses` | every third value is refused with a definite error |
//! | `ring` | a value goes to the next node once |
//! | `shy` | reads are refused while a value is on its way |
//! | `unread` | reads return only the values of the node's own clients |
//! | `writes-off` | a neighbour that did not answer three times is told nothing more |

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    BacksOff,
    BatchForgotten,
    ByNumber,
    Current,
    Downhill,
    Falsy,
    FirstAnswer,
    Forgets,
    Full,
    GivesUp,
    Greatest,
    List,
    NoDedup,
    NoRelay,
    RandomTwo,
    Refuses,
    Ring,
    Shy,
    Unread,
    WritesOff,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Design {
    Once,
    #[default]
    Retry,
    Tree,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    design: Design,
    bug: Bug,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Broadcast {
        message: i64,
        msg_id: u64,
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
    design: Design,
    bug: Bug,
    known: BTreeSet<i64>,
    shown: Vec<i64>,
    neighbours: Vec<String>,
    /// Values that wait to go out, or to be stored.
    waiting: Vec<i64>,
    /// The order in which values became known.
    order: VecDeque<i64>,
    numbers: BTreeSet<u64>,
    acknowledged: BTreeSet<i64>,
    count: u64,
    current: Option<Caller>,
}

/// A value on its way to a neighbour.
#[derive(Serialize, Deserialize)]
struct OnTheWay {
    to: String,
    value: i64,
}

impl Node for Broadcast {
    type Request = Request;
    type Call = OnTheWay;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let Options { design, bug } = ctx.options();
        let neighbours: Vec<String> = match design {
            Design::Tree => tree(ctx),
            _ => ctx.peers().map(str::to_owned).collect(),
        };
        Broadcast {
            design,
            bug,
            known: BTreeSet::new(),
            shown: Vec::new(),
            neighbours,
            waiting: Vec::new(),
            order: VecDeque::new(),
            numbers: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            count: 0,
            current: None,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Broadcast { message, msg_id } => {
                return self.broadcast(message, msg_id, from, ctx);
            }
            Request::Gossip { messages } => {
                for message in messages {
                    self.learn(message, from.node(), ctx);
                }
                ctx.reply(from, &Reply::GossipOk);
            }
            Request::Read => {
                if self.bug == Bug::Shy && ctx.calls().next().is_some() {
                    return Err(Error::new(ErrorCode::TemporarilyUnavailable, "not now"));
                }
                let messages = self.shown.clone();
                ctx.reply(from, &Reply::ReadOk { messages });
            }
            Request::Topology { mut topology } => {
                if self.design != Design::Tree {
                    self.neighbours = topology.remove(ctx.id()).unwrap_or_default();
                }
                ctx.reply(from, &Reply::TopologyOk);
            }
        }
        Ok(())
    }

    fn response(
        &mut self,
        OnTheWay { to, value }: OnTheWay,
        response: Result<Response<'_>, Error>,
        ctx: &mut Ctx<Self>,
    ) {
        if response.is_ok() {
            self.acknowledged.insert(value);
            if let Some(client) = self.current.take() {
                ctx.reply(client, &Reply::BroadcastOk);
            }
        } else if self.bug == Bug::WritesOff {
            self.neighbours.retain(|neighbour| *neighbour != to);
        } else if self.bug == Bug::FirstAnswer && !self.acknowledged.contains(&value) {
            self.tell(&to, value, ctx);
        }
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

/// The neighbours of this node in a tree: its parent and four children.
fn tree(ctx: &Ctx<Broadcast>) -> Vec<String> {
    let nodes = ctx.nodes();
    let own = nodes.iter().position(|node| node == ctx.id()).unwrap_or(0);
    let parent = own.checked_sub(1).map(|before| before / 4);
    let children = 4 * own + 1..4 * own + 5;
    let neighbours = parent.into_iter().chain(children);
    neighbours.filter_map(|at| nodes.get(at).cloned()).collect()
}

impl Broadcast {
    fn broadcast(
        &mut self,
        message: i64,
        msg_id: u64,
        client: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        self.count += 1;
        let is_busy = !self.waiting.is_empty();
        match self.bug {
            Bug::AcknowledgesFirst if is_busy => {}
            Bug::AcknowledgesFirst => {
                self.waiting.push(message);
                ctx.set_timer(WINDOW, ());
            }
            Bug::ByNumber if !self.numbers.insert(msg_id) => {}
            Bug::Current => {
                self.current = Some(client);
                self.learn(message, ctx.id().to_owned().as_str(), ctx);
                return Ok(());
            }
            Bug::Falsy if message == 0 => {}
            Bug::Refuses if self.count.is_multiple_of(3) => {
                return Err(Error::new(ErrorCode::Abort, "not today"));
            }
            _ => self.learn(message, client.node(), ctx),
        }
        ctx.reply(client, &Reply::BroadcastOk);
        Ok(())
    }

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
        if is_news && self.bug == Bug::Forgets {
            self.order.push_back(message);
            let forgotten = self.order.pop_front_if(|_| self.known.len() > 16);
            forgotten.map(|forgotten| self.known.remove(&forgotten));
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
        for neighbour in self.targets(from, ctx) {
            self.tell(&neighbour, message, ctx);
        }
    }

    /// To whom a value goes that came from there.
    fn targets(&self, from: &str, ctx: &mut Ctx<Self>) -> Vec<String> {
        let nodes = ctx.nodes();
        let own = nodes.iter().position(|node| node == ctx.id()).unwrap_or(0);
        let next = nodes[(own + 1) % nodes.len()].clone();
        let mut peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        match self.bug {
            Bug::Ring => vec![next],
            Bug::RandomTwo => {
                ctx.rng().shuffle(&mut peers);
                peers.truncate(2);
                peers
            }
            _ => {
                let is_told = |node: &&String| {
                    *node != from && (self.bug != Bug::Downhill || node.as_str() > ctx.id())
                };
                self.neighbours.iter().filter(is_told).cloned().collect()
            }
        }
    }

    fn tell(&self, to: &str, value: i64, ctx: &mut Ctx<Self>) {
        let gossip = Request::Gossip {
            messages: vec![value],
        };
        let on_the_way = ctx.calls().filter(|call| call.to == to).count();
        let retry = match self.bug {
            Bug::Ring => return ctx.send(to, &gossip),
            _ if self.design != Design::Retry => return ctx.send(to, &gossip),
            Bug::Full if on_the_way >= 8 => return,
            Bug::BacksOff => RETRY.max_wait(Duration::MAX),
            Bug::FirstAnswer => Retry::never(Duration::from_millis(500)),
            Bug::GivesUp | Bug::WritesOff => Retry::times(3, Duration::from_millis(100)),
            _ => RETRY,
        };
        let to = to.to_owned();
        ctx.call(&to.clone(), &gossip, OnTheWay { to, value }, retry);
    }
}

guest_sdk::export!(Broadcast);
