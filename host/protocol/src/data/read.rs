//! Reads JSON as serde data.

use std::borrow::Cow;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor, value::BorrowedStrDeserializer,
};

use super::RAW_VALUE;
use super::error::JsonError;
use super::key::Key;

/// How deep values may nest that are read one inside the other.
const DEPTH_MAX: u32 = 128;

/// Reads a whole text.
///
/// # Errors
/// If it is not JSON, or not that of a `T`.
pub fn from_str<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, JsonError> {
    from_str_seed(std::marker::PhantomData, json)
}

/// Reads a whole text with a seed.
///
/// # Errors
/// If it is not JSON, or not what the seed takes.
pub fn from_str_seed<'de, S: DeserializeSeed<'de>>(
    seed: S,
    json: &'de str,
) -> Result<S::Value, JsonError> {
    let mut reader = Reader::new(json);
    match seed.deserialize(&mut reader) {
        Ok(value) => reader.end().map(|()| value),
        Err(error) => Err(error.at(json, reader.at)),
    }
}

/// Whether a text is JSON.
#[must_use]
pub fn is_json(text: &str) -> bool {
    let mut reader = Reader::new(text);
    reader.value().is_ok() && reader.end().is_ok()
}

/// The number that a text is, if it is one.
#[inline(never)]
pub(super) fn number(text: &str) -> Result<Number<'_>, JsonError> {
    let mut reader = Reader::new(text);
    let read = reader.number();
    match read {
        Ok(number) if reader.at == text.len() => Ok(number),
        _ => Err(JsonError::new(
            "invalid value: expected key to be a number in quotes",
        )),
    }
}

/// Reads a JSON text from front to back. Any text will do; what is not JSON is an error.
pub(super) struct Reader<'de> {
    json: &'de str,
    at: usize,
    depth: u32,
    /// Whether nothing has been read of the array or object that is open.
    is_first: bool,
    /// The last key that had escapes.
    key: String,
}

/// A number, as it is written.
pub(super) enum Number<'de> {
    Unsigned(u64),
    Negative(i64),
    /// With a fraction or an exponent, or too large for the others.
    Other(&'de str),
}

impl<'de> Reader<'de> {
    fn new(json: &'de str) -> Self {
        Reader {
            json,
            at: 0,
            depth: 0,
            is_first: false,
            key: String::new(),
        }
    }

    #[cold]
    #[inline(never)]
    fn fail<T>(&self, text: &str) -> Result<T, JsonError> {
        Err(JsonError::new(text).at(self.json, self.at))
    }

    /// The next byte that is not white space; 0 at the end.
    #[inline]
    fn peek(&mut self) -> u8 {
        loop {
            match self.json.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// Passes the next byte if it is `byte`.
    #[inline]
    fn pass(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    #[inline(never)]
    fn end(&mut self) -> Result<(), JsonError> {
        self.peek();
        if self.at < self.json.len() {
            return self.fail("trailing characters");
        }
        Ok(())
    }

    #[inline(never)]
    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.json.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return self.fail("expected ident");
        }
        self.at += word.len();
        Ok(())
    }

    /// Begins an array or an object.
    #[inline(never)]
    fn open(&mut self, bracket: u8, expected: &dyn Expected) -> Result<(), JsonError> {
        if !self.pass(bracket) {
            return Err(self.mismatch(expected));
        }
        self.is_first = true;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.fail("recursion limit exceeded");
        }
        Ok(())
    }

    #[inline(never)]
    fn close(&mut self, bracket: u8) -> Result<(), JsonError> {
        if !self.pass(bracket) {
            return self.fail("trailing characters");
        }
        self.is_first = false;
        self.depth -= 1;
        Ok(())
    }

