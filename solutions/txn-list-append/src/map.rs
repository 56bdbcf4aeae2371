//! The database: an immutable map from keys to lists, of which lin-kv holds the root.
//!
//! A root has the lists that changed recently, and points to a page with older ones, which points to
//! the page before it. Pages are thunks: written once under a unique name before any root
//! points to them, never changed, and so read at most once by each node. To change the map is to
//! replace the root that the change was made from by another, by compare-and-set. No two roots
//! are equal, since each names the batch of transactions that made it.

use std::collections::BTreeMap;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

/// Lists only grow: of two states of one, the longer is the later.
pub(crate) type List = Vec<i64>;
pub(crate) type Lists = BTreeMap<i64, List>;

/// What reads saw, in their order: lists only grow, so a length says which state it was.
pub(crate) type Lengths = Vec<Option<usize>>;

/// A root moves its lists to a page when there are more of them: what all transactions send around
/// stays below 2 KB or so, and pages are a few in a thousand transactions.
const RECENT_MAX: usize = 32;

/// Names a batch of transactions.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct BatchId {
    /// A life of a node: who has lost its memory comes back under another name.
    pub(crate) node: String,
    pub(crate) number: u64,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Root {
    /// For each life of each node, the number of its last batch that took place.
    pub(crate) batches: SortedMap<String, u64>,
    /// What the reads of that batch saw, if another node did it, whose answer may be lost.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub(crate) seen: SortedMap<String, Lengths>,
    /// The lists that changed since the page was made.
    pub(crate) recent: Lists,
    /// The newest page.
    pub(crate) page: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Page {
    lists: Lists,
    /// The page before.
    older: Option<String>,
}

impl Root {
    /// The last batch of a node that took place.
    pub(crate) fn last(&self, node: &str) -> Option<u64> {
        self.batches.get(node).copied()
    }

    /// That batch takes place; what its reads saw, if another node does it.
    pub(crate) fn takes_place(&mut self, batch: BatchId, seen: Option<Lengths>) {
        match seen {
            Some(seen) => self.seen.insert(batch.node.clone(), seen),
            None => self.seen.remove(&batch.node),
        };
        self.batches.insert(batch.node, batch.number);
    }

    /// Makes these changes. Returns the page that has to be written before, under the name `page`, if
    /// there is one.
    pub(crate) fn change(&mut self, changed: Lists, page: &str) -> Option<Page> {
        let new = changed.keys().filter(|key| !self.recent.contains_key(key));
        let is_full = self.recent.len() + new.count() > RECENT_MAX;
        let full = is_full.then(|| Page {
            lists: std::mem::take(&mut self.recent),
            older: self.page.replace(page.to_owned()),
        });
        self.recent.extend(changed);
        full
    }
}

/// The map as of one root, as one node has it.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Map {
    pub(crate) root: Root,
    lists: Lists,
}

impl Map {
    pub(crate) fn get(&self, key: i64) -> Option<&List> {
        self.lists.get(&key)
    }

    /// Goes on to a later root, of which all but `recent` is known.
    pub(crate) fn advance(&mut self, root: Root) {
        let recent = root.recent.iter();
        self.lists
            .extend(recent.map(|(key, list)| (*key, list.clone())));
        self.root = root;
    }
}

/// The way to a root that somebody else made.
#[derive(Serialize, Deserialize)]
pub(crate) struct Advance {
    root: Root,
    /// What is in the pages that were read so far.
    lists: Lists,
    /// The page to read next; all is known from `Map::root`'s page on.
    next: Option<String>,
}

impl Advance {
    pub(crate) fn to(root: Root) -> Self {
        Advance {
            next: root.page.clone(),
            lists: Lists::new(),
            root,
        }
    }

    /// The page that has to be read, if there is one.
    pub(crate) fn missing(&self, map: &Map) -> Option<&str> {
        self.next.as_deref().filter(|_| self.next != map.root.page)
    }

    pub(crate) fn read(&mut self, page: Page) {
        for (key, list) in page.lists {
            self.lists.entry(key).or_insert(list); // newer pages came first
        }
        self.next = page.older;
    }

    pub(crate) fn finish(self, map: &mut Map) {
        map.lists.extend(self.lists);
        map.advance(self.root);
    }
}
