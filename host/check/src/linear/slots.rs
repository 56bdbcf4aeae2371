//! Sets of the operations that are open at some moment. Each has a slot while it is open, so a set
//! needs as many bits as operations were ever open at once: one word in most histories.

use std::hash::Hash;

/// A set of slots.
pub(super) trait Slots: Clone + Eq + Hash {
    /// The empty set of a history with slots below `count`.
    fn none(count: u32) -> Self;
    fn has(&self, slot: u32) -> bool;
    fn insert(&mut self, slot: u32);
    fn remove(&mut self, slot: u32);
    fn insert_all(&mut self, other: &Self);
    fn has_all(&self, other: &Self) -> bool;
    fn len(&self) -> u32;
}

impl Slots for u64 {
    fn none(_: u32) -> Self {
        0
    }

    fn has(&self, slot: u32) -> bool {
        self >> slot & 1 == 1
    }

    fn insert(&mut self, slot: u32) {
        *self |= 1 << slot;
    }

    fn remove(&mut self, slot: u32) {
        *self &= !(1 << slot);
    }

    fn insert_all(&mut self, other: &Self) {
        *self |= other;
    }

    fn has_all(&self, other: &Self) -> bool {
        other & !self == 0
    }

    fn len(&self) -> u32 {
        self.count_ones()
    }
}

/// As many words as it takes.
impl Slots for Box<[u64]> {
    fn none(count: u32) -> Self {
        vec![0; count.div_ceil(u64::BITS) as usize].into()
    }

    fn has(&self, slot: u32) -> bool {
        self[word(slot)].has(slot % u64::BITS)
    }

    fn insert(&mut self, slot: u32) {
        self[word(slot)].insert(slot % u64::BITS);
    }

    fn remove(&mut self, slot: u32) {
        self[word(slot)].remove(slot % u64::BITS);
    }

    fn insert_all(&mut self, other: &Self) {
        for (word, other) in self.iter_mut().zip(other) {
            word.insert_all(other);
        }
    }

    fn has_all(&self, other: &Self) -> bool {
        self.iter()
            .zip(other)
            .all(|(word, other)| word.has_all(other))
    }

    fn len(&self) -> u32 {
        self.iter().map(Slots::len).sum()
    }
}

fn word(slot: u32) -> usize {
    (slot / u64::BITS) as usize
}