    /// Whether another item follows before the closing `bracket`, which is not passed.
    #[inline(never)]
    fn item(&mut self, bracket: u8) -> Result<bool, JsonError> {
        let next = self.peek();
        if next == bracket {
            return Ok(false);
        }
        if std::mem::replace(&mut self.is_first, false) {
            return Ok(true);
        }
        if next != b',' {
            return self.fail(match bracket {
                b']' => "expected `,` or `]`",
                _ => "expected `,` or `}`",
            });
        }
        self.at += 1;
        Ok(true)
    }

    /// The next key of an object; the position is then that of its value.
    #[inline(never)]
    fn key(&mut self) -> Result<Option<&str>, JsonError> {
        if !self.item(b'}')? {
            return Ok(None);
        }
        if self.peek() != b'"' {
            return self.fail("key must be a string");
        }
        let key = self.string()?;
        if !self.pass(b':') {
            return self.fail("expected `:`");
        }
        Ok(Some(match key {
            Cow::Borrowed(key) => key,
            Cow::Owned(key) => {
                self.key = key;
                &self.key
            }
        }))
    }

    /// Passes a `null`, if it is next.
    #[inline(never)]
    fn pass_null(&mut self) -> Result<bool, JsonError> {
        if self.peek() != b'n' {
            return Ok(false);
        }
        self.word("null").map(|()| true)
    }

    /// Begins a variant: the name of one without a value, or `None` for an object.
    #[inline(never)]
    fn variant(&mut self, expected: &dyn Expected) -> Result<Option<&str>, JsonError> {
        if self.peek() != b'"' {
            return self.open(b'{', expected).map(|()| None);
        }
        Ok(Some(match self.string()? {
            Cow::Borrowed(name) => name,
            Cow::Owned(name) => {
                self.key = name;
                &self.key
            }
        }))
    }

