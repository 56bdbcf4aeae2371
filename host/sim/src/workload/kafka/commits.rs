//! What clients do at the end to show that nodes know of committed offsets.
//!
//! First everybody asks for the last keys' offsets. If something was committed before the last polls,
//! one client of each node, each with a key of its own, sends a message and polls it, which commits
//! its offset, and does the same [`GAP_NS`] later: by then each node has committed something after
//! each other node has. After the same time again these clients ask for all the offsets.

use std::collections::BTreeMap;

use indexmap::IndexSet;

use super::names::Names;
use crate::client::Operation;
use crate::time::SECOND;
use crate::workload::inspection::{LIMIT_NS, Task};
use host_check::value::Value;

/// How many keys' committed offsets a client asks for at the end: a node that gets each of another,
/// one after the other, over links of 100 ms needs less than the five seconds that clients wait.
const KEYS_MAX: usize = 8;

/// Between the commits of a node, and before it is asked: more than the two seconds that the checker
/// gives what is committed to be kept.
const GAP_NS: u64 = 3 * SECOND;

/// For how long messages are sent: whoever sent one must have the time to poll it, or it would count as
/// lost.
const SENDS_UNTIL_NS: u64 = 6 * SECOND;

/// What clients have committed and sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Commits {
    /// The keys whose offsets were committed, in the order of their first commits.
    keys: IndexSet<String>,
    /// Whether one was committed before the last polls.
    is_early: bool,
    /// The greatest message of each key that a client began to send.
    sent: BTreeMap<String, i64>,
    /// What each worker sent last, once it is known: the key and the offset.
    waits_for: BTreeMap<usize, (String, i64)>,
}

impl Commits {
    /// A client begins to send a message.
    pub(super) fn sends(&mut self, key: &str, msg: i64) {
        match self.sent.get_mut(key) {
            Some(greatest) => *greatest = msg.max(*greatest),
            None => drop(self.sent.insert(key.to_owned(), msg)),
        }
    }

    /// A worker's message has an offset.
    pub(super) fn sent(&mut self, worker: usize, key: &str, offset: i64) {
        self.waits_for.insert(worker, (key.to_owned(), offset));
    }

    /// A worker has committed offsets, early or in the last polls. Answers whether that of its last
    /// message is among them.
    pub(super) fn committed(
        &mut self,
        worker: usize,
        offsets: &BTreeMap<&str, i64>,
        is_early: bool,
    ) -> bool {
        self.is_early |= is_early;
        let new = offsets.keys().filter(|key| !self.keys.contains(**key));
        let new: Vec<String> = new.map(|key| (*key).to_owned()).collect();
        self.keys.extend(new);
        let Some((key, offset)) = self.waits_for.get(&worker) else {
            return true;
        };
        let is_there = offsets.get(key.as_str()).is_some_and(|it| it >= offset);
        if is_there {
            self.waits_for.remove(&worker);
        }
        is_there
    }

    /// What each worker does at the end. The first workers are clients of different nodes.
    pub(super) fn tasks(&self, names: &Names, nodes: usize, workers: usize) -> Vec<Vec<Task>> {
        let last: Vec<&str> = self.keys.iter().rev().map(String::as_str).collect();
        let last = &last[..last.len().min(KEYS_MAX)];
        let all = last.iter().map(|key| Value::from(*key)).collect::<Vec<_>>();
        let asks = Task::of(Operation::new(&names.assign, Value::from(all)));
        let rounds = if self.is_early && nodes > 1 { nodes } else { 0 };
        let of_worker = |worker: usize| {
            if last.is_empty() {
                return Vec::new();
            }
            let mut tasks = vec![asks.clone()];
            let Some(key) = last.get(worker).filter(|_| worker < rounds) else {
                return tasks;
            };
            let own = Value::from(vec![Value::from(*key)]);
            tasks.push(Task::of(Operation::new(&names.assign, own)));
            let next = self.sent.get(*key).map_or(0, |greatest| greatest + 1);
            for (round, wait_ns) in [(0, 0), (1, GAP_NS)] {
                let sent = names.sent(Value::from(*key), Value::Int(next + round));
                let send = Operation::new(&names.send, sent);
                let send = Task::once(send, names.poll()).after(wait_ns);
                tasks.push(send.until(SENDS_UNTIL_NS));
                tasks.push(Task::of(names.poll()).until(2 * LIMIT_NS));
            }
            tasks.push(asks.clone().after(GAP_NS));
            tasks
        };
        (0..workers).map(of_worker).collect()
    }
}
