//! Message bodies as Rust types.
//!
//! A body is an object with a `type`, so the natural Rust type is an enum with a variant
//! for each `type`. Serde's own representation (`#[serde(tag = "type")]`) first copies
//! every body into a buffer, which costs more than the rest of the work and does not
//! support `RawValue`. Here the `type` is known before a body is decoded, so it selects
//! the variant directly, and the fields are read from the text. Enums with
//! `tag = "type"`, structs and maps work too.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, Unexpected,
    VariantAccess, Visitor, value::StrDeserializer,
};
use serde::ser::{self, Impossible, Serialize, SerializeMap, Serializer};

use crate::named::NamedFields;
use host_protocol::data::{self, Items, JsonError};
use host_protocol::fields::FieldList;
use host_protocol::json::write_number;
use host_protocol::message::{Error, ErrorCode};

/// Reads a body of the type `kind` as a `T`. `fields` are those of the body, if they are known.
///
/// # Errors
/// Error 10 (not supported) if `T` is an enum without a variant for `kind`; error 12
/// (malformed request) if the fields do not match.
pub(crate) fn decode<T: DeserializeOwned>(
    kind: &str,
    json: &str,
    fields: &FieldList<'_>,
) -> Result<T, Error> {
    T::deserialize(Tagged { kind, json, fields }).map_err(|error| refusal(kind, error))
}

#[cold]
#[inline(never)]
fn refusal(kind: &str, error: DecodeError) -> Error {
    match error {
        DecodeError::UnknownType(text) => Error::new(ErrorCode::NotSupported, text),
        DecodeError::Malformed(error) => Error::new(
            ErrorCode::MalformedRequest,
            format!("malformed {kind}: {error}"),
        ),
    }
}

#[derive(Debug)]
pub(crate) enum DecodeError {
    UnknownType(String),
    Malformed(JsonError),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::UnknownType(text) => f.write_str(text),
            DecodeError::Malformed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        DecodeError::Malformed(de::Error::custom(message))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        DecodeError::Malformed(de::Error::invalid_type(found, expected))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        DecodeError::Malformed(de::Error::invalid_value(found, expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let known = expected.join(", ");
        DecodeError::UnknownType(format!(
            "unknown message type {variant:?}; this node knows {known}"
        ))
    }
}

/// A body whose `type` is known.
struct Tagged<'de> {
    kind: &'de str,
    json: &'de str,
    /// Its fields, if they have been found already.
    fields: &'de FieldList<'de>,
}

impl<'de> Deserializer<'de> for Tagged<'de> {
    type Error = DecodeError;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_enum(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        data::from_str_seed(Any(visitor), self.json).map_err(DecodeError::Malformed)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes
        byte_buf option unit_struct newtype_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

/// Whatever a visitor takes.
struct Any<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Any<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(self.0)
    }
}

impl<'de> EnumAccess<'de> for Tagged<'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), DecodeError> {
        let kind: StrDeserializer<'_, DecodeError> = StrDeserializer::new(self.kind);
        Ok((seed.deserialize(kind)?, self))
    }
}

impl<'de> VariantAccess<'de> for Tagged<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        data::from_str_seed(seed, self.json).map_err(DecodeError::Malformed)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        _visitor: V,
    ) -> Result<V::Value, DecodeError> {
        Err(de::Error::custom(
            "a tuple variant cannot be read from an object; name its fields",
        ))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let found = self.fields.all();
        let named = NamedFields::new(self.json, found, fields);
        visitor.visit_map(named.ok_or_else(|| de::Error::custom("it is not an object"))?)
    }
}

/// The ids that the protocol adds to a body.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ids {
    pub(crate) msg_id: Option<u64>,
    pub(crate) in_reply_to: Option<u64>,
}

/// Appends `body` as a JSON object with its `type` and `ids`.
///
/// # Errors
/// If `body` is not an enum variant with named fields, a struct or a map, or a field
/// cannot be written as JSON.
pub(crate) fn encode<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    ids: Ids,
    body: &T,
) -> Result<(), JsonError> {
    out.push(b'{');
    let start = out.len();
    body.serialize(Fields(Items::of(out)))?;
    if out.len() == start {
        return Err(ser::Error::custom("a message body needs a `type`"));
    }
    if let Some(msg_id) = ids.msg_id {
        out.extend_from_slice(b",\"msg_id\":");
        write_number(out, msg_id);
    }
    if let Some(in_reply_to) = ids.in_reply_to {
        out.extend_from_slice(b",\"in_reply_to\":");
        write_number(out, in_reply_to);
    }
    out.push(b'}');
    Ok(())
}

/// Writes a body as the fields of an object whose opening brace has been written.
struct Fields<'o>(Items<'o>);

impl Fields<'_> {
    fn kind(mut self, kind: &str) -> Result<Self, JsonError> {
        self.0.field("type", kind)?;
        Ok(self)
    }
}

/// The error for a value that cannot be a body.
fn no_body<T>(what: &str) -> Result<T, JsonError> {
    Err(ser::Error::custom(format_args!(
        "{what} cannot be a message body: use an enum whose variants have named fields"
    )))
}

macro_rules! reject {
    ($($method:ident: $type:ty = $what:literal),* $(,)?) => {
        $(fn $method(self, _value: $type) -> Result<(), JsonError> { no_body($what) })*
    };
}

