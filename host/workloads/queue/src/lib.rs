//! Queues: first in, first out, at most once or at least once.
//!
//! There are many queues, which know nothing of one another. Every element is a number that is enqueued once.
//!
//! - `delivery=at-most-once`: `dequeue` takes the first element out of the queue and returns it. If the answer is lost, so is the element.
//! - `delivery=at-least-once`: `receive` returns the first element and hides it for a *lease*. The client acknowledges it with
//!   `ack`, and then it is gone. If no acknowledgement comes, it is delivered again once the lease is over.
//!
//! Both return null if there is nothing to deliver.
//!
//! Judged:
//! - What is delivered was enqueued (`invented`), and is taken out once (`taken-twice`). What was acknowledged is not delivered any more
//!   (`delivered-after-ack`).
//! - Elements are delivered for the first time in the order in which they were enqueued (`out-of-order`).
//! - Null means that the queue is empty: nothing that was enqueued before waits (`passed-over`), or never comes (`lost`).
//!   After faults have ended clients empty all queues, so that nothing can be missing.
//! - What was received and not acknowledged is delivered again then, within sixteen leases (`never-redelivered`).
//!
//! This is linearizability of a queue, as far as operations of unknown outcome let it be known: each of them may have taken one element.
//!
//! Not judged: how long a lease takes, and the order of what is delivered again.
//!
//! Some clients acknowledge too late or never.
//!
//! Sources: the queue tests of Jepsen; receiving, hiding and deleting are as in Amazon's SQS.

mod check;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use guest_sdk::workload::prelude::*;

/// How often each queue is emptied at last, and after how many leases again.
const ROUNDS: u64 = 5;
const LEASES: u64 = 4;
/// The most operations of a queue: the time of the check grows with their square.
const OPS_MAX: u64 = 10_000;

/// What clients do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
pub enum Operation {
    /// Adds an element.
    Enqueue(Element),
    /// Takes the first element out.
    Dequeue {
        /// The queue.
        queue: u64,
    },
    /// Gets an element, which stays until it is acknowledged.
    Receive {
        /// The queue.
        queue: u64,
        /// How long nobody else gets it, in milliseconds.
        lease_ms: u64,
        /// Whether faults have ended.
        last: bool,
    },
    /// Takes out an element that was received.
    Ack(Element),
}

/// An element of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// The queue.
    pub queue: u64,
    /// Itself.
    pub value: i64,
}

/// What nodes are asked.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// To add an element.
    Enqueue(Element),
    /// To take out the first element.
    Dequeue {
        /// The queue.
        queue: u64,
    },
    /// For an element.
    Receive {
        /// The queue.
        queue: u64,
        /// How long nobody else gets it.
        lease_ms: u64,
    },
    /// To take out an element that was received.
    Ack(Element),
}

/// What nodes answer.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The first element, if there is one.
    DequeueOk {
        /// The element.
        value: Option<i64>,
    },
    /// An element, if there is one.
    ReceiveOk {
        /// The element.
        value: Option<i64>,
    },
}

/// How often an element is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Once, or not at all if an answer is lost.
    AtMostOnce,
    /// Until it is acknowledged.
    AtLeastOnce,
}

/// The options.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Options {
    /// How often an element is delivered.
    pub delivery: Delivery,
    /// How long an element that was received is hidden, in milliseconds.
    pub lease_ms: u64,
    /// How many operations a queue gets.
    pub ops_per_queue: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            delivery: Delivery::AtMostOnce,
            lease_ms: 500,
            ops_per_queue: 100,
        }
    }
}

/// The workload, with what its clients have done.
#[derive(Debug, Serialize, Deserialize)]
pub struct Queue {
    options: Options,
    /// What each worker has received and not acknowledged.
    held: BTreeMap<usize, Element>,
    /// How many operations of the main phase have begun.
    begun: u64,
    /// How many elements there were.
    elements: i64,
    /// The queues that were used.
    used: BTreeSet<u64>,
    emptying: Option<Emptying>,
}

/// What has happened at last.
#[derive(Debug, Serialize, Deserialize)]
struct Emptying {
    since: Duration,
    /// How many queues were found empty.
    emptied: u64,
    /// How many elements came out of the next one: no more than can be in it.
    taken: u64,
    /// Who asks, one at a time.
    worker: Option<usize>,
}

