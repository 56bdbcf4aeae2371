//! Histories as JSON: one object a line, or an array of objects, with Jepsen's keys without their
//! colons.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Within;
use crate::read_error::{ReadError, as_utf8};
use crate::value::{Name, Store};

use super::op::Op;
use super::ops::Ops;
use super::options::ReadOptions;
use super::parts::{Absent, Parts};
use super::validated::History;

/// Reads a history. What is a keyword in EDN is a string here, and stays one.
///
/// # Errors
/// Where the text is not JSON, where an operation lacks a key or has a wrong one, or where an
/// operation cannot follow those before it.
pub fn read_json(text: &[u8]) -> Result<History, ReadError> {
    read_json_with(as_utf8(text)?, &ReadOptions::default())
}

/// Operations are cut out of the text unread and then read one by one: where each begins is known
/// when it turns out to be wrong.
pub(super) fn read_json_with(text: &str, options: &ReadOptions) -> Result<History, ReadError> {
    let mut store = Store::new(options.bytes_max, text.len());
    let mut ops = Ops::new(options);
    let mut read = |raw: &RawValue| {
        let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
        let mut deserializer = serde_json::Deserializer::from_str(raw.get());
        let seed = OpSeed(&mut store, &ops.absent);
        let op = seed.deserialize(&mut deserializer);
        let op = op.map_err(|error| within(text, start, &error))?;
        let pushed = ops.push(op, start, &mut store);
        pushed.map_err(|full| ReadError::at(text.as_bytes(), start, full.to_string()))
    };
    if text.trim_start().starts_with('[') {
        let mut failed = None;
        let array = Array(|raw| read(raw).map_err(|error| failed = Some(error)).is_ok());
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let ended = array
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end());
        if let Some(error) = failed {
            return Err(error);
        }
        ended.map_err(|error| within(text, 0, &error))?;
    } else {
        for raw in serde_json::Deserializer::from_str(text).into_iter() {
            read(raw.map_err(|error| within(text, 0, &error))?)?;
        }
    }
    ops.history(text)
}

/// Passes the elements of an array on, one by one, until it is told that it need not go on.
struct Array<F>(F);

impl<'de, F: FnMut(&'de RawValue) -> bool> DeserializeSeed<'de> for Array<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue) -> bool> Visitor<'de> for Array<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of operations")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(raw) = seq.next_element()? {
            if !(self.0)(raw) {
                return Err(A::Error::custom("not needed any more"));
            }
        }
        Ok(())
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

/// Reads an operation.
struct OpSeed<'s>(&'s mut Store, &'s Absent);

impl<'de> DeserializeSeed<'de> for OpSeed<'_> {
    type Value = Op;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Op, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OpSeed<'_> {
    type Value = Op;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an operation {\"type\": …}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Op, A::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let value = map.next_value_seed(Within(self.0))?;
            parts.set(&key.0, value, self.0).map_err(A::Error::custom)?;
        }
        parts.finish(self.1).map_err(A::Error::custom)
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
