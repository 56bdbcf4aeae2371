//! EDN's maps and sets. A history has millions of small ones (a poll of a log, an empty body), so
//! up to [`FEW_MAX`] entries are a plain list that is searched from its start; more have a hash
//! table. Entries are never taken out, so the number of entries decides the representation.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use indexmap::IndexMap;

use super::store::{Full, Store, grow};

/// Up to how many entries are held without a hash table.
const FEW_MAX: usize = 16;

/// What an entry of a hash table takes in memory: itself, its hash and its place in the table, and
/// room to grow.
const HASHED_BYTES: usize = 160;

/// `{k v}`: entries in the order they were written. Equal to a map with the same entries in
/// another order.
#[derive(Clone, PartialEq, Eq)]
pub struct Map<K: Hash + Eq, V>(Table<K, V>);

/// `#{a b}`: members in the order they were written. Equal to a set with the same members in
/// another order.
#[derive(Clone, PartialEq, Eq)]
pub struct Set<K: Hash + Eq>(Table<K, ()>);

#[derive(Clone)]
enum Table<K: Hash + Eq, V> {
    Few(Vec<(K, V)>),
    /// Boxed, so that a table is no larger than a list.
    Many(Box<IndexMap<K, V>>),
}

impl<K: Hash + Eq, V> Default for Table<K, V> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    fn len(&self) -> usize {
        match self {
            Self::Few(entries) => entries.len(),
            Self::Many(entries) => entries.len(),
        }
    }

    fn get(&self, key: &K) -> Option<&V> {
        match self {
            Self::Few(entries) => {
                let entry = entries.iter().find(|(other, _)| other == key);
                entry.map(|(_, value)| value)
            }
            Self::Many(entries) => entries.get(key),
        }
    }

    /// Adds an entry; one with the same key keeps its place and gets the new value.
    fn insert(&mut self, key: K, value: V) {
        match self {
            Self::Few(entries) => {
                if let Some((_, old)) = entries.iter_mut().find(|(other, _)| *other == key) {
                    *old = value;
                } else if entries.len() < FEW_MAX {
                    entries.push((key, value));
                } else {
                    let mut many: IndexMap<_, _> = std::mem::take(entries).into_iter().collect();
                    many.insert(key, value);
                    *self = Self::Many(Box::new(many));
                }
            }
            Self::Many(entries) => {
                entries.insert(key, value);
            }
        }
    }

    /// Adds an entry that is being read.
    fn insert_within(&mut self, key: K, value: V, store: &mut Store) -> Result<(), Full> {
        match self {
            Self::Few(entries) if entries.len() < FEW_MAX => grow(entries, store)?,
            Self::Few(entries) => store.take((entries.len() + 1) * HASHED_BYTES)?,
            Self::Many(_) => store.take(HASHED_BYTES)?,
        }
        self.insert(key, value);
        Ok(())
    }

    /// Gives back what there was room for and is not needed.
    fn finish(&mut self, store: &mut Store) {
        if let Self::Few(entries) = self {
            store.give_back((entries.capacity() - entries.len()) * size_of::<(K, V)>());
            entries.shrink_to_fit();
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (few, many) = match self {
            Self::Few(entries) => (&entries[..], None),
            Self::Many(entries) => (&[][..], Some(&**entries)),
        };
        few.iter()
            .map(|(key, value)| (key, value))
            .chain(many.into_iter().flatten())
    }

    fn into_entries(self) -> impl Iterator<Item = (K, V)> {
        let (few, many) = match self {
            Self::Few(entries) => (entries, None),
            Self::Many(entries) => (Vec::new(), Some(*entries)),
        };
        few.into_iter().chain(many.into_iter().flatten())
    }

    fn collect(entries: impl Iterator<Item = (K, V)>) -> Self {
        let mut table = Self::Few(Vec::with_capacity(entries.size_hint().0.min(FEW_MAX)));
        entries.for_each(|(key, value)| table.insert(key, value));
        table
    }
}

impl<K: Hash + Eq, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Hash + Eq, V: Eq> Eq for Table<K, V> {}

impl<K: Hash + Eq, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Table::default())
    }
}

impl<K: Hash + Eq> Default for Set<K> {
    fn default() -> Self {
        Self(Table::default())
    }
}

impl<K: Hash + Eq, V> Map<K, V> {
    /// Without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    /// Whether there is such a key.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Adds an entry; one with the same key keeps its place and gets the new value.
    pub fn insert(&mut self, key: K, value: V) {
        self.0.insert(key, value);
    }

    pub(crate) fn insert_within(
        &mut self,
        key: K,
        value: V,
        store: &mut Store,
    ) -> Result<(), Full> {
        self.0.insert_within(key, value, store)
    }

    pub(crate) fn finish(mut self, store: &mut Store) -> Self {
        self.0.finish(store);
        self
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter()
    }
}

impl<K: Hash + Eq> Set<K> {
    /// Without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `value` is a member.
    #[must_use]
    pub fn contains(&self, value: &K) -> bool {
        self.0.get(value).is_some()
    }

    /// Adds a member, unless it is one.
    pub fn insert(&mut self, value: K) {
        self.0.insert(value, ());
    }

    pub(crate) fn insert_within(&mut self, value: K, store: &mut Store) -> Result<(), Full> {
        self.0.insert_within(value, (), store)
    }

    pub(crate) fn finish(mut self, store: &mut Store) -> Self {
        self.0.finish(store);
        self
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(member, ())| member)
    }
}

impl<K: Hash + Eq, V: Hash> Hash for Map<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_unordered(self.len(), self.iter(), state);
    }
}

impl<K: Hash + Eq> Hash for Set<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_unordered(self.len(), self.iter(), state);
    }
}

impl<K: Hash + Eq + fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Hash + Eq + fmt::Debug> fmt::Debug for Set<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<K: Hash + Eq, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(Table::collect(entries.into_iter()))
    }
}

impl<K: Hash + Eq> FromIterator<K> for Set<K> {
    fn from_iter<I: IntoIterator<Item = K>>(members: I) -> Self {
        Self(Table::collect(
            members.into_iter().map(|member| (member, ())),
        ))
    }
}

impl<K: Hash + Eq + 'static, V: 'static> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = Box<dyn Iterator<Item = (K, V)>>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.0.into_entries())
    }
}

/// A sum does not depend on the order of its terms, which is what equal maps with other orders of
/// entries need.
fn hash_unordered<H: Hasher>(len: usize, entries: impl Iterator<Item = impl Hash>, state: &mut H) {
    len.hash(state);
    let sum = entries.fold(0_u64, |sum, entry| {
        let mut hasher = DefaultHasher::new();
        entry.hash(&mut hasher);
        sum.wrapping_add(hasher.finish())
    });
    sum.hash(state);
}
