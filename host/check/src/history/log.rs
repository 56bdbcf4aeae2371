//! Histories as lines of a log: process, type, function, value and perhaps an error, each as EDN,
//! between blanks. Jepsen's `history.txt` has such lines. Its `jepsen.log` has them after the name
//! of the logger, `jepsen.util`, as have the logs of the etcd tests that came with Knossos and
//! Porcupine:
//!
//! ```text
//! INFO  jepsen.util - 3 :invoke :write 2
//! INFO  jepsen.util - 3 :info :write :timed-out
//! ```

use std::ops::Range;

use crate::edn::Reader;
use crate::read_error::ReadError;
use crate::value::Value;

use super::op::Op;
use super::ops::Ops;
use super::options::ReadOptions;
use super::parts::{Absent, Parts};
use super::validated::History;

/// The logger of Jepsen's operations.
const LOGGER: &str = "jepsen.util";

/// How far into a line the type of its operation is looked for.
const PREFIX_BYTES_MAX: usize = 1 << 10;

/// The operation of a line, after what the logger wrote before it.
fn operation(line: &str) -> &str {
    match line.split_once(LOGGER) {
        Some((_, rest)) => rest.trim_start_matches([' ', ':', '-']),
        None => line,
    }
}

/// Whether a line is an operation of a log.
fn is_operation(line: &str) -> bool {
    let mut words = operation(line).split_ascii_whitespace();
    let process = words.next().unwrap_or_default();
    let is_process = process == ":nemesis" || process.parse::<i64>().is_ok();
    let is_type = |word: &str| matches!(word, ":invoke" | ":ok" | ":fail" | ":info");
    is_process && words.next().is_some_and(is_type)
}

/// Whether the first line with anything on it is an operation of a log.
pub(super) fn is_log(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim_ascii().is_empty());
    // One line may be a whole history in another notation.
    first.is_some_and(|line| is_operation(&line[..line.floor_char_boundary(PREFIX_BYTES_MAX)]))
}

pub(super) fn read_log(text: &str, options: &ReadOptions) -> Result<History, ReadError> {
    let mut reader = Reader::within(text, options.bytes_max);
    let mut ops = Ops::new(options);
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if line.trim_ascii().is_empty() {
            continue;
        }
        let start = end - operation(line).len();
        if !is_operation(line) {
            return Err(reader.error_at(
                start,
                "expected an operation (process, type, f and value, between blanks), found another \
                 line; keep only the lines of operations, or take history.edn, which Jepsen stores \
                 beside the log",
            ));
        }
        reader.go_to(start);
        let op = read_line(&mut reader, start..end, &ops.absent)?;
        let pushed = ops.push(op, start, reader.store());
        pushed.map_err(|full| reader.full(full))?;
    }
    ops.history(text)
}

fn read_line(
    reader: &mut Reader<'_>,
    line: Range<usize>,
    absent: &Absent,
) -> Result<Op, ReadError> {
    let mut parts = Parts::default();
    for key in ["process", "type", "f", "value", "error"] {
        let rest = reader.text_until(line.end).trim_ascii_start();
        let start = line.end - rest.len();
        let rest = rest.trim_ascii_end();
        if rest.is_empty() {
            break;
        }
        let value = match reader.value() {
            Ok(value) if key != "error" => value,
            Ok(value) if reader.text_until(line.end).trim_ascii().is_empty() => value,
            Err(error) if key != "error" => return Err(error),
            // What else a client said of an error need not be EDN.
            _ => {
                let text = reader.store().text(rest);
                text.map(Value::Str).map_err(|full| reader.full(full))?
            }
        };
        if reader.offset() > line.end && key != "error" {
            return Err(reader.error_at(start, format!("expected {key} on one line")));
        }
        parts
            .set(key, value, reader.store())
            .map_err(|what| reader.error_at(start, what))?;
    }
    parts
        .finish(absent)
        .map_err(|what| reader.error_at(line.start, what))
}
