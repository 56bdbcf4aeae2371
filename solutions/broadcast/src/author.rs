//! Authors under small numbers, and what is kept for each of them.
//!
//! Every message has an entry for every author, so names would be most of a node's work: to
//! allocate, to compare, to free. Here a name is looked up once for each time that it is read, and
//! everything else is an index. The numbers are this process's own: messages and snapshots have
//! names, in their order.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;

use guest_sdk::prelude::*;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::Serializer;

/// One life of a node: its name and when it began, `n1@0`. Authors are in the order of their names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Author(usize);

/// The names of all authors that were ever met.
struct Names {
    /// By number.
    names: Vec<String>,
    /// All authors, in the order of their names.
    ordered: Vec<Author>,
    /// The place in that order behind the last one that was looked up. Messages have names in their
    /// order too, so the next is most likely this one or one of the next.
    next: usize,
}

thread_local! {
    static NAMES: RefCell<Names> = const {
        RefCell::new(Names {
            names: Vec::new(),
            ordered: Vec::new(),
            next: 0,
        })
    };
}

impl Names {
    fn name(&self, author: Author) -> &str {
        &self.names[author.0]
    }

    fn author(&mut self, name: &str) -> Author {
        let ahead = &self.ordered[self.next..];
        if let Some(skipped) = (ahead.iter()).position(|author| is_same(self.name(*author), name)) {
            self.next += skipped + 1;
            return ahead[skipped];
        }
        let found = (self.ordered).binary_search_by(|author| self.name(*author).cmp(name));
        let at = found.unwrap_or_else(|at| {
            self.ordered.insert(at, Author(self.names.len()));
            self.names.push(name.to_owned());
            at
        });
        self.next = at + 1;
        self.ordered[at]
    }
}

/// Whether two names are the same. A guest's comparison of unknown length looks at one byte at a
/// time, this one at eight.
fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let ends: [Option<&[u8; 8]>; 2] = [one.last_chunk(), other.last_chunk()];
    match ends {
        [Some(end), Some(other_end)] => {
            let words = |name| <[u8]>::as_chunks::<8>(name).0;
            one.len() == other.len() && end == other_end && words(one).iter().eq(words(other))
        }
        _ => one == other,
    }
}

impl Author {
    pub(crate) fn named(name: &str) -> Self {
        NAMES.with_borrow_mut(|names| names.author(name))
    }
}

impl Ord for Author {
    fn cmp(&self, other: &Self) -> Ordering {
        NAMES.with_borrow(|names| names.name(*self).cmp(names.name(*other)))
    }
}

impl PartialOrd for Author {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        NAMES.with_borrow(|names| fmt::Debug::fmt(names.name(*self), f))
    }
}

impl Serialize for Author {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        NAMES.with_borrow(|names| serializer.serialize_str(names.name(*self)))
    }
}

impl<'de> Deserialize<'de> for Author {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = Author;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an author")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Author, E> {
                Ok(Author::named(name))
            }
        }

        deserializer.deserialize_str(Name)
    }
}

/// What may be kept for an author. Its default is nothing.
pub(crate) trait Entry: Default {
    fn is_nothing(&self) -> bool;
}

/// How many values.
impl Entry for usize {
    fn is_nothing(&self) -> bool {
        *self == 0
    }
}

/// All values up to some.
impl Entry for Vec<i64> {
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// Values from an index on.
impl Entry for (usize, Vec<i64>) {
    fn is_nothing(&self) -> bool {
        self.1.is_empty()
    }
}

/// A map from authors, written and read as one. It is an array with a place for each author; a place
/// with nothing in it is no entry.
#[derive(Clone)]
pub(crate) struct ByAuthor<T>(Vec<T>);

impl<T: Entry> ByAuthor<T> {
    pub(crate) const fn new() -> Self {
        ByAuthor(Vec::new())
    }

    pub(crate) fn get(&self, author: Author) -> Option<&T> {
        self.0.get(author.0).filter(|entry| !entry.is_nothing())
    }

    pub(crate) fn place(&mut self, author: Author) -> &mut T {
        if self.0.len() <= author.0 {
            self.0.resize_with(author.0 + 1, T::default);
        }
        &mut self.0[author.0]
    }

    /// The entries, in the order of the authors' numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Author, &T)> {
        let places = self.0.iter().enumerate();
        let entries = places.filter(|(_, entry)| !entry.is_nothing());
        entries.map(|(number, entry)| (Author(number), entry))
    }

    /// The same, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (Author, &mut T)> {
        let places = self.0.iter_mut().enumerate();
        let entries = places.filter(|(_, entry)| !entry.is_nothing());
        entries.map(|(number, entry)| (Author(number), entry))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Entry::is_nothing)
    }

    /// A map with what `place` makes of each place.
    pub(crate) fn map<U: Entry>(&self, place: impl Fn(Author, &T) -> U) -> ByAuthor<U> {
        let places = self.0.iter().enumerate();
        ByAuthor(
            places
                .map(|(number, it)| place(Author(number), it))
                .collect(),
        )
    }
}

impl ByAuthor<usize> {
    pub(crate) fn count(&self, author: Author) -> usize {
        self.get(author).copied().unwrap_or(0)
    }

    /// Whether it has less of an author than the other.
    pub(crate) fn lacks(&self, other: &Self) -> bool {
        let mut theirs = other.iter();
        theirs.any(|(author, count)| *count > self.count(author))
    }
}

impl<T: Entry> Default for ByAuthor<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Entry + Serialize> Serialize for ByAuthor<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        NAMES.with_borrow(|names| {
            let entry = |author: &Author| Some((names.name(*author), self.get(*author)?));
            serializer.collect_map(names.ordered.iter().filter_map(entry))
        })
    }
}

impl<'de, T: Entry + Deserialize<'de>> Deserialize<'de> for ByAuthor<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Entry + Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = ByAuthor<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with an entry for each author")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<ByAuthor<T>, A::Error> {
                let mut map = ByAuthor::new();
                // There is an entry for most authors.
                let known = NAMES.with_borrow(|names| names.names.len());
                map.0.resize_with(known, T::default);
                while let Some(author) = access.next_key()? {
                    *map.place(author) = access.next_value()?;
                }
                Ok(map)
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
impl<T: Entry + PartialEq> PartialEq for ByAuthor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

#[cfg(test)]
impl<T: Entry + fmt::Debug> fmt::Debug for ByAuthor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_order_names_are_met_in_they_are_written_in_their_own() {
        let read = r#"{"z@3":1,"n10@0":2,"a":0,"n1@0":3}"#;
        let map: ByAuthor<usize> = serde_json::from_str(read).unwrap();
        let written = serde_json::to_string(&map).unwrap();
        assert_eq!(written, r#"{"n10@0":2,"n1@0":3,"z@3":1}"#);
        assert_eq!(
            serde_json::from_str::<ByAuthor<usize>>(&written).unwrap(),
            map
        );
        let mut authors = ["n1@0", "z@3", "n10@0"].map(Author::named);
        authors.sort();
        assert_eq!(authors, ["n10@0", "n1@0", "z@3"].map(Author::named));
        assert_eq!(map.count(Author::named("n10@0")), 2);
        assert_eq!(map.get(Author::named("a")), None);
    }
}
