//! Jumps: a process skips messages of a log or goes back in it, within an operation or from one to
//! the next, in polls or in sends. After `int-poll-skip+nonmonotonic-cases` and similar functions of
//! `jepsen.tests.kafka`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use indexmap::IndexMap;

use crate::history::Kind;
use crate::value::Value;

use super::clojure::{hash_rank, map_order};
use super::operations::{Action, KeyId, MessageId, Operation, Operations, client};
use super::orders::Orders;

/// From one message to another that is not the next one in the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jump {
    pub(super) key: KeyId,
    /// The operation before, unless both messages are of the same one.
    pub(super) before: Option<usize>,
    pub(super) operation: usize,
    pub(super) from: MessageId,
    pub(super) to: MessageId,
    /// The index of `from`.
    pub(super) index: usize,
    /// How many indices further. Not 1.
    pub(super) delta: i64,
}

/// Jumps by direction.
#[derive(Debug, Default)]
pub(super) struct Jumps {
    /// Over messages that are in the log.
    pub(super) skips: Vec<Jump>,
    /// Backwards, or to the same message.
    pub(super) backwards: Vec<Jump>,
}

/// Goes through the version orders, collecting jumps.
pub(super) struct Jumper<'a> {
    pub(super) operations: &'a Operations<'a>,
    pub(super) orders: &'a Orders,
}

impl Jumper<'_> {
    /// The jump from a message to another, if it is one. Where a message is in no log nothing is
    /// known.
    pub(super) fn jump(
        &self,
        before: Option<usize>,
        operation: usize,
        from: MessageId,
        to: MessageId,
    ) -> Option<Jump> {
        let (index, next) = (self.orders.index(from)?, self.orders.index(to)?);
        let delta = i64::try_from(next).ok()? - i64::try_from(index).ok()?;
        (delta != 1).then(|| Jump {
            key: self.operations.message(to).key,
            before,
            operation,
            from,
            to,
            index,
            delta,
        })
    }

    /// Within the polls of each operation, of keys that were not rebalanced meanwhile.
    pub(super) fn within_polls(&self) -> Jumps {
        let mut jumps = Jumps::default();
        for (number, operation) in self.operations.txns() {
            let Action::Txn { rebalanced, .. } = &operation.action else {
                continue;
            };
            let rebalanced = self.operations.named(rebalanced);
            for read in self.operations.reads(operation) {
                if !rebalanced.contains(&read.key) {
                    let pairs = self.operations.shown(read).windows(2);
                    jumps
                        .extend(pairs.filter_map(|pair| self.jump(None, number, pair[0], pair[1])));
                }
            }
        }
        jumps
    }

    /// Within the sends of each operation.
    pub(super) fn within_sends(&self) -> Jumps {
        let mut jumps = Jumps::default();
        for (number, operation) in self.operations.txns() {
            let mut last_sends: IndexMap<KeyId, Vec<MessageId>> = IndexMap::new();
            for sent in self.operations.sends(operation) {
                let key = self.operations.message(sent.message).key;
                last_sends.entry(key).or_default().push(sent.message);
            }
            for sends in last_sends.values() {
                let pairs = sends.windows(2);
                jumps.extend(pairs.filter_map(|pair| self.jump(None, number, pair[0], pair[1])));
            }
        }
        jumps
    }

    /// From each successful poll of a process that had the key, even with no message of it, to its
    /// next one. A process that assigns or subscribes starts anew with the keys that it had not
    /// before.
    pub(super) fn between_polls(&self) -> Jumps {
        let mut jumps = Jumps::default();
        for numbers in by_process(self.operations) {
            let mut last: HashMap<KeyId, (usize, Option<MessageId>)> = HashMap::new();
            for number in numbers {
                let operation = &self.operations.list[number];
                retain_assigned(self.operations, operation, &mut last);
                for read in self.operations.reads(operation) {
                    let shown = self.operations.shown(read);
                    if let (Some(&(before, Some(from))), Some(&to)) =
                        (last.get(&read.key), shown.first())
                    {
                        jumps.extend(self.jump(Some(before), number, from, to));
                    }
                    if operation.kind == Kind::Ok {
                        last.insert(read.key, (number, shown.last().copied()));
                    }
                }
            }
        }
        jumps
    }

    /// From each send of a process to its next one to the same key, backwards only: others may send
    /// in between. Assignments reset this as they do polls.
    pub(super) fn between_sends(&self) -> Vec<Jump> {
        let mut jumps = Vec::new();
        for numbers in by_process(self.operations) {
            let mut last: HashMap<KeyId, (usize, MessageId)> = HashMap::new();
            for number in numbers {
                let operation = &self.operations.list[number];
                if !matches!(operation.kind, Kind::Ok | Kind::Info) {
                    continue;
                }
                retain_assigned(self.operations, operation, &mut last);
                for sent in self.operations.sends(operation) {
                    let to = sent.message;
                    match last.entry(self.operations.message(to).key) {
                        Entry::Occupied(mut entry) => {
                            let (before, from) = *entry.get();
                            if before != number {
                                jumps.extend(
                                    self.jump(Some(before), number, from, to)
                                        .filter(|jump| jump.delta < 1),
                                );
                            }
                            entry.insert((number, to));
                        }
                        Entry::Vacant(entry) => {
                            entry.insert((number, to));
                        }
                    }
                }
            }
        }
        jumps
    }
}

impl Extend<Jump> for Jumps {
    fn extend<I: IntoIterator<Item = Jump>>(&mut self, jumps: I) {
        for jump in jumps {
            if jump.delta > 1 {
                self.skips.push(jump);
            } else {
                self.backwards.push(jump);
            }
        }
    }
}

/// Forgets keys that an assignment or subscription left out. One that is left open counts, one
/// that failed does not.
fn retain_assigned<T>(
    operations: &Operations<'_>,
    operation: &Operation,
    last: &mut HashMap<KeyId, T>,
) {
    let (Action::Assign { keys, .. } | Action::Subscribe { keys }) = &operation.action else {
        return;
    };
    if operation.kind != Kind::Fail {
        let kept: HashMap<KeyId, T> = operations
            .named(keys)
            .iter()
            .filter_map(|key| last.remove_entry(key))
            .collect();
        *last = kept;
    }
}

/// Operations by process, in the order in which Jepsen goes through the processes.
fn by_process(operations: &Operations<'_>) -> Vec<Vec<usize>> {
    let ops = operations.history.client_ops();
    let processes = ops.filter_map(|(_, op)| client(op.process));
    let mut by_process: IndexMap<i64, Vec<usize>> =
        processes.map(|process| (process, Vec::new())).collect();
    for (number, operation) in operations.list.iter().enumerate() {
        by_process
            .entry(operation.process)
            .or_default()
            .push(number);
    }
    let rank = |(process, _): &(i64, _)| hash_rank(&Value::Int(*process)).0;
    let by_process = map_order(by_process.into_iter().collect(), rank);
    by_process.into_iter().map(|(_, numbers)| numbers).collect()
}
