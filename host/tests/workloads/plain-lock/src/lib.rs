//! A lock service, whole: the example of `docs/workloads.md`.
//!
//! A client that acquires a lock gets a *fencing token*, 1, 2, 3 and so on, or null if somebody has the lock; it gives the lock
//! back with the token. Each lock is linearizable. Clients go on to another lock after some dozens of operations. After faults
//! have ended, whoever has a lock gives it back, and the others ask for those that were used.
//!
//! The messages are those of the workload `lock`, whose leases are so long here that none of them ends.

use guest_sdk::workload::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What clients do, and ask of nodes: operations are their own requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the crate describes the fields")]
pub enum Operation {
    Acquire { lock: u64, lease_ms: u64 },
    Release { lock: u64, token: u64 },
}

/// The clients of a run.
#[derive(Default, Serialize, Deserialize)]
pub struct Lock {
    /// The lock and the token that a worker has.
    held: BTreeMap<usize, (u64, u64)>,
    /// The locks that were granted, and not asked for since then.
    used: BTreeSet<u64>,
    begun: u64,
}

impl Workload for Lock {
    const NAME: &'static str = "plain-lock";
    const OPERATIONS: &'static [OperationKind] = &[changes("acquire"), changes("release")];
    const MESSAGES: &'static [&'static str] = &[
        "acquire {lock: integer, lease_ms: integer} -> acquire_ok {token: any}",
        "release {lock: integer, token: integer} -> release_ok {released: boolean}",
    ];
    const HAS_LAST: bool = true;

    type Options = ();
    type Operation = Operation;
    type Outcome = Value;
    type Request = ();
    type Answer = Value;
    type Specification = Self;

    fn new(_: &Cluster, (): ()) -> Result<Self, String> {
        Ok(Lock::default())
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        self.begun += 1;
        self.go_on(turn.worker, self.begun / 50)
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        match self.used.pop_first() {
            Some(lock) => self.go_on(turn.worker, lock),
            None => Next::Pass,
        }
    }

    fn answer(&mut self, worker: usize, operation: &Operation, answer: Value) -> Step<Self> {
        let result = answer.get("token").unwrap_or(&answer["released"]);
        if let (Operation::Acquire { lock, .. }, Some(token)) = (operation, result.as_u64()) {
            self.held.insert(worker, (*lock, token));
            self.used.insert(*lock);
        }
        Step::ok(result.clone())
    }
}

impl Lock {
    /// A worker gives back what it has, or else asks for this lock.
    fn go_on(&mut self, worker: usize, lock: u64) -> Next<Operation> {
        let lease_ms = 3_600_000;
        Next::Invoke(match self.held.remove(&worker) {
            Some((lock, token)) => Operation::Release { lock, token },
            None => Operation::Acquire { lock, lease_ms },
        })
    }
}

impl Specification<Self> for Lock {
    /// The last token, and whether somebody has the lock.
    type State = (u64, bool);

    fn apply((last, is_held): &mut (u64, bool), operation: &Operation) -> Value {
        if let Operation::Release { token, .. } = operation {
            let released = *is_held && token == last;
            *is_held &= !released;
            return json!(released);
        }
        *last += u64::from(!*is_held);
        match std::mem::replace(is_held, true) {
            true => Value::Null,
            false => json!(last),
        }
    }

    fn key(operation: &Operation) -> Option<Value> {
        let (Operation::Acquire { lock, .. } | Operation::Release { lock, .. }) = operation;
        Some(json!(lock))
    }
}

guest_sdk::export_workload!(Lock);

#[cfg(test)]
mod tests;
