//! EDN's maps and sets. A history has millions of small ones (a poll of a log, an empty body), so
//! up to [`FEW_MAX`] entries are a plain list that is searched from its start; more have a hash
//! table. Entries are never taken out, so the number of entries decides the representation.

use std::fmt;
use std::hash::{Hash, Hasher};

use indexmap::IndexMap;

use super::Value;
use super::store::{Full, Store, grow};

/// Up to how many entries are held without a hash table.
const FEW_MAX: usize = 16;

/// What an entry of a hash table takes in memory: itself, its hash and its place in the table, and
/// room to grow.
const HASHED_BYTES: usize = 160;

/// `{k v}`: entries in the order they were written. Equal to a map with the same entries in
/// another order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Map(Table<Value>);

/// `#{a b}`: members in the order they were written. Equal to a set with the same members in
/// another order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Set(Table<()>);

#[derive(Clone)]
enum Table<V> {
    Few(Vec<(Value, V)>),
    /// Boxed, so that a table is no larger than a list.
    Many(Box<IndexMap<Value, V>>),
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl<V> Table<V> {
    fn len(&self) -> usize {
        match self {
            Self::Few(entries) => entries.len(),
            Self::Many(entries) => entries.len(),
        }
    }

    fn get(&self, key: &Value) -> Option<&V> {
        match self {
            Self::Few(entries) => {
                let entry = entries.iter().find(|(other, _)| other == key);
                entry.map(|(_, value)| value)
            }
            Self::Many(entries) => entries.get(key),
        }
    }

    /// Adds an entry; one with the same key keeps its place and gets the new value.
    fn insert(&mut self, key: Value, value: V) {
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
    fn insert_within(&mut self, key: Value, value: V, store: &mut Store) -> Result<(), Full> {
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
            store.give_back((entries.capacity() - entries.len()) * size_of::<(Value, V)>());
            entries.shrink_to_fit();
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&Value, &V)> {
        let (few, many) = match self {
            Self::Few(entries) => (&entries[..], None),
            Self::Many(entries) => (&[][..], Some(&**entries)),
        };
        few.iter()
            .map(|(key, value)| (key, value))
            .chain(many.into_iter().flatten())
    }

    fn into_entries(self) -> impl Iterator<Item = (Value, V)> {
        let (few, many) = match self {
            Self::Few(entries) => (entries, None),
            Self::Many(entries) => (Vec::new(), Some(*entries)),
        };
        few.into_iter().chain(many.into_iter().flatten())
    }

    fn collect(entries: impl Iterator<Item = (Value, V)>) -> Self {
        let mut table = Self::Few(Vec::with_capacity(entries.size_hint().0.min(FEW_MAX)));
        entries.for_each(|(key, value)| table.insert(key, value));
        table
    }
}

impl<V: PartialEq> PartialEq for Table<V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<V: Eq> Eq for Table<V> {}

impl Map {
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
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether there is such a key.
    #[must_use]
    pub fn contains_key(&self, key: &Value) -> bool {
        self.get(key).is_some()
    }

    /// Adds an entry; one with the same key keeps its place and gets the new value.
    pub fn insert(&mut self, key: Value, value: Value) {
        self.0.insert(key, value);
    }

    pub(crate) fn insert_within(
        &mut self,
        key: Value,
        value: Value,
        store: &mut Store,
    ) -> Result<(), Full> {
        self.0.insert_within(key, value, store)
    }

    pub(crate) fn finish(mut self, store: &mut Store) -> Self {
        self.0.finish(store);
        self
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.0.iter()
    }
}

impl Set {
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
    pub fn contains(&self, value: &Value) -> bool {
        self.0.get(value).is_some()
    }

    /// Adds a member, unless it is one.
    pub fn insert(&mut self, value: Value) {
        self.0.insert(value, ());
    }

    pub(crate) fn insert_within(&mut self, value: Value, store: &mut Store) -> Result<(), Full> {
        self.0.insert_within(value, (), store)
    }

    pub(crate) fn finish(mut self, store: &mut Store) -> Self {
        self.0.finish(store);
        self
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().map(|(member, ())| member)
    }
}

impl Hash for Map {
    fn hash<H: Hasher>(&self, state: &mut H) {
        super::hash_unordered(self.len(), self.iter(), state);
    }
}

impl Hash for Set {
    fn hash<H: Hasher>(&self, state: &mut H) {
        super::hash_unordered(self.len(), self.iter(), state);
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<(Value, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(entries: I) -> Self {
        Self(Table::collect(entries.into_iter()))
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(members: I) -> Self {
        Self(Table::collect(
            members.into_iter().map(|member| (member, ())),
        ))
    }
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = Box<dyn Iterator<Item = (Value, Value)>>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.0.into_entries())
    }
}
