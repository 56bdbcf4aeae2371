//! What a node knows, and how it is compared with what another node knows.
//!
//! Every node keeps a list of values for each author, in the order in which the author accepted
//! them. Lists only grow, and a node always knows a prefix of each list, so the lengths of the
//! lists (a version vector) describe all that a node knows in a few bytes. A node that has
//! another's [`Digest`] knows exactly what to send it; sending it twice does no harm.
//!
//! An author is one life of a node. A node that lost its memory returns as another author, so
//! its first new value is not taken for one that it forgot.

use std::collections::BTreeSet;
use std::time::Duration;

use guest_sdk::SortedMap;
use guest_sdk::prelude::*;

/// One life of a node: its name and when it began, `n1@0`.
pub(crate) type Author = String;

/// How many values of each author a node knows.
pub(crate) type Digest = SortedMap<Author, usize>;

/// Values of each author, from an index on.
pub(crate) type News = SortedMap<Author, (usize, Vec<i64>)>;

/// All that a node knows.
#[derive(Serialize, Deserialize)]
pub(crate) struct Knowledge {
    me: Author,
    /// Everything in the lists, once, in order: what clients read.
    values: BTreeSet<i64>,
    lists: SortedMap<Author, Vec<i64>>,
}

impl Knowledge {
    /// A life of `node` that begins `now` knows nothing.
    pub(crate) fn new(node: &str, now: Duration) -> Self {
        Knowledge {
            me: format!("{node}@{}", now.as_nanos()),
            values: BTreeSet::new(),
            lists: SortedMap::new(),
        }
    }

    pub(crate) fn values(&self) -> &BTreeSet<i64> {
        &self.values
    }

    /// Takes in a client's value. Returns it as news, none if it was known.
    pub(crate) fn add(&mut self, value: i64) -> News {
        if !self.values.insert(value) {
            return News::new();
        }
        let mine = self.lists.get_or_default(self.me.clone());
        mine.push(value);
        [(self.me.clone(), (mine.len() - 1, vec![value]))].into()
    }

    /// How many values there are in all lists: it grows with everything learned.
    pub(crate) fn len(&self) -> usize {
        self.lists.values().map(Vec::len).sum()
    }

    /// How many values of this author it knows.
    pub(crate) fn count(&self, author: &str) -> usize {
        self.lists.get(author).map_or(0, Vec::len)
    }

    pub(crate) fn digest(&self) -> Digest {
        let count = |(author, list): (&Author, &Vec<i64>)| (author.clone(), list.len());
        self.lists.iter().map(count).collect()
    }

    /// What a node lacks that knows this much.
    pub(crate) fn news_for(&self, known: &Digest) -> News {
        let unknown = |(author, list): (&Author, &Vec<i64>)| {
            let from = known.get(author).copied().unwrap_or(0);
            let rest = list.get(from..).filter(|rest| !rest.is_empty())?;
            Some((author.clone(), (from, rest.to_vec())))
        };
        self.lists.iter().filter_map(unknown).collect()
    }

    /// Whether this node lacks something of this.
    pub(crate) fn lacks(&self, known: &Digest) -> bool {
        let mut known = known.iter();
        known.any(|(author, count)| *count > self.count(author))
    }

    /// Takes in what another node tells, and returns what of it was new. Values after a gap
    /// are left out: whoever sees this node's digest tells them again.
    pub(crate) fn learn(&mut self, news: News) -> News {
        let mut new = News::new();
        for (author, (from, values)) in news {
            let list = self.lists.get_or_default(author.clone());
            let known = list.len();
            let unknown = known
                .checked_sub(from)
                .and_then(|skip| values.get(skip..))
                .filter(|unknown| !unknown.is_empty());
            if let Some(unknown) = unknown {
                list.extend_from_slice(unknown);
                self.values.extend(unknown);
                new.insert(author, (known, unknown.to_vec()));
            }
        }
        self.lists.retain(|_, list| !list.is_empty());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(author: &str, from: usize, values: &[i64]) -> News {
        [(author.to_owned(), (from, values.to_vec()))].into()
    }

    #[test]
    fn what_one_has_more_than_the_other_says_makes_both_the_same() {
        let mut a = Knowledge::new("a", Duration::ZERO);
        let mut b = Knowledge::new("b", Duration::from_nanos(7));
        assert_eq!(a.add(5), news("a@0", 0, &[5]));
        assert_eq!(a.add(3), news("a@0", 1, &[3]));
        assert_eq!(a.add(5), News::new(), "it is known");
        b.add(4);
        assert!(b.lacks(&a.digest()) && a.lacks(&b.digest()));
        assert_eq!(b.learn(a.news_for(&b.digest())), news("a@0", 0, &[5, 3]));
        assert!(!b.lacks(&a.digest()));
        assert_eq!(b.news_for(&a.digest()), news("b@7", 0, &[4]));
        assert_eq!(b.values(), &[3, 4, 5].into());
        assert_eq!(b.len(), 3);
    }

    #[test]
    fn of_what_comes_again_the_rest_is_learned_and_of_what_comes_early_nothing() {
        let mut node = Knowledge::new("a", Duration::ZERO);
        assert_eq!(node.learn(news("b@0", 1, &[8])), News::new());
        assert_eq!(node.digest(), Digest::new());
        node.learn(news("b@0", 0, &[7]));
        let rest = node.learn(news("b@0", 0, &[7, 8, 9]));
        assert_eq!(rest, news("b@0", 1, &[8, 9]));
        assert_eq!(node.learn(news("b@0", 0, &[7, 8])), News::new());
        assert_eq!(node.digest(), [("b@0".to_owned(), 3)].into());
    }
}
