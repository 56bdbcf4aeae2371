//! Messages that wait for a move: while a run is directed, they arrive when its script says so.

use std::collections::BTreeMap;

use super::address::{Addr, Names};
use super::moves::MessageRef;
use super::packets::Slot;

/// All that was sent and has not arrived.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// In the order of sending, which is that of the packets' numbers.
    waiting: BTreeMap<u64, (Slot, Link, u64)>,
    /// By link, and number in it.
    by_link: BTreeMap<(Link, u64), u64>,
    /// How many messages of each link were sent.
    sent: BTreeMap<Link, u64>,
}

/// Sender and receiver.
type Link = (Addr, Addr);

impl Pool {
    /// Adds a message of this number in the run, which is greater than all before.
    pub(super) fn add(&mut self, id: u64, link: Link, slot: Slot) {
        let number = self.sent.entry(link).or_default();
        *number += 1;
        self.by_link.insert((link, *number), id);
        self.waiting.insert(id, (slot, link, *number));
    }

    /// The number in the run of a message that waits.
    pub(super) fn find(&self, names: &Names, message: &MessageRef) -> Option<u64> {
        let link = (names.find(&message.src)?, names.find(&message.dest)?);
        self.by_link.get(&(link, message.number)).copied()
    }

    /// Takes a message out.
    pub(super) fn take(&mut self, id: u64) -> Option<Slot> {
        let (slot, link, number) = self.waiting.remove(&id)?;
        self.by_link.remove(&(link, number));
        Some(slot)
    }

    /// The message that was sent first.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.waiting.keys().next().copied()
    }

    /// The message that was sent last.
    pub(super) fn newest(&self) -> Option<u64> {
        self.waiting.keys().next_back().copied()
    }

    pub(super) fn slot(&self, id: u64) -> Option<Slot> {
        self.waiting.get(&id).map(|(slot, ..)| *slot)
    }

    pub(super) fn link(&self, id: u64) -> Option<Link> {
        self.waiting.get(&id).map(|(_, link, _)| *link)
    }

    /// All messages with their links, in the order of sending.
    pub(super) fn into_waiting(self) -> impl Iterator<Item = (Slot, Link)> {
        let waiting = self.waiting.into_values();
        waiting.map(|(slot, link, _)| (slot, link))
    }
}