impl<'o> Serializer for Fields<'o> {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Impossible<(), JsonError>;
    type SerializeTuple = Impossible<(), JsonError>;
    type SerializeTupleStruct = Impossible<(), JsonError>;
    type SerializeTupleVariant = Impossible<(), JsonError>;
    type SerializeMap = Self;
    type SerializeStruct = Items<'o>;
    type SerializeStructVariant = Items<'o>;

    reject! {
        serialize_bool: bool = "a boolean",
        serialize_i8: i8 = "a number",
        serialize_i16: i16 = "a number",
        serialize_i32: i32 = "a number",
        serialize_i64: i64 = "a number",
        serialize_u8: u8 = "a number",
        serialize_u16: u16 = "a number",
        serialize_u32: u32 = "a number",
        serialize_u64: u64 = "a number",
        serialize_f32: f32 = "a number",
        serialize_f64: f64 = "a number",
        serialize_char: char = "a string",
        serialize_str: &str = "a string",
        serialize_bytes: &[u8] = "bytes",
        serialize_unit_struct: &'static str = "a unit struct",
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        no_body("nothing")
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        no_body("nothing")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), JsonError> {
        self.kind(variant).map(|_| ())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        value.serialize(self.kind(variant)?)
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Items<'o>, JsonError> {
        Ok(self.0)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Items<'o>, JsonError> {
        Ok(self.kind(variant)?.0)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Self, JsonError> {
        Ok(self)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Self::SerializeSeq, JsonError> {
        no_body("a sequence")
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self::SerializeTuple, JsonError> {
        no_body("a tuple")
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleStruct, JsonError> {
        no_body("a tuple struct")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleVariant, JsonError> {
        no_body("a tuple variant")
    }
}

/// The keys of a body are strings, and no other value becomes one.
impl SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        let out = self.0.begin();
        let start = out.len();
        data::write(out, key)?;
        if out.get(start) != Some(&b'"') {
            return Err(ser::Error::custom("the keys of a body must be strings"));
        }
        out.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.0.serialize_value(value)
    }

    fn end(self) -> Result<(), JsonError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Plain {
        Read,
        Topology {
            topology: BTreeMap<String, Vec<String>>,
        },
        Wrapped(Inner),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        key: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<i64>,
    }

    fn read<T: DeserializeOwned>(kind: &str, json: &str) -> Result<T, Error> {
        decode(kind, json, &FieldList::default())
    }

    fn encoded<T: Serialize>(body: &T) -> Value {
        let mut out = Vec::new();
        let ids = Ids {
            msg_id: Some(1),
            in_reply_to: None,
        };
        encode(&mut out, ids, body).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn an_enum_writes_and_reads_bodies_by_type() {
        let topology = Plain::Topology {
            topology: BTreeMap::from([("n1".into(), vec!["n2".into()])]),
        };
        let wrapped = Plain::Wrapped(Inner {
            key: "x".into(),
            value: None,
        });
        for (body, json) in [
            (Plain::Read, json!({"type": "read", "msg_id": 1})),
            (
                topology,
                json!({"type": "topology", "topology": {"n1": ["n2"]}, "msg_id": 1}),
            ),
            (wrapped, json!({"type": "wrapped", "key": "x", "msg_id": 1})),
        ] {
            assert_eq!(encoded(&body), json);
            let kind = json["type"].as_str().unwrap();
            assert_eq!(read::<Plain>(kind, &json.to_string()), Ok(body));
        }
    }

    #[test]
    fn serdes_own_tagged_enums_structs_and_maps_work_too() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Own {
            EchoOk { echo: i64 },
        }
        let json = json!({"type": "echo_ok", "echo": 3, "msg_id": 1});
        assert_eq!(encoded(&Own::EchoOk { echo: 3 }), json);
        assert_eq!(encoded(&json!({"type": "echo_ok", "echo": 3})), json);
        let text = json.to_string();
        assert_eq!(read::<Own>("echo_ok", &text), Ok(Own::EchoOk { echo: 3 }));
        assert_eq!(read::<Value>("echo_ok", &text), Ok(json));
    }

    #[test]
    fn raw_values_pass_through_unparsed() {
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Echo {
            Echo { echo: Box<RawValue> },
        }
        let Echo::Echo { echo } = read("echo", r#"{"echo":[1, 2.50],"x":0}"#).unwrap();
        assert_eq!(echo.get(), "[1, 2.50]");
    }

    #[test]
    fn an_unknown_type_is_error_10_and_a_bad_field_error_12() {
        let unknown = read::<Plain>("raed", "{}").unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "error 10 (not-supported): unknown message type \"raed\"; \
             this node knows read, topology, wrapped"
        );
        let malformed = read::<Plain>("wrapped", r#"{"key":7}"#).unwrap_err();
        assert_eq!(
            malformed.to_string(),
            "error 12 (malformed-request): malformed wrapped: invalid type: integer `7`, \
             expected a string at line 1 column 8"
        );
    }

    #[test]
    fn what_cannot_be_a_body_is_refused_with_a_reason() {
        let error = encode(&mut Vec::new(), Ids::default(), &vec![1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a sequence cannot be a message body: use an enum whose variants have named fields"
        );
    }
}
