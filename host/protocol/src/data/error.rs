//! Why a value cannot be read or written.

use std::fmt::{self, Display, Write};

use serde::de::{self, Expected, Unexpected};
use serde::ser;

/// Why a text is not the JSON of a type, or a value cannot be written as JSON.
#[derive(Debug)]
pub struct JsonError(Box<Problem>);

#[derive(Debug)]
struct Problem {
    text: String,
    /// Line and column where reading stopped, both from 1.
    place: Option<(usize, usize)>,
}

impl JsonError {
    /// What is wrong, without the place in the text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    #[cold]
    #[inline(never)]
    pub(super) fn new(text: &str) -> Self {
        JsonError::owned(text.to_owned())
    }

    #[cold]
    #[inline(never)]
    pub(super) fn owned(text: String) -> Self {
        JsonError(Box::new(Problem { text, place: None }))
    }

    #[cold]
    #[inline(never)]
    fn of_arguments(text: fmt::Arguments<'_>) -> Self {
        JsonError::owned(text.to_string())
    }

    /// Says that reading `json` stopped after `at` bytes.
    #[cold]
    #[inline(never)]
    pub(super) fn at(mut self, json: &str, at: usize) -> Self {
        let before = &json.as_bytes()[..at.min(json.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n');
        self.0.place.get_or_insert((line, column.count()));
        self
    }
}

impl Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)?;
        match self.0.place {
            Some((line, column)) => write!(f, " at line {line} column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for JsonError {}

impl ser::Error for JsonError {
    fn custom<T: Display>(message: T) -> Self {
        JsonError::of_arguments(format_args!("{message}"))
    }
}

impl de::Error for JsonError {
    fn custom<T: Display>(message: T) -> Self {
        JsonError::of_arguments(format_args!("{message}"))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch("type", found, expected)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch("value", found, expected)
    }
}

/// Says `found` in the words of JSON. Its own `Display` writes floats, which takes 20 KB of code.
#[cold]
#[inline(never)]
fn mismatch(what: &str, found: Unexpected<'_>, expected: &dyn Expected) -> JsonError {
    let mut text = format!("invalid {what}: ");
    let written = match found {
        Unexpected::Bool(truth) => write!(text, "boolean `{truth}`"),
        Unexpected::Unsigned(number) => write!(text, "integer `{number}`"),
        Unexpected::Signed(number) => write!(text, "integer `{number}`"),
        Unexpected::Float(_) => write!(text, "floating point number"),
        Unexpected::Char(character) => write!(text, "character `{character}`"),
        Unexpected::Str(string) => write!(text, "string {string:?}"),
        Unexpected::Bytes(_) => write!(text, "byte array"),
        Unexpected::Unit | Unexpected::Option => write!(text, "null"),
        Unexpected::Seq => write!(text, "sequence"),
        Unexpected::Map => write!(text, "map"),
        Unexpected::UnitVariant => write!(text, "unit variant"),
        Unexpected::NewtypeVariant => write!(text, "newtype variant"),
        Unexpected::TupleVariant => write!(text, "tuple variant"),
        Unexpected::StructVariant => write!(text, "struct variant"),
        Unexpected::Other(other) => text.write_str(other),
        Unexpected::NewtypeStruct | Unexpected::Enum => write!(text, "something else"),
    };
    // A String takes every write.
    let _ = written.and_then(|()| write!(text, ", expected {expected}"));
    JsonError::owned(text)
}
