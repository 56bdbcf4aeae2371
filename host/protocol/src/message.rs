//! Maelstrom's message protocol: the envelope, the reserved fields of a body
//! and the error codes.
//!
//! Source: `doc/protocol.md` of Maelstrom (jepsen-io/maelstrom).

use std::borrow::Cow;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

pub use crate::json::write_string;
use crate::scan::Scanner;

/// One message on the wire. The body stays raw JSON until somebody needs it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Message<'a> {
    /// Who sent it: `n1`, `c4`, `seq-kv`.
    #[serde(borrow)]
    pub src: Cow<'a, str>,
    /// Whom it is for.
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
    /// Set by a sender that wants an answer.
    #[serde(default)]
    pub msg_id: Option<u64>,
    /// The `msg_id` of the request that this message answers.
    #[serde(default)]
    pub in_reply_to: Option<u64>,
}

fn raw_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    <&RawValue>::deserialize(deserializer).map(RawValue::get)
}

impl<'a> Message<'a> {
    /// Finds the envelope and the reserved fields in `json`, which has been checked
    /// to be a message, if it has the usual form: no escapes in them, nothing twice.
    pub fn scan(json: &'a str) -> Option<(Self, Header<'a>)> {
        let mut scanner = Scanner::new(json);
        let (mut src, mut dest, mut body) = (None, None, None);
        scanner.open()?;
        while let Some(key) = scanner.key() {
            let twice = match key {
                "src" => src.replace(scanner.string()?).is_some(),
                "dest" => dest.replace(scanner.string()?).is_some(),
                "body" => {
                    let start = scanner.position();
                    let header = Header::scan(&mut scanner)?;
                    let text = json.get(start..scanner.position())?;
                    body.replace((text, header)).is_some()
                }
                _ => scanner.value().is_none(),
            };
            if twice {
                return None;
            }
        }
        if scanner.had_escaped_key() {
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
        match Header::scan(&mut Scanner::new(self.body)) {
            Some(header) => Ok(header),
            None => serde_json::from_str(self.body), // unusual, or wrong: it says how
        }
    }
}

impl<'a> Header<'a> {
    /// Finds the fields in the body that begins where `scanner` stands, and moves
    /// behind it; `None` as for [`Message::scan`].
    fn scan(scanner: &mut Scanner<'a>) -> Option<Self> {
        let mut kind = None;
        let mut ids = [None, None];
        scanner.open()?;
        while let Some(key) = scanner.key() {
            let twice = match key {
                "type" => kind.replace(scanner.string()?).is_some(),
                "msg_id" => ids[0].replace(scanner.number()?).is_some(),
                "in_reply_to" => ids[1].replace(scanner.number()?).is_some(),
                _ => scanner.value().is_none(),
            };
            if twice {
                return None;
            }
        }
        if scanner.had_escaped_key() {
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
    /// The name that the receiver has from now on.
    pub node_id: String,
    /// All nodes of the cluster, the receiver among them, in the same order on each.
    pub node_ids: Vec<String>,
}

/// Who a node is, learned from `init`. Drivers ask it which messages may reach
/// the node at all.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    id: Option<String>,
}

impl Identity {
    /// The node's name, once `init` has told it.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Decides whether `message` is for the node to see.
    ///
    /// # Errors
    /// The error to answer with instead: 11 before `init`, 12 for an `init` that
    /// makes no sense or comes a second time.
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

/// Appends the wire line that answers `request` with `error`; nothing when the
/// request did not ask for an answer.
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

/// Maelstrom's error codes. A *definite* error says that the operation did not
/// happen; after an indefinite one it may have happened or may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// 0, indefinite: no answer arrived in time.
    Timeout,
    /// 1: the destination does not exist.
    NodeNotFound,
    /// 10: the node does not know this type of request.
    NotSupported,
    /// 11: not now, for example during an election; trying again is safe.
    TemporarilyUnavailable,
    /// 12: the request's fields are not what the node expects.
    MalformedRequest,
    /// 13, indefinite: something broke while the request was handled.
    Crash,
    /// 14: the operation was given up.
    Abort,
    /// 20: there is no such key.
    KeyDoesNotExist,
    /// 21: the key is there already.
    KeyAlreadyExists,
    /// 22: a condition does not hold, for example the `from` of a compare-and-set.
    PreconditionFailed,
    /// 30: the transaction lost against a concurrent one.
    TxnConflict,
    /// Any other code, taken for indefinite. Maelstrom leaves 1000 and above to users.
    Other(u64),
}

/// Each named code with its number and Maelstrom's name for it.
const CODES: [(ErrorCode, u64, &str); 11] = [
    (ErrorCode::Timeout, 0, "timeout"),
    (ErrorCode::NodeNotFound, 1, "node-not-found"),
    (ErrorCode::NotSupported, 10, "not-supported"),
    (
        ErrorCode::TemporarilyUnavailable,
        11,
        "temporarily-unavailable",
    ),
    (ErrorCode::MalformedRequest, 12, "malformed-request"),
    (ErrorCode::Crash, 13, "crash"),
    (ErrorCode::Abort, 14, "abort"),
    (ErrorCode::KeyDoesNotExist, 20, "key-does-not-exist"),
    (ErrorCode::KeyAlreadyExists, 21, "key-already-exists"),
    (ErrorCode::PreconditionFailed, 22, "precondition-failed"),
    (ErrorCode::TxnConflict, 30, "txn-conflict"),
];

impl ErrorCode {
    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            ErrorCode::Other(number) => number,
            named => CODES
                .iter()
                .find(|(code, ..)| *code == named)
                .map_or(0, |(_, number, _)| *number),
        }
    }

