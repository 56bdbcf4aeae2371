//! Tells whether an input line of a node is a message.

use crate::message::{Header, Message};
use crate::text::{excerpt, printable};

/// What an input line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineKind {
    /// A message that any initialised node may receive.
    Message,
    /// A message of type `init`.
    Init,
    /// A message with a body that is an object without the reserved fields of one, and why. Nodes may
    /// have their own form of messages among each other.
    Untyped(String),
    /// Nothing but white space.
    Blank,
    /// Not a message, and why.
    Invalid(String),
}

/// Classifies `line`, the bytes of one input line without its newline.
///
/// A line that is not a message gets a reason that is safe to print on a terminal.
#[must_use]
pub fn classify(line: &[u8]) -> LineKind {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to() + 1;
            return LineKind::Invalid(format!("it is not UTF-8 (byte {at})"));
        }
    };
    let with_text = |reason: String| {
        let shown = printable(&excerpt(text, 120)).into_owned();
        format!("{reason}: {shown}")
    };
    let invalid = |reason| LineKind::Invalid(with_text(reason));
    match text.trim_ascii_start().as_bytes().first() {
        None => return LineKind::Blank,
        Some(b'{') => {}
        Some(_) => return invalid("a message is a JSON object".into()),
    }
    let header = match header(text) {
        Ok(header) => header,
        Err(reason) => return invalid(reason),
    };
    match header {
        Ok(header) if header.kind == "init" => LineKind::Init,
        Ok(_) => LineKind::Message,
        Err(error) => {
            let reason = format!("its body is not one of a message ({error})");
            LineKind::Untyped(with_text(reason))
        }
    }
}

/// The header of the message in `text`, or why its body has none; the outer error says why it is
/// no message.
fn header(text: &str) -> Result<Result<Header<'_>, serde_json::Error>, String> {
    if let Some((_, header)) = Message::check(text) {
        return Ok(Ok(header));
    }
    let message: Message<'_> =
        serde_json::from_str(text).map_err(|error| format!("it is not a message ({error})"))?;
    match message.body.starts_with('{') {
        true => Ok(message.header()),
        false => Err("the body of a message is a JSON object".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn invalid(line: &[u8], reason: &str) {
        assert_eq!(classify(line), LineKind::Invalid(reason.into()));
    }

    #[track_caller]
    fn untyped(line: &[u8], reason: &str) {
        assert_eq!(classify(line), LineKind::Untyped(reason.into()));
    }

    #[test]
    fn messages_pass_and_everything_else_says_why_not() {
        let echo = br#"{"src":"c1","dest":"n1","body":{"type":"echo"},"id":3}"#;
        assert_eq!(classify(echo), LineKind::Message);
        assert_eq!(
            classify(br#" {"src":"c1","dest":"n1","body":{"type":"init"}}"#),
            LineKind::Init
        );
        assert_eq!(classify(b" \t\r"), LineKind::Blank);
        invalid(b"hello", "a message is a JSON object: hello");
        invalid(b"[1,2]", "a message is a JSON object: [1,2]");
        invalid(
            b"{\"src\":",
            "it is not a message (EOF while parsing a value at line 1 column 7): {\"src\":",
        );
        invalid(
            br#"{"src":"c1","body":{"type":"x"}}"#,
            "it is not a message (missing field `dest` at line 1 column 32): \
             {\"src\":\"c1\",\"body\":{\"type\":\"x\"}}",
        );
        invalid(
            br#"{"src":"c1","dest":"n1","body":["echo"]}"#,
            "the body of a message is a JSON object: {\"src\":\"c1\",\"dest\":\"n1\",\"body\":[\"echo\"]}",
        );
        untyped(
            br#"{"src":"c1","dest":"n1","body":{}}"#,
            "its body is not one of a message (missing field `type` at line 1 column 2): \
             {\"src\":\"c1\",\"dest\":\"n1\",\"body\":{}}",
        );
        untyped(
            br#"{"src":"c1","dest":"n1","body":{"type":"x","msg_id":"7"}}"#,
            "its body is not one of a message (invalid type: string \"7\", expected u64 at line 1 \
             column 24): {\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"x\",\"msg_id\":\"7\"}}",
        );
        invalid(b"{\"a\xff\"}", "it is not UTF-8 (byte 4)");
        invalid(b"\x1b[31m", "a message is a JSON object: \\u{1b}[31m");
    }
}
