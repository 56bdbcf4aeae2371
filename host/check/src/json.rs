//! Values as JSON, which has fewer types. Keywords, symbols and characters become strings; lists
//! and sets become arrays; a tag is dropped; a map's key that is no name becomes its EDN text
//! (`0.5` becomes `"0.5"`); an integer beyond 64 bits and a float that is not finite become
//! strings. What JSON has comes back as it was.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::value::{Map, Value};
use crate::value::Builder;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nil => serializer.serialize_unit(),
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Int(n) => serializer.serialize_i64(*n),
            Self::BigInt(digits) => match digits.parse::<u64>() {
                Ok(n) => serializer.serialize_u64(n),
                Err(_) => serializer.serialize_str(digits),
            },
            Self::Float(x) if x.is_finite() => serializer.serialize_f64(*x),
            Self::Float(_) => serializer.collect_str(self),
            Self::Char(c) => serializer.serialize_char(*c),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Keyword(name) | Self::Symbol(name) => serializer.serialize_str(name),
            Self::List(items) => serializer.collect_seq(items),
            Self::Vector(vector) => match vector.as_ints() {
                Some(ints) => serializer.collect_seq(ints),
                None => serializer.collect_seq(vector.cows()),
            },
            Self::Set(set) => serializer.collect_seq(set.iter()),
            Self::Map(map) => {
                let mut entries = serializer.serialize_map(Some(map.len()))?;
                for (key, value) in map.iter() {
                    entries.serialize_entry(&json_key(key), value)?;
                }
                entries.end()
            }
            Self::Tagged(tagged) => tagged.1.serialize(serializer),
        }
    }
}

/// A map's key as JSON can have it: the text of a name, or EDN.
pub(crate) fn json_key(key: &Value) -> String {
    key.as_name().map_or_else(|| key.to_string(), str::to_owned)
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(i64::try_from(n).map_or_else(|_| Value::BigInt(n.to_string().into()), Value::Int))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(Value::Float(x))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Str(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Builder::default();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Vector(items.finish()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = access.next_entry::<String, Value>()? {
            let key = Value::from(key.as_str());
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "expected each key once, found {key} again"
                )));
            }
            map.insert(key, value);
        }
        Ok(Value::Map(Box::new(map)))
    }
}
