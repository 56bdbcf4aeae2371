//! The fields of a body that a variant of an enum has.

use serde::de::{self, DeserializeSeed, MapAccess, value::BorrowedStrDeserializer};

use crate::body::DecodeError;
use host_protocol::data;
use host_protocol::fields::Found;
use host_protocol::scan::Scanner;

/// The fields of an object that the variant has; all others are skipped.
pub(crate) struct NamedFields<'de> {
    /// The fields, if they have been found already.
    found: Option<Found<'de>>,
    /// Finds the fields otherwise.
    scanner: Scanner<'de>,
    fields: &'static [&'static str],
    /// The value of the field whose key was read last.
    value: &'de str,
}

impl<'de> NamedFields<'de> {
    /// The `fields` of the object in `json`, in which all fields that there are have been `found`
    /// already. `None` if it is no object.
    pub(crate) fn new(
        json: &'de str,
        found: Option<Found<'de>>,
        fields: &'static [&'static str],
    ) -> Option<Self> {
        let mut scanner = Scanner::new(json);
        if found.is_none() {
            scanner.open()?;
        }
        Some(NamedFields {
            found,
            scanner,
            fields,
            value: "",
        })
    }

    /// The next field that the variant has.
    fn next_field(&mut self) -> Option<(&'static str, &'de str)> {
        if let Some(found) = &mut self.found {
            return found.next_of(self.fields);
        }
        loop {
            let key = self.scanner.key()?;
            let value = self.scanner.value().unwrap_or_default();
            if let Some(name) = self.fields.iter().find(|name| **name == key) {
                return Some((name, value));
            }
        }
    }
}

impl<'de> MapAccess<'de> for NamedFields<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        if let Some((key, value)) = self.next_field() {
            self.value = value;
            let key: BorrowedStrDeserializer<'de, DecodeError> = BorrowedStrDeserializer::new(key);
            return seed.deserialize(key).map(Some);
        }
        if self.scanner.had_escaped_key() {
            let text = "escapes in the names of fields are not supported";
            return Err(de::Error::custom(text));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        // Whoever received the message has checked it.
        data::from_part_seed(seed, self.value).map_err(DecodeError::Malformed)
    }
}