impl Workload for Queue {
    const NAME: &'static str = "queue";
    const ABOUT: &'static str = "First-in-first-out queues, at most once or at least once.";
    const OPERATIONS: &'static [OperationKind] = &[
        changes("enqueue"),
        changes("dequeue"),
        changes("receive"),
        changes("ack"),
    ];
    const MESSAGES: &'static [&'static str] = &[
        "enqueue {queue: integer, value: integer} -> enqueue_ok {}",
        "dequeue {queue: integer} -> dequeue_ok {value: any}",
        "receive {queue: integer, lease_ms: integer} -> receive_ok {value: any}",
        "ack {queue: integer, value: integer} -> ack_ok {}",
    ];
    const HELP: &'static [(&'static str, &'static str)] = &[
        (
            "delivery",
            "at-most-once: clients dequeue; at-least-once: they receive and acknowledge",
        ),
        (
            "lease-ms",
            "How long an element that was received is hidden, in milliseconds",
        ),
        (
            "ops-per-queue",
            "How many operations a queue gets before clients go on to the next one",
        ),
    ];
    const HAS_LAST: bool = true;
    const CHECKS_HISTORY: bool = true;

    type Options = Options;
    type Operation = Operation;
    type Outcome = Option<i64>;
    type Request = Request;
    type Answer = Answer;
    type Specification = Self;

    fn new(_: &Cluster, options: Options) -> Result<Self, String> {
        if options.lease_ms == 0 || !(1..=OPS_MAX).contains(&options.ops_per_queue) {
            return Err(format!(
                "lease-ms has to be at least 1, and ops-per-queue 1 to {OPS_MAX}"
            ));
        }
        Ok(Queue {
            options,
            held: BTreeMap::new(),
            begun: 0,
            elements: 0,
            used: BTreeSet::new(),
            emptying: None,
        })
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let queue = self.begun / self.options.ops_per_queue;
        self.begun += 1;
        if turn.draws.chance(600)
            && let Some(element) = self.held.remove(&turn.worker)
        {
            return Next::Invoke(Operation::Ack(element));
        }
        if turn.draws.chance(500) {
            return Next::Invoke(self.take(queue, false));
        }
        self.elements += 1;
        let value = self.elements;
        Next::Invoke(Operation::Enqueue(Element { queue, value }))
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        let queues = self.used.len() as u64;
        let (rounds, pause_ms) = match self.options.delivery {
            Delivery::AtMostOnce => (1, 0),
            Delivery::AtLeastOnce => (ROUNDS, LEASES * self.options.lease_ms),
        };
        let emptying = self.emptying.get_or_insert_with(|| {
            // Nobody acknowledges any more what it has received before.
            self.held.clear();
            Emptying {
                since: turn.now,
                emptied: 0,
                taken: 0,
                worker: None,
            }
        });
        match emptying.worker {
            Some(worker) if worker != turn.worker => return Next::Pass,
            // It was answered with an error.
            Some(_) => emptying.emptied += 1,
            None => {}
        }
        emptying.worker = None;
        if let Some(element) = self.held.remove(&turn.worker) {
            return Next::Invoke(Operation::Ack(element));
        }
        if emptying.emptied >= rounds * queues {
            return Next::Done;
        }
        let pauses = Duration::from_millis(pause_ms * (emptying.emptied / queues));
        let due = emptying.since + pauses;
        if turn.now < due {
            return Next::Later(due);
        }
        emptying.worker = Some(turn.worker);
        let index = usize::try_from(emptying.emptied % queues).unwrap_or(0);
        match self.used.iter().nth(index) {
            Some(&queue) => Next::Invoke(self.take(queue, true)),
            None => Next::Done,
        }
    }

    fn begin(&mut self, _: usize, operation: &Operation) -> Step<Self> {
        // A replay asks for no operations but the last ones.
        self.used.insert(operation.queue());
        match *operation {
            Operation::Enqueue(element) => Step::call(Request::Enqueue(element)).completes(None),
            Operation::Dequeue { queue } => Step::call(Request::Dequeue { queue }),
            Operation::Receive {
                queue, lease_ms, ..
            } => Step::call(Request::Receive { queue, lease_ms }),
            Operation::Ack(element) => Step::call(Request::Ack(element)).completes(None),
        }
    }

    fn answer(&mut self, worker: usize, operation: &Operation, answer: Answer) -> Step<Self> {
        let (Answer::DequeueOk { value } | Answer::ReceiveOk { value }) = answer;
        if let (Operation::Receive { queue, .. }, Some(value)) = (operation, value) {
            self.held.insert(
                worker,
                Element {
                    queue: *queue,
                    value,
                },
            );
        }
        if let Some(emptying) = &mut self.emptying {
            emptying.worker = None;
            emptying.taken += 1;
            if value.is_none() || emptying.taken > self.options.ops_per_queue {
                emptying.emptied += 1;
                emptying.taken = 0;
            }
        }
        Step::ok(value)
    }

    fn check(history: &History<Self>) -> Findings {
        check::check(history)
    }
}

impl Operation {
    fn queue(&self) -> u64 {
        let (Operation::Enqueue(Element { queue, .. })
        | Operation::Dequeue { queue }
        | Operation::Receive { queue, .. }
        | Operation::Ack(Element { queue, .. })) = self;
        *queue
    }
}

impl Queue {
    /// Asks for an element.
    fn take(&self, queue: u64, last: bool) -> Operation {
        let lease_ms = self.options.lease_ms;
        match self.options.delivery {
            Delivery::AtMostOnce => Operation::Dequeue { queue },
            Delivery::AtLeastOnce => Operation::Receive {
                queue,
                lease_ms,
                last,
            },
        }
    }
}

/// A queue, as a perfect node has it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// What was never delivered.
    ready: VecDeque<i64>,
    /// What was received and not acknowledged.
    received: BTreeSet<i64>,
}

/// What a perfect node does, for tests. Runs are not judged by it: see [`check`].
impl Specification<Self> for Queue {
    const CONSISTENCY: Option<Consistency> = None;

    type State = State;

    fn apply(state: &mut State, operation: &Operation) -> Option<i64> {
        match operation {
            Operation::Enqueue(element) => {
                state.ready.push_back(element.value);
                None
            }
            Operation::Dequeue { .. } => state.ready.pop_front(),
            Operation::Receive { .. } => {
                let value = state.ready.pop_front();
                state.received.extend(value);
                value
            }
            Operation::Ack(element) => {
                state.received.remove(&element.value);
                None
            }
        }
    }

    fn key(operation: &Operation) -> Option<Value> {
        Some(json!(operation.queue()))
    }
}

guest_sdk::export_workload!(Queue);

#[cfg(test)]
mod tests;
