//! Errors as Jepsen reports them: how many of each kind, and the worst of them in full.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::bounded::{LIST_MAX, LeftOut, bounded};
use crate::history::{Op, Process};
use crate::json::json_key;
use crate::value::{Map, Value};

use super::error_type::{ErrorType, Shown};
use super::operations::{KeyId, MessageId, Operations};

/// How many messages of a key a result lists as unseen. Jepsen's number.
pub const UNSEEN_MAX: usize = 32;

/// The errors of a kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Errors {
    /// Errors one by one.
    Listed {
        /// How many.
        count: usize,
        /// Those that Jepsen shows: all, or the 8 or 32 worst.
        errs: Vec<Case>,
    },
    /// Of [`ErrorType::Unseen`].
    Unseen(UnseenMessages),
    /// Of [`ErrorType::EmptyTransactionGraph`], of which there is no more to say.
    Present {
        /// Always one.
        count: usize,
        /// Always true.
        errs: bool,
    },
}

impl Errors {
    /// How many there are; of unseen messages, how many keys have some.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Listed { count, .. } | Self::Present { count, .. } => *count,
            Self::Unseen(unseen) => unseen.unseen.len(),
        }
    }
}

/// Acknowledged messages that nobody polled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnseenMessages {
    /// When the last successful send or poll ended, in nanoseconds since the run began.
    pub time: i64,
    /// How many of each key, in the order of keys. In JSON an object.
    #[serde(serialize_with = "as_object")]
    pub unseen: Vec<(Value, usize)>,
    /// The first [`UNSEEN_MAX`] of each key, sorted. In JSON an object.
    #[serde(serialize_with = "as_object")]
    pub messages: Vec<(Value, Vec<Value>)>,
}

fn as_object<T: Serialize, S: Serializer>(
    entries: &[(Value, T)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(key, value)| (json_key(key), value)))
}

/// One error, with what shows it. In JSON an object with Jepsen's keys.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged, rename_all_fields = "kebab-case")]
pub enum Case {
    /// A message at several offsets.
    Duplicate {
        /// Of which log.
        key: Value,
        /// The message.
        value: Value,
        /// At how many offsets.
        count: usize,
        /// The first [`LIST_MAX`] of them.
        offsets: Vec<i64>,
    },
    /// An offset with several messages.
    InconsistentOffset {
        /// Of which log.
        key: Value,
        /// The offset.
        offset: i64,
        /// The same, not counting unused offsets.
        index: usize,
        /// The messages, sorted, [`LIST_MAX`] at most.
        values: Vec<Value>,
    },
    /// A message that should have been polled.
    Lost {
        /// Of which log.
        key: Value,
        /// The message.
        value: Value,
        /// The first index it was at.
        index: usize,
        /// How far the log was read.
        max_read_index: usize,
        /// The send.
        writer: Op,
        /// A poll that shows a message at that index.
        max_read: Option<Op>,
    },
    /// A polled message whose send failed.
    Aborted {
        /// Of which log.
        key: Value,
        /// The message.
        value: Value,
        /// The send.
        writer: Op,
        /// The poll.
        reader: Op,
    },
    /// A polled message that nobody sent.
    Unwritten {
        /// Of which log.
        key: Value,
        /// The message.
        value: Value,
        /// The first poll that shows it.
        reader: Op,
    },
    /// A polled message that the same operation sends.
    Precommitted {
        /// The operation.
        op: Op,
        /// Of which log.
        key: Value,
        /// The message.
        value: Value,
    },
    /// Two messages one after the other that are not so in the log.
    Jump(JumpCase),
    /// Operations that cannot be put in order.
    Cycle(CycleCase),
    /// What a component of such operations rules out.
    CycleExists {
        /// The error type again.
        r#type: ErrorType,
        /// The consistency model that is ruled out.
        not: &'static str,
        /// How many operations.
        scc_size: usize,
        /// Their indices, [`LIST_MAX`] at most.
        scc: Vec<u64>,
    },
}

/// Two messages that a process polled or sent one after the other, and that are not next to each
/// other in the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JumpCase {
    /// Of which log.
    pub key: Value,
    /// The two messages. Jepsen leaves them out of poll skips.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<[Value; 2]>,
    /// How many indices the second is after the first.
    pub delta: i64,
    /// The messages in between, if there are any, [`LIST_MAX`] at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Vec<Value>>,
    /// The operation of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<Op>,
    /// The operations of the one and the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ops: Option<[Op; 2]>,
}

