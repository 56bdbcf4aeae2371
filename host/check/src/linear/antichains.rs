//! The configurations that a layer has seen (Lowe's memoisation), without those that another one
//! dominates.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::Hash;

use super::used::{UsedId, UsedTable};

/// For each place, the multisets seen there of which none is within another that came later.
#[derive(Debug)]
pub(super) struct Antichains<K> {
    /// The latest link of each place.
    last: HashMap<K, u32>,
    /// What was seen, and the link before.
    links: Vec<(UsedId, u32)>,
    /// How many entries of multisets were looked at.
    looks: Cell<u64>,
}

const NO_LINK: u32 = u32::MAX;

impl<K: Eq + Hash> Antichains<K> {
    pub(super) fn new() -> Self {
        Self {
            last: HashMap::new(),
            links: Vec::new(),
            looks: Cell::new(0),
        }
    }

    /// How many entries of multisets were looked at since this was last asked.
    pub(super) fn take_looks(&self) -> u64 {
        self.looks.take()
    }

    /// Forgets everything, and gives back the memory of an exceptionally wide layer.
    pub(super) fn clear(&mut self) {
        if self.links.len() > 1 << 12 {
            *self = Self::new();
        }
        self.last.clear();
        self.links.clear();
    }

    /// Whether something seen at `place` is within `id`.
    pub(super) fn covers(&self, place: &K, id: UsedId, used: &UsedTable) -> bool {
        let mut link = self.last.get(place).copied().unwrap_or(NO_LINK);
        while let Some(&(seen, before)) = self.links.get(link as usize) {
            self.looks
                .set(self.looks.get() + 1 + used.set(seen).len() as u64);
            if used.is_within(seen, id) {
                return true;
            }
            link = before;
        }
        false
    }

    /// Adds what was seen at `place`, unless something there covers it.
    pub(super) fn add(&mut self, place: K, id: UsedId, used: &UsedTable) -> bool {
        if self.covers(&place, id, used) {
            return false;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the budget of configurations is below 2^32"
        )]
        let link = self.links.len() as u32;
        let before = self.last.insert(place, link).unwrap_or(NO_LINK);
        self.links.push((id, before));
        true
    }
}
