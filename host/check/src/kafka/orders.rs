//! Version orders: which messages stand at which offset of a key's log, as far as the history
//! tells. After `version-orders` in `jepsen.tests.kafka`.
//!
//! An *index* is an offset with the unused ones left out. Jepsen lays a log out offset by offset,
//! so offsets such as timestamps cost it gigabytes
//! ([maelstrom#51](https://github.com/jepsen-io/maelstrom/issues/51)); here it is a sorted list of
//! the offsets that occur, and costs what their number does.

use std::collections::HashMap;
use std::ops::Range;

use crate::history::Kind;

use super::clojure::{hash_rank, map_order};
use super::operations::{KeyId, MessageId, Operation, Operations};
use super::readers::Readers;

/// The logs of all keys.
#[derive(Debug)]
pub(super) struct Orders {
    slots: Vec<Slot>,
    members: Vec<MessageId>,
    /// By key, its slots.
    of_key: Vec<Range<usize>>,
    /// By message; `None` if no offset is known.
    places: Vec<Option<Place>>,
    /// Messages seen at more than one offset, with those, by key.
    several: HashMap<KeyId, Vec<(MessageId, Vec<i64>)>>,
}

/// One index of a log.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) offset: i64,
    members: Range<usize>,
    /// The one of its messages that stands for the index where only one can: Jepsen's, which is
    /// the first of a hash set.
    pub(super) chosen: MessageId,
}

/// Where a message is, by index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) first: usize,
    pub(super) last: usize,
    /// The last index that it stands for.
    index: Option<usize>,
}

impl Orders {
    /// Lays out the logs. What polls show counts however they ended, since a consumer is never to
    /// see what is not in the log. A send counts if it took place: see [`took_place`].
    pub(super) fn of(operations: &Operations<'_>, readers: &Readers) -> Self {
        let placed =
            |message: MessageId, offset| (operations.message(message).key, offset, message);
        let mut entries: Vec<(KeyId, i64, MessageId)> = operations
            .places
            .iter()
            .map(|&(message, offset)| placed(message, offset))
            .collect();
        for (_, operation) in operations.txns() {
            let known = operations
                .sends(operation)
                .iter()
                .filter_map(|sent| Some((sent.message, sent.offset.filter(|&at| at >= 0)?)));
            if took_place(operations, operation, readers) {
                entries.extend(known.map(|(message, offset)| placed(message, offset)));
            }
        }
        entries.sort_unstable();
        entries.dedup();
        let mut orders = Self {
            slots: Vec::new(),
            members: entries.iter().map(|&(_, _, message)| message).collect(),
            of_key: vec![0..0; operations.keys.len()],
            places: vec![None; operations.messages.len()],
            several: HashMap::new(),
        };
        let mut start = 0;
        for of_key in entries.chunk_by(|a, b| a.0 == b.0) {
            orders.lay_out(operations, of_key, start);
            start += of_key.len();
        }
        orders
    }

    /// Adds the log of one key: its entries, sorted, of which the first is member `start`.
    fn lay_out(
        &mut self,
        operations: &Operations<'_>,
        entries: &[(KeyId, i64, MessageId)],
        mut start: usize,
    ) {
        let rank = |message: &MessageId| hash_rank(&operations.message(*message).value);
        let first_slot = self.slots.len();
        let mut order: Vec<MessageId> = Vec::new();
        let mut is_several = false;
        for (index, at_offset) in entries.chunk_by(|a, b| a.1 == b.1).enumerate() {
            let members = start..start + at_offset.len();
            start = members.end;
            for &message in &self.members[members.clone()] {
                match &mut self.places[message.at()] {
                    Some(place) => {
                        place.last = index;
                        is_several = true;
                    }
                    place @ None => {
                        *place = Some(Place {
                            first: index,
                            last: index,
                            index: None,
                        });
                        order.push(message);
                    }
                }
            }
            let chosen = self.members[members.clone()]
                .iter()
                .copied()
                .min_by(|a, b| rank(a).cmp(&rank(b)))
                .expect("a chunk is not empty");
            if let Some(place) = &mut self.places[chosen.at()] {
                place.index = Some(index);
            }
            self.slots.push(Slot {
                offset: at_offset[0].1,
                members,
                chosen,
            });
        }
        self.of_key[entries[0].0.at()] = first_slot..self.slots.len();
        if is_several {
            self.note_several(operations, entries, order);
        }
    }

    fn note_several(
        &mut self,
        operations: &Operations<'_>,
        entries: &[(KeyId, i64, MessageId)],
        order: Vec<MessageId>,
    ) {
        let mut by_message: Vec<(MessageId, i64)> = entries
            .iter()
            .map(|&(_, offset, message)| (message, offset))
            .collect();
        by_message.sort_unstable();
        let rank = |message: &MessageId| hash_rank(&operations.message(*message).value);
        let several = self.several.entry(entries[0].0).or_default();
        for message in map_order(order, rank) {
            let start = by_message.partition_point(|&(other, _)| other < message);
            let of_it = by_message[start..]
                .iter()
                .take_while(|(other, _)| *other == message);
            let offsets: Vec<i64> = of_it.map(|&(_, offset)| offset).collect();
            if offsets.len() > 1 {
                several.push((message, offsets));
            }
        }
    }

    /// The index of a message, if it stands for one.
    pub(super) fn index(&self, message: MessageId) -> Option<usize> {
        self.places[message.at()]?.index
    }

    /// Where a message was seen.
    pub(super) fn place(&self, message: MessageId) -> Option<Place> {
        self.places[message.at()]
    }

    /// A key's log, by index.
    pub(super) fn log(&self, key: KeyId) -> &[Slot] {
        &self.slots[self.of_key[key.at()].clone()]
    }

    /// All messages at one index.
    pub(super) fn members(&self, slot: &Slot) -> &[MessageId] {
        &self.members[slot.members.clone()]
    }

    /// All messages at consecutive indices of a log.
    pub(super) fn members_of(&self, slots: &[Slot]) -> &[MessageId] {
        match slots {
            [first, .., last] => &self.members[first.members.start..last.members.end],
            [only] => self.members(only),
            [] => &[],
        }
    }

    /// The messages that stand for the indices strictly between two. Empty if they are next to each
    /// other or the second comes first.
    pub(super) fn between(
        &self,
        key: KeyId,
        after: usize,
        before: usize,
    ) -> impl Iterator<Item = MessageId> + '_ {
        let between = self.log(key).get(after + 1..before).unwrap_or_default();
        between.iter().map(|slot| slot.chosen)
    }

    /// The messages of a key seen at more than one offset, with those.
    pub(super) fn several(&self, key: KeyId) -> &[(MessageId, Vec<i64>)] {
        self.several.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// Whether what an operation sends is known to be in the logs: it was acknowledged, or it was left
/// open and a successful poll shows one of its messages.
pub(super) fn took_place(
    operations: &Operations<'_>,
    operation: &Operation,
    readers: &Readers,
) -> bool {
    match operation.kind {
        Kind::Ok => true,
        Kind::Info => operations
            .sends(operation)
            .iter()
            .any(|sent| readers.is_ok_read(sent.message)),
        Kind::Fail | Kind::Invoke => false,
    }
}
