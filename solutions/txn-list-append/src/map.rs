//! The database: an immutable map from keys to lists, of which lin-kv holds the root.
//!
//! A root has the lists that changed recently, and points to a page with older ones, which points to
//! the page before it. Pages are thunks: written once under a unique name before any root
//! points to them, never changed, and so read at most once by each node. To change the map is to
//! replace the root that the change was made from by another, by compare-and-set. No two roots
//! are equal, since each names the batch of transactions that made it.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

/// Lists only grow: of two states of one, the longer is the later.
pub(crate) type List = Vec<i64>;
pub(crate) type Lists = BTreeMap<i64, List>;

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
    pub(crate) batches: BTreeMap<String, u64>,
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

    /// The root after these changes by these batches, and the page that has to be written before,
    /// under the name `page`, if there is one.
    pub(crate) fn with(
        &self,
        changed: Lists,
        batches: BTreeMap<String, u64>,
        page: &str,
    ) -> (Root, Option<Page>) {
        let mut recent = self.root.recent.clone();
        let new = changed.keys().filter(|key| !recent.contains_key(key));
        let is_full = recent.len() + new.count() > RECENT_MAX;
        let full = is_full.then(|| std::mem::take(&mut recent));
        recent.extend(changed);
        let older = self.root.page.clone();
        let page_name = if is_full {
            Some(page.to_owned())
        } else {
            older.clone()
        };
        let root = Root {
            batches,
            recent,
            page: page_name,
        };
        (root, full.map(|lists| Page { lists, older }))
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
