//! The EDN reader: one pass over the bytes, positions turned into lines only for an error.

use std::borrow::Cow;

use crate::read_error::{ReadError, as_utf8};
use crate::value::{
    ALLOCATION_BYTES, Builder, Full, Map, Name, Set, Store, Value, Vector, grow, is_constituent,
};

use super::token;

/// How deep collections may nest. Deeper is an error: a reader that recurses must not be led to the
/// end of its stack.
pub const DEPTH_MAX: usize = 128;

/// What a boxed value takes besides its parts.
const BOX_BYTES: usize = size_of::<Map>() + 2 * ALLOCATION_BYTES;

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
    store: Store,
}

impl<'a> Reader<'a> {
    /// At the start of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self::within(text, usize::MAX)
    }

    /// At the start of `text`, which may take `bytes_max` bytes of memory with its values.
    #[must_use]
    pub fn within(text: &'a str, bytes_max: usize) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            store: Store::new(bytes_max, text.len()),
        }
    }

    /// The byte offset of what is read next.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// What is left of the text up to a byte offset.
    pub(crate) fn text_until(&self, end: usize) -> &'a str {
        self.text.get(self.at..end).unwrap_or_default()
    }

    /// Goes on at a byte offset, outside of all collections.
    pub(crate) fn go_to(&mut self, offset: usize) {
        self.at = offset;
        self.depth = 0;
    }

    /// The first byte of the next value or closing bracket, past whitespace, comments, discarded
    /// values and metadata; `None` at the end of the text.
    ///
    /// # Errors
    /// A `#_` that discards nothing, metadata of nothing, or something that is not EDN.
    pub fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        let mut has_metadata = false;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            match rest {
                [] | [b')' | b']' | b'}', ..] if has_metadata => {
                    return Err(self.expected("a value after its metadata"));
                }
                [] => return Ok(None),
                [b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C | b',', ..] => self.at += 1,
                [b';', ..] => {
                    self.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                }
                [b'#', b'_', ..] => {
                    self.at += 2;
                    self.deeper(|reader| reader.value())?;
                }
                [b'^', ..] | [b'#', b'^', ..] => {
                    self.at += 1 + usize::from(rest[0] == b'#');
                    self.deeper(|reader| reader.value())?;
                    has_metadata = true;
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
            b':' => {
                let text = self.keyword_here()?;
                Ok(Value::Keyword(self.name(text)?))
            }
            b'"' => self.string(),
            b'\\' => self.character(),
            b'(' => Ok(Value::Vector(self.deeper(|it| it.vector(b')'))?)),
            b'[' => Ok(Value::Vector(self.deeper(|it| it.vector(b']'))?)),
            b'{' => Ok(Value::Map(Box::new(self.deeper(|it| it.map(None))?))),
            b'#' => self.deeper(Self::dispatch),
            b'/' | b'\'' => self.symbol(),
            _ if is_constituent(byte) => self.symbol(),
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
        self.keyword_here()
    }

    /// The same where there is a colon.
    fn keyword_here(&mut self) -> Result<&'a str, ReadError> {
        let text = &self.token()[1..];
        if Name::is_readable(text) {
            self.at += text.len() + 1;
            Ok(text)
        } else {
            Err(self.error(format!("expected a keyword, found `:{text}`")))
        }
    }

    /// Reads the text of a keyword, without the colon, or of a string that could be one.
    ///
    /// # Errors
    /// What comes next is neither.
    pub fn key_text(&mut self) -> Result<Cow<'a, str>, ReadError> {
        match self.peek()? {
            Some(b':') => return self.keyword_here().map(Cow::Borrowed),
            Some(b'"') => {}
            _ => return Err(self.expected("a keyword")),
        }
        let start = self.at;
        let text = self.string_text()?;
        if Name::is_readable(&text) {
            Ok(text)
        } else {
            Err(self.error_at(start, format!("expected a name for a key, found {text:?}")))
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

    /// A name as a value has it.
    pub(crate) fn name(&mut self, text: &str) -> Result<Name, ReadError> {
        let name = self.store.name(text);
        name.map_err(|full| self.full(full))
    }

    /// What counts the memory of the values.
    pub(crate) fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// The error that there is no more memory for values.
    pub(crate) fn full(&self, full: Full) -> ReadError {
        self.error(full.to_string())
    }

    fn take_bytes(&mut self, bytes: usize) -> Result<(), ReadError> {
        let taken = self.store.take(bytes);
        taken.map_err(|full| self.full(full))
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
        self.take_bytes(text.len() + ALLOCATION_BYTES)?;
        let value = token::number(text).map_err(|what| self.error(what))?;
        self.at += text.len();
        Ok(value)
    }

    fn symbol(&mut self) -> Result<Value, ReadError> {
        let text = self.token();
        let value = match text {
            "nil" => Value::Nil,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Symbol(self.name(text)?),
        };
        self.at += text.len();
        Ok(value)
    }

    fn string(&mut self) -> Result<Value, ReadError> {
        let text = self.string_text()?;
        let text = self.store.text(&text);
        text.map(Value::Str).map_err(|full| self.full(full))
    }

    /// Reads a string.
    pub(crate) fn string_text(&mut self) -> Result<Cow<'a, str>, ReadError> {
        let inside = self.at + 1;
        let (raw, has_escapes) = self.quoted()?;
        if !has_escapes {
            return Ok(Cow::Borrowed(raw));
        }
        let text = token::unescape(raw);
        text.map(Cow::Owned)
            .map_err(|(at, what)| self.error_at(inside + at, what))
    }

    /// Passes over what is between quotes, and whether it has a backslash.
    fn quoted(&mut self) -> Result<(&'a str, bool), ReadError> {
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
        self.at = end + 1;
        Ok((&self.text[inside..end], has_escapes))
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

    /// What is between brackets: a list is a vector.
    fn vector(&mut self, close: u8) -> Result<Vector, ReadError> {
        self.at += 1;
        let mut ints = Vec::new();
        // Most of a large history is integers in vectors, so these have a loop of their own.
        while let Some((n, len)) = token::short_integer(&self.text.as_bytes()[self.at..]) {
            let grown = grow(&mut ints, &mut self.store);
            grown.map_err(|full| self.full(full))?;
            ints.push(n);
            self.at += len;
            self.at += usize::from(self.text.as_bytes().get(self.at) == Some(&b' '));
        }
        let mut items = Builder::from(ints);
        let wanted = if close == b']' {
            "a value or `]`"
        } else {
            "a value or `)`"
        };
        while !self.take(close)? {
            let item = self.item(wanted)?;
            let pushed = items.push_within(item, &mut self.store);
            pushed.map_err(|full| self.full(full))?;
        }
        let vector = items.finish_within(&mut self.store);
        vector.map_err(|full| self.full(full))
    }

    /// A map, whose keys are of `namespace` unless they have one.
    fn map(&mut self, namespace: Option<&str>) -> Result<Map, ReadError> {
        self.at += 1;
        self.take_bytes(BOX_BYTES)?;
        let mut map = Map::new();
        while !self.take(b'}')? {
            let key_at = self.at;
            let mut key = self.item("a key or `}`")?;
            let value = self.item("a value for the key before")?;
            if let Some(namespace) = namespace {
                key = self.within_namespace(namespace, key)?;
            }
            if map.contains_key(&key) {
                return Err(
                    self.error_at(key_at, format!("expected each key once, found {key} again"))
                );
            }
            let inserted = map.insert_within(key, value, &mut self.store);
            inserted.map_err(|full| self.full(full))?;
        }
        Ok(map.finish(&mut self.store))
    }

    fn set(&mut self) -> Result<Set, ReadError> {
        self.at += 2;
        self.take_bytes(BOX_BYTES)?;
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
            let inserted = set.insert_within(member, &mut self.store);
            inserted.map_err(|full| self.full(full))?;
        }
        Ok(set.finish(&mut self.store))
    }

    /// What starts with `#`.
    fn dispatch(&mut self) -> Result<Value, ReadError> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'{') => Ok(Value::Set(Box::new(self.set()?))),
            Some(b'#') => self.special_float(),
            Some(b':') => Ok(Value::Map(Box::new(self.namespaced_map()?))),
            Some(b'"') => self.regex(),
            Some(b'\'') => self.var(),
            Some(b'<') => self.unreadable(),
            Some(b) if b.is_ascii_alphabetic() => {
                let tag = self.tag()?;
                let value = self.value()?;
                self.tagged(tag, value)
            }
            Some(b'=' | b'?' | b'(') => {
                Err(self.error("expected data, found `#` with code, which is not evaluated"))
            }
            _ => Err(self.error("expected `#{`, `#_`, `##`, `#:`, `#\"` or a tag, found `#`")),
        }
    }

    /// Reads the name of a tag, with the `#` before it.
    pub(crate) fn tag(&mut self) -> Result<Name, ReadError> {
        let text = &self.token()[1..];
        if !Name::is_readable(text) {
            return Err(self.expected("a tag"));
        }
        let name = self.name(text)?;
        self.at += text.len() + 1;
        Ok(name)
    }

    fn tagged(&mut self, tag: Name, value: Value) -> Result<Value, ReadError> {
        self.take_bytes(size_of::<(Name, Value)>() + ALLOCATION_BYTES)?;
        Ok(Value::Tagged(Box::new((tag, value))))
    }

    /// `#:a{:b 1}`, which is `{:a/b 1}`; also `#::a{:b 1}`, whose alias is taken for the namespace.
    fn namespaced_map(&mut self) -> Result<Map, ReadError> {
        let token = self.token();
        let namespace = token[2..].trim_start_matches(':');
        if !Name::is_readable(namespace) {
            return Err(self.expected("a namespace and a map"));
        }
        self.at += token.len();
        if self.peek()? != Some(b'{') {
            return Err(self.expected("a map after its namespace"));
        }
        self.map(Some(namespace))
    }

    /// A key of a map with a namespace: `:b` is `:a/b`, `:_/b` is `:b`, others have their own.
    fn within_namespace(&mut self, namespace: &str, key: Value) -> Result<Value, ReadError> {
        let Value::Keyword(name) = &key else {
            return Ok(key);
        };
        let whole = match name.split_once('/') {
            None => format!("{namespace}/{name}"),
            Some(("_", name)) if Name::is_readable(name) => name.to_owned(),
            Some(_) => return Ok(key),
        };
        Ok(Value::Keyword(self.name(&whole)?))
    }

    /// `#"a\.b"`: only its text counts, in which a backslash stands for itself.
    fn regex(&mut self) -> Result<Value, ReadError> {
        self.at += 1;
        let (raw, _) = self.quoted()?;
        let text = self.store.text(raw).map_err(|full| self.full(full))?;
        let tag = self.name("regex")?;
        self.tagged(tag, Value::Str(text))
    }

    /// `#'clojure.core/map`.
    fn var(&mut self) -> Result<Value, ReadError> {
        let token = self.token();
        let text = self.store.text(&token[2..]);
        let text = text.map_err(|full| self.full(full))?;
        let tag = self.name("var")?;
        self.at += token.len();
        self.tagged(tag, Value::Str(text))
    }

    /// `#<Atom@1f: {:a 1}>`: how Clojure before 1.7 printed what it cannot read, up to the closing
    /// bracket, on one line.
    fn unreadable(&mut self) -> Result<Value, ReadError> {
        let inside = &self.text[self.at + 2..];
        let mut open = 1_usize;
        let end = inside.bytes().position(|byte| {
            match byte {
                b'<' => open += 1,
                b'>' => open -= 1,
                _ => {}
            }
            open == 0 || byte == b'\n'
        });
        let end = end.filter(|&end| inside.as_bytes()[end] == b'>');
        let Some(end) = end else {
            return Err(self.error("expected a closing `>` on the line of `#<`, found none"));
        };
        let text = self.store.text(&inside[..end]);
        let text = text.map_err(|full| self.full(full))?;
        let tag = self.name("unreadable")?;
        self.at += 2 + end + 1;
        self.tagged(tag, Value::Str(text))
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
