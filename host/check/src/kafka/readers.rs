//! Which operations polled which message.

use crate::history::Kind;

use super::operations::{MessageId, Operation, Operations};

/// By message, who saw it: the first operation that shows it.
#[derive(Debug)]
pub(super) struct Readers {
    /// Of those that succeeded.
    first_ok: Vec<Option<usize>>,
    /// Of all, however they ended.
    first: Vec<Option<usize>>,
}

impl Readers {
    pub(super) fn of(operations: &Operations<'_>) -> Self {
        let mut readers = Self {
            first_ok: vec![None; operations.messages.len()],
            first: vec![None; operations.messages.len()],
        };
        for (number, operation) in operations.txns() {
            for &message in shown(operations, operation) {
                readers.first[message.at()].get_or_insert(number);
                if operation.kind == Kind::Ok {
                    readers.first_ok[message.at()].get_or_insert(number);
                }
            }
        }
        readers
    }

    /// The successful poll that was the first of those that show a message to end.
    pub(super) fn first_ok(&self, message: MessageId) -> Option<usize> {
        self.first_ok[message.at()]
    }

    /// The first operation that shows a message, however it ended.
    pub(super) fn first(&self, message: MessageId) -> Option<usize> {
        self.first[message.at()]
    }

    /// Whether a successful poll shows it.
    pub(super) fn is_ok_read(&self, message: MessageId) -> bool {
        self.first_ok(message).is_some()
    }

    /// Whether a successful poll shows any message.
    pub(super) fn is_any_ok_read(&self) -> bool {
        self.first_ok.iter().any(Option::is_some)
    }

    /// Messages that a poll shows and nobody sent, with the first operation that shows each. Jepsen's
    /// checker gives up on them (`no-writer-of-value`), so its first definition decides: the writer
    /// of what is read must be known, and must not have failed.
    pub(super) fn unwritten(&self, operations: &Operations<'_>) -> Vec<(MessageId, usize)> {
        let first = |(message, first): (u32, &Option<usize>)| Some((MessageId(message), (*first)?));
        let mut unwritten: Vec<(MessageId, usize)> = (0..)
            .zip(&self.first)
            .filter_map(first)
            .filter(|(message, _)| operations.message(*message).writer.is_none())
            .collect();
        unwritten.sort_by_key(|&(_, first)| first);
        unwritten
    }
}

/// All messages that an operation's polls show.
pub(super) fn shown<'a>(
    operations: &'a Operations<'_>,
    operation: &Operation,
) -> impl Iterator<Item = &'a MessageId> {
    operations
        .reads(operation)
        .iter()
        .flat_map(|read| operations.shown(read))
}
