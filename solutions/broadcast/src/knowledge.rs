//! What a node knows, and how it is compared with what another node knows.
//!
//! Every node keeps a list of values for each author, in the order in which the author accepted
//! them. Lists only grow, and a node always knows a prefix of each list, so the lengths of the
//! lists (a version vector) describe all that a node knows in a few bytes. A node that has
//! another's [`Digest`] knows exactly what to send it; sending it twice does no harm.
//!
//! An author is one life of a node. A node that lost its memory returns as another author, so
//! its first new value is not taken for one that it forgot.

use std::ops::Deref;
use std::time::Duration;

use guest_sdk::disk::Log;
use guest_sdk::prelude::*;

use crate::Broadcast;
use crate::author::{Author, ByAuthor};

/// How many values of each author a node knows.
pub(crate) type Digest = ByAuthor<usize>;

/// Values of each author, from an index on.
pub(crate) type News = ByAuthor<(usize, Vec<i64>)>;

/// Values in ascending order, each once: what clients read.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Values(Vec<i64>);

impl Values {
    pub(crate) fn has(&self, value: i64) -> bool {
        self.0.binary_search(&value).is_ok()
    }

    /// Adds a value. Whether it is new.
    pub(crate) fn insert(&mut self, value: i64) -> bool {
        // Most are greater than all before them.
        let place = match self.0.last() {
            Some(last) if *last < value => Err(self.0.len()),
            _ => self.0.binary_search(&value),
        };
        place.map_err(|at| self.0.insert(at, value)).is_err()
    }
}

/// All that a node knows.
#[derive(Serialize, Deserialize)]
pub(crate) struct Knowledge {
    me: Author,
    /// Everything in the lists.
    values: Values,
    lists: ByAuthor<Vec<i64>>,
}

impl Knowledge {
    /// A life of `node` that begins `now` knows nothing.
    pub(crate) fn new(node: &str, now: Duration) -> Self {
        Knowledge {
            me: Author::named(&format!("{node}@{}", now.as_nanos())),
            values: Values::default(),
            lists: ByAuthor::new(),
        }
    }

    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    /// Takes in a client's value. Returns it as news, none if it was known.
    pub(crate) fn add(&mut self, value: i64) -> News {
        let mut news = News::new();
        if self.values.insert(value) {
            let mine = self.lists.place(self.me);
            *news.place(self.me) = (mine.len(), vec![value]);
            mine.push(value);
        }
        news
    }

    /// How many values there are in all lists: it grows with everything learned.
    pub(crate) fn len(&self) -> usize {
        self.lists.iter().map(|(_, list)| list.len()).sum()
    }

    /// How many values of this author it knows.
    pub(crate) fn count(&self, author: Author) -> usize {
        self.lists.get(author).map_or(0, Vec::len)
    }

    pub(crate) fn digest(&self) -> Digest {
        self.lists.map(|_, list| list.len())
    }

    /// What a node lacks that knows this much.
    pub(crate) fn news_for(&self, known: &Digest) -> News {
        self.lists.map(|author, list| {
            let from = known.count(author);
            (from, list.get(from..).unwrap_or_default().to_vec())
        })
    }

    /// Whether a node that knows this much lacks something.
    pub(crate) fn has_news_for(&self, known: &Digest) -> bool {
        let mut lists = self.lists.iter();
        lists.any(|(author, list)| list.len() > known.count(author))
    }

    /// Whether this node lacks something of this.
    pub(crate) fn lacks(&self, known: &Digest) -> bool {
        let mut known = known.iter();
        known.any(|(author, count)| *count > self.count(author))
    }

    /// Takes in what another node tells, and returns what of it was new. Values after a gap
    /// are left out: whoever sees this node's digest tells them again.
    pub(crate) fn learn(&mut self, mut news: News) -> News {
        for (author, (from, values)) in news.iter_mut() {
            let list = self.lists.place(author);
            let known = list.len();
            let skipped = known.checked_sub(*from).unwrap_or(usize::MAX);
            values.drain(..skipped.min(values.len()));
            *from = known;
            list.extend_from_slice(values);
            for value in values {
                self.values.insert(*value);
            }
        }
        news
    }
}

/// What a node knows, which is on its disk too: a log of news, each synced before the node speaks of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    knowledge: Knowledge,
    disk: Log<News>,
}

impl Deref for Kept {
    type Target = Knowledge;

    fn deref(&self) -> &Knowledge {
        &self.knowledge
    }
}

impl Kept {
    /// A new life of this node, which knows what is on the disk.
    pub(crate) fn open(ctx: &mut Ctx<Broadcast>) -> Self {
        let mut knowledge = Knowledge::new(ctx.id(), ctx.now());
        let (mut disk, records) = ctx.disk().open_log("news");
        if !records.is_empty() {
            for news in records {
                knowledge.learn(news);
            }
            // Once more, as one record: some of it may never have been synced, and after a sync that failed it may be here
            // though no later one makes it durable.
            disk.replace([&knowledge.news_for(&Digest::new())], ctx.disk());
        }
        Kept { knowledge, disk }
    }

    /// As [`Knowledge::add`].
    pub(crate) fn add(&mut self, value: i64, ctx: &mut Ctx<Broadcast>) -> News {
        let news = self.knowledge.add(value);
        self.keep(news, ctx)
    }

    /// As [`Knowledge::learn`].
    pub(crate) fn learn(&mut self, news: News, ctx: &mut Ctx<Broadcast>) -> News {
        let news = self.knowledge.learn(news);
        self.keep(news, ctx)
    }

    fn keep(&mut self, news: News, ctx: &mut Ctx<Broadcast>) -> News {
        if !news.is_empty() {
            self.disk.append(&news, ctx.disk());
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(author: &str, from: usize, values: &[i64]) -> News {
        let mut news = News::new();
        *news.place(Author::named(author)) = (from, values.to_vec());
        news
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
        assert_eq!(b.values(), &Values(vec![3, 4, 5]));
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
        assert_eq!(node.digest().count(Author::named("b@0")), 3);
        assert_eq!(node.digest().iter().count(), 1);
    }
}
