//! Counters: each node sums what its own clients add, and periodically sends all others what it
//! knows of every node. Without an option it is correct; `--bug NAME` gives it the bug of that
//! name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `adds-up` | what others know is added to what this node knows |
//! | `cas-once` | the total is in lin-kv; a failed `cas` is not retried |
//! | `greatest` | the greatest count wins, though counts may shrink |
//! | `no-dedup` | an add is retried until it is acknowledged, and counts each time |
//! | `no-retry` | an add is sent once |
//! | `one-total` | nodes exchange one total, and the greatest wins |
//! | `own-lost` | what others know replaces even this node's own count |
//! | `refuses` | every eighth add is refused with a definite error, and counts |
//! | `stale` | the total is in seq-kv, and read from whatever state that shows |
//! | `torn` | the total is in lin-kv; it is read, then written, without `cas` |
//! | `unsigned` | negative adds are ignored |

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;
use guest_sdk::service::{self, LIN_KV, SEQ_KV};

/// How often nodes tell what they know.
const INTERVAL: Duration = Duration::from_millis(500);

const RETRY: Retry = Retry::forever(Duration::from_secs(1));
const TOTAL: &str = "total";

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    AddsUp,
    CasOnce,
    Greatest,
    NoDedup,
    NoRetry,
    OneTotal,
    OwnLost,
    Refuses,
    Stale,
    Torn,
    Unsigned,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

/// What a node counted: how often, and how much.
type Count = (u64, i64);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Add { delta: i64 },
    Read,
    Gossip { counts: BTreeMap<String, Count> },
    Also { delta: i64 },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AddOk,
    ReadOk { value: i64 },
    AlsoOk,
}

/// What another node or a service has been asked.
#[derive(Serialize, Deserialize)]
enum Call {
    /// To count an add too.
    Also,
    /// For the total, to add to it.
    Total { client: Caller, delta: i64 },
    /// To change the total.
    Change(Caller),
    /// To change the total, which has to be this.
    Swap { client: Caller, delta: i64 },
    /// For the total, to tell a client.
    Show(Caller),
}

#[derive(Serialize, Deserialize)]
struct Counter {
    bug: Bug,
    counts: BTreeMap<String, Count>,
    adds: u64,
}

impl Node for Counter {
    type Request = Request;
    type Call = Call;
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        ctx.set_timer(INTERVAL, ());
        Counter {
            bug: ctx.options::<Options>().bug,
            counts: BTreeMap::new(),
            adds: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Add { delta } => return self.add(delta, from, ctx),
            Request::Read => match self.store() {
                Some(store) => {
                    ctx.call(store, &service::read(TOTAL), Call::Show(from), RETRY);
                }
                None => {
                    let value = self.counts.values().map(|(_, sum)| sum).sum();
                    ctx.reply(from, &Reply::ReadOk { value });
                }
            },
            Request::Gossip { counts } => self.learn(counts),
            Request::Also { delta } => {
                self.count(from.node(), delta);
                ctx.reply(from, &Reply::AlsoOk);
            }
        }
        Ok(())
    }

    fn response(&mut self, call: Call, response: Result<Response<'_>, Error>, ctx: &mut Ctx<Self>) {
        let store = self.store().unwrap_or(LIN_KV);
        match call {
            Call::Also => {}
            Call::Total { client, delta } => {
                let total = total(response);
                if self.bug == Bug::Torn {
                    let write = service::write(TOTAL, total + delta);
                    ctx.call(store, &write, Call::Change(client), RETRY);
                } else {
                    let cas = service::cas_or_create(TOTAL, total, total + delta);
                    ctx.call(store, &cas, Call::Swap { client, delta }, RETRY);
                }
            }
            Call::Swap { client, delta } if response.is_err() && self.bug != Bug::CasOnce => {
                let call = Call::Total { client, delta };
                ctx.call(store, &service::read(TOTAL), call, RETRY);
            }
            Call::Swap { client, .. } | Call::Change(client) => ctx.reply(client, &Reply::AddOk),
            Call::Show(client) => {
                let value = total(response);
                ctx.reply(client, &Reply::ReadOk { value });
            }
        }
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        ctx.set_timer(INTERVAL, ());
        let counts = match self.bug {
            Bug::NoRetry | Bug::NoDedup => return,
            _ if self.store().is_some() => return,
            _ => self.counts.clone(),
        };
        let gossip = Request::Gossip { counts };
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        peers.iter().for_each(|peer| ctx.send(peer, &gossip));
    }
}

/// The total that a store has; none at first.
fn total(response: Result<Response<'_>, Error>) -> i64 {
    let value = response.and_then(|response| service::value(&response));
    value.unwrap_or(0)
}

impl Counter {
    /// Where the total is, if it is not counted here.
    fn store(&self) -> Option<&'static str> {
        match self.bug {
            Bug::CasOnce | Bug::Torn => Some(LIN_KV),
            Bug::Stale => Some(SEQ_KV),
            _ => None,
        }
    }

    fn add(&mut self, delta: i64, client: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
        self.adds += 1;
        if let Some(store) = self.store() {
            let call = Call::Total { client, delta };
            ctx.call(store, &service::read(TOTAL), call, RETRY);
            return Ok(());
        }
        let delta = match self.bug {
            Bug::Unsigned => delta.max(0),
            _ => delta,
        };
        let own = match self.bug {
            Bug::OneTotal => TOTAL.to_owned(),
            _ => ctx.id().to_owned(),
        };
        self.count(&own, delta);
        if let Bug::NoRetry | Bug::NoDedup = self.bug {
            let retry = match self.bug {
                Bug::NoRetry => Retry::never(Duration::from_secs(1)),
                _ => Retry::forever(Duration::from_millis(20)),
            };
            let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
            for peer in &peers {
                ctx.call(peer, &Request::Also { delta }, Call::Also, retry);
            }
        }
        if self.bug == Bug::Refuses && self.adds.is_multiple_of(8) {
            return Err(Error::new(ErrorCode::Abort, "not today"));
        }
        ctx.reply(client, &Reply::AddOk);
        Ok(())
    }

    fn count(&mut self, node: &str, delta: i64) {
        let (times, sum) = self.counts.entry(node.to_owned()).or_default();
        *times += 1;
        *sum += delta;
    }

    fn learn(&mut self, counts: BTreeMap<String, Count>) {
        for (node, told) in counts {
            let known = self.counts.entry(node).or_default();
            *known = match self.bug {
                Bug::AddsUp => (told.0.max(known.0), known.1 + told.1),
                Bug::Greatest => (0, known.1.max(told.1)),
                Bug::OwnLost => told,
                _ => told.max(*known),
            };
        }
    }
}

guest_sdk::export!(Counter);
