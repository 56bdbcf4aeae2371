//! The values of a history: those of EDN, of which JSON's are a subset.
//!
//! A history holds a read's whole result again and again, so a value is 24 bytes, a vector of
//! integers costs 8 bytes an element ([`Vector`]), and names are shared ([`Name`]). Equality is by
//! kind: `1` is not `1.0`, a list is not a vector; maps and sets are equal whatever the order of
//! their entries, and floats are equal when they are the same bits, so that every value can be a
//! key.

mod name;
mod vector;

pub use name::Name;
pub(crate) use name::is_constituent;
pub(crate) use vector::Builder;
pub use vector::Vector;

use std::hash::{DefaultHasher, Hash, Hasher};

use indexmap::{IndexMap, IndexSet};

/// Entries in the order they were written.
pub type Map = IndexMap<Value, Value>;

/// Members in the order they were written.
pub type Set = IndexSet<Value>;

/// One EDN value. See the [EDN format](https://github.com/edn-format/edn).
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `nil`, JSON's `null`.
    #[default]
    Nil,
    /// `true`, `false`.
    Bool(bool),
    /// An integer that fits 64 bits and was not written with `N`.
    Int(i64),
    /// Any other integer, as its decimal digits: no `+`, no leading zero, no `N`. Exact, and
    /// distinct from [`Value::Int`].
    BigInt(Box<str>),
    /// A float; `##Inf`, `##-Inf` and `##NaN` included.
    Float(f64),
    /// `\a`, `\newline`.
    Char(char),
    /// `"text"`.
    Str(Box<str>),
    /// `:name`, kept without its colon.
    Keyword(Name),
    /// `name`.
    Symbol(Name),
    /// `(a b)`.
    List(Box<[Value]>),
    /// `[a b]`, JSON's array.
    Vector(Vector),
    /// `{k v}`, JSON's object.
    Map(Box<Map>),
    /// `#{a b}`.
    Set(Box<Set>),
    /// `#tag value`.
    Tagged(Box<(Name, Value)>),
}

impl Value {
    /// The number, if this is an integer of 64 bits.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The text of a keyword, a symbol or a string. JSON has only strings, so what reads a name
    /// takes all three.
    #[must_use]
    pub fn as_name(&self) -> Option<&str> {
        match self {
            Self::Keyword(name) | Self::Symbol(name) => Some(name),
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The value under `name`, if this is a map that has such a keyword, symbol or string for a
    /// key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Map(map) => map
                .iter()
                .find(|(key, _)| key.as_name() == Some(name))
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The elements of a vector or a list, copied out.
    #[must_use]
    pub fn items(&self) -> Option<Vec<Value>> {
        match self {
            Self::Vector(vector) => Some(vector.iter().collect()),
            Self::List(items) => Some(items.to_vec()),
            _ => None,
        }
    }

    /// What kind of value this is, for messages: "a vector", "an integer".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::BigInt(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Char(_) => "a character",
            Self::Str(_) => "a string",
            Self::Keyword(_) => "a keyword",
            Self::Symbol(_) => "a symbol",
            Self::List(_) => "a list",
            Self::Vector(_) => "a vector",
            Self::Map(_) => "a map",
            Self::Set(_) => "a set",
            Self::Tagged(_) => "a tagged value",
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::BigInt(a), Self::BigInt(b)) | (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Char(a), Self::Char(b)) => a == b,
            (Self::Keyword(a), Self::Keyword(b)) | (Self::Symbol(a), Self::Symbol(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Vector(a), Self::Vector(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Set(a), Self::Set(b)) => a == b,
            (Self::Tagged(a), Self::Tagged(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Nil => {}
            Self::Bool(b) => b.hash(state),
            Self::Int(n) => n.hash(state),
            Self::BigInt(text) | Self::Str(text) => text.hash(state),
            Self::Float(x) => x.to_bits().hash(state),
            Self::Char(c) => c.hash(state),
            Self::Keyword(name) | Self::Symbol(name) => name.hash(state),
            Self::List(items) => items.hash(state),
            Self::Vector(vector) => vector.hash(state),
            Self::Map(map) => hash_unordered(map.iter(), state),
            Self::Set(set) => hash_unordered(set.iter(), state),
            Self::Tagged(tagged) => tagged.hash(state),
        }
    }
}

/// A sum does not depend on the order of its terms, which is what equal maps with other orders of
/// entries need.
fn hash_unordered<H: Hasher>(entries: impl ExactSizeIterator<Item = impl Hash>, state: &mut H) {
    entries.len().hash(state);
    let sum = entries.fold(0_u64, |sum, entry| {
        let mut hasher = DefaultHasher::new();
        entry.hash(&mut hasher);
        sum.wrapping_add(hasher.finish())
    });
    sum.hash(state);
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Vector(items.into_iter().collect())
    }
}

impl From<Vec<i64>> for Value {
    fn from(items: Vec<i64>) -> Self {
        Self::Vector(items.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_24_bytes() {
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn maps_with_the_same_entries_are_one_key() {
        let entries = [
            (Value::from("a"), Value::Int(83)),
            (Value::from("n"), Value::from("n0")),
        ];
        let there: Map = entries.iter().cloned().collect();
        let back: Map = entries.iter().rev().cloned().collect();
        let both: Set = [Value::Map(Box::new(there)), Value::Map(Box::new(back))]
            .into_iter()
            .collect();
        assert_eq!(both.len(), 1);
    }
}
