//! Maelstrom's messages: the envelope, the reserved fields of a body, and `init`.
//!
//! Source: `doc/protocol.md` of Maelstrom (jepsen-io/maelstrom).

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

// A body of type `error` and the strings of an envelope belong to a message.
pub use crate::error::{Error, ErrorCode};
use crate::fields::Places;
pub use crate::json::write_string;
use crate::scan::{Key, Scanner};
use crate::words::name;

const SRC: u64 = name("src");
const DEST: u64 = name("dest");
const BODY: u64 = name("body");
const TYPE: u64 = name("type");
const MSG_ID: u64 = name("msg_id");

/// One message on the wire. The body stays raw JSON until it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Message<'a> {
    /// The sender: `n1`, `c4`, `seq-kv`.
    #[serde(borrow)]
    pub src: Cow<'a, str>,
    /// The receiver.
    #[serde(borrow)]
    pub dest: Cow<'a, str>,
    /// The payload, a JSON object, as its text.
    #[serde(borrow, deserialize_with = "raw_text")]
    pub body: &'a str,
}

/// The fields of a body that the protocol itself reserves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Header<'a> {
    /// What kind of message this is: `echo`, `broadcast_ok`, `error`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// The id of the request, if its sender expects a reply.
    #[serde(default)]
    pub msg_id: Option<u64>,
    /// The `msg_id` of the request that this message replies to.
    #[serde(default)]
    pub in_reply_to: Option<u64>,
}

fn raw_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    <&RawValue>::deserialize(deserializer).map(RawValue::get)
}

impl<'a> Message<'a> {
    /// Finds the envelope and the reserved fields of a valid message. Returns `None` if they are
    /// not in the usual form: a string has an escape, or a field occurs twice.
    ///
    /// `places` gets the places of the fields of the body.
    #[inline(always)]
    pub(crate) fn scan(
        scanner: &mut Scanner<'a>,
        places: &mut Places,
    ) -> Option<(Self, Header<'a>)> {
        Message::read(scanner, |key, value| places.put(key.start..key.end, value))
    }

    /// Finds the envelope and the reserved fields in any text. Returns `None` if it is not
    /// a message, or not in the usual form: a parser has to find out which.
    #[must_use]
    pub fn check(text: &'a str) -> Option<(Self, Header<'a>)> {
        let mut scanner = Scanner::checking(text);
        let message = Message::read(&mut scanner, |_, _| ())?;
        scanner.is_at_end().then_some(message)
    }

    /// Reads a message; `each` gets the keys of its body, and where their values are.
    #[inline(always)]
    fn read<const CHECKS: bool>(
        scanner: &mut Scanner<'a, CHECKS>,
        mut each: impl FnMut(Key, Range<usize>),
    ) -> Option<(Self, Header<'a>)> {
        let (mut src, mut dest, mut body) = (None, None, None);
        scanner.open()?;
        while let Some(key) = scanner.find_key() {
            let twice = match key.word {
                SRC => src.replace(scanner.string()?).is_some(),
                DEST => dest.replace(scanner.string()?).is_some(),
                BODY => {
                    let start = scanner.position();
                    let header = Header::read(scanner, &mut each)?;
                    let text = scanner.since(start)?;
                    body.replace((text, header)).is_some()
                }
                _ => scanner.skip().is_none(),
            };
            if twice {
                return None;
            }
        }
        if !scanner.is_closed() || scanner.had_escaped_key() {
            return None;
        }
        let (body, header) = body?;
        let message = Message {
            src: src?.into(),
            dest: dest?.into(),
            body,
        };
        Some((message, header))
    }

    /// Reads the reserved fields of the body.
    ///
    /// # Errors
    /// When the body is not an object with a string `type`, or an id is not a
    /// non-negative integer.
    pub fn header(&self) -> Result<Header<'a>, serde_json::Error> {
        Header::of(self.body)
    }
}

impl<'a> Header<'a> {
    /// Reads the fields of a body that stands alone.
    ///
    /// # Errors
    /// As [`Message::header`].
    pub fn of(body: &'a str) -> Result<Self, serde_json::Error> {
        match Header::read(&mut Scanner::new(body), &mut |_, _| ()) {
            Some(header) => Ok(header),
            // Unusual, or invalid: the parser's error says why.
            None => serde_json::from_str(body),
        }
    }

