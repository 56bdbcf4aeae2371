//! Reads the parts of a JSON text, whatever type they become.

use std::borrow::Cow;

use serde::de::{self, Expected, Unexpected};

use super::error::JsonError;
use super::number::Number;
use crate::grammar::word_end;

/// How deep values may nest that are read one inside the other.
const DEPTH_MAX: u32 = 128;

/// Reads a JSON text from front to back. Any text will do; what is not JSON is an error.
pub(super) struct Reader<'de> {
    pub(super) json: &'de str,
    pub(super) at: usize,
    depth: u32,
    /// Whether nothing has been read of the array or object that is open.
    is_first: bool,
    /// The last key that had escapes.
    key: String,
    /// Whether the text is one value that has been checked.
    is_checked: bool,
}

impl<'de> Reader<'de> {
    pub(super) fn new(json: &'de str) -> Self {
        Reader {
            json,
            at: 0,
            depth: 0,
            is_first: false,
            key: String::new(),
            is_checked: false,
        }
    }

    /// For one value that has been checked, with nothing around it.
    pub(super) fn of_part(json: &'de str) -> Self {
        Reader {
            is_checked: true,
            ..Reader::new(json)
        }
    }

    /// Passes a value, and returns its text.
    #[inline(never)]
    pub(super) fn raw_value(&mut self) -> Result<&'de str, JsonError> {
        if self.is_checked && self.at == 0 {
            self.at = self.json.len();
            return Ok(self.json);
        }
        self.value()
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail<T>(&self, text: &str) -> Result<T, JsonError> {
        Err(JsonError::new(text).at(self.json, self.at))
    }

    /// The next byte that is not white space; 0 at the end.
    // Not by `grammar::skip_blanks`: with it, optimised by rustc 1.95, callers forget what they passed.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
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
    pub(super) fn end(&mut self) -> Result<(), JsonError> {
        self.peek();
        if self.at < self.json.len() {
            return self.fail("trailing characters");
        }
        Ok(())
    }

    #[inline(never)]
    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        match word_end(self.json.as_bytes(), self.at, word.as_bytes()) {
            Some(end) => self.at = end,
            None => return self.fail("expected ident"),
        }
        Ok(())
    }

    /// Begins an array or an object.
    #[inline(never)]
    pub(super) fn open(&mut self, bracket: u8, expected: &dyn Expected) -> Result<(), JsonError> {
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
    pub(super) fn close(&mut self, bracket: u8) -> Result<(), JsonError> {
        if !self.pass(bracket) {
            return self.fail("trailing characters");
        }
        self.is_first = false;
        self.depth -= 1;
        Ok(())
    }

    /// Whether another item follows before the closing `bracket`, which is not passed.
    #[inline(never)]
    pub(super) fn item(&mut self, bracket: u8) -> Result<bool, JsonError> {
        let next = self.peek();
        if next == bracket {
            return Ok(false);
        }
        if std::mem::replace(&mut self.is_first, false) {
            return Ok(true);
        }
        self.comma(bracket).map(|()| true)
    }

    /// Passes the comma behind an item, which the closing `bracket` does not follow.
    fn comma(&mut self, bracket: u8) -> Result<(), JsonError> {
        if !self.pass(b',') {
            return self.fail(match bracket {
                b']' => "expected `,` or `]`",
                _ => "expected `,` or `}`",
            });
        }
        Ok(())
    }

    /// The next key of an object; the position is then that of its value.
    #[inline(never)]
    pub(super) fn key(&mut self) -> Result<Option<&str>, JsonError> {
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
        Ok(Some(self.kept(key)))
    }

    /// A key or a name, which stays until the next one.
    fn kept<'k>(&'k mut self, text: Cow<'de, str>) -> &'k str {
        match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => {
                self.key = text;
                &self.key
            }
        }
    }

    /// Passes a `null`, if it is next.
    #[inline(never)]
    pub(super) fn pass_null(&mut self) -> Result<bool, JsonError> {
        if self.peek() != b'n' {
            return Ok(false);
        }
        self.word("null").map(|()| true)
    }

    /// Begins a variant: the name of one without a value, or `None` for an object.
    #[inline(never)]
    pub(super) fn variant(&mut self, expected: &dyn Expected) -> Result<Option<&str>, JsonError> {
        if self.peek() != b'"' {
            return self.open(b'{', expected).map(|()| None);
        }
        let name = self.string()?;
        Ok(Some(self.kept(name)))
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

    /// Passes a value of any type and returns its text.
    #[inline(never)]
    pub(super) fn value(&mut self) -> Result<&'de str, JsonError> {
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
                self.comma(end)?;
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
    pub(super) fn text(&mut self, expected: &dyn Expected) -> Result<Cow<'de, str>, JsonError> {
        match self.peek() {
            b'"' => self.string(),
            _ => Err(self.mismatch(expected)),
        }
    }

    #[inline(never)]
    pub(super) fn any_number(&mut self, expected: &dyn Expected) -> Result<Number<'de>, JsonError> {
        match self.peek() {
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.mismatch(expected)),
        }
    }

    #[inline(never)]
    pub(super) fn boolean(&mut self, expected: &dyn Expected) -> Result<bool, JsonError> {
        match self.peek() {
            b't' => self.word("true").map(|()| true),
            b'f' => self.word("false").map(|()| false),
            _ => Err(self.mismatch(expected)),
        }
    }

    #[inline(never)]
    pub(super) fn null(&mut self, expected: &dyn Expected) -> Result<(), JsonError> {
        match self.peek() {
            b'n' => self.word("null"),
            _ => Err(self.mismatch(expected)),
        }
    }

    pub(super) fn wide<T: std::str::FromStr>(&mut self) -> Result<T, JsonError> {
        let text = self.value()?;
        text.parse().or_else(|_| self.fail("number out of range"))
    }
}
