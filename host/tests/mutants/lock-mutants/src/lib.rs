//! Locks in lin-kv, with leases. Without an option they are right; `--bug NAME` gives them the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `fast-clock` | a node waits for the end of a lease as long as the lease is, on a clock that may run too fast |
//! | `no-expiry` | a lock is free again only if it is released |
//! | `release-any` | whoever releases a lock does so for everybody |
//! | `split` | every node has locks of its own |
//! | `token-reset` | the tokens of a lock begin again when it is released |
//! | `torn` | a grant is a read, then a write |
//! | `wall-clock` | the end of a lease is kept as a time of day, which nodes compare with their own |

#[path = "../../bank-mutants/src/stored.rs"]
mod stored;

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::prelude::*;

use stored::{Object, Store, Stored};

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    FastClock,
    NoExpiry,
    ReleaseAny,
    Split,
    TokenReset,
    Torn,
    WallClock,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Acquire { lock: u64, lease_ms: u64 },
    Release { lock: u64, token: u64 },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    AcquireOk { token: Option<u64> },
    ReleaseOk { released: bool },
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Lock {
    token: u64,
    lease_ms: Option<u64>,
    /// When it is over, by the clock of the node that granted it.
    end: Duration,
}

#[derive(Serialize, Deserialize)]
struct Locks {
    bug: Bug,
    /// By lock the token whose lease it waits for.
    waits_for: BTreeMap<u64, u64>,
}

impl Object for Locks {
    type Request = Request;
    type Reply = Reply;
    type State = Lock;

    fn new(ctx: &mut Ctx<Stored<Self>>) -> Self {
        Locks {
            bug: ctx.options::<Options>().bug,
            waits_for: BTreeMap::new(),
        }
    }

    fn store(&self) -> Store {
        match self.bug {
            Bug::Split => Store::Split,
            Bug::Torn => Store::Torn,
            _ => Store::Right,
        }
    }

    fn key(request: &Request) -> String {
        let (Request::Acquire { lock, .. } | Request::Release { lock, .. }) = request;
        format!("lock/{lock}")
    }

    fn handle(
        &mut self,
        request: &Request,
        state: &mut Lock,
        ctx: &mut Ctx<Stored<Self>>,
    ) -> Reply {
        match *request {
            Request::Acquire { lock, lease_ms } => {
                let is_over = self.bug == Bug::WallClock && state.end <= ctx.now();
                if let Some(lease_ms) = state.lease_ms
                    && !is_over
                {
                    self.wait(lock, state.token, Duration::from_millis(lease_ms), ctx);
                    return Reply::AcquireOk { token: None };
                }
                let lease = Duration::from_millis(lease_ms);
                *state = Lock {
                    token: state.token + 1,
                    lease_ms: Some(lease_ms),
                    end: ctx.now() + lease,
                };
                let token = Some(state.token);
                Reply::AcquireOk { token }
            }
            Request::Release { token, .. } => {
                let is_last = state.token == token || self.bug == Bug::ReleaseAny;
                let released = is_last && state.lease_ms.take().is_some();
                if released && self.bug == Bug::TokenReset {
                    state.token = 0;
                }
                Reply::ReleaseOk { released }
            }
        }
    }
}

impl Locks {
    /// Releases a grant when its lease is over for sure.
    fn wait(&mut self, lock: u64, token: u64, lease: Duration, ctx: &mut Ctx<Stored<Self>>) {
        let wait = match self.bug {
            Bug::NoExpiry | Bug::WallClock => return,
            Bug::FastClock => lease,
            _ => lease * 2,
        };
        if self.waits_for.insert(lock, token) != Some(token) {
            ctx.set_timer(wait, Request::Release { lock, token });
        }
    }
}

guest_sdk::export!(Stored<Locks>);
