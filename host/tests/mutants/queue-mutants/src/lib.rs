//! Queues in lin-kv, each a value. Without an option they are right; `--bug NAME` gives them the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `ack-front` | an acknowledgement takes out the oldest delivery, whichever was acknowledged |
//! | `auto-ack` | what is received is gone, acknowledged or not |
//! | `early` | an answer comes before anything has changed |
//! | `last-out` | the last element comes out first |
//! | `late-ack` | an acknowledgement after the lease is ignored |
//! | `split` | every node has queues of its own |
//! | `stale` | queues are in seq-kv, whose reads may be old |
//! | `torn` | a change is a read, then a write |

#[path = "../../bank-mutants/src/stored.rs"]
mod stored;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use guest_sdk::prelude::*;

use stored::{Object, Store, Stored};

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    AckFront,
    AutoAck,
    Early,
    LastOut,
    LateAck,
    Split,
    Stale,
    Torn,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Enqueue { queue: u64, value: i64 },
    Dequeue { queue: u64 },
    Receive { queue: u64, lease_ms: u64 },
    Ack { queue: u64, value: i64 },
    PutBack { queue: u64, delivery: u64 },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    EnqueueOk {},
    DequeueOk { value: Option<i64> },
    ReceiveOk { value: Option<i64> },
    AckOk {},
    PutBackOk {},
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Queue {
    ready: VecDeque<i64>,
    deliveries: u64,
    /// Value and lease, by the number of the delivery.
    received: BTreeMap<u64, (i64, u64)>,
}

#[derive(Serialize, Deserialize)]
struct Queues {
    bug: Bug,
    /// By queue the last delivery whose lease it waits for.
    waits_for: BTreeMap<u64, u64>,
}

impl Object for Queues {
    type Request = Request;
    type Reply = Reply;
    type State = Queue;

    fn new(ctx: &mut Ctx<Stored<Self>>) -> Self {
        Queues {
            bug: ctx.options::<Options>().bug,
            waits_for: BTreeMap::new(),
        }
    }

    fn store(&self) -> Store {
        match self.bug {
            Bug::Early => Store::Early,
            Bug::Split => Store::Split,
            Bug::Stale => Store::Stale,
            Bug::Torn => Store::Torn,
            _ => Store::Right,
        }
    }

    fn key(request: &Request) -> String {
        let (Request::Enqueue { queue, .. }
        | Request::Dequeue { queue }
        | Request::Receive { queue, .. }
        | Request::Ack { queue, .. }
        | Request::PutBack { queue, .. }) = request;
        format!("queue/{queue}")
    }

    fn handle(
        &mut self,
        request: &Request,
        state: &mut Queue,
        ctx: &mut Ctx<Stored<Self>>,
    ) -> Reply {
        match *request {
            Request::Enqueue { value, .. } => {
                state.ready.push_back(value);
                Reply::EnqueueOk {}
            }
            Request::Dequeue { .. } => {
                let value = self.take(state);
                Reply::DequeueOk { value }
            }
            Request::Receive { queue, lease_ms } => {
                self.wait(queue, state, ctx);
                let value = self.take(state);
                if let Some(value) = value
                    && self.bug != Bug::AutoAck
                {
                    state.deliveries += 1;
                    state.received.insert(state.deliveries, (value, lease_ms));
                }
                Reply::ReceiveOk { value }
            }
            Request::Ack { .. } if self.bug == Bug::AckFront => {
                state.received.pop_first();
                Reply::AckOk {}
            }
            Request::Ack { value, .. } => {
                state.received.retain(|_, (received, _)| *received != value);
                if self.bug != Bug::LateAck {
                    state.ready.retain(|ready| *ready != value);
                }
                Reply::AckOk {}
            }
            Request::PutBack { delivery, .. } => {
                if let Some((value, _)) = state.received.remove(&delivery) {
                    state.ready.push_front(value);
                }
                Reply::PutBackOk {}
            }
        }
    }
}

impl Queues {
    fn take(&self, state: &mut Queue) -> Option<i64> {
        match self.bug {
            Bug::LastOut => state.ready.pop_back(),
            _ => state.ready.pop_front(),
        }
    }

    /// Waits for the leases of all deliveries that this node has not seen before.
    fn wait(&mut self, queue: u64, state: &Queue, ctx: &mut Ctx<Stored<Self>>) {
        let seen = self.waits_for.insert(queue, state.deliveries).unwrap_or(0);
        for (&delivery, &(_, lease_ms)) in &state.received {
            if delivery > seen {
                let lease = Duration::from_millis(lease_ms);
                ctx.set_timer(lease, Request::PutBack { queue, delivery });
            }
        }
    }
}

guest_sdk::export!(Stored<Queues>);
