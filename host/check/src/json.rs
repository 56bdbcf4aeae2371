//! Values as JSON, which has fewer types. Keywords, symbols, characters, ratios
//! and decimals become strings; sets become arrays; a tag is dropped; a map's key that is no name becomes its EDN text
//! (`0.5` becomes `"0.5"`); an integer beyond 64 bits and a float that is not finite become
//! strings. What JSON has comes back as it was.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::value::{ALLOCATION_BYTES, Builder, Map, Store, Value, Vector};

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
            Self::Str(text) | Self::Exact(text) => serializer.serialize_str(text),
            Self::Keyword(name) | Self::Symbol(name) => serializer.serialize_str(name),
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
        Within(&mut Store::unlimited()).deserialize(deserializer)
    }
}

/// Reads a value for which there must be room.
pub(crate) struct Within<'s>(pub(crate) &'s mut Store);

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
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

    fn visit_u64<E: Error>(self, n: u64) -> Result<Value, E> {
        if let Ok(n) = i64::try_from(n) {
            return Ok(Value::Int(n));
        }
        let digits = n.to_string();
        self.0
            .take(digits.len() + ALLOCATION_BYTES)
            .map_err(E::custom)?;
        Ok(Value::BigInt(digits.into()))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(Value::Float(x))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.0.text(text).map(Value::Str).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
        vector(seq, self.0).map(Value::Vector)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let store = self.0;
        store.take(MAP_BYTES).map_err(A::Error::custom)?;
        let mut map = Map::new();
        while let Some(key) = access.next_key_seed(Within(store))? {
            let value = access.next_value_seed(Within(store))?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "expected each key once, found {key} again"
                )));
            }
            map.insert_within(key, value, store)
                .map_err(A::Error::custom)?;
        }
        Ok(Value::Map(Box::new(map.finish(store))))
    }
}

/// A vector of whatever a JSON array has.
impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;

        impl<'de> Visitor<'de> for Array {
            type Value = Vector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Vector, A::Error> {
                vector(seq, &mut Store::unlimited())
            }
        }

        deserializer.deserialize_seq(Array)
    }
}

/// Reads the elements of an array for which there must be room.
fn vector<'de, A: SeqAccess<'de>>(mut seq: A, store: &mut Store) -> Result<Vector, A::Error> {
    let mut items = Builder::default();
    let mut more = Some(());
    while more.is_some() {
        let items = &mut items;
        more = seq.next_element_seed(Element { items, store })?;
    }
    items.finish_within(store).map_err(A::Error::custom)
}

/// Reads an element, and adds it to those before it. Most are integers, of which no value is made:
/// an answer has thousands of them.
struct Element<'a> {
    items: &'a mut Builder,
    store: &'a mut Store,
}

impl Element<'_> {
    fn add<E: Error>(self, value: Value) -> Result<(), E> {
        self.items.push_within(value, self.store).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.add(Value::Nil)
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<(), E> {
        self.add(Value::Bool(b))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<(), E> {
        let added = self.items.push_int_within(n, self.store);
        added.map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<(), E> {
        match i64::try_from(n) {
            Ok(n) => self.visit_i64(n),
            Err(_) => {
                let value = Within(self.store).visit_u64(n)?;
                self.add(value)
            }
        }
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<(), E> {
        self.add(Value::Float(x))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let value = Within(self.store).visit_str(text)?;
        self.add(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        let value = Within(self.store).visit_seq(seq)?;
        self.add(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        let value = Within(self.store).visit_map(access)?;
        self.add(value)
    }
}

/// What a map takes besides its entries.
const MAP_BYTES: usize = size_of::<Map>() + 2 * ALLOCATION_BYTES;
