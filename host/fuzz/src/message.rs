//! The input of a live node: its lines, and which of them are messages.

use std::collections::HashMap;

use host_protocol::abi::{self, Event};
use host_protocol::fields::Places;
use host_protocol::line_kind::{LineKind, classify};
use host_protocol::lines::{BYTE_ORDER_MARK, LineText, read_batches};
use host_protocol::message::{Identity, Message, write_error};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Fuzzes the reader of lines and messages with `input`, the bytes of stdin.
///
/// # Panics
/// If the lines are not those of the bytes; if a line is accepted or refused wrongly; if a
/// message's header is not what serde finds in it; or if a reply is not a message.
pub fn message(input: &[u8]) {
    assert_lines(input, 32);
    for line in input.split(|byte| *byte == b'\n') {
        match classify(line) {
            LineKind::Blank => assert!(line.trim_ascii().is_empty()),
            LineKind::Untyped(reason) | LineKind::Invalid(reason) => {
                let shown = !reason.chars().any(|c| c.is_control() && c != '\t');
                assert!(shown, "cannot be shown on a line: {reason:?}");
                assert!(plain(line).is_none(), "{reason}");
            }
            kind => {
                let text = str::from_utf8(line).expect("an accepted line is UTF-8");
                assert_admitted(text, kind == LineKind::Init);
            }
        }
    }
}

/// Asserts that the lines are those between newlines; long ones are given by their length.
fn assert_lines(input: &[u8], max: usize) {
    let text = input.strip_prefix(BYTE_ORDER_MARK).unwrap_or(input);
    let mut expected: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    if expected.last().is_some_and(|last| last.is_empty()) {
        expected.pop();
    }
    let mut count = 0;
    let read = read_batches(input, max, |batch| {
        for (number, line) in batch.lines() {
            let expected = expected.get(count).copied();
            count += 1;
            assert_eq!(number, count as u64);
            match (line, expected) {
                (LineText::Bytes(line), Some(expected)) => assert_eq!(line, expected),
                (LineText::TooLong(length), Some(expected)) => {
                    assert_eq!(length, expected.len() as u64);
                    assert!(expected.len() > max);
                }
                (line, None) => panic!("{line:?} is one line too many"),
            }
        }
        true
    });
    read.expect("a slice can be read");
    assert_eq!(count, expected.len());
}

/// A message for serde, which has no shortcut for the usual form and parses the whole line.
#[derive(Deserialize)]
struct Plain {
    src: String,
    dest: String,
    body: PlainBody,
}

/// The body of a [`Plain`].
#[derive(Deserialize)]
struct PlainBody {
    r#type: String,
    msg_id: Option<u64>,
    in_reply_to: Option<u64>,
}

/// Parses a line with serde. Refuses arrays, which serde accepts for structs.
fn plain(line: &[u8]) -> Option<Plain> {
    let first = |text: &[u8]| text.trim_ascii_start().first().copied();
    let body = serde_json::from_slice::<HashMap<String, &RawValue>>(line).ok()?;
    let is_object =
        first(line) == Some(b'{') && first(body.get("body")?.get().as_bytes()) == Some(b'{');
    is_object.then(|| serde_json::from_slice(line).ok())?
}

fn assert_admitted(line: &str, is_init: bool) {
    let message: Message<'_> = serde_json::from_str(line).expect("a message is JSON");
    let header = message.header().expect("its body has a header");
    assert_eq!(header.kind == "init", is_init);
    let plain = plain(line.as_bytes()).expect("another parser finds a message as well");
    assert_eq!(
        (plain.src, plain.dest),
        (message.src.clone().into(), message.dest.clone().into())
    );
    assert_eq!(plain.body.r#type, header.kind);
    assert_eq!(plain.body.msg_id, header.msg_id);
    assert_eq!(plain.body.in_reply_to, header.in_reply_to);
    let mut event = Vec::new();
    abi::encode_message(&mut event, 7, line);
    let event = String::from_utf8(event).expect("text in text is text");
    let mut places = Places::new();
    let read = Event::read(&event, &mut places);
    let (read, read_header) = read.expect("a message makes an event");
    assert_eq!(serde_json::from_str::<Event<'_>>(&event).ok(), Some(read));
    assert_eq!(read_header.as_ref(), Some(&header));
    if let Err(error) = Identity::default().admit(&message, &header) {
        let mut answer = Vec::new();
        write_error(&mut answer, &message, &header, &error);
        assert_eq!(answer.is_empty(), header.msg_id.is_none());
        assert!(answer.is_empty() || classify(&answer) == LineKind::Message);
    }
}