    /// Reads the string whose quote is next.
    #[inline(never)]
    fn string(&mut self) -> Result<Cow<'de, str>, JsonError> {
        let start = self.at + 1;
        self.at = start;
        let escaped = self.string_end()?;
        let text = &self.json[start..self.at - 1];
        if escaped {
            self.unescaped(text).map(Cow::Owned)
        } else {
            Ok(Cow::Borrowed(text))
        }
    }

    fn skip_string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        self.string_end().map(|_| ())
    }

    /// Passes a key and its colon.
    fn skip_key(&mut self) -> Result<(), JsonError> {
        if self.peek() != b'"' {
            return self.fail("key must be a string");
        }
        self.skip_string()?;
        if !self.pass(b':') {
            return self.fail("expected `:`");
        }
        Ok(())
    }

    /// Passes the rest of a string and its quote. Returns whether there are escapes in it.
    fn string_end(&mut self) -> Result<bool, JsonError> {
        let bytes = self.json.as_bytes();
        let mut escaped = false;
        loop {
            while let Some(eight) = bytes.get(self.at..).and_then(<[u8]>::first_chunk)
                && is_plain(u64::from_le_bytes(*eight))
            {
                self.at += 8;
            }
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    let escape = bytes.get(self.at + 1..).unwrap_or_default();
                    let Some(length) = escape_length(escape) else {
                        return self.fail("invalid escape");
                    };
                    self.at += 1 + length;
                }
                Some(0..0x20) => {
                    return self
                        .fail("control character (\\u0000-\\u001F) found while parsing a string");
                }
                Some(_) => self.at += 1,
                None => return self.fail("EOF while parsing a string"),
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn unescaped(&self, text: &str) -> Result<String, JsonError> {
        let Some(plain) = unescape(text) else {
            return self.fail("invalid escape");
        };
        Ok(plain)
    }

    /// Reads the number that is next.
    #[inline]
    fn number(&mut self) -> Result<Number<'de>, JsonError> {
        let start = self.at;
        let bytes = self.json.as_bytes();
        let is_negative = bytes.get(start) == Some(&b'-');
        let digits = start + usize::from(is_negative);
        let mut at = digits;
        let mut number = 0_u64;
        while let Some(byte @ b'0'..=b'9') = bytes.get(at) {
            number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            at += 1;
        }
        self.at = at;
        let count = at - digits;
        if count == 0 || (count > 1 && bytes[digits] == b'0') {
            return self.fail("invalid number");
        }
        let is_integer = !matches!(bytes.get(at), Some(b'.' | b'e' | b'E'));
        // Up to 18 digits fit into each type. `-0` is a float.
        if is_integer && count <= 18 && !(is_negative && number == 0) {
            return Ok(match is_negative {
                true => Number::Negative(-number.cast_signed()),
                false => Number::Unsigned(number),
            });
        }
        self.long_number(start)
    }

    #[cold]
    #[inline(never)]
    fn long_number(&mut self, start: usize) -> Result<Number<'de>, JsonError> {
        let mut valid = true;
        if self.next_is(|byte| byte == b'.') {
            self.at += 1;
            valid &= self.digits();
        }
        if self.next_is(|byte| byte | 0x20 == b'e') {
            self.at += 1;
            if self.next_is(|byte| byte == b'+' || byte == b'-') {
                self.at += 1;
            }
            valid &= self.digits();
        }
        if !valid {
            return self.fail("invalid number");
        }
        let text = &self.json[start..self.at];
        if text == "-0" {
            return Ok(Number::Other(text));
        }
        if let Ok(number) = text.parse() {
            return Ok(Number::Unsigned(number));
        }
        Ok(text.parse().map_or(Number::Other(text), Number::Negative))
    }

    fn next_is(&self, is: impl Fn(u8) -> bool) -> bool {
        self.json
            .as_bytes()
            .get(self.at)
            .is_some_and(|byte| is(*byte))
    }

    /// Passes digits. Returns whether there are any.
    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.next_is(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    /// Passes a value of any type and returns its text.
    #[inline(never)]
    fn value(&mut self) -> Result<&'de str, JsonError> {
        self.peek();
        let start = self.at;
        // The closing brackets of all open arrays and objects.
        let mut open = Vec::new();
        loop {
            match self.peek() {
                b'"' => self.skip_string()?,
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                bracket @ (b'[' | b'{') => {
                    self.at += 1;
                    let end = bracket + 2;
                    if !self.pass(end) {
                        open.push(end);
                        if end == b'}' {
                            self.skip_key()?;
                        }
                        continue;
                    }
                }
                0 if self.at >= self.json.len() => return self.fail("EOF while parsing a value"),
                _ => return self.fail("expected value"),
            }
            // A value has ended, and with it what it was the last of.
            loop {
                let Some(end) = open.last() else {
                    return Ok(&self.json[start..self.at]);
                };
                let end = *end;
                if self.pass(end) {
                    open.pop();
                    continue;
                }
                if !self.pass(b',') {
                    return self.fail(match end {
                        b']' => "expected `,` or `]`",
                        _ => "expected `,` or `}`",
                    });
                }
                if end == b'}' {
                    self.skip_key()?;
                }
                break;
            }
        }
    }

    /// The error for a value of another type than expected.
    #[cold]
    #[inline(never)]
    fn mismatch(&mut self, expected: &dyn Expected) -> JsonError {
        let string;
        let next = self.peek();
        let found = match next {
            b'"' => match self.string() {
                Ok(text) => {
                    string = text;
                    Ok(Unexpected::Str(&string))
                }
                Err(error) => Err(error),
            },
            b'-' | b'0'..=b'9' => self.number().map(|number| match number {
                Number::Unsigned(number) => Unexpected::Unsigned(number),
                Number::Negative(number) => Unexpected::Signed(number),
                Number::Other(_) => Unexpected::Float(0.0),
            }),
            b't' => self.word("true").map(|()| Unexpected::Bool(true)),
            b'f' => self.word("false").map(|()| Unexpected::Bool(false)),
            b'n' => self.word("null").map(|()| Unexpected::Unit),
            b'[' => Ok(Unexpected::Seq),
            b'{' => Ok(Unexpected::Map),
            0 if self.at >= self.json.len() => self.fail("EOF while parsing a value"),
            _ => self.fail("expected value"),
        };
        found.map_or_else(
            |error| error,
            |found| de::Error::invalid_type(found, expected),
        )
    }

    #[inline(never)]
    fn text(&mut self, expected: &dyn Expected) -> Result<Cow<'de, str>, JsonError> {
        match self.peek() {
            b'"' => self.string(),
            _ => Err(self.mismatch(expected)),
        }
    }

    #[inline(never)]
    fn any_number(&mut self, expected: &dyn Expected) -> Result<Number<'de>, JsonError> {
        match self.peek() {
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.mismatch(expected)),
        }
    }

    #[inline(never)]
    fn boolean(&mut self, expected: &dyn Expected) -> Result<bool, JsonError> {
        match self.peek() {
            b't' => self.word("true").map(|()| true),
            b'f' => self.word("false").map(|()| false),
            _ => Err(self.mismatch(expected)),
        }
    }

    #[inline(never)]
    fn null(&mut self, expected: &dyn Expected) -> Result<(), JsonError> {
        match self.peek() {
            b'n' => self.word("null"),
            _ => Err(self.mismatch(expected)),
        }
    }

    fn wide<T: std::str::FromStr>(&mut self) -> Result<T, JsonError> {
        let text = self.value()?;
        text.parse().or_else(|_| self.fail("number out of range"))
    }
}

