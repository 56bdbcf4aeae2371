//! The EDN reader: one pass over the bytes, positions turned into lines only for an error.

use crate::read_error::{ReadError, as_utf8};
use crate::value::{Builder, Map, Name, Set, Value, Vector, is_constituent};

use super::token;

/// How deep collections may nest. Deeper is an error: a reader that recurses must not be led to the
/// end of its stack.
pub const DEPTH_MAX: usize = 128;

/// Names seen lately, so that the same keyword is one allocation. More than a history's own names
/// would only slow the search.
const NAMES_MAX: usize = 64;

/// Reads a text that is one EDN value.
///
/// # Errors
/// The text is not UTF-8, not EDN, not exactly one value, or nests deeper than [`DEPTH_MAX`].
pub fn read(text: &[u8]) -> Result<Value, ReadError> {
    let mut reader = Reader::new(as_utf8(text)?);
    let value = reader.value()?;
    if reader.peek()?.is_some() {
        Err(reader.expected("the end of the text"))
    } else {
        Ok(value)
    }
}

/// A place in a text of EDN. Values are read one after the other.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    names: Vec<Name>,
}

impl<'a> Reader<'a> {
    /// At the start of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            names: Vec::new(),
        }
    }

    /// The byte offset of what is read next.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The first byte of the next value or closing bracket, past whitespace, comments and discarded
    /// values; `None` at the end of the text.
    ///
    /// # Errors
    /// A `#_` that discards nothing, or something that is not EDN.
    pub fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            match rest {
                [] => return Ok(None),
                [b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C | b',', ..] => self.at += 1,
                [b';', ..] => {
                    self.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                }
                [b'#', b'_', ..] => {
                    self.at += 2;
                    self.deeper(|reader| reader.value())?;
                }
                [byte, ..] => return Ok(Some(*byte)),
            }
        }
    }

    /// Passes over the next byte if it is `byte`.
    ///
    /// # Errors
    /// As [`Reader::peek`].
    pub fn take(&mut self, byte: u8) -> Result<bool, ReadError> {
        let is_next = self.peek()? == Some(byte);
        self.at += usize::from(is_next);
        Ok(is_next)
    }

    /// Reads the next value.
    ///
    /// # Errors
    /// There is none, or it is not EDN.
    pub fn value(&mut self) -> Result<Value, ReadError> {
        let Some(byte) = self.peek()? else {
            return Err(self.expected("a value"));
        };
        match byte {
            b'0'..=b'9' => self.number(),
            b'+' | b'-'
                if self
                    .text
                    .as_bytes()
                    .get(self.at + 1)
                    .is_some_and(u8::is_ascii_digit) =>
            {
                self.number()
            }
            b':' => Ok(Value::Keyword(
                self.keyword_text().map(|text| self.name(text))?,
            )),
            b'"' => self.string(),
            b'\\' => self.character(),
            b'(' => self.deeper(Self::list),
            b'[' => Ok(Value::Vector(self.deeper(Self::vector)?)),
            b'{' => Ok(Value::Map(Box::new(self.deeper(Self::map)?))),
            b'#' => self.deeper(Self::dispatch),
            b'/' | b'\'' => Ok(self.symbol()),
            _ if is_constituent(byte) => Ok(self.symbol()),
            _ => Err(self.expected("a value")),
        }
    }

    /// Reads the text of a keyword, without the colon.
    ///
    /// # Errors
    /// What comes next is not a keyword.
    pub fn keyword_text(&mut self) -> Result<&'a str, ReadError> {
        if self.peek()? != Some(b':') {
            return Err(self.expected("a keyword"));
        }
        let text = &self.token()[1..];
        if Name::is_readable(text) {
            self.at += text.len() + 1;
            Ok(text)
        } else {
            Err(self.error(format!("expected a keyword, found `:{text}`")))
        }
    }

    /// An error here: `wanted`, against what the text has.
    #[must_use]
    pub fn expected(&self, wanted: &str) -> ReadError {
        let found = match self.text[self.at..].chars().next() {
            None => "the end of the text".to_owned(),
            Some(c) if c.is_ascii() && is_constituent(c as u8) => {
                format!("`{}`", self.token().chars().take(40).collect::<String>())
            }
            Some(c) => format!("`{}`", c.escape_debug()),
        };
        self.error(format!("expected {wanted}, found {found}"))
    }

    /// An error at a byte offset.
    #[must_use]
    pub fn error_at(&self, offset: usize, what: impl Into<String>) -> ReadError {
        ReadError::at(self.text.as_bytes(), offset, what)
    }

    fn error(&self, what: impl Into<String>) -> ReadError {
        self.error_at(self.at, what)
    }

    /// The run of constituents from here.
    fn token(&self) -> &'a str {
        let rest = &self.text[self.at..];
        &rest[..rest
            .bytes()
            .position(|b| !is_constituent(b))
            .unwrap_or(rest.len())]
    }

    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.names.iter().find(|name| **name == text) {
            return name.clone();
        }
        let name = Name::from(text);
        if self.names.len() < NAMES_MAX {
            self.names.push(name.clone());
        }
        name
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        if self.depth == DEPTH_MAX {
            return Err(self.error(format!(
                "expected collections nested at most {DEPTH_MAX} deep, found one deeper"
            )));
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// Most numbers are short integers: those are read without a second look.
    fn number(&mut self) -> Result<Value, ReadError> {
        if let Some((n, len)) = token::short_integer(&self.text.as_bytes()[self.at..]) {
            self.at += len;
            return Ok(Value::Int(n));
        }
        let text = self.token();
        let value = token::number(text).map_err(|what| self.error(what))?;
        self.at += text.len();
        Ok(value)
    }

    fn symbol(&mut self) -> Value {
        let text = self.token();
        self.at += text.len();
        match text {
            "nil" => Value::Nil,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Symbol(self.name(text)),
        }
    }

    fn string(&mut self) -> Result<Value, ReadError> {
        let inside = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = inside;
        let mut has_escapes = false;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    end += 2;
                }
                Some(_) => end += 1,
                None => {
                    return Err(self.error("expected a string that ends, found no closing `\"`"));
                }
            }
        }
        let raw = &self.text[inside..end];
        let value = if has_escapes {
            token::unescape(raw)
                .map_err(|(at, what)| self.error_at(inside + at, what))?
                .into()
        } else {
            raw.into()
        };
        self.at = end + 1;
        Ok(Value::Str(value))
    }

    fn character(&mut self) -> Result<Value, ReadError> {
        let rest = &self.text[self.at + 1..];
        let Some(first) = rest.chars().next().filter(|c| !c.is_ascii_whitespace()) else {
            return Err(self.error("expected a character after `\\`, found none"));
        };
        let len = first.len_utf8();
        let more = if is_constituent(rest.as_bytes()[0]) {
            rest[len..].bytes().position(|b| !is_constituent(b))
        } else {
            Some(0)
        };
        let text = &rest[..more.map_or(rest.len(), |more| len + more)];
        let value = token::character(text).map_err(|what| self.error(what))?;
        self.at += 1 + text.len();
        Ok(value)
    }

    fn list(&mut self) -> Result<Value, ReadError> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(b')')? {
            items.push(self.item("a value or `)`")?);
        }
        Ok(Value::List(items.into()))
    }

    fn vector(&mut self) -> Result<Vector, ReadError> {
        self.at += 1;
        let mut items = Builder::default();
        // Most of a large history is integers in vectors, so these have a loop of their own.
        while let Some((n, len)) = token::short_integer(&self.text.as_bytes()[self.at..]) {
            items.push(Value::Int(n));
            self.at += len;
            self.at += usize::from(self.text.as_bytes().get(self.at) == Some(&b' '));
        }
        while !self.take(b']')? {
            items.push(self.item("a value or `]`")?);
        }
        Ok(items.finish())
    }

    fn map(&mut self) -> Result<Map, ReadError> {
        self.at += 1;
        let mut map = Map::new();
        while !self.take(b'}')? {
            let key_at = self.at;
            let key = self.item("a key or `}`")?;
            let value = self.item("a value for the key before")?;
            if let Some(key) = insert_new(&mut map, key, value) {
                return Err(
                    self.error_at(key_at, format!("expected each key once, found {key} again"))
                );
            }
        }
        Ok(map)
    }

    fn set(&mut self) -> Result<Set, ReadError> {
        self.at += 2;
        let mut set = Set::new();
        while !self.take(b'}')? {
            let at = self.at;
            let member = self.item("a value or `}`")?;
            if set.contains(&member) {
                return Err(self.error_at(
                    at,
                    format!("expected each member once, found {member} again"),
                ));
            }
            set.insert(member);
        }
        Ok(set)
    }

    /// What starts with `#`: a set, a float without digits, or a tagged value.
    fn dispatch(&mut self) -> Result<Value, ReadError> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'{') => Ok(Value::Set(Box::new(self.set()?))),
            Some(b'#') => self.special_float(),
            Some(b) if b.is_ascii_alphabetic() => {
                let tag = self.tag()?;
                Ok(Value::Tagged(Box::new((tag, self.value()?))))
            }
            _ => Err(self.error("expected `#{`, `#_`, `##` or a tag, found `#`")),
        }
    }

    /// Reads the name of a tag, with the `#` before it.
    pub(crate) fn tag(&mut self) -> Result<Name, ReadError> {
        let text = &self.token()[1..];
        if !Name::is_readable(text) {
            return Err(self.expected("a tag"));
        }
        self.at += text.len() + 1;
        Ok(self.name(text))
    }

    fn special_float(&mut self) -> Result<Value, ReadError> {
        let text = self.token();
        let float = match text {
            "##Inf" => f64::INFINITY,
            "##-Inf" => f64::NEG_INFINITY,
            "##NaN" => f64::NAN,
            _ => return Err(self.error(format!("expected ##Inf, ##-Inf or ##NaN, found `{text}`"))),
        };
        self.at += text.len();
        Ok(Value::Float(float))
    }

    fn item(&mut self, wanted: &str) -> Result<Value, ReadError> {
        match self.peek()? {
            None | Some(b')' | b']' | b'}') => Err(self.expected(wanted)),
            Some(_) => self.value(),
        }
    }
}

/// Inserts an entry, or gives back the key of one that is already there.
fn insert_new(map: &mut Map, key: Value, value: Value) -> Option<Value> {
    if map.contains_key(&key) {
        return Some(key);
    }
    map.insert(key, value);
    None
}
