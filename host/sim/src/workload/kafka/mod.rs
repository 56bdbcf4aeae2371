//! Kafka: logs that clients send to, and poll from offsets of their own.
//!
//! | files | job |
//! |---|---|
//! | `mod` | what clients do, one operation after the other |
//! | `consumer` | the offsets that a client has got to |
//! | `seen` | the offsets that all clients together have sent and polled |
//! | `names` | what operations are called |
//! | `finals` | the last operations: everybody reads everything |
//! | `commits` | the inspection: every node shows what others have committed |
//!
//! Source: Maelstrom's `workload/kafka.clj` and Jepsen's `tests/kafka.clj`.

mod commits;
mod consumer;
mod finals;
mod names;
mod seen;

use indexmap::IndexMap;
use serde_json::json;

use super::answer::{CommitOffsetsOk, ListCommittedOffsetsOk, PollOk, SendOk, read};
use super::inspection::Inspection;
use super::mops::{Mop, Mops};
use super::options::WorkloadOptions;
use crate::client::{Completion, Malformed, Next, Operation, Step, Turn, WorkloadClient};
use crate::time::SECOND;
use commits::Commits;
use consumer::{Consumer, Polled};
use finals::Finals;
use host_check::history::Kind;
use host_check::value::{Map, Value};
use names::{COMMITTED, Names, SEEK, named};
use seen::Seen;

/// One operation in 64 is an assignment instead.
const ASSIGN_ONE_IN: u64 = 64;

/// One assignment in three takes up the keys that have more sent than polled.
const UNSEEN_ONE_IN: u64 = 3;

/// Mean time between the crashes of a client.
const CRASH_INTERVAL_NS: u64 = 30 * SECOND;

#[derive(Clone)]
pub(super) struct Kafka {
    names: Names,
    mops: Mops,
    /// The operation that an assignment came before.
    next: Option<Mop>,
    /// Mean time between the crashes of any client.
    crash_interval_ns: u64,
    /// When the next one is due.
    crash_ns: u64,
    consumers: Vec<Consumer>,
    seen: Seen,
    finals: Option<Finals>,
    is_strict: bool,
    nodes: usize,
    commits: Commits,
    inspection: Option<Inspection>,
}

impl Kafka {
    pub(super) fn new(options: &WorkloadOptions) -> Self {
        let workers = options.concurrency;
        Kafka {
            names: Names::new(),
            mops: Mops::new(options.txn),
            next: None,
            crash_interval_ns: CRASH_INTERVAL_NS / (workers as u64).max(1),
            crash_ns: 0,
            consumers: (0..workers).map(|_| Consumer::default()).collect(),
            seen: Seen::default(),
            finals: None,
            is_strict: options.is_strict(),
            nodes: options.cluster.count,
            commits: Commits::default(),
            inspection: None,
        }
    }

    /// An assignment of the key that comes next.
    fn assign(&self, key: i64, turn: &mut Turn<'_>) -> Operation {
        let keys: Vec<i64> = self.seen.unseen().map(|(key, _)| key).collect();
        if keys.is_empty() || turn.stream.below(UNSEEN_ONE_IN) != 0 {
            return self.names.assign([key].into_iter());
        }
        let own = Some(key).filter(|key| !keys.contains(key));
        let operation = self.names.assign(keys.into_iter().chain(own));
        operation.with("unseen", self.seen.as_value())
    }

    fn message(&self, mop: Mop) -> Operation {
        match mop {
            Mop::Read { .. } => self.names.poll(),
            Mop::Write { key, value } => Operation::new(
                &self.names.send,
                self.names.sent(named(key), Value::Int(value)),
            ),
        }
    }

    /// Ends a poll that the client has also committed, if there was anything to commit.
    fn end_poll(&mut self, worker: usize, polled: &Polled) -> Step {
        self.seen.polled(polled.highest());
        if let Some(finals) = &mut self.finals {
            finals.polled(worker, polled.highest());
        }
        let poll = vec![Value::Keyword(self.names.poll.clone()), polled.as_value()];
        let value = Value::from(vec![Value::from(poll)]);
        Step::Done(Completion::ok(value))
    }
}

