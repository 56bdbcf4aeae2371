//! Reads a history in any notation.

use std::borrow::Cow;

use crate::read_error::{ReadError, as_utf8};

use super::edn::read_edn_with;
use super::json::read_json_with;
use super::log::{is_log, read_log};
use super::options::ReadOptions;
use super::validated::History;

/// Reads a history, as EDN, as JSON or as a log of Jepsen, whichever it looks like.
///
/// # Errors
/// The text is not a history: see [`read_edn`](super::read_edn) and
/// [`read_json`](super::read_json).
pub fn read(text: &[u8]) -> Result<History, ReadError> {
    read_with(text, &ReadOptions::default())
}

/// Reads a history with other than the usual options.
///
/// # Errors
/// As for [`read`]; or the history takes more memory than it may.
pub fn read_with(text: &[u8], options: &ReadOptions) -> Result<History, ReadError> {
    if let Some(what) = foreign(text) {
        return Err(ReadError::at(text, 0, what));
    }
    let text = as_utf8(text)?;
    if is_log(text) {
        read_log(text, options)
    } else if is_json(text) {
        read_json_with(text, options)
    } else {
        read_edn_with(text, options)
    }
}

/// What a file is that is no text in UTF-8, and what to do with it.
fn foreign(text: &[u8]) -> Option<Cow<'static, str>> {
    let compressed = [
        (&b"\x1f\x8b"[..], "gzip", "gunzip"),
        (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
        (b"\xfd7zXZ", "xz", "unxz"),
        (b"PK\x03\x04", "zip", "unzip"),
    ];
    if let Some((_, name, tool)) = compressed.iter().find(|(it, ..)| text.starts_with(it)) {
        let what = format!("expected a history as text, found a {name} file: use {tool} first");
        return Some(what.into());
    }
    if text.starts_with(b"JEPSEN") {
        return Some(
            "expected a history as text, found Jepsen's binary file: take history.edn, which Jepsen \
             stores beside it"
                .into(),
        );
    }
    let is_utf16 = text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff");
    is_utf16.then(|| "expected UTF-8, found UTF-16: use `iconv -f UTF-16 -t UTF-8` first".into())
}

/// Whether the first operation is an object with a name, a colon and a value. EDN may have strings
/// for keys too, but no colon after them.
fn is_json(text: &str) -> bool {
    let start = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '[');
    let Some(key) = start
        .strip_prefix('{')
        .and_then(|rest| rest.trim_ascii_start().strip_prefix('"'))
    else {
        return false;
    };
    let mut is_escaped = false;
    let end = key.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.is_none_or(|end| {
        matches!(
            key[end + 1..].trim_ascii_start().bytes().next(),
            None | Some(b':')
        )
    })
}
