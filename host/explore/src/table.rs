//! Tables that keep each content once, under a small number.
//!
//! Several threads add to a table at a time, so which number a content gets is not a function of
//! the exploration. Nothing that is told depends on numbers: order and identity come from hashes.

use dashmap::DashMap;

use crate::hash::{BuildQuick, Hash};

/// Contents by number.
pub(crate) struct Table<T> {
    ids: DashMap<Hash, u32, BuildQuick>,
    contents: boxcar::Vec<(Hash, T)>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table {
            ids: DashMap::default(),
            contents: boxcar::Vec::new(),
        }
    }
}

impl<T> Table<T> {
    /// The number of the content with this hash, which `make` makes if it is new.
    ///
    /// # Panics
    /// If there are 2³² contents.
    pub(crate) fn add(&self, hash: Hash, make: impl FnOnce() -> T) -> u32 {
        if let Some(id) = self.ids.get(&hash) {
            return *id;
        }
        *self.ids.entry(hash).or_insert_with(|| {
            let index = self.contents.push((hash, make()));
            u32::try_from(index).expect("memory ends before four billion contents")
        })
    }

    /// The content of a number that [`add`](Self::add) has returned.
    pub(crate) fn get(&self, id: u32) -> &T {
        &self.contents[id as usize].1
    }

    /// Its hash.
    pub(crate) fn hash(&self, id: u32) -> Hash {
        self.contents[id as usize].0
    }

    /// How many contents there are.
    pub(crate) fn len(&self) -> usize {
        self.contents.count()
    }
}
