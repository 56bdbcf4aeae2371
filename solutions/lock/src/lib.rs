//! The workload `lock`: locks in lin-kv, and leases by waiting.
//!
//! A lock is a value of lin-kv: the last token, and the lease that was granted with it, which is gone once it is released.
//! No time is kept there: clocks of nodes differ by a minute and more. A node that finds a lock granted
//! waits twice the lease, by a timer of its own, and then takes back what was granted with that token.
//!
//! - Safe if no clock runs at more than twice the right speed: a timer of two leases takes at least one, and the client
//!   had asked before the node could find the grant. Clocks may jump, stop and run slowly.
//! - A lock whose owner is silent is free two leases after somebody else asks for it; four if that node's clock runs at half the
//!   speed.
//! - Survives everything that happens to nodes and between them, since only lin-kv has to be reached. A node that is started
//!   again waits again.
//!
//! `stored` has the loop, its costs, and what clients are told.
//!
//! Source: clients of locks in databases that have no clock wait so, as Amazon's DynamoDB Lock Client does.

#[path = "../../bank/src/stored.rs"]
mod stored;

use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use stored::{Object, Stored};

/// How much faster than it should a clock may run.
const RATE_MAX: u32 = 2;

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

/// A lock.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Lock {
    token: u64,
    /// The lease that was granted with it, unless it was released.
    lease_ms: Option<u64>,
}

/// A node, with the tokens whose leases it waits for, by lock.
#[derive(Serialize, Deserialize)]
struct Locks {
    waits_for: SortedMap<u64, u64>,
}

impl Object for Locks {
    type Request = Request;
    type Reply = Reply;
    type State = Lock;

    fn new(_: &Ctx<Stored<Self>>) -> Self {
        Locks {
            waits_for: SortedMap::new(),
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
    ) -> Result<Reply, Error> {
        match *request {
            Request::Acquire { lock, lease_ms } => {
                if let Some(lease_ms) = state.lease_ms {
                    self.wait(lock, state.token, Duration::from_millis(lease_ms), ctx);
                    return Ok(Reply::AcquireOk { token: None });
                }
                *state = Lock {
                    token: state.token + 1,
                    lease_ms: Some(lease_ms),
                };
                let token = Some(state.token);
                Ok(Reply::AcquireOk { token })
            }
            Request::Release { token, .. } => {
                let released = state.token == token && state.lease_ms.take().is_some();
                Ok(Reply::ReleaseOk { released })
            }
        }
    }
}

impl Locks {
    /// Releases a grant when its lease is over for sure, unless this node waits for that already.
    fn wait(&mut self, lock: u64, token: u64, lease: Duration, ctx: &mut Ctx<Stored<Self>>) {
        if self.waits_for.insert(lock, token) != Some(token) {
            ctx.set_timer(lease * RATE_MAX, Request::Release { lock, token });
        }
    }
}

guest_sdk::export!(Stored<Locks>);

#[cfg(test)]
mod tests;
