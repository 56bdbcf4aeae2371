//! Histories as Jepsen stores them: one map a line, or a vector of maps, each perhaps tagged
//! `#jepsen.history.Op`.

use std::fmt::{self, Write};

use crate::edn::{Reader, write};
use crate::read_error::{ReadError, as_utf8};

use super::op::{Op, Process};
use super::ops::Ops;
use super::options::ReadOptions;
use super::parts::{Absent, Parts};
use super::validated::History;

/// Reads a history.
///
/// # Errors
/// Where the text is not EDN, where an operation lacks a key or has a wrong one, or where an
/// operation cannot follow those before it.
pub fn read_edn(text: &[u8]) -> Result<History, ReadError> {
    read_edn_with(as_utf8(text)?, &ReadOptions::default())
}

pub(super) fn read_edn_with(text: &str, options: &ReadOptions) -> Result<History, ReadError> {
    let mut reader = Reader::within(text, options.bytes_max);
    let mut ops = Ops::new(options);
    let close = if reader.take(b'[')? {
        Some(b']')
    } else if reader.take(b'(')? {
        Some(b')')
    } else {
        None
    };
    loop {
        let next = reader.peek()?;
        if next.is_none() && close.is_none() {
            break;
        }
        if let Some(close) = close
            && reader.take(close)?
        {
            if reader.peek()?.is_some() {
                return Err(reader.expected("the end of the history"));
            }
            break;
        }
        let start = reader.offset();
        let op = op(&mut reader, &ops.absent)?;
        let pushed = ops.push(op, start, reader.store());
        pushed.map_err(|full| reader.full(full))?;
    }
    ops.history(text)
}

/// Reads one operation, which need not be part of a history.
pub fn read_op(text: &[u8]) -> Result<Op, ReadError> {
    op(&mut Reader::new(as_utf8(text)?), &Absent::default())
}

fn op(reader: &mut Reader<'_>, absent: &Absent) -> Result<Op, ReadError> {
    if reader.peek()? == Some(b'#') {
        reader.tag()?;
    }
    let start = reader.offset();
    if !reader.take(b'{')? {
        return Err(reader.expected("an operation `{:type …}`"));
    }
    let mut parts = Parts::default();
    while !reader.take(b'}')? {
        let key = reader.key_text()?;
        reader.peek()?;
        let value_start = reader.offset();
        let value = reader.value()?;
        parts
            .set(&key, value, reader.store())
            .map_err(|what| reader.error_at(value_start, what))?;
    }
    parts
        .finish(absent)
        .map_err(|what| reader.error_at(start, what))
}

/// Writes a history, one map a line, so that reading it gives an equal one.
#[must_use]
pub fn write_edn(history: &History) -> String {
    let mut text = String::new();
    for op in history.ops() {
        write_op(op, &mut text).expect("writing to a string does not fail");
        text.push('\n');
    }
    text
}

fn write_op(op: &Op, out: &mut String) -> fmt::Result {
    write!(
        out,
        "{{:index {}, :time {}, :type :{}, :process ",
        op.index,
        op.time_ns,
        op.kind.name()
    )?;
    match op.process {
        Process::Client(n) => write!(out, "{n}")?,
        Process::Nemesis => out.write_str(":nemesis")?,
    }
    write!(out, ", :f :{}, :value ", op.f)?;
    write(&op.value, out)?;
    if let Some(error) = &op.error {
        out.write_str(", :error ")?;
        write(error, out)?;
    }
    for (key, value) in &op.extra {
        write!(out, ", :{key} ")?;
        write(value, out)?;
    }
    out.write_char('}')
}
