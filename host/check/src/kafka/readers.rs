//! Which operations polled which message.

use crate::history::Kind;

use super::events::{Event, Events, MessageId};

/// By message, who saw it: the first event that shows it.
#[derive(Debug)]
pub(super) struct Readers {
    /// Of those that succeeded.
    first_ok: Vec<Option<usize>>,
    /// Of all, however they ended.
    first: Vec<Option<usize>>,
}

impl Readers {
    pub(super) fn of(events: &Events<'_>) -> Self {
        let mut readers = Self {
            first_ok: vec![None; events.messages.len()],
            first: vec![None; events.messages.len()],
        };
        for (number, event) in events.txns() {
            for &message in shown(events, event) {
                readers.first[message.at()].get_or_insert(number);
                if event.kind == Kind::Ok {
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

    /// The first event that shows a message, however it ended.
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

    /// Messages that a poll shows and nobody sent, with the first event that does. Jepsen's checker
    /// gives up on them (`no-writer-of-value`), so their verdict is that of its first definition:
    /// the writer of what is read must be known, and not have failed.
    pub(super) fn unwritten(&self, events: &Events<'_>) -> Vec<(MessageId, usize)> {
        let first = |(message, first): (u32, &Option<usize>)| Some((MessageId(message), (*first)?));
        let mut unwritten: Vec<(MessageId, usize)> = (0..)
            .zip(&self.first)
            .filter_map(first)
            .filter(|(message, _)| events.message(*message).writer.is_none())
            .collect();
        unwritten.sort_by_key(|&(_, first)| first);
        unwritten
    }
}

/// All messages that an event's polls show.
pub(super) fn shown<'a>(
    events: &'a Events<'_>,
    event: &Event,
) -> impl Iterator<Item = &'a MessageId> {
    events
        .reads(event)
        .iter()
        .flat_map(|read| events.shown(read))
}
