//! A history as the checkers of this workload read it: sends, polls and assignments, with
//! keys and messages as small numbers. Polls show the same messages again and again; only this step
//! takes time in proportion to that.
//!
//! Offsets that polls show are not kept pair by pair: all that is asked of them later is where a
//! message was seen at all ([`Operations::places`]) and the ends of each read.

use std::ops::Range;

use crate::history::{History, Kind, Op, Process};
use crate::value::Value;

/// A key, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct KeyId(pub(super) u32);

/// A message of a key, by its number. The same value under two keys is two messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MessageId(pub(super) u32);

impl KeyId {
    /// Its place in a table of all keys.
    pub(super) fn at(self) -> usize {
        self.0 as usize
    }
}

impl MessageId {
    /// Its place in a table of all messages.
    pub(super) fn at(self) -> usize {
        self.0 as usize
    }
}

/// All operations of clients, in the order in which they ended; those that never ended come last.
#[derive(Debug)]
pub(super) struct Operations<'a> {
    pub(super) history: &'a History,
    pub(super) list: Vec<Operation>,
    /// Messages with an offset that a poll, however it ended, showed them at. Offsets below zero,
    /// which no log has, are left out.
    pub(super) places: Vec<(MessageId, i64)>,
    pub(super) keys: Vec<Value>,
    pub(super) messages: Vec<Message>,
    pub(super) sends: Vec<Sent>,
    pub(super) reads: Vec<Read>,
    pub(super) shown: Vec<MessageId>,
    pub(super) named: Vec<KeyId>,
}

/// A message that was sent or polled.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) key: KeyId,
    pub(super) value: Value,
    /// The operation that sends it, as an index into [`Operations::list`].
    pub(super) writer: Option<usize>,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    /// The position of its invocation.
    pub(super) begun: usize,
    /// The position of its completion; `None` if the history ends before it does.
    pub(super) ended: Option<usize>,
    /// How it ended. An operation without an end is left open.
    pub(super) kind: Kind,
    pub(super) process: i64,
    pub(super) action: Action,
}

/// What an operation does.
#[derive(Debug)]
pub(super) enum Action {
    /// Sends, polls, or both.
    Txn {
        sends: Range<usize>,
        reads: Range<usize>,
        /// Whether it may poll, by its `:f`.
        is_poll: bool,
        /// Keys whose assignment changed while it ran: `:rebalance-log`.
        rebalanced: Range<usize>,
    },
    /// From now on these keys are polled, each from where the process is with it or from where
    /// consumption was committed to be; or all from the beginning.
    Assign { keys: Range<usize>, seeks: bool },
    /// From now on the system chooses which of these keys are polled.
    Subscribe { keys: Range<usize> },
}

/// One send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) message: MessageId,
    /// Where it was put; `None` if the client was not told.
    pub(super) offset: Option<i64>,
}

/// What one operation's polls show of one key.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) key: KeyId,
    /// Into [`Operations::shown`].
    pub(super) messages: Range<usize>,
    pub(super) first_offset: Option<i64>,
    /// The greatest offset; -1 if there is none, as in Jepsen.
    pub(super) offset_max: i64,
    /// The least offset; 0 if there is none.
    pub(super) offset_min: i64,
}

impl Operations<'_> {
    /// What an operation sends, in order.
    pub(super) fn sends(&self, operation: &Operation) -> &[Sent] {
        match &operation.action {
            Action::Txn { sends, .. } => &self.sends[sends.clone()],
            Action::Assign { .. } | Action::Subscribe { .. } => &[],
        }
    }

    /// What an operation polls, each key once.
    pub(super) fn reads(&self, operation: &Operation) -> &[Read] {
        match &operation.action {
            Action::Txn { reads, .. } => &self.reads[reads.clone()],
            Action::Assign { .. } | Action::Subscribe { .. } => &[],
        }
    }

    /// The messages of a read, in order.
    pub(super) fn shown(&self, read: &Read) -> &[MessageId] {
        &self.shown[read.messages.clone()]
    }

    /// The keys that an operation names.
    pub(super) fn named(&self, keys: &Range<usize>) -> &[KeyId] {
        &self.named[keys.clone()]
    }

    pub(super) fn message(&self, message: MessageId) -> &Message {
        &self.messages[message.at()]
    }

    /// The operation that sends a message.
    pub(super) fn writer(&self, message: MessageId) -> Option<&Operation> {
        self.message(message)
            .writer
            .map(|writer| &self.list[writer])
    }

    /// The completion of an operation; its invocation if it has none.
    pub(super) fn op(&self, operation: &Operation) -> &Op {
        &self.history.ops()[operation.ended.unwrap_or(operation.begun)]
    }

    /// Sends and polls, with their indices.
    pub(super) fn txns(&self) -> impl Iterator<Item = (usize, &Operation)> {
        let is_txn = |operation: &Operation| matches!(operation.action, Action::Txn { .. });
        self.list
            .iter()
            .enumerate()
            .filter(move |(_, operation)| is_txn(operation))
    }
}

/// The number of a client's process; the nemesis has none.
pub(super) fn client(process: Process) -> Option<i64> {
    match process {
        Process::Client(n) => Some(n),
        Process::Nemesis => None,
    }
}
