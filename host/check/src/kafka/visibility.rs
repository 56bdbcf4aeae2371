//! Messages that should have been polled and were not, or were and should not have been. After
//! `lost-write-cases`, `unseen`, `g1a-cases` and `precommitted-read-cases` in `jepsen.tests.kafka`.

use indexmap::IndexMap;

use crate::history::Kind;
use crate::value::Value;

use super::clojure::{hash_rank, map_order};
use super::operations::{KeyId, MessageId, Operation, Operations};
use super::orders::{Orders, took_place};
use super::readers::{Readers, shown};

/// A message that should have been polled.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) message: MessageId,
    /// The first index it was at.
    pub(super) index: usize,
    /// How far its log was certainly read.
    pub(super) index_max_read: usize,
    /// The first operation that shows a message at that index.
    pub(super) max_read: Option<usize>,
}

/// Messages that were acknowledged and never polled, by key.
#[derive(Debug)]
pub(super) struct Unseen {
    /// When the last successful send or poll ended, in nanoseconds.
    pub(super) time_ns: i64,
    /// In the order of keys. No key has none.
    pub(super) by_key: Vec<(KeyId, Vec<MessageId>)>,
}

/// For each time that a successful poll shows a message whose send failed: the message and the
/// poll.
pub(super) fn aborted(operations: &Operations<'_>) -> Vec<(MessageId, usize)> {
    let is_aborted: Vec<bool> = (0..)
        .map(MessageId)
        .take(operations.messages.len())
        .map(|message| {
            let writer = operations.writer(message);
            writer.is_some_and(|writer| writer.kind == Kind::Fail)
        })
        .collect();
    let ok = operations
        .txns()
        .filter(|(_, operation)| operation.kind == Kind::Ok);
    ok.flat_map(|(number, operation)| {
        let aborted = shown(operations, operation).filter(|message| is_aborted[message.at()]);
        aborted
            .map(move |&message| (message, number))
            .collect::<Vec<_>>()
    })
    .collect()
}

/// For each operation that polls what it sends itself: one such message, and the operation. A
/// consumer must see only what was committed, and its own sends are not until it ends.
pub(super) fn precommitted(operations: &Operations<'_>) -> Vec<(MessageId, usize)> {
    let own = |number: usize, operation: &Operation| {
        let of_key = |key: KeyId| {
            let own = shown(operations, operation).copied().filter(|message| {
                let polled = operations.message(*message);
                polled.key == key && polled.writer == Some(number)
            });
            own.min_by(|a, b| {
                let rank = |message: &MessageId| hash_rank(&operations.message(*message).value);
                rank(a).cmp(&rank(b))
            })
        };
        operations
            .sends(operation)
            .iter()
            .find_map(|sent| of_key(operations.message(sent.message).key))
    };
    operations
        .txns()
        .filter_map(|(number, operation)| Some((own(number, operation)?, number)))
        .collect()
}

/// The messages of each log that should have been polled: those at or before the greatest index
/// that was certainly read, if their send took place. An index was certainly read if a message was
/// polled that was never seen before it. A message at several indices counts as of its first one
/// for how far was read, and of its last one for what should have been.
///
/// Where nothing was read, nothing is lost; Jepsen's checker looks for the reader all the same, and
/// fails with an index out of bounds
/// ([maelstrom#98](https://github.com/jepsen-io/maelstrom/issues/98)).
pub(super) fn lost(
    operations: &Operations<'_>,
    orders: &Orders,
    readers: &Readers,
    keys: &[KeyId],
) -> Vec<Lost> {
    let mut lost = Vec::new();
    for &key in keys {
        let placed = || {
            let members = orders
                .log(key)
                .iter()
                .enumerate()
                .flat_map(|(index, slot)| {
                    let members = orders.members(slot).iter();
                    members.map(move |&message| (index, message))
                });
            members.filter_map(|(index, message)| Some((index, message, orders.place(message)?)))
        };
        let certainly_read = placed()
            .filter(|(_, message, _)| readers.is_ok_read(*message))
            .map(|(.., place)| place.first);
        let Some(index_max_read) = certainly_read.max() else {
            continue;
        };
        let last_of_them = placed()
            .filter(|(index, _, place)| *index == index_max_read && place.last == index_max_read)
            .map(|(_, message, _)| message)
            .min_by(|a, b| {
                let rank = |message: &MessageId| hash_rank(&operations.message(*message).value);
                rank(a).cmp(&rank(b))
            });
        let max_read = last_of_them.and_then(|message| readers.first(message));
        let unread = placed().filter(|&(index, message, place)| {
            index == place.last && index <= index_max_read && !readers.is_ok_read(message)
        });
        let is_lost = |message: MessageId| {
            operations
                .writer(message)
                .is_some_and(|writer| took_place(operations, writer, readers))
        };
        lost.extend(unread.filter(|&(_, message, _)| is_lost(message)).map(
            |(_, message, place)| Lost {
                message,
                index: place.first,
                index_max_read,
                max_read,
            },
        ));
    }
    lost
}

/// What was acknowledged and no successful poll shows; `None` if there is no such message.
pub(super) fn unseen(operations: &Operations<'_>, readers: &Readers) -> Option<Unseen> {
    let mut by_key: IndexMap<KeyId, Vec<MessageId>> = IndexMap::new();
    let mut time_ns = 0;
    for (_, operation) in operations
        .txns()
        .filter(|(_, operation)| operation.kind == Kind::Ok)
    {
        time_ns = operations.op(operation).time_ns;
        for sent in operations.sends(operation) {
            if !readers.is_ok_read(sent.message) {
                let key = operations.message(sent.message).key;
                by_key.entry(key).or_default().push(sent.message);
            }
        }
    }
    let mut by_key: Vec<(KeyId, Vec<MessageId>)> = by_key.into_iter().collect();
    by_key.sort_by(|(a, _), (b, _)| operations.keys[a.at()].cmp(&operations.keys[b.at()]));
    (!by_key.is_empty()).then_some(Unseen { time_ns, by_key })
}

/// All keys, in the order in which Jepsen goes through them.
pub(super) fn keys_in_order(operations: &Operations<'_>) -> Vec<KeyId> {
    let keys = (0..).map(KeyId).zip(&operations.keys).collect();
    let keys = map_order(keys, |&(_, value): &(KeyId, &Value)| hash_rank(value));
    keys.into_iter().map(|(key, _)| key).collect()
}
