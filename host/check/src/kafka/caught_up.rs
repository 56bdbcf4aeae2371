//! Clients that never get what was acknowledged. After recovery each is assigned all keys from the
//! beginning, and polls until it has what any client has seen, or for ten seconds.
//!
//! Jepsen asks only that somebody gets each message. Here a process that began a log at its
//! beginning, and whose last [`EMPTY_POLLS`] polls show nothing at all, must have got each message
//! that was acknowledged before it began: it is not slow, it has stopped. One that still gets
//! messages may only need more time.

use std::collections::{BTreeMap, HashMap};

use crate::history::Kind;
use crate::missed::{ComplaintKind, Missed, NamedElements};
use crate::value::Value;

use super::operations::{Action, KeyId, MessageId, Operations};

/// How many polls in a row show that a client gets nothing more: two seconds of them.
const EMPTY_POLLS: usize = 10;

/// A process that polls from the beginning.
struct Consumer {
    /// The position of its assignment's invocation.
    since: usize,
    /// By key, the greatest offset it got.
    reached: BTreeMap<KeyId, i64>,
    /// How many of its last polls show nothing.
    empty_polls: usize,
    /// Its last poll.
    last: usize,
}

/// Complains of processes that never got acknowledged messages.
pub(super) fn missed(operations: &Operations<'_>, missed: &mut Missed) {
    let mut consumers: HashMap<i64, Consumer> = HashMap::new();
    let mut ended: Vec<Consumer> = Vec::new();
    for (number, operation) in operations.list.iter().enumerate() {
        match &operation.action {
            Action::Assign { keys, seeks: true } if operation.kind == Kind::Ok => {
                let keys = operations.named(keys).iter();
                let consumer = Consumer {
                    since: operation.begun,
                    reached: keys.map(|&key| (key, -1)).collect(),
                    empty_polls: 0,
                    last: number,
                };
                ended.extend(consumers.insert(operation.process, consumer));
            }
            Action::Txn { is_poll: true, .. } if operation.kind == Kind::Ok => {
                let Some(consumer) = consumers.get_mut(&operation.process) else {
                    continue;
                };
                (consumer.last, consumer.empty_polls) = (number, consumer.empty_polls + 1);
                for read in operations.reads(operation) {
                    if !read.messages.is_empty() {
                        consumer.empty_polls = 0;
                    }
                    if let Some(reached) = consumer.reached.get_mut(&read.key) {
                        *reached = read.offset_max.max(*reached);
                    }
                }
            }
            Action::Txn { is_poll: false, .. } if operation.kind == Kind::Ok => {}
            // It polls from elsewhere, or nobody knows from where.
            _ => {
                ended.extend(consumers.remove(&operation.process));
            }
        }
    }
    let mut stopped: Vec<&Consumer> = consumers
        .values()
        .chain(&ended)
        .filter(|consumer| consumer.empty_polls >= EMPTY_POLLS)
        .collect();
    stopped.sort_unstable_by_key(|consumer| consumer.last);
    for consumer in stopped {
        let mut lacking = NamedElements::default();
        for (message, key) in acknowledged_beyond(operations, consumer) {
            lacking.push(|| {
                let key = operations.keys[key.at()].clone();
                Value::from(vec![key, operations.message(message).value.clone()])
            });
        }
        if lacking.count > 0 {
            let poll = operations.op(&operations.list[consumer.last]);
            missed.push(ComplaintKind::NeverCaughtUp, poll, lacking);
        }
    }
}

/// The messages that were acknowledged before a process began, and are beyond what it got.
fn acknowledged_beyond<'a>(
    operations: &'a Operations<'_>,
    consumer: &'a Consumer,
) -> impl Iterator<Item = (MessageId, KeyId)> + 'a {
    let before = operations.list.iter().filter(|operation| {
        operation.kind == Kind::Ok && operation.ended.is_some_and(|ended| ended < consumer.since)
    });
    before.flat_map(|operation| {
        let sends = operations.sends(operation).iter();
        sends.filter_map(|sent| {
            let key = operations.message(sent.message).key;
            let reached = consumer.reached.get(&key)?;
            sent.offset
                .is_some_and(|offset| offset > *reached)
                .then_some((sent.message, key))
        })
    })
}
