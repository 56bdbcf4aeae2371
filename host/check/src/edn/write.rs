//! The EDN writer: one line, commas between the entries of a map, as Clojure's `pr` prints and
//! Jepsen stores.

use std::fmt::{self, Write};

use crate::value::Value;

use super::token::NAMED_CHARS;

/// As EDN, in Jepsen's style.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f)
    }
}

/// Writes a value so that reading it gives an equal one.
///
/// # Errors
/// Only those of `out`.
pub fn write(value: &Value, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Nil => out.write_str("nil"),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(n) => write!(out, "{n}"),
        Value::BigInt(digits) => write!(out, "{digits}N"),
        Value::Exact(text) => out.write_str(text),
        Value::Float(x) => write_float(*x, out),
        Value::Char(c) => write_char(*c, out),
        Value::Str(text) => write_str(text, out),
        Value::Keyword(name) => write!(out, ":{name}"),
        Value::Symbol(name) => write!(out, "{name}"),
        Value::Vector(vector) => match vector.as_ints() {
            Some(ints) => write_all(ints, "[", " ", "]", out, |n, out| write!(out, "{n}")),
            None => write_all(vector.cows(), "[", " ", "]", out, |item, out| {
                write(&item, out)
            }),
        },
        Value::Map(map) => write_all(map.iter(), "{", ", ", "}", out, |(key, value), out| {
            write(key, out)?;
            out.write_char(' ')?;
            write(value, out)
        }),
        Value::Set(set) => write_all(set.iter(), "#{", " ", "}", out, write),
        Value::Tagged(tagged) => {
            write!(out, "#{} ", tagged.0)?;
            write(&tagged.1, out)
        }
    }
}

fn write_all<W: Write, T>(
    items: impl IntoIterator<Item = T>,
    open: &str,
    between: &str,
    close: &str,
    out: &mut W,
    mut each: impl FnMut(T, &mut W) -> fmt::Result,
) -> fmt::Result {
    out.write_str(open)?;
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.write_str(between)?;
        }
        each(item, out)?;
    }
    out.write_str(close)
}

fn write_float(x: f64, out: &mut impl Write) -> fmt::Result {
    match (x.is_nan(), x.is_infinite()) {
        (true, _) => out.write_str("##NaN"),
        (_, true) => out.write_str(if x > 0.0 { "##Inf" } else { "##-Inf" }),
        _ => write!(out, "{x:?}"),
    }
}

fn write_char(c: char, out: &mut impl Write) -> fmt::Result {
    match NAMED_CHARS.iter().find(|(_, named)| *named == c) {
        Some((name, _)) => write!(out, "\\{name}"),
        None if c.is_control() && u32::from(c) <= 0xFFFF => write!(out, "\\u{:04x}", u32::from(c)),
        None => write!(out, "\\{c}"),
    }
}

/// Writes a string in quotes.
///
/// # Errors
/// Only those of `out`.
pub fn write_str(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\t' => out.write_str("\\t")?,
            '\r' => out.write_str("\\r")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}
