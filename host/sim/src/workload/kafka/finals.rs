//! The last operations: every worker gets a new client, is assigned all keys from their
//! beginnings, and polls until it has seen the highest offsets that any client had seen.

use std::collections::BTreeMap;

use super::names::{Names, SEEK};
use crate::client::{Next, Operation, Turn};
use crate::time::{MS, SECOND};
use host_check::value::Value;

/// Mean time between the polls of a worker.
const POLL_INTERVAL_NS: u64 = 200 * MS;

/// For how long last operations begin: a node that has lost messages never catches up.
const LIMIT_NS: u64 = 10 * SECOND;

#[derive(Clone)]
pub(super) struct Finals {
    keys: Vec<i64>,
    workers: Vec<Worker>,
    /// No operation begins from this time on.
    cutoff_ns: Option<u64>,
}

#[derive(Clone)]
struct Worker {
    stage: Stage,
    /// The offset to reach, of each key that it has not reached.
    targets: BTreeMap<i64, i64>,
}

/// What a worker does next.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Crash,
    Assign,
    /// At this time at the earliest.
    Poll(u64),
}

impl Finals {
    /// For `workers` workers, all of which are free.
    pub(super) fn new(targets: &BTreeMap<i64, i64>, workers: usize) -> Self {
        let worker = || Worker {
            stage: Stage::Crash,
            targets: targets.clone(),
        };
        Finals {
            keys: targets.keys().copied().collect(),
            workers: std::iter::repeat_with(worker).take(workers).collect(),
            cutoff_ns: None,
        }
    }

    /// A worker has polled up to these offsets.
    pub(super) fn polled<'a>(
        &mut self,
        worker: usize,
        highest: impl Iterator<Item = (&'a str, i64)>,
    ) {
        let targets = &mut self.workers[worker].targets;
        for (key, offset) in highest {
            let Ok(key) = key.parse() else { continue };
            if targets.get(&key).is_some_and(|target| *target <= offset) {
                targets.remove(&key);
            }
        }
    }

    /// A worker has a new client, without keys. Only under strict checks it is assigned them again:
    /// Maelstrom's goes on without.
    pub(super) fn reopened(&mut self, worker: usize) {
        self.workers[worker].stage = Stage::Assign;
    }

    /// The next operation of a worker that is the first to be able to do one.
    pub(super) fn next(&mut self, names: &Names, turn: &mut Turn<'_>) -> Next {
        let now_ns = turn.now_ns;
        let mut due_ns = u64::MAX;
        let mut first: Vec<usize> = Vec::new();
        for worker in turn.free {
            let Some(at_ns) = self.workers[*worker].due_ns(now_ns) else {
                continue;
            };
            if at_ns < due_ns {
                due_ns = at_ns;
                first.clear();
            }
            if at_ns == due_ns {
                first.push(*worker);
            }
        }
        if first.is_empty() {
            let everybody_is_free = turn.free.len() == self.workers.len();
            return if everybody_is_free {
                Next::Done
            } else {
                Next::Wait
            };
        }
        if self.cutoff_ns.is_some_and(|cutoff_ns| due_ns >= cutoff_ns) {
            return Next::Done;
        }
        if due_ns > now_ns {
            return Next::Later(due_ns);
        }
        self.cutoff_ns.get_or_insert(now_ns + LIMIT_NS);
        let worker = turn.stream.pick(&first);
        Next::Invoke {
            worker,
            operation: self.begin(worker, names, turn),
        }
    }

    fn begin(&mut self, worker: usize, names: &Names, turn: &mut Turn<'_>) -> Operation {
        let stage = &mut self.workers[worker].stage;
        match stage {
            Stage::Crash => {
                *stage = Stage::Assign;
                names.crash()
            }
            Stage::Assign => {
                *stage = Stage::Poll(turn.now_ns);
                let operation = names.assign(self.keys.iter().copied());
                operation.with(SEEK, Value::Bool(true))
            }
            Stage::Poll(_) => {
                let gap_ns = turn.stream.below(2 * POLL_INTERVAL_NS);
                *stage = Stage::Poll(turn.now_ns + gap_ns);
                names.poll().with("poll-ms", Value::Int(1000))
            }
        }
    }
}

impl Worker {
    /// When it can do its next operation, if it has any left.
    fn due_ns(&self, now_ns: u64) -> Option<u64> {
        match self.stage {
            _ if self.targets.is_empty() => None,
            Stage::Crash | Stage::Assign => Some(now_ns),
            Stage::Poll(at_ns) => Some(at_ns.max(now_ns)),
        }
    }
}
