//! Tables that keep each content once, under a small number.
//!
//! Several threads add to a table at a time, so which number a content gets is not a function of
//! the exploration. Nothing that is told depends on numbers: order and identity come from hashes.

use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

use crate::hash::{BuildQuick, Hash};

/// What a table may have.
pub(crate) trait Content {
    /// How many bytes it takes besides its own, about.
    fn heap_bytes(&self) -> usize;
}

impl Content for u64 {
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// Contents by number.
pub(crate) struct Table<T> {
    ids: DashMap<Hash, u32, BuildQuick>,
    contents: boxcar::Vec<(Hash, T)>,
    /// What contents take besides their places here, and what is noted of what is kept beside them.
    bytes: AtomicUsize,
}

/// An entry of the map, which is between half full and full.
const ID_BYTES: usize = 64;

/// What a known step takes besides its acts: its key, its place in the map, and its reference count.
pub(crate) const STEP_BYTES: usize = 160;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table {
            ids: DashMap::default(),
            contents: boxcar::Vec::new(),
            bytes: AtomicUsize::new(0),
        }
    }
}

impl<T: Content> Table<T> {
    /// The number of the content with this hash, which `make` makes if it is new.
    ///
    /// # Panics
    /// If there are 2³² contents.
    pub(crate) fn add(&self, hash: Hash, make: impl FnOnce() -> T) -> u32 {
        if let Some(id) = self.ids.get(&hash) {
            return *id;
        }
        *self.ids.entry(hash).or_insert_with(|| {
            let content = make();
            self.note(content.heap_bytes());
            let index = self.contents.push((hash, content));
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

    /// So many bytes are kept beside a content.
    pub(crate) fn note(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let entry = size_of::<(Hash, T)>() + ID_BYTES;
        self.len() * entry + self.bytes.load(Ordering::Relaxed)
    }

    /// How many contents there are.
    pub(crate) fn len(&self) -> usize {
        self.contents.count()
    }
}