/// Whether none of eight bytes is a quote, a backslash or a control character.
const fn is_plain(eight: u64) -> bool {
    const fn repeat(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    let (quotes, backslashes) = (eight ^ repeat(b'"'), eight ^ repeat(b'\\'));
    let marks = (eight.wrapping_sub(repeat(b' ')) & !eight)
        | (quotes.wrapping_sub(repeat(1)) & !quotes)
        | (backslashes.wrapping_sub(repeat(1)) & !backslashes);
    marks & repeat(0x80) == 0
}

/// How long the escape is that stands at the beginning, without its backslash.
fn escape_length(escape: &[u8]) -> Option<usize> {
    match escape.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(1),
        b'u' => {
            let digits = escape.get(1..5)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(5)
        }
        _ => None,
    }
}

/// What `text` means, whose escapes are those of JSON; `None` if one is not.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        plain.push_str(before);
        let (kind, behind) = (escape.as_bytes().first()?, escape.get(1..)?);
        rest = behind;
        plain.push(match kind {
            b'"' | b'\\' | b'/' => char::from(*kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut unit = hex(rest)?;
                rest = &rest[4..];
                if (0xd800..0xdc00).contains(&unit) {
                    let low = hex(rest.strip_prefix("\\u")?)?;
                    rest = &rest[6..];
                    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    unit = 0x1_0000 + ((unit - 0xd800) << 10 | low);
                }
                char::from_u32(unit)?
            }
            _ => return None,
        });
    }
    plain.push_str(rest);
    Some(plain)
}

/// The number that the first four characters are in hexadecimal.
fn hex(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    digits
        .chars()
        .try_fold(0, |number, digit| Some(number << 4 | digit.to_digit(16)?))
}

/// Passes a number to a visitor.
pub(super) fn visit_number<'de, V: Visitor<'de>>(
    number: Number<'_>,
    visitor: V,
) -> Result<V::Value, JsonError> {
    match number {
        Number::Unsigned(number) => visitor.visit_u64(number),
        Number::Negative(number) => visitor.visit_i64(number),
        Number::Other(_) => Err(de::Error::invalid_type(Unexpected::Float(0.0), &visitor)),
    }
}