impl WorkloadClient for Kafka {
    fn boxed_clone(&self) -> Box<dyn WorkloadClient> {
        Box::new(self.clone())
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next {
        // Both are due: either may come first.
        let operation = if turn.now_ns >= self.crash_ns && turn.stream.below(2) == 0 {
            let gap_ns = turn.stream.below(2 * self.crash_interval_ns);
            self.crash_ns = turn.now_ns + gap_ns;
            self.names.crash()
        } else {
            let next = self.next.take();
            let mop = next.unwrap_or_else(|| self.mops.mop(turn.stream));
            if turn.stream.below(ASSIGN_ONE_IN) == 0 {
                self.next = Some(mop);
                self.assign(mop.key(), turn)
            } else {
                self.message(mop)
            }
        };
        Next::Invoke {
            worker: turn.any_worker(),
            operation,
        }
    }

    fn has_last(&self) -> bool {
        true
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next {
        let workers = self.consumers.len();
        let finals = self
            .finals
            .get_or_insert_with(|| Finals::new(self.seen.highest(), workers));
        finals.next(&self.names, turn)
    }

    fn inspects(&self) -> bool {
        self.is_strict
    }

    fn inspect(&mut self, turn: &mut Turn<'_>) -> Next {
        let mut inspection = match self.inspection.take() {
            Some(inspection) => inspection,
            None => {
                let workers = self.consumers.len();
                let tasks = self.commits.tasks(&self.names, self.nodes, workers);
                Inspection::new(tasks.into_iter())
            }
        };
        let next = inspection.next(turn);
        self.inspection = Some(inspection);
        next
    }

    fn begin(&mut self, worker: usize, operation: &Operation) -> Step {
        let consumer = &mut self.consumers[worker];
        consumer.forget_poll();
        let names = &self.names;
        let body = if operation.f == names.crash {
            return Step::Done(Completion {
                error: None,
                kind: Kind::Info,
                value: operation.value.clone(),
                extra: Vec::new(),
            });
        } else if operation.f == names.assign {
            for key in keys(operation) {
                self.seen.begun(&key);
            }
            if operation.extra.iter().any(|(name, _)| *name == SEEK) {
                consumer.seek_to_beginning(&keys(operation));
                return Step::Done(Completion::ok(operation.value.clone()));
            }
            json!({"type": "list_committed_offsets", "keys": operation.value})
        } else if operation.f == names.poll {
            json!({"type": "poll", "offsets": consumer.offsets()})
        } else {
            let (key, msg) = message(operation);
            let name = key.as_name().unwrap_or_default();
            self.seen.begun(name);
            if self.is_strict {
                self.commits.sends(name, msg.as_int().unwrap_or_default());
            }
            json!({"type": "send", "key": key, "msg": msg})
        };
        Step::Call(body.to_string())
    }

    fn answer(
        &mut self,
        worker: usize,
        operation: &Operation,
        answer: &str,
    ) -> Result<Step, Malformed> {
        let consumer = &mut self.consumers[worker];
        if operation.f == self.names.assign {
            let committed = read::<ListCommittedOffsetsOk>(answer)?.offsets;
            consumer.assign(&keys(operation), &committed);
            let assigned = Completion::ok(operation.value.clone());
            if !self.is_strict {
                return Ok(Step::Done(assigned));
            }
            if let Some(inspection) = &mut self.inspection {
                inspection.succeeded(worker);
            }
            return Ok(Step::Done(assigned.with(COMMITTED, by_key(&committed))));
        }
        if operation.f == self.names.send {
            let offset = read::<SendOk>(answer)?.offset;
            let (key, msg) = message(operation);
            if let Some(key) = key.as_name() {
                self.seen.sent(key, offset);
                if let Some(inspection) = &mut self.inspection {
                    self.commits.sent(worker, key, offset);
                    inspection.succeeded(worker);
                }
            }
            let pair = Value::from(vec![Value::Int(offset), msg]);
            let value = self.names.sent(key, pair);
            return Ok(Step::Done(Completion::ok(value)));
        }
        if let Some(polled) = consumer.take_poll() {
            read::<CommitOffsetsOk>(answer)?;
            if self.is_strict {
                let is_early = self.finals.is_none();
                let offsets = polled.to_commit();
                let is_shown = self.commits.committed(worker, &offsets, is_early);
                if let Some(inspection) = self.inspection.as_mut().filter(|_| is_shown) {
                    inspection.succeeded(worker);
                }
            }
            return Ok(self.end_poll(worker, &polled));
        }
        let polled = consumer.poll(read::<PollOk>(answer)?.msgs);
        let offsets = polled.to_commit();
        if offsets.is_empty() {
            return Ok(self.end_poll(worker, &polled));
        }
        let body = json!({"type": "commit_offsets", "offsets": offsets});
        consumer.keep_poll(polled);
        Ok(Step::Call(body.to_string()))
    }

    fn is_idempotent(&self, f: &str) -> bool {
        self.names.assign == f
    }

    fn reopened(&mut self, worker: usize) {
        self.consumers[worker] = Consumer::default();
        if let Some(finals) = self.finals.as_mut().filter(|_| self.is_strict) {
            finals.reopened(worker);
        }
    }
}

/// `{"k" 3}`
fn by_key(offsets: &IndexMap<String, i64>) -> Value {
    let entries = offsets.iter();
    let entries: Map = entries
        .map(|(key, offset)| (Value::from(key.as_str()), Value::Int(*offset)))
        .collect();
    Value::Map(Box::new(entries))
}

/// The keys of an assignment.
fn keys(operation: &Operation) -> Vec<String> {
    let keys = operation.value.items().unwrap_or_default();
    let keys = keys.iter().filter_map(Value::as_name);
    keys.map(str::to_owned).collect()
}

/// The key and the message of a send.
fn message(operation: &Operation) -> (Value, Value) {
    let sends = operation.value.items().unwrap_or_default();
    let send = sends.first().and_then(Value::items).unwrap_or_default();
    match <[Value; 3]>::try_from(send) {
        Ok([_, key, msg]) => (key, msg),
        Err(_) => (Value::Nil, Value::Nil),
    }
}

#[cfg(test)]
mod tests;
