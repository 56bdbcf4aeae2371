//! A grow-only set: each node periodically sends all others all that it knows. Without an
//! option it is correct; `--bug NAME` gives it the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `buffer-of-one` | an add is acknowledged, then stored a little later, unless another comes before |
//! | `falsy` | the element 0 counts as none |
//! | `invents` | reads return one element too many |
//! | `last-only` | only the last element is sent |
//! | `list` | received elements are stored again |
//! | `neighbour` | elements go from the client's node to the next node, and no further |
//! | `once` | an element is sent when it is added, and never again |
//! | `replaces` | another node's set replaces this node's set |

use std::collections::BTreeSet;
use std::time::Duration;

use guest_sdk::prelude::*;

/// How often nodes tell what they know.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long a buffer keeps an element.
const DELAY: Duration = Duration::from_millis(50);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    BufferOfOne,
    Falsy,
    Invents,
    LastOnly,
    List,
    Neighbour,
    Once,
    Replaces,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add { element: i64 },
    Read,
    Gossip { elements: Vec<i64> },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk,
    ReadOk { value: Vec<i64> },
}

#[derive(Serialize, Deserialize)]
enum Timer {
    Gossip,
    Store,
}

#[derive(Serialize, Deserialize)]
struct Set {
    bug: Bug,
    elements: Vec<i64>,
    own: Vec<i64>,
    buffer: Option<i64>,
}

impl Node for Set {
    type Request = Request;
    type Call = ();
    type Timer = Timer;

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let bug = ctx.options::<Options>().bug;
        if bug != Bug::Once {
            ctx.set_timer(INTERVAL, Timer::Gossip);
        }
        Set {
            bug,
            elements: Vec::new(),
            own: Vec::new(),
            buffer: None,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Add { element } => {
                match self.bug {
                    Bug::Falsy if element == 0 => {}
                    Bug::BufferOfOne => {
                        self.buffer = Some(element);
                        ctx.set_timer(DELAY, Timer::Store);
                    }
                    _ => self.add(element, ctx),
                }
                ctx.reply(from, &Reply::AddOk);
            }
            Request::Read => {
                let mut value = self.elements.clone();
                if self.bug == Bug::Invents && value.len() % 8 == 7 {
                    value.push(1_000_000);
                }
                ctx.reply(from, &Reply::ReadOk { value });
            }
            Request::Gossip { elements } => match self.bug {
                Bug::Replaces => self.elements = elements,
                Bug::List => self.elements.extend(elements),
                _ => {
                    self.elements.extend(elements);
                    let elements: BTreeSet<i64> = self.elements.drain(..).collect();
                    self.elements.extend(elements);
                }
            },
        }
        Ok(())
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<Self>) {
        match timer {
            Timer::Gossip => {
                ctx.set_timer(INTERVAL, Timer::Gossip);
                self.tell(ctx);
            }
            Timer::Store => {
                if let Some(element) = self.buffer.take() {
                    self.add(element, ctx);
                }
            }
        }
    }
}

impl Set {
    fn add(&mut self, element: i64, ctx: &mut Ctx<Self>) {
        self.elements.push(element);
        self.own.push(element);
        if self.bug == Bug::Once {
            self.tell(ctx);
        }
    }

    fn tell(&self, ctx: &mut Ctx<Self>) {
        let elements = match self.bug {
            Bug::LastOnly | Bug::Once => self.own.last().copied().into_iter().collect(),
            Bug::Neighbour | Bug::List => self.own.clone(),
            _ => self.elements.clone(),
        };
        let peers: Vec<String> = match self.bug {
            Bug::Neighbour => {
                let nodes = ctx.nodes();
                let own = nodes.iter().position(|node| node == ctx.id()).unwrap_or(0);
                vec![nodes[(own + 1) % nodes.len()].clone()]
            }
            _ => ctx.peers().map(str::to_owned).collect(),
        };
        let gossip = Request::Gossip { elements };
        for peer in &peers {
            ctx.send(peer, &gossip);
        }
    }
}

guest_sdk::export!(Set);
