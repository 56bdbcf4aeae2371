//! Reads numbers.

use serde::de::{self, Unexpected, Visitor};

use super::error::JsonError;
use super::reader::Reader;

/// A number, as it is written.
pub(super) enum Number<'de> {
    Unsigned(u64),
    Negative(i64),
    /// With a fraction or an exponent, or too large for the others.
    Other(&'de str),
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

impl<'de> Reader<'de> {
    /// Reads the number that is next.
    #[inline]
    pub(super) fn number(&mut self) -> Result<Number<'de>, JsonError> {
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
}
