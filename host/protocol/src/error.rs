//! Maelstrom's errors: the codes, and the body of a message of type `error`.
//!
//! Source: the section "Errors" of Maelstrom's `doc/protocol.md`.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Maelstrom's error codes. A *definite* error says that the operation did not
/// happen; after an indefinite one it may have happened or may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// 0, indefinite: no reply arrived in time.
    Timeout,
    /// 1: the destination does not exist.
    NodeNotFound,
    /// 10: the node does not know this type of request.
    NotSupported,
    /// 11: the node cannot serve the request now, for example during an election; a
    /// retry is safe.
    TemporarilyUnavailable,
    /// 12: the request's fields are not what the node expects.
    MalformedRequest,
    /// 13, indefinite: the node failed while it handled the request.
    Crash,
    /// 14: the operation was aborted.
    Abort,
    /// 20: the key does not exist.
    KeyDoesNotExist,
    /// 21: the key exists already.
    KeyAlreadyExists,
    /// 22: a condition does not hold, for example the `from` of a compare-and-set.
    PreconditionFailed,
    /// 30: the transaction conflicts with a concurrent one.
    TxnConflict,
    /// Any other code, treated as indefinite. Maelstrom reserves 1000 and above for users.
    #[strum(serialize = "unknown")]
    Other(u64),
}

/// Each named code with its number.
const CODES: [(ErrorCode, u64); 11] = [
    (ErrorCode::Timeout, 0),
    (ErrorCode::NodeNotFound, 1),
    (ErrorCode::NotSupported, 10),
    (ErrorCode::TemporarilyUnavailable, 11),
    (ErrorCode::MalformedRequest, 12),
    (ErrorCode::Crash, 13),
    (ErrorCode::Abort, 14),
    (ErrorCode::KeyDoesNotExist, 20),
    (ErrorCode::KeyAlreadyExists, 21),
    (ErrorCode::PreconditionFailed, 22),
    (ErrorCode::TxnConflict, 30),
];

impl ErrorCode {
    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            ErrorCode::Other(number) => number,
            named => CODES
                .iter()
                .find(|(code, _)| *code == named)
                .map_or(0, |(_, number)| *number),
        }
    }

    /// Maelstrom's name for the code; `unknown` for [`ErrorCode::Other`].
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether the error is definite: the operation did not happen.
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
            .find(|(_, n)| *n == number)
            .map_or(ErrorCode::Other(number), |(code, _)| *code)
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

/// The body of an error message: a code for programs and a text for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// The kind of error.
    pub code: ErrorCode,
    /// A description of what happened.
    #[serde(default)]
    pub text: String,
}

impl Error {
    /// Makes an error with this code and text.
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Error {
            code,
            text: text.into(),
        }
    }

    /// Whether the error is definite: the operation did not happen.
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
