//! What a node knows: additions, each with its author and the author's number for it.

use std::collections::BTreeMap;

use guest_sdk::prelude::*;

use crate::options::{Bug, Object};

/// Additions by author and number.
pub(crate) type Additions = BTreeMap<String, BTreeMap<u64, i64>>;

/// How many numbers of an author are remembered by whoever forgets.
const MEMORY: usize = 8;

/// How many elements a page has.
const PAGE: usize = 128;

#[derive(Serialize, Deserialize)]
pub(crate) struct Known {
    object: Object,
    bug: Bug,
    /// The values that count, in the order in which they came.
    values: Vec<i64>,
    seen: Additions,
    /// How many additions clients of this node made.
    own: u64,
    /// The greatest that a counter has shown.
    shown: i64,
}

/// The result of a read.
pub(crate) enum Shown {
    Elements(Vec<i64>),
    Sum(i64),
}

impl Known {
    pub(crate) fn new(object: Object, bug: Bug) -> Self {
        Known {
            object,
            bug,
            values: Vec::new(),
            seen: Additions::new(),
            own: 0,
            shown: 0,
        }
    }

    /// A new addition of this node.
    pub(crate) fn number(&mut self, node: &str, value: i64) -> Additions {
        self.own += 1;
        [(node.to_owned(), [(self.own, value)].into())].into()
    }

    /// Takes in additions, and returns those that were new.
    pub(crate) fn learn(&mut self, additions: Additions) -> Additions {
        let mut news = Additions::new();
        for (author, numbered) in additions {
            for (number, value) in numbered {
                if self.add(&author, number, value) {
                    let of_author = news.entry(author.clone()).or_default();
                    of_author.insert(number, value);
                }
            }
        }
        news
    }

    fn add(&mut self, author: &str, number: u64, value: i64) -> bool {
        let seen = self.seen.entry(author.to_owned()).or_default();
        let number = match self.bug {
            Bug::Appends => seen.len() as u64 + 1,
            _ => number,
        };
        let is_new = match self.bug {
            Bug::ByValue => !seen.values().any(|other| *other == value),
            Bug::Doubles | Bug::PrimaryDoubles => true,
            Bug::LastNumber => seen.last_key_value().is_none_or(|(last, _)| *last < number),
            _ => !seen.contains_key(&number),
        };
        if is_new {
            seen.insert(number, value);
            self.values.push(value);
        }
        if let Bug::Forgets | Bug::PrimaryForgets = self.bug
            && seen.len() > MEMORY
        {
            seen.pop_first();
        }
        is_new
    }

    pub(crate) fn all(&self) -> &Additions {
        &self.seen
    }

    /// Forgets everything for what another node knows.
    pub(crate) fn replace(&mut self, additions: Additions) {
        self.values.clear();
        self.seen.clear();
        self.learn(additions);
    }

    /// The values that count.
    pub(crate) fn values(&self) -> &[i64] {
        &self.values
    }

    pub(crate) fn count(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn greatest(&self) -> Option<i64> {
        self.values.iter().copied().max()
    }

    pub(crate) fn sum(&self) -> i64 {
        self.values.iter().sum()
    }

    /// What a read at `node` shows.
    pub(crate) fn show(&mut self, node: &str) -> Shown {
        let mut values = match self.bug {
            Bug::OwnOnly => {
                (self.seen.get(node)).map_or(Vec::new(), |own| own.values().copied().collect())
            }
            _ => self.values.clone(),
        };
        if self.object != Object::Counter {
            values.sort_unstable();
            values.dedup();
            if self.bug == Bug::Page {
                values.truncate(PAGE);
            }
            return Shown::Elements(values);
        }
        let sum = values.iter().sum::<i64>();
        self.shown = sum.max(self.shown);
        Shown::Sum(match self.bug {
            Bug::Clamps => sum.max(0),
            Bug::UpOnly => self.shown,
            _ => sum,
        })
    }
}

/// Adds `more` to `additions`.
pub(crate) fn merge(additions: &mut Additions, more: &Additions) {
    for (author, numbered) in more {
        let of_author = additions.entry(author.clone()).or_default();
        of_author.extend(numbered);
    }
}
