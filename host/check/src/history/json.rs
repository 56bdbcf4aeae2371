//! Histories as JSON: one object a line, or an array of objects, with Jepsen's keys without their
//! colons.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::read_error::{ReadError, as_utf8};
use crate::value::{Name, Value};

use super::op::Op;
use super::parts::Parts;
use super::validated::History;

/// Reads a history. What is a keyword in EDN is a string here, and stays one.
///
/// # Errors
/// Where the text is not JSON, where an operation lacks a key or has a wrong one, or where an
/// operation cannot follow those before it.
pub fn read_json(text: &[u8]) -> Result<History, ReadError> {
    let text = as_utf8(text)?;
    let raw_ops = raw_ops(text)?;
    let offset_of = |raw: &RawValue| raw.get().as_ptr().addr() - text.as_ptr().addr();
    let mut ops = Vec::with_capacity(raw_ops.len());
    for raw in &raw_ops {
        ops.push(
            serde_json::from_str::<Op>(raw.get())
                .map_err(|error| within(text, offset_of(raw), &error))?,
        );
    }
    History::new(ops).map_err(|broken| {
        let offset = raw_ops
            .get(broken.at)
            .map_or(text.len(), |raw| offset_of(raw));
        ReadError::at(text.as_bytes(), offset, broken.what)
    })
}

/// Cuts the text into operations, unread: where each begins is then known when it turns out to be
/// wrong.
fn raw_ops(text: &str) -> Result<Vec<&RawValue>, ReadError> {
    if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|error| within(text, 0, &error))
    } else {
        let stream = serde_json::Deserializer::from_str(text).into_iter();
        stream
            .map(|raw| raw.map_err(|error| within(text, 0, &error)))
            .collect()
    }
}

/// An error of `serde_json` in the part of `text` that starts at `start`.
fn within(text: &str, start: usize, error: &serde_json::Error) -> ReadError {
    let what = error.to_string();
    let what = what
        .rsplit_once(" at line ")
        .map_or(&*what, |(what, _)| what);
    let newlines = || memchr::memchr_iter(b'\n', &text.as_bytes()[start..]);
    let lines_before = error.line().saturating_sub(1);
    let line_start = lines_before
        .checked_sub(1)
        .and_then(|last| newlines().nth(last));
    let line_start = line_start.map_or(0, |newline| newline + 1);
    // serde_json counts bytes, up to the one it read last, which may be the newline before.
    let offset = (line_start + error.column()).saturating_sub(1);
    ReadError::at(text.as_bytes(), start + offset, what)
}

impl<'de> Deserialize<'de> for Op {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OpVisitor)
    }
}

struct OpVisitor;

impl<'de> Visitor<'de> for OpVisitor {
    type Value = Op;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an operation {\"index\": …}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Op, A::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let value = map.next_value::<Value>()?;
            parts.set(&key.0, value).map_err(A::Error::custom)?;
        }
        parts.finish().map_err(A::Error::custom)
    }
}

/// A key that could be a keyword, borrowed from the text unless it has escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name for a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Key<'de>, E> {
        readable(key)?;
        Ok(Key(Cow::Borrowed(key)))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Key<'de>, E> {
        readable(key)?;
        Ok(Key(Cow::Owned(key.to_owned())))
    }
}

fn readable<E: Error>(key: &str) -> Result<(), E> {
    if Name::is_readable(key) {
        Ok(())
    } else {
        Err(E::custom(format_args!(
            "expected a name for a key, found {key:?}"
        )))
    }
}

/// Writes a history, one object a line. See [`crate::json`] for what becomes of what JSON
/// does not have.
///
/// # Panics
/// Never: values have no key that is not a string by then.
#[must_use]
pub fn write_json(history: &History) -> String {
    let mut text = String::new();
    for op in history.ops() {
        text.push_str(&serde_json::to_string(op).expect("an operation is JSON"));
        text.push('\n');
    }
    text
}
