//! The values of a history: those of EDN, of which JSON's are a subset.
//!
//! A history holds a read's whole result again and again, so a value is 24 bytes, a vector of
//! integers costs 8 bytes an element ([`Vector`]), and names are shared ([`Name`]). Equality is by
//! kind: `1` is not `1.0`; a list is a vector, as in Clojure, where the two are equal; maps and
//! sets are equal whatever the order of their entries, and floats are equal when they are the same
//! bits, so that every value can be a key.

mod name;
mod store;
mod table;
mod vector;

pub use name::Name;
pub(crate) use name::is_constituent;
pub(crate) use store::{ALLOCATION_BYTES, Full, Store, grow};
pub(crate) use vector::Builder;
pub use vector::Vector;

use std::hash::{Hash, Hasher};

/// `{k v}`.
pub type Map = table::Map<Value, Value>;

/// `#{a b}`.
pub type Set = table::Set<Value>;

/// One EDN value. See the [EDN format](https://github.com/edn-format/edn).
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `nil`, JSON's `null`.
    #[default]
    Nil,
    /// `true`, `false`.
    Bool(bool),
    /// An integer that fits 64 bits, in whatever way it was written.
    Int(i64),
    /// Any other integer, as its decimal digits: no `+`, no leading zero, no `N`.
    BigInt(Box<str>),
    /// A ratio in its lowest terms (`1/2`), or a decimal without needless zeros (`1.5M`), as its
    /// text. Nothing is calculated with it.
    Exact(Box<str>),
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
    /// `[a b]` or `(a b)`, JSON's array.
    Vector(Vector),
    /// `{k v}`, JSON's object.
    Map(Box<Map>),
    /// `#{a b}`.
    Set(Box<Set>),
    /// `#tag value`. What Clojure prints and cannot read is one too: the tag of `#"a.b"` is `regex`,
    /// that of `#'a/b` is `var`, that of `#<A b>` is `unreadable`.
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

    /// The elements of a vector, copied out.
    #[must_use]
    pub fn items(&self) -> Option<Vec<Value>> {
        match self {
            Self::Vector(vector) => Some(vector.iter().collect()),
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
            Self::Exact(_) => "a ratio or a decimal",
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
            (Self::BigInt(a), Self::BigInt(b))
            | (Self::Exact(a), Self::Exact(b))
            | (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Char(a), Self::Char(b)) => a == b,
            (Self::Keyword(a), Self::Keyword(b)) | (Self::Symbol(a), Self::Symbol(b)) => a == b,
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
            Self::BigInt(text) | Self::Exact(text) | Self::Str(text) => text.hash(state),
            Self::Float(x) => x.to_bits().hash(state),
            Self::Char(c) => c.hash(state),
            Self::Keyword(name) | Self::Symbol(name) => name.hash(state),
            Self::Vector(vector) => vector.hash(state),
            Self::Map(map) => map.hash(state),
            Self::Set(set) => set.hash(state),
            Self::Tagged(tagged) => tagged.hash(state),
        }
    }
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

/// A text, cut to so many characters.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
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
    fn a_map_or_a_set_without_members_is_24_bytes() {
        assert_eq!((size_of::<Map>(), size_of::<Set>()), (24, 24));
    }

    #[test]
    fn large_maps_and_sets_are_those_with_the_same_entries() {
        let entries = |len: i64| (0..len).map(|n| (Value::Int(n), Value::Int(-n)));
        for len in [15, 16, 17, 40] {
            let there: Map = entries(len).collect();
            let mut back: Map = entries(len).collect::<Vec<_>>().into_iter().rev().collect();
            assert_eq!(there, back, "{len}");
            back.insert(Value::Int(3), Value::Nil);
            assert_eq!(
                (back.len(), back.get(&Value::Int(3))),
                (there.len(), Some(&Value::Nil))
            );
            assert_ne!(there, back, "{len}");
            let keys: Vec<i64> = there.into_iter().filter_map(|(k, _)| k.as_int()).collect();
            assert_eq!(keys, (0..len).collect::<Vec<_>>());
            let set: Set = (0..len).map(Value::Int).collect();
            assert_eq!(
                (set.len(), set.contains(&Value::Int(len))),
                (keys.len(), false)
            );
        }
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
