//! The workload `queue`: queues in lin-kv.
//!
//! Each queue is one value of lin-kv: what waits, and what was received and not acknowledged, each with the number
//! of its delivery. A node that finds a delivery waits for its lease, by a timer of its own, and then puts the element back in front. It
//! does nothing if that delivery is acknowledged, or is put back by another node already.
//!
//! - `dequeue` delivers at most once: an element is taken out by the compare-and-set that is answered.
//! - `receive` delivers at least once, and in order, but for what is delivered again. A clock that runs too fast only
//!   delivers it again sooner.
//! - Survives everything that happens to nodes and between them, since only lin-kv has to be reached.
//! - A queue is read and written as a whole: its size times the requests is what it costs.
//!
//! `stored` has the loop, and what clients are told.

#[path = "../../bank/src/stored.rs"]
mod stored;

use std::collections::VecDeque;
use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

use stored::{Object, Stored};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Enqueue {
        queue: u64,
        value: i64,
    },
    Dequeue {
        queue: u64,
    },
    Receive {
        queue: u64,
        lease_ms: u64,
    },
    Ack {
        queue: u64,
        value: i64,
    },
    /// The node's own: the lease of a delivery is over.
    PutBack {
        queue: u64,
        delivery: u64,
    },
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

/// A queue.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Queue {
    ready: VecDeque<i64>,
    /// How many deliveries there were.
    deliveries: u64,
    /// What is out, by the number of the delivery.
    received: SortedMap<u64, Received>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Received {
    value: i64,
    lease_ms: u64,
}

/// A node, with the last delivery of each queue whose lease it waits for.
#[derive(Serialize, Deserialize)]
struct Queues {
    waits_for: SortedMap<u64, u64>,
}

impl Object for Queues {
    type Request = Request;
    type Reply = Reply;
    type State = Queue;

    fn new(_: &Ctx<Stored<Self>>) -> Self {
        Queues {
            waits_for: SortedMap::new(),
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
    ) -> Result<Reply, Error> {
        Ok(match *request {
            Request::Enqueue { value, .. } => {
                state.ready.push_back(value);
                Reply::EnqueueOk {}
            }
            Request::Dequeue { .. } => {
                let value = state.ready.pop_front();
                Reply::DequeueOk { value }
            }
            Request::Receive { queue, lease_ms } => {
                self.wait(queue, state, ctx);
                let value = state.ready.pop_front();
                if let Some(value) = value {
                    state.deliveries += 1;
                    let received = Received { value, lease_ms };
                    state.received.insert(state.deliveries, received);
                }
                Reply::ReceiveOk { value }
            }
            Request::Ack { value, .. } => {
                let mut received = state.received.iter();
                let delivery = received.find(|(_, received)| received.value == value);
                match delivery.map(|(&delivery, _)| delivery) {
                    Some(delivery) => drop(state.received.remove(&delivery)),
                    // It was put back.
                    None => state.ready.retain(|ready| *ready != value),
                }
                Reply::AckOk {}
            }
            Request::PutBack { delivery, .. } => {
                if let Some(received) = state.received.remove(&delivery) {
                    state.ready.push_front(received.value);
                }
                Reply::PutBackOk {}
            }
        })
    }
}

impl Queues {
    /// Waits for the leases of all deliveries that this node has not seen before.
    fn wait(&mut self, queue: u64, state: &Queue, ctx: &mut Ctx<Stored<Self>>) {
        let seen = self.waits_for.insert(queue, state.deliveries).unwrap_or(0);
        for (&delivery, received) in state.received.iter() {
            if delivery > seen {
                let lease = Duration::from_millis(received.lease_ms);
                ctx.set_timer(lease, Request::PutBack { queue, delivery });
            }
        }
    }
}

guest_sdk::export!(Stored<Queues>);

#[cfg(test)]
mod tests;