    /// Maelstrom's name for the code; `unknown` for a code of one's own.
    #[must_use]
    pub fn name(self) -> &'static str {
        CODES
            .iter()
            .find(|(code, ..)| *code == self)
            .map_or("unknown", |(.., name)| name)
    }

    /// Whether the operation certainly did not happen.
    #[must_use]
    pub fn is_definite(self) -> bool {
        !matches!(
            self,
            ErrorCode::Timeout | ErrorCode::Crash | ErrorCode::Other(_)
        )
    }
}

impl From<u64> for ErrorCode {
    fn from(number: u64) -> Self {
        CODES
            .iter()
            .find(|(_, n, _)| *n == number)
            .map_or(ErrorCode::Other(number), |(code, ..)| *code)
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.number())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CodeVisitor;
        impl Visitor<'_> for CodeVisitor {
            type Value = ErrorCode;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an error code, a non-negative integer")
            }
            fn visit_u64<E>(self, number: u64) -> Result<ErrorCode, E> {
                Ok(ErrorCode::from(number))
            }
        }
        deserializer.deserialize_u64(CodeVisitor)
    }
}

/// An error as nodes and services send it to each other: a code that programs
/// act on and a text that people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// What kind of failure it is.
    pub code: ErrorCode,
    /// What happened, in words.
    #[serde(default)]
    pub text: String,
}

impl Error {
    /// An error with a code and a text of your own.
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Error {
            code,
            text: text.into(),
        }
    }

    /// Whether the operation certainly did not happen.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.code.is_definite()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "error {} ({}): {}",
            self.code.number(),
            self.code.name(),
            self.text
        )
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_maelstroms_protocol_document() {
        let definite = [1, 10, 11, 12, 14, 20, 21, 22, 30];
        for number in 0..2000 {
            let code = ErrorCode::from(number);
            assert_eq!(code.number(), number);
            assert_eq!(code.is_definite(), definite.contains(&number), "{number}");
        }
        assert_eq!(ErrorCode::from(22).name(), "precondition-failed");
        assert_eq!(ErrorCode::from(1000).name(), "unknown");
    }

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

    #[test]
    fn an_error_body_is_read_from_the_wire() {
        let body = r#"{"type":"error","in_reply_to":5,"code":20,"text":"no such key"}"#;
        let error: Error = serde_json::from_str(body).unwrap();
        assert_eq!(error, Error::new(ErrorCode::KeyDoesNotExist, "no such key"));
        assert_eq!(
            error.to_string(),
            "error 20 (key-does-not-exist): no such key"
        );
    }
}
