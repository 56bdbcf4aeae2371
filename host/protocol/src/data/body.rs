//! Reads the body of a message, whose `type` is known.
//!
//! A body is an object with a `type`, so the natural Rust type is an enum with a variant
//! for each `type`. Serde's own representation (`#[serde(tag = "type")]`) first copies
//! every body into a buffer, which costs more than the rest of the work and does not
//! support `RawValue`. Here the `type` is known before a body is read, so it selects
//! the variant directly, and the fields are read where they were found. Enums with
//! `tag = "type"`, structs and maps work too.

use std::cell::Cell;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor,
};

use super::error::JsonError;
use super::key::Key;
use super::reader::Reader;
use crate::fields::FieldList;

/// Why a body is not read.
#[derive(Debug)]
pub enum BodyError {
    /// There is no variant for its `type`, but for these.
    UnknownType(&'static [&'static str]),
    /// Its fields are not those of the variant.
    Malformed(JsonError),
}

/// Reads the body `json` of the type `kind`. `fields` are those of the body, if they are known.
///
/// # Errors
/// If `T` is an enum without a variant for `kind`, or the fields do not match.
pub fn read_body<'de, T: Deserialize<'de>>(
    kind: &str,
    json: &'de str,
    fields: &'de FieldList<'de>,
) -> Result<T, BodyError> {
    let mut reader = Reader::new(json);
    let known = Cell::new(None);
    let body = Body {
        kind,
        fields,
        known: &known,
        reader: &mut reader,
    };
    T::deserialize(body).map_err(|error| match known.get() {
        Some(known) => BodyError::UnknownType(known),
        None => BodyError::Malformed(reader.placed(error)),
    })
}

struct Body<'r, 'de> {
    kind: &'r str,
    fields: &'de FieldList<'de>,
    /// The types that there are, as long as none has been chosen.
    known: &'r Cell<Option<&'static [&'static str]>>,
    reader: &'r mut Reader<'de>,
}

impl<'de> Deserializer<'de> for Body<'_, 'de> {
    type Error = JsonError;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.known.set(Some(variants));
        visitor.visit_enum(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        let value = self.reader.deserialize_any(visitor)?;
        self.reader.end().map(|()| value)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes
        byte_buf option unit_struct newtype_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Body<'_, 'de> {
    type Error = JsonError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), JsonError> {
        let variant = seed.deserialize(Key(self.kind))?;
        self.known.set(None);
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Body<'_, 'de> {
    type Error = JsonError;

    fn unit_variant(self) -> Result<(), JsonError> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, JsonError> {
        let value = seed.deserialize(&mut *self.reader)?;
        self.reader.end().map(|()| value)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        _visitor: V,
    ) -> Result<V::Value, JsonError> {
        Err(de::Error::custom(
            "a tuple variant cannot be read from an object; name its fields",
        ))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.reader.only(names, self.fields.all());
        self.reader.deserialize_map(visitor)
    }
}
