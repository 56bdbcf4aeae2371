//! How long consumers stayed behind. The lag of a poll in a key is the time from when it was first
//! known that the log goes on after the last message the process has seen of it, until the poll was
//! invoked. After `realtime-lag` in `jepsen.tests.kafka`.
//!
//! Jepsen keeps a time for every offset from 0, and asks at every poll about every key that the
//! process has. What is known of a log's end only grows, so a sorted list of its growth says the
//! same; and while a process stays where it is in a key its lag only grows, so it need be asked
//! only before the process moves on.

use std::cmp::Reverse;

use indexmap::IndexMap;

use crate::history::Kind;

use super::clojure::{hash_rank, map_order};
use super::operations::{Action, KeyId, Operation, Operations};

/// The greatest lag, and when and where it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worst {
    /// When the poll was invoked, in nanoseconds.
    pub(super) time_ns: i64,
    pub(super) process: i64,
    pub(super) key: KeyId,
    pub(super) lag_ns: i64,
}

/// The worst lag of all; the first of equal ones. `None` if no process with a key polled.
pub(super) fn worst_lag(operations: &Operations<'_>) -> Option<Worst> {
    let growth = growth(operations);
    let mut worst = WorstSoFar {
        growth: &growth,
        worst: None,
    };
    let mut consumers: IndexMap<i64, Consumer> = IndexMap::new();
    for operation in operations
        .list
        .iter()
        .filter(|operation| operation.kind == Kind::Ok)
    {
        let consumer = consumers
            .entry(operation.process)
            .or_insert_with(|| Consumer::new(operation.process));
        match &operation.action {
            Action::Assign { keys, .. } => {
                let keys = operations.named(keys);
                let mut before = std::mem::take(&mut consumer.positions);
                for &key in keys {
                    if consumer.positions.contains_key(&key) {
                        continue;
                    }
                    let position = before.swap_remove(&key).unwrap_or(Position {
                        offset: -1,
                        since_poll: consumer.poll_count,
                    });
                    consumer.positions.insert(key, position);
                }
                for (key, position) in before {
                    worst.leave(consumer, key, position);
                }
            }
            Action::Subscribe { .. } => {
                for (key, position) in std::mem::take(&mut consumer.positions) {
                    worst.leave(consumer, key, position);
                }
            }
            Action::Txn { is_poll: true, .. } => {
                for (key, offset) in offsets(operations, operation) {
                    let before = consumer.positions.get(&key).copied();
                    if before.is_none_or(|before| before.offset < offset) {
                        if let Some(before) = before {
                            worst.leave(consumer, key, before);
                        }
                        let since_poll = consumer.poll_count;
                        let position = Position { offset, since_poll };
                        consumer.positions.insert(key, position);
                    }
                }
                consumer.poll_count += 1;
                consumer.last_poll_ns = operations.history.ops()[operation.begun].time_ns;
                if worst.worst.is_none() {
                    worst.worst = consumer.first_key(operations).map(|key| Worst {
                        time_ns: consumer.last_poll_ns,
                        process: operation.process,
                        key,
                        lag_ns: 0,
                    });
                }
            }
            Action::Txn { is_poll: false, .. } => {}
        }
    }
    for consumer in consumers.values() {
        for (&key, &position) in &consumer.positions {
            worst.leave(consumer, key, position);
        }
    }
    worst.worst
}

/// By key, how far the log was known to reach, and since when: both rise.
fn growth(operations: &Operations<'_>) -> Vec<Vec<(i64, i64)>> {
    let mut growth: Vec<Vec<(i64, i64)>> = vec![Vec::new(); operations.keys.len()];
    let known = operations
        .txns()
        .filter(|(_, operation)| matches!(operation.kind, Kind::Ok | Kind::Info));
    for (_, operation) in known {
        for (key, offset) in offsets(operations, operation) {
            let growth = &mut growth[key.at()];
            let (last, since_ns) = growth.last().copied().unwrap_or((-1, i64::MIN));
            if offset > last {
                growth.push((offset, operations.op(operation).time_ns.max(since_ns)));
            }
        }
    }
    growth
}

/// The greatest offset of each read and send of an operation; a key may come more than once.
fn offsets<'a>(
    operations: &'a Operations<'_>,
    operation: &'a Operation,
) -> impl Iterator<Item = (KeyId, i64)> + 'a {
    let polled = operations
        .reads(operation)
        .iter()
        .map(|read| (read.key, read.offset_max));
    let sent = operations.sends(operation).iter().filter_map(|sent| {
        let key = operations.message(sent.message).key;
        Some((key, sent.offset?.max(0)))
    });
    polled.chain(sent)
}

struct Consumer {
    process: i64,
    /// Keys that it has, in the order it got them.
    positions: IndexMap<KeyId, Position>,
    poll_count: u64,
    /// When its last successful poll was invoked.
    last_poll_ns: i64,
}

/// Where a consumer is in a key.
#[derive(Clone, Copy)]
struct Position {
    /// The greatest offset it has seen; -1 before the first.
    offset: i64,
    /// The number of its first poll with this offset.
    since_poll: u64,
}

impl Consumer {
    fn new(process: i64) -> Self {
        Self {
            process,
            positions: IndexMap::new(),
            poll_count: 0,
            last_poll_ns: 0,
        }
    }

    /// The key that Jepsen looks at first.
    fn first_key(&self, operations: &Operations<'_>) -> Option<KeyId> {
        let keys = self.positions.keys().copied().collect();
        map_order(keys, |key: &KeyId| hash_rank(&operations.keys[key.at()]))
            .first()
            .copied()
    }
}

struct WorstSoFar<'a> {
    growth: &'a [Vec<(i64, i64)>],
    worst: Option<Worst>,
}

impl WorstSoFar<'_> {
    /// A consumer leaves a position, at which its last poll was the one that lagged most.
    fn leave(&mut self, consumer: &Consumer, key: KeyId, position: Position) {
        if position.since_poll == consumer.poll_count {
            return;
        }
        let growth = &self.growth[key.at()];
        let beyond = growth.partition_point(|&(offset, _)| offset <= position.offset);
        let lag_ns = growth.get(beyond).map_or(0, |&(_, since_ns)| {
            consumer.last_poll_ns.saturating_sub(since_ns).max(0)
        });
        let time_ns = consumer.last_poll_ns;
        let is_worse = self.worst.is_none_or(|worst| {
            (lag_ns, Reverse(time_ns)) > (worst.lag_ns, Reverse(worst.time_ns))
        });
        if lag_ns > 0 && is_worse {
            self.worst = Some(Worst {
                time_ns,
                process: consumer.process,
                key,
                lag_ns,
            });
        }
    }
}