/// Passes a number to a visitor that may want a float.
pub(super) fn visit_float<'de, V: Visitor<'de>>(
    number: Number<'_>,
    visitor: V,
) -> Result<V::Value, JsonError> {
    match number {
        Number::Other(text) => match text.parse::<f64>() {
            Ok(float) if float.is_finite() => visitor.visit_f64(float),
            _ => Err(JsonError::new("number out of range")),
        },
        _ => visit_number(number, visitor),
    }
}

macro_rules! integers {
    ($($method:ident)*) => {
        $(#[inline(never)]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
            let number = self.any_number(&visitor)?;
            visit_number(number, visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = JsonError;

    #[inline(never)]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            b'"' => self.deserialize_str(visitor),
            b'[' => self.deserialize_seq(visitor),
            b'{' => self.deserialize_map(visitor),
            b't' | b'f' => self.deserialize_bool(visitor),
            b'n' => self.deserialize_unit(visitor),
            _ => self.deserialize_f64(visitor),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    #[inline(never)]
    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_i128(self.wide()?)
    }

    #[inline(never)]
    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_u128(self.wide()?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_f64(visitor)
    }

    #[inline(never)]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        let number = self.any_number(&visitor)?;
        visit_float(number, visitor)
    }

    #[inline(never)]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        let truth = self.boolean(&visitor)?;
        visitor.visit_bool(truth)
    }

    #[inline(never)]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.text(&visitor)? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_str(visitor)
    }

    #[inline(never)]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if self.peek() == b'[' {
            return self.deserialize_seq(visitor);
        }
        match self.text(&visitor)? {
            Cow::Borrowed(text) => visitor.visit_borrowed_bytes(text.as_bytes()),
            Cow::Owned(text) => visitor.visit_byte_buf(text.into_bytes()),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.pass_null()? {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    #[inline(never)]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.null(&visitor)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_unit(visitor)
    }

    #[inline(never)]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        if name == RAW_VALUE {
            let text = self.value()?;
            return visitor.visit_map(Raw(Some(text)));
        }
        visitor.visit_newtype_struct(self)
    }

    #[inline(never)]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.open(b'[', &visitor)?;
        let value = visitor.visit_seq(Items(&mut *self))?;
        self.close(b']')?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    #[inline(never)]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.open(b'{', &visitor)?;
        let value = visitor.visit_map(Items(&mut *self))?;
        self.close(b'}')?;
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_map(visitor)
    }

    #[inline(never)]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        if let Some(name) = self.variant(&visitor)? {
            return visitor.visit_enum(Key(name));
        }
        let value = visitor.visit_enum(&mut *self)?;
        self.close(b'}')?;
        Ok(value)
    }

    #[inline(never)]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.value()?;
        visitor.visit_unit()
    }
}

/// The items of an array or an object that has been opened.
struct Items<'r, 'de>(&'r mut Reader<'de>);

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = JsonError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, JsonError> {
        if !self.0.item(b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.0).map(Some)
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = JsonError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, JsonError> {
        match self.0.key()? {
            Some(key) => seed.deserialize(Key(key)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, JsonError> {
        seed.deserialize(&mut *self.0)
    }
}

/// A variant with a value: the only key of the object that has been opened.
impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = JsonError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), JsonError> {
        let variant = match self.key()? {
            Some(key) => seed.deserialize(Key(key))?,
            None => return self.fail("expected value"),
        };
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = JsonError;

    fn unit_variant(self) -> Result<(), JsonError> {
        self.null(&"unit variant")
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, JsonError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_map(visitor)
    }
}

/// A value whose text is taken as it is.
struct Raw<'de>(Option<&'de str>);

impl<'de> MapAccess<'de> for Raw<'de> {
    type Error = JsonError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, JsonError> {
        if self.0.is_none() {
            return Ok(None);
        }
        seed.deserialize(Key(RAW_VALUE)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, JsonError> {
        let text = self.0.take().unwrap_or_default();
        seed.deserialize(BorrowedStrDeserializer::new(text))
    }
}
