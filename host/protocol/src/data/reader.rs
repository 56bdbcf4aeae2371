//! Reads the parts of a JSON text, whatever type they become.

use std::borrow::Cow;

use serde::de::{self, Expected, Unexpected};

use super::error::JsonError;
use super::number::Number;
use crate::fields::Found;
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
    /// What has failed where no error could be returned. Then nothing is left to read, so that
    /// reading ends soon, with this error.
    failure: Option<JsonError>,
    /// How deep the fields stand of which only those with these names are read.
    names_depth: u32,
    names: &'static [&'static str],
    /// Those fields, if they have been found already.
    found: Option<Found<'de>>,
    /// The object and the place in it, if they have not, while one of them is read.
    object: Option<(&'de str, usize)>,
}

/// How deep no field stands.
const NOWHERE: u32 = u32::MAX;

/// The texts before fields that have been found, and behind named ones.
const OPEN: &str = "{";
const CLOSE: &str = "}";

impl<'de> Reader<'de> {
    pub(super) fn new(json: &'de str) -> Self {
        Reader {
            json,
            at: 0,
            depth: 0,
            is_first: false,
            key: String::new(),
            failure: None,
            names_depth: NOWHERE,
            names: &[],
            found: None,
            object: None,
        }
    }

    /// Reads no fields but those with these names of the object that the text is, each as a text of its
    /// own. They may have been found already.
    pub(super) fn only(&mut self, names: &'static [&'static str], found: Option<Found<'de>>) {
        if found.is_some() {
            self.json = OPEN;
        }
        self.names_depth = 1;
        self.names = names;
        self.found = found;
    }

    /// Why reading ended, if it did with `error`, with the place. What is wrong with all named fields
    /// together has none.
    #[cold]
    #[inline(never)]
    pub(super) fn placed(&mut self, error: JsonError) -> JsonError {
        match (self.failure.take(), self.json) {
            (Some(failure), _) => failure,
            (None, CLOSE) => error,
            (None, json) => error.at(json, self.at),
        }
    }

    /// Ends reading, where no error can be returned: to do so takes 100 bytes for each type that is read.
    #[cold]
    #[inline(never)]
    fn stop(&mut self, error: JsonError) {
        let error = self.placed(error);
        self.failure = Some(error);
        (self.json, self.at) = ("", 0);
    }

    /// Passes a value, and returns its text. That of a named field is all of the text, and was a value
    /// when it was found.
    #[inline(never)]
    pub(super) fn raw_value(&mut self) -> Result<&'de str, JsonError> {
        if self.at == 0 && self.depth == self.names_depth {
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
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
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
    pub(super) fn open(&mut self, bracket: u8, expected: &dyn Expected) {
        if !self.pass(bracket) {
            let error = self.mismatch(expected);
            return self.stop(error);
        }
        self.is_first = true;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            self.stop(JsonError::new("recursion limit exceeded"));
        }
    }

    /// Ends an array or an object.
    #[inline(never)]
    pub(super) fn close(&mut self, bracket: u8) {
        if !self.pass(bracket) {
            return self.stop(JsonError::new("trailing characters"));
        }
        self.is_first = false;
        self.depth -= 1;
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
        if self.depth == self.names_depth {
            return self.named_key();
        }
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

    /// The next key that is one of the names.
    #[inline(never)]
    fn named_key(&mut self) -> Result<Option<&str>, JsonError> {
        let next = match &mut self.found {
            Some(found) if self.at >= self.json.len() && self.failure.is_none() => {
                found.next_of(self.names)
            }
            Some(_) => return self.fail("trailing characters"),
            None => self.search()?,
        };
        let (name, value) = next.map_or((None, CLOSE), |(name, value)| (Some(name), value));
        self.json = value;
        self.at = 0;
        Ok(name)
    }

    /// The next field that has one of the names.
    #[cold]
    #[inline(never)]
    fn search(&mut self) -> Result<Option<(&'static str, &'de str)>, JsonError> {
        if let Some((object, at)) = self.object {
            self.end()?;
            (self.json, self.at) = (object, at);
        }
        let depth = std::mem::replace(&mut self.names_depth, NOWHERE);
        let names = self.names;
        let mut next = None;
        while next.is_none()
            && let Some(key) = self.key()?
        {
            let name = names.iter().find(|name| **name == key);
            let value = self.value()?;
            next = name.map(|name| (*name, value));
        }
        self.names_depth = depth;
        self.object = Some((self.json, self.at));
        Ok(next)
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
            self.open(b'{', expected);
            return Ok(None);
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