/// A cycle of operations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CycleCase {
    /// The error type again.
    pub r#type: ErrorType,
    /// Each comes before the next; the last is the first again.
    pub cycle: Vec<Op>,
    /// Why each comes before the next.
    pub steps: Vec<StepCase>,
}

/// Why an operation comes before another.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum StepCase {
    /// It sent what the other polled.
    Wr {
        /// Of which log.
        key: Value,
        /// The message.
        value: Value,
    },
    /// It ended before the other began.
    Realtime,
}

/// The longest that operations stayed behind the end of a log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorstLag {
    /// When the poll was invoked that was so far behind, in seconds.
    pub time: f64,
    /// Whose it was. Absent if nobody polled anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
    /// In which log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Value>,
    /// By how long, in seconds: at least so long ago the log was known to go on.
    pub lag: f64,
}

/// Errors being collected, from numbers to values.
pub(super) struct ErrorCollector<'a> {
    pub(super) operations: &'a Operations<'a>,
    pub(super) errors: BTreeMap<ErrorType, Errors>,
    pub(super) left_out: LeftOut,
}

impl ErrorCollector<'_> {
    /// Adds errors, if there are any: the worst of them, in Jepsen's order, as cases. What is
    /// shown last is the worst where Jepsen shows the last.
    pub(super) fn list<T>(
        &mut self,
        error_type: ErrorType,
        mut errors: Vec<T>,
        rank: impl Fn(&T) -> i64,
        case: impl Fn(&Self, T) -> Case,
    ) {
        let count = errors.len();
        if count == 0 {
            return;
        }
        errors.sort_by_key(rank);
        match error_type.shown() {
            Shown::First(shown) => errors.truncate(shown),
            Shown::Last(shown) => drop(errors.drain(..count.saturating_sub(shown))),
            Shown::All => errors = bounded(error_type.name(), errors, &mut self.left_out),
        }
        let errs = errors.into_iter().map(|error| case(self, error)).collect();
        self.errors
            .insert(error_type, Errors::Listed { count, errs });
    }

    pub(super) fn key(&self, key: KeyId) -> Value {
        self.operations.keys[key.at()].clone()
    }

    pub(super) fn key_of(&self, message: MessageId) -> Value {
        self.key(self.operations.message(message).key)
    }

    pub(super) fn value(&self, message: MessageId) -> Value {
        self.operations.message(message).value.clone()
    }

    /// The messages' values, [`LIST_MAX`] at most.
    pub(super) fn values(&self, messages: impl Iterator<Item = MessageId>) -> Vec<Value> {
        messages
            .take(LIST_MAX)
            .map(|message| self.value(message))
            .collect()
    }

    /// The operation of an operation, with a long value shortened.
    pub(super) fn op(&self, operation: usize) -> Op {
        abridged(self.operations.op(&self.operations.list[operation]))
    }
}

/// The operation, with more than [`LIST_MAX`] sends and polled messages shortened to so many, and
/// `value-left-out` saying by how much.
fn abridged(op: &Op) -> Op {
    let (mut room, mut left_out) = (LIST_MAX, 0);
    let value = shortened(&op.value, &mut room, &mut left_out);
    let mut extra = op.extra.clone();
    if left_out > 0 {
        extra.push(("value-left-out".into(), Value::Int(left_out)));
    }
    let (f, error) = (op.f.clone(), op.error.clone());
    Op {
        f,
        value,
        error,
        extra,
        ..*op
    }
}

/// A value with what there is room for: a polled pair or a send takes one place.
fn shortened(value: &Value, room: &mut usize, left_out: &mut i64) -> Value {
    match value {
        Value::Vector(items) if items.as_ints().is_none() => {
            let mut kept = Vec::new();
            for item in items.cows() {
                if *room == 0 {
                    *left_out += 1;
                    continue;
                }
                let is_poll = matches!(&*item, Value::Vector(parts)
                    if parts.cows().any(|part| matches!(*part, Value::Map(_))));
                if is_poll {
                    let Value::Vector(parts) = &*item else {
                        continue;
                    };
                    let parts = parts.cows().map(|part| shortened(&part, room, left_out));
                    kept.push(Value::Vector(parts.collect()));
                } else {
                    *room -= 1;
                    kept.push(item.into_owned());
                }
            }
            Value::from(kept)
        }
        Value::Map(map) => {
            let entries = map.iter();
            let shortened =
                entries.map(|(key, pairs)| (key.clone(), shortened(pairs, room, left_out)));
            Value::Map(Box::new(shortened.collect::<Map>()))
        }
        other => other.clone(),
    }
}
