//! What a node knows of the registers: the last write to each, and whose writes it has seen.
//!
//! Two such states are merged by keeping the later write of each register. Merging is associative,
//! commutative and idempotent (it is a CRDT), so however writes travel, nodes that have seen the
//! same ones agree.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

/// One life of a node. A node that has lost its memory comes back as another author, so no two
/// transactions ever have the same stamp.
pub(crate) type Author = String;

/// For each author, up to which clock all writes are known, or others that came after them.
pub(crate) type Knowledge = BTreeMap<Author, u64>;

/// When something was written. The greater stamp is the later write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// The transaction's Lamport clock: greater than that of all that its node had seen.
    pub(crate) clock: u64,
    /// Decides between transactions with the same clock.
    pub(crate) author: Author,
    /// Which of the transaction's operations it was.
    pub(crate) step: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Write {
    pub(crate) key: i64,
    pub(crate) value: i64,
    pub(crate) stamp: Stamp,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Registers {
    /// The greatest clock seen.
    clock: u64,
    knows: Knowledge,
    last: BTreeMap<i64, Write>,
}

impl Registers {
    pub(crate) fn read(&self, key: i64) -> Option<i64> {
        self.last.get(&key).map(|write| write.value)
    }

    /// A clock for a transaction of this author: later than all that was seen.
    pub(crate) fn tick(&mut self, author: &str) -> u64 {
        self.clock += 1;
        self.knows.insert(author.to_owned(), self.clock);
        self.clock
    }

    /// Keeps a write unless a later one of the same register is known.
    pub(crate) fn write(&mut self, write: Write) {
        self.clock = self.clock.max(write.stamp.clock);
        let last = self.last.get(&write.key);
        if last.is_none_or(|last| last.stamp < write.stamp) {
            self.last.insert(write.key, write);
        }
    }

    pub(crate) fn knows(&self) -> &Knowledge {
        &self.knows
    }

    /// What somebody who knows `known` lacks in order to know as much as this node.
    pub(crate) fn news_since(&self, known: &Knowledge) -> Vec<Write> {
        let is_news = |write: &&Write| {
            let known = known.get(&write.stamp.author);
            known.is_none_or(|clock| *clock < write.stamp.clock)
        };
        self.last.values().filter(is_news).cloned().collect()
    }

    /// Takes in what leads from knowing `since` to knowing `knows`. It helps only those who know
    /// `since`: others would see writes without the ones that came before or with them.
    pub(crate) fn learn(&mut self, since: &Knowledge, knows: &Knowledge, news: Vec<Write>) {
        if !includes(&self.knows, since) {
            return;
        }
        for write in news {
            self.write(write);
        }
        for (author, clock) in knows {
            let known = self.knows.entry(author.clone()).or_default();
            *known = (*known).max(*clock);
        }
    }
}

/// Whether who knows `much` knows all of `little`.
pub(crate) fn includes(much: &Knowledge, little: &Knowledge) -> bool {
    let mut little = little.iter();
    little.all(|(author, clock)| much.get(author).is_some_and(|known| known >= clock))
}
