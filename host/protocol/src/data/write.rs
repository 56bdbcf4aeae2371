//! Writes serde data as JSON.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::json::{append, write_number, write_string};
use crate::scan::Scanner;

use super::error::JsonError;
use super::is_raw_value;

/// Writes a value as a text of its own.
///
/// # Errors
/// If JSON cannot express it: a key is not a string, a number or a boolean.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::new();
    write(&mut out, value)?;
    Ok(out)
}

/// Appends a value to `out`.
///
/// # Errors
/// As for [`to_vec`]. Some of the value may have been written then.
pub fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), JsonError> {
    value.serialize(Writer {
        out,
        form: Form::Value,
    })
}

/// Appends a body but for its closing brace: an enum variant as an object with its `type`, or what is
/// an object with a `type` already.
///
/// # Errors
/// If JSON cannot express it, or it is something else.
pub fn write_body<T: Serialize + ?Sized>(out: &mut Vec<u8>, body: &T) -> Result<(), JsonError> {
    let start = out.len();
    out.push(b'{');
    body.serialize(Writer {
        out: &mut *out,
        form: Form::Body,
    })?;
    match out.get(start..) {
        Some(written) if written.starts_with(b"{\"type\":") => Ok(()),
        written => check_body(written.unwrap_or_default()),
    }
}

/// Whether what has been written is a body but for its closing brace, whose `type` is not its first field.
#[cold]
#[inline(never)]
fn check_body(written: &[u8]) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(str::from_utf8(written).unwrap_or_default());
    let mut key = scanner.open().and_then(|()| scanner.key());
    while key.is_some_and(|key| key != "type") {
        scanner.value();
        key = scanner.key();
    }
    match key {
        Some(_) => Ok(()),
        None => no_body("what has no `type`"),
    }
}

#[cold]
#[inline(never)]
fn no_body<T>(what: &str) -> Result<T, JsonError> {
    Err(JsonError::owned(format!(
        "{what} cannot be a message body: use an enum whose variants have named fields"
    )))
}

/// Writes one value.
struct Writer<'o> {
    out: &'o mut Vec<u8>,
    form: Form,
}

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Value,
    /// In quotes, if it can be a key.
    Key,
    /// A string that is JSON already.
    Raw,
    /// The fields of an object whose opening brace has been written, and whose closing one follows
    /// later. What is no such object is written as a value, and found out when it has been.
    Body,
}

impl<'o> Writer<'o> {
    #[inline(never)]
    fn text(self, text: &str) {
        match self.form {
            Form::Raw => append(self.out, text.as_bytes()),
            Form::Value | Form::Key | Form::Body => write_string(self.out, text),
        }
    }

    /// Writes what has no quotes as a value.
    #[inline(never)]
    fn bare(self, text: &str) {
        match self.form {
            Form::Key => write_string(self.out, text),
            Form::Value | Form::Raw | Form::Body => append(self.out, text.as_bytes()),
        }
    }

    #[inline(never)]
    fn number(self, number: u64, is_negative: bool) {
        if self.form == Form::Key {
            let sign = if is_negative { "-" } else { "" };
            return write_string(self.out, &format!("{sign}{number}"));
        }
        if is_negative {
            self.out.push(b'-');
        }
        write_number(self.out, number);
    }

    /// Begins an array or an object.
    #[inline(never)]
    fn open(self, bracket: u8) -> Result<Items<'o>, JsonError> {
        match self.form {
            Form::Key => return Err(JsonError::new("key must be a string")),
            Form::Body if bracket == b'[' => return no_body("a sequence"),
            Form::Body => {
                let is_first = self.out.ends_with(b"{");
                return Ok(Items {
                    is_first,
                    ..Items::of(self.out)
                });
            }
            Form::Value | Form::Raw => self.out.push(bracket),
        }
        let ends = match bracket {
            b'[' => "]",
            _ => "}",
        };
        Ok(Items {
            ends,
            ..Items::of(self.out)
        })
    }

    /// Begins the value of a variant.
    #[inline(never)]
    fn variant(mut self, variant: &str) -> Result<Writer<'o>, JsonError> {
        if self.form == Form::Body {
            self.kind(variant);
            return Ok(self);
        }
        let mut object = self.open(b'{')?;
        object.key(variant);
        let form = Form::Value;
        Ok(Writer {
            out: object.out,
            form,
        })
    }

    /// Writes the `type` of a body.
    fn kind(&mut self, kind: &str) {
        append(self.out, b"\"type\":");
        write_string(self.out, kind);
    }

    /// Ends the variant whose value has been written from `start` on.
    #[inline(never)]
    fn end_variant(self, start: usize) -> Result<(), JsonError> {
        match (self.form, self.out.get(start)) {
            (Form::Body, None | Some(b',')) => Ok(()),
            (Form::Body, Some(_)) => no_body("what has no fields"),
            _ => {
                self.out.push(b'}');
                Ok(())
            }
        }
    }

    /// Writes a variant without a value.
    #[inline(never)]
    fn unit(mut self, variant: &str) {
        match self.form {
            Form::Body => self.kind(variant),
            _ => self.text(variant),
        }
    }

    fn variant_items(self, variant: &str, bracket: u8) -> Result<Items<'o>, JsonError> {
        let is_body = self.form == Form::Body;
        let mut items = self.variant(variant)?.open(bracket)?;
        items.ends = match bracket {
            _ if is_body => "",
            b'[' => "]}",
            _ => "}}",
        };
        Ok(items)
    }

    fn null(self) -> Result<(), JsonError> {
        if self.form == Form::Key {
            return Err(JsonError::new("key must be a string"));
        }
        self.bare("null");
        Ok(())
    }
}