    /// Finds the fields in the body at the position of `scanner`, which is then behind
    /// the body; `None` as for [`Message::scan`]. `each` gets all keys, and where their values are.
    #[inline(always)]
    fn read<const CHECKS: bool>(
        scanner: &mut Scanner<'a, CHECKS>,
        each: &mut impl FnMut(Key, Range<usize>),
    ) -> Option<Self> {
        let mut kind = None;
        let mut ids = [None, None];
        scanner.open()?;
        while let Some(key) = scanner.find_key() {
            let start = scanner.position();
            let twice = match key.word {
                TYPE => kind.replace(scanner.string()?).is_some(),
                MSG_ID => ids[0].replace(scanner.number()?).is_some(),
                _ if scanner.is_named(key, b"in_reply_to") => {
                    ids[1].replace(scanner.number()?).is_some()
                }
                _ => scanner.skip().is_none(),
            };
            if twice {
                return None;
            }
            each(key, start..scanner.position());
        }
        if !scanner.is_closed() || scanner.had_escaped_key() {
            return None;
        }
        let [msg_id, in_reply_to] = ids;
        Some(Header {
            kind: Cow::Borrowed(kind?),
            msg_id,
            in_reply_to,
        })
    }
}

/// The body of `init`, the first message that a node receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Init {
    /// The name of the receiver.
    pub node_id: String,
    /// The names of all nodes of the cluster, including the receiver, in the same
    /// order on each node.
    pub node_ids: Vec<String>,
}

/// The name of a node, learned from `init`. A driver uses it to decide which messages
/// may reach the node.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    id: Option<String>,
}

impl Identity {
    /// The node's name, after `init`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Decides whether the node may receive `message`, and learns the name from `init`.
    ///
    /// # Errors
    /// The error to reply with instead: 11 before `init`, 12 for an `init` that is
    /// invalid or is the second one.
    pub fn admit(&mut self, message: &Message<'_>, header: &Header<'_>) -> Result<(), Error> {
        let malformed = |text: String| Err(Error::new(ErrorCode::MalformedRequest, text));
        match (&self.id, header.kind.as_ref()) {
            (Some(id), "init") => malformed(format!("this node is already initialised as {id}")),
            (Some(_), _) => Ok(()),
            (None, "init") => match serde_json::from_str::<Init>(message.body) {
                Err(error) => malformed(format!("malformed init: {error}")),
                Ok(init) if !init.node_ids.contains(&init.node_id) => malformed(format!(
                    "malformed init: node_ids does not contain node_id {:?}",
                    init.node_id
                )),
                Ok(init) => {
                    self.id = Some(init.node_id);
                    Ok(())
                }
            },
            (None, kind) => Err(Error::new(
                ErrorCode::TemporarilyUnavailable,
                format!("{kind} arrived before init: this node does not know its name yet"),
            )),
        }
    }
}

/// Appends the line that replies to `request` with `error`; nothing if the request
/// expects no reply.
pub fn write_error(out: &mut Vec<u8>, request: &Message<'_>, header: &Header<'_>, error: &Error) {
    #[derive(Serialize)]
    struct Reply<'a> {
        src: &'a str,
        dest: &'a str,
        body: Body<'a>,
    }
    #[derive(Serialize)]
    struct Body<'a> {
        r#type: &'a str,
        in_reply_to: u64,
        #[serde(flatten)]
        error: &'a Error,
    }
    let Some(in_reply_to) = header.msg_id else {
        return;
    };
    let reply = Reply {
        src: &request.dest,
        dest: &request.src,
        body: Body {
            r#type: "error",
            in_reply_to,
            error,
        },
    };
    // Strings and numbers always serialise, and a Vec takes every write.
    let _ = serde_json::to_writer(&mut *out, &reply);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scanning_for_the_header_agrees_with_parsing_the_body() {
        for body in [
            r#"{"type":"echo","msg_id":1,"echo":{"type":"inner","msg_id":2}}"#,
            r#"{ "in_reply_to" : 7, "type" : "x" }"#,
            r#"{"type":"x"}"#,
            r#"{"type":"a\"b"}"#,
            r#"{"\u0074ype":"x","msg_id":3}"#,
            r#"{"type":"x","msg_id":null}"#,
            r#"{"type":"x","msg_id":-1}"#,
            r#"{"type":"x","msg_id":1,"msg_id":2}"#,
            r#"{"type":"x","type":"y"}"#,
            r#"{"type":1}"#,
            r#"{"msg_id":1}"#,
            r"{}",
        ] {
            let message = Message {
                src: "c1".into(),
                dest: "n1".into(),
                body,
            };
            let parsed: Result<Header<'_>, _> = serde_json::from_str(body);
            let (parsed, scanned) = (parsed.ok(), message.header().ok());
            assert_eq!(scanned, parsed, "{body}");
        }
    }
}
