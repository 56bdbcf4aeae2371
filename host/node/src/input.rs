//! The reader thread: bytes from stdin become checked lines.

use std::io::{self, Read};
use std::sync::mpsc::SyncSender;

use host_protocol::lines::{Batch, LineText, read_batches};
use host_protocol::message::Message;

use super::watch::Version;
use host_protocol::text::{excerpt, printable};

/// What the loop is woken by.
pub(super) enum Input {
    /// Lines have arrived.
    Lines(Lines),
    /// Somebody wants the node to end.
    Stop,
    /// A new version of the module is ready.
    Swap(Version),
    /// There will be no more lines: the input has ended, or reading it failed.
    End(io::Result<()>),
}

/// Lines, each with what it is.
pub(super) struct Lines {
    batch: Batch,
    checked: Vec<Checked>,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// A message that any initialised node may see.
    Message,
    /// A message of type `init`.
    Init,
    /// Nothing but white space.
    Blank,
    /// Not a message, and why.
    Bad(String),
}

impl Lines {
    /// The lines: their numbers from 1, their texts if they are messages.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &str, &Checked)> {
        let lines = self.batch.lines().zip(&self.checked);
        lines.map(|((number, line), checked)| {
            let text = match (line, checked) {
                (LineText::Bytes(bytes), Checked::Message | Checked::Init) => {
                    std::str::from_utf8(bytes).unwrap_or_default()
                }
                _ => "",
            };
            (number, text, checked)
        })
    }
}

/// Reads `input` to its end.
pub(super) fn read(input: impl Read, line_bytes_max: usize, sender: &SyncSender<Input>) {
    let end = read_batches(input, line_bytes_max, |batch| {
        let checked = batch
            .lines()
            .map(|(_, line)| match line {
                LineText::Bytes(bytes) => check(bytes),
                LineText::TooLong(length) => Checked::Bad(format!(
                    "it has {length} bytes, {line_bytes_max} are allowed (--max-line-bytes)"
                )),
            })
            .collect();
        sender.send(Input::Lines(Lines { batch, checked })).is_ok()
    });
    // If nobody listens any more, nobody minds.
    let _ = sender.send(Input::End(end));
}

/// Finds out what `line` is, without its newline.
#[must_use]
pub fn check(line: &[u8]) -> Checked {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to() + 1;
            return Checked::Bad(format!("it is not UTF-8 (byte {at})"));
        }
    };
    let bad = |reason: String| {
        let shown = printable(&excerpt(text, 120)).into_owned();
        Checked::Bad(format!("{reason}: {shown}"))
    };
    match text.trim_ascii_start().as_bytes().first() {
        None => return Checked::Blank,
        Some(b'{') => {}
        Some(_) => return bad("a message is a JSON object".into()),
    }
    let message: Message<'_> = match serde_json::from_str(text) {
        Ok(message) => message,
        Err(error) => return bad(format!("it is not a message ({error})")),
    };
    if !message.body.starts_with('{') {
        return bad("the body of a message is a JSON object".into());
    }
    let header = match message.header() {
        Ok(header) => header,
        Err(error) => return bad(format!("its body is not one of a message ({error})")),
    };
    if header.kind == "init" {
        Checked::Init
    } else {
        Checked::Message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn bad(line: &[u8], reason: &str) {
        assert_eq!(check(line), Checked::Bad(reason.into()));
    }

    #[test]
    fn messages_pass_and_everything_else_says_why_not() {
        let echo = br#"{"src":"c1","dest":"n1","body":{"type":"echo"},"id":3}"#;
        assert_eq!(check(echo), Checked::Message);
        assert_eq!(
            check(br#" {"src":"c1","dest":"n1","body":{"type":"init"}}"#),
            Checked::Init
        );
        assert_eq!(check(b" \t\r"), Checked::Blank);
        bad(b"hello", "a message is a JSON object: hello");
        bad(b"[1,2]", "a message is a JSON object: [1,2]");
        bad(
            b"{\"src\":",
            "it is not a message (EOF while parsing a value at line 1 column 7): {\"src\":",
        );
        bad(
            br#"{"src":"c1","body":{"type":"x"}}"#,
            "it is not a message (missing field `dest` at line 1 column 32): \
             {\"src\":\"c1\",\"body\":{\"type\":\"x\"}}",
        );
        bad(
            br#"{"src":"c1","dest":"n1","body":["echo"]}"#,
            "the body of a message is a JSON object: {\"src\":\"c1\",\"dest\":\"n1\",\"body\":[\"echo\"]}",
        );
        bad(
            br#"{"src":"c1","dest":"n1","body":{}}"#,
            "its body is not one of a message (missing field `type` at line 1 column 2): \
             {\"src\":\"c1\",\"dest\":\"n1\",\"body\":{}}",
        );
        bad(
            br#"{"src":"c1","dest":"n1","body":{"type":"x","msg_id":"7"}}"#,
            "its body is not one of a message (invalid type: string \"7\", expected u64 at line 1 \
             column 24): {\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"x\",\"msg_id\":\"7\"}}",
        );
        bad(b"{\"a\xff\"}", "it is not UTF-8 (byte 4)");
        bad(b"\x1b[31m", "a message is a JSON object: \\u{1b}[31m");
    }
}