/// Writes narrow numbers as wide ones.
macro_rules! forward {
    ($($method:ident($type:ty) to $wide:ident)*) => {
        $(fn $method(self, number: $type) -> Result<(), JsonError> {
            self.$wide(number.into())
        })*
    };
}

/// Writes the text of a number.
macro_rules! as_text {
    ($($method:ident($number:ident: $type:ty) $text:expr;)*) => {
        $(fn $method(self, $number: $type) -> Result<(), JsonError> {
            self.bare(&$text);
            Ok(())
        })*
    };
}

impl<'o> Serializer for Writer<'o> {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Items<'o>;
    type SerializeTuple = Items<'o>;
    type SerializeTupleStruct = Items<'o>;
    type SerializeTupleVariant = Items<'o>;
    type SerializeMap = Items<'o>;
    type SerializeStruct = Items<'o>;
    type SerializeStructVariant = Items<'o>;

    fn serialize_bool(self, truth: bool) -> Result<(), JsonError> {
        self.bare(if truth { "true" } else { "false" });
        Ok(())
    }

    forward! {
        serialize_i8(i8) to serialize_i64
        serialize_i16(i16) to serialize_i64
        serialize_i32(i32) to serialize_i64
        serialize_u8(u8) to serialize_u64
        serialize_u16(u16) to serialize_u64
        serialize_u32(u32) to serialize_u64
    }

    #[inline]
    fn serialize_i64(self, number: i64) -> Result<(), JsonError> {
        match u64::try_from(number) {
            Ok(number) => self.serialize_u64(number),
            Err(_) => {
                self.number(number.unsigned_abs(), true);
                Ok(())
            }
        }
    }

    #[inline]
    fn serialize_u64(self, number: u64) -> Result<(), JsonError> {
        match self.form {
            // Most numbers are items of long lists, and each call has its price.
            Form::Value => write_number(self.out, number),
            Form::Key | Form::Raw | Form::Body => self.number(number, false),
        }
        Ok(())
    }

    as_text! {
        serialize_i128(number: i128) number.to_string();
        serialize_u128(number: u128) number.to_string();
        serialize_f32(number: f32) serde_json::to_string(&number).unwrap_or_default();
        serialize_f64(number: f64) serde_json::to_string(&number).unwrap_or_default();
    }

    fn serialize_char(self, character: char) -> Result<(), JsonError> {
        self.text(character.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), JsonError> {
        self.text(text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), JsonError> {
        self.collect_seq(bytes)
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.null()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        self.null()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), JsonError> {
        self.null()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), JsonError> {
        self.unit(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        let Writer { out, form } = self.variant(variant)?;
        let start = out.len();
        value.serialize(Writer {
            out: &mut *out,
            form,
        })?;
        Writer { out, form }.end_variant(start)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Items<'o>, JsonError> {
        self.open(b'[')
    }

    fn serialize_tuple(self, _len: usize) -> Result<Items<'o>, JsonError> {
        self.open(b'[')
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Items<'o>, JsonError> {
        self.open(b'[')
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Items<'o>, JsonError> {
        self.variant_items(variant, b'[')
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Items<'o>, JsonError> {
        self.open(b'{')
    }

    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Items<'o>, JsonError> {
        if !is_raw_value(name) {
            return self.open(b'{');
        }
        Ok(Items {
            is_raw: true,
            ..Items::of(self.out)
        })
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Items<'o>, JsonError> {
        self.variant_items(variant, b'{')
    }
}

/// Writes the items of an array or the fields of an object that has been opened.
struct Items<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
    /// Whether this is the structure of a `RawValue`, whose only field is written as it is.
    is_raw: bool,
    /// What closes it.
    ends: &'static str,
}

impl<'o> Items<'o> {
    /// Appends items to `out`, which ends with the bracket that opens them.
    fn of(out: &'o mut Vec<u8>) -> Self {
        Items {
            out,
            is_first: true,
            is_raw: false,
            ends: "",
        }
    }

    /// Begins the next item: writes the comma that is due. The item itself is appended to what this
    /// returns.
    #[inline]
    fn begin(&mut self) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(b',');
        }
        self.out
    }

    #[inline]
    fn key(&mut self, key: &str) {
        let out = self.begin();
        write_string(out, key);
        out.push(b':');
    }

    #[inline(never)]
    fn field_form(&mut self, key: &str) -> Form {
        if self.is_raw {
            return Form::Raw;
        }
        self.key(key);
        Form::Value
    }

    fn value<T: Serialize + ?Sized>(&mut self, form: Form, value: &T) -> Result<(), JsonError> {
        value.serialize(Writer {
            out: self.out,
            form,
        })
    }

    #[inline(never)]
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.begin();
        self.value(Form::Value, value)
    }

    /// Writes a field.
    ///
    /// # Errors
    /// As for [`to_vec`].
    #[inline(never)]
    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), JsonError> {
        let form = self.field_form(key);
        self.value(form, value)
    }

    #[inline(never)]
    fn close(self) {
        // Mostly one byte.
        self.ends.bytes().for_each(|byte| self.out.push(byte));
    }
}

macro_rules! sequences {
    ($($trait:ident $method:ident)*) => {
        $(impl $trait for Items<'_> {
            type Ok = ();
            type Error = JsonError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
                self.item(value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close();
                Ok(())
            }
        })*
    };
}

sequences! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! structures {
    ($($trait:ident)*) => {
        $(impl $trait for Items<'_> {
            type Ok = ();
            type Error = JsonError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), JsonError> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close();
                Ok(())
            }
        })*
    };
}

structures! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Items<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        self.begin();
        self.value(Form::Key, key)?;
        self.out.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.value(Form::Value, value)
    }

    fn end(self) -> Result<(), JsonError> {
        self.close();
        Ok(())
    }
}
