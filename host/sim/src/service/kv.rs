//! Requests to a store, and what they do to their key: the same in all three stores.

use std::borrow::Cow;

use host_protocol::message::{Error, ErrorCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::Json;
use super::reply::Reply;
use host_protocol::text::excerpt;

/// A request to a store. Fields that it does not need are ignored, and a missing one is null, as in
/// Maelstrom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) key: Json,
    pub(super) op: Op,
}

/// What to do with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    Read,
    Write {
        value: Json,
    },
    Cas {
        from: Json,
        to: Json,
        create_if_not_exists: bool,
    },
}

/// The effect of an [`Op`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// The new value of the key; `None` if it stays as it is.
    pub(super) put: Option<Json>,
    pub(super) answer: Result<Reply, Error>,
}

/// The longest value in the text of an error, in characters.
const SHOWN_CHARS_MAX: usize = 200;

impl Request {
    /// Reads the body of a request to `service`.
    ///
    /// # Errors
    /// Error 10 for a type that no store knows, 12 for malformed fields.
    pub(super) fn read(service: &str, body: &str) -> Result<Self, Error> {
        let fields = Fields::read(body)?;
        let kind = &*fields.kind;
        let json = |name: &str, raw: Option<&RawValue>| match raw {
            None => Ok(Json::null()),
            Some(raw) => {
                Json::read(raw.get()).map_err(|error| malformed(kind, name, error.to_string()))
            }
        };
        let op = match kind {
            "read" => Op::Read,
            "write" => Op::Write {
                value: json("value", fields.value)?,
            },
            "cas" => Op::Cas {
                from: json("from", fields.from)?,
                to: json("to", fields.to)?,
                create_if_not_exists: match fields.create_if_not_exists.map(RawValue::get) {
                    None | Some("false") => false,
                    Some("true") => true,
                    Some(other) => {
                        let what = format!(
                            "expected true or false, found {}",
                            excerpt(other, SHOWN_CHARS_MAX)
                        );
                        return Err(malformed(kind, "create_if_not_exists", what));
                    }
                },
            },
            other => return Err(not_supported(service, other, "read, write and cas")),
        };
        Ok(Request {
            key: json("key", fields.key)?,
            op,
        })
    }
}

/// The fields that a request may have; `null` is the same as nothing.
#[derive(Deserialize)]
pub(super) struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    from: Option<&'a RawValue>,
    #[serde(borrow)]
    to: Option<&'a RawValue>,
    #[serde(borrow)]
    create_if_not_exists: Option<&'a RawValue>,
}

impl<'a> Fields<'a> {
    pub(super) fn read(body: &'a str) -> Result<Self, Error> {
        serde_json::from_str(body).map_err(|error| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("malformed request: {error}"),
            )
        })
    }
}

fn malformed(kind: &str, field: &str, what: String) -> Error {
    Error::new(
        ErrorCode::MalformedRequest,
        format!("malformed {kind}: {field}: {what}"),
    )
}

pub(super) fn not_supported(service: &str, kind: &str, known: &str) -> Error {
    let kind = excerpt(kind, SHOWN_CHARS_MAX);
    Error::new(
        ErrorCode::NotSupported,
        format!("{service} does not know {kind:?}; it knows {known}"),
    )
}

impl Op {
    /// Applies it to a key whose value is `current`, or that does not exist.
    pub(super) fn step(&self, current: Option<&Json>) -> Step {
        let refused = |code, text: String| Step {
            put: None,
            answer: Err(Error::new(code, text)),
        };
        let put = |value: &Json, reply| Step {
            put: Some(value.clone()),
            answer: Ok(reply),
        };
        match (self, current) {
            (Op::Write { value }, _) => put(value, Reply::WriteOk),
            (Op::Read, Some(value)) => Step {
                put: None,
                answer: Ok(Reply::ReadOk {
                    value: value.clone(),
                }),
            },
            (
                Op::Cas {
                    to,
                    create_if_not_exists: true,
                    ..
                },
                None,
            ) => put(to, Reply::CasOk),
            (Op::Read | Op::Cas { .. }, None) => {
                refused(ErrorCode::KeyDoesNotExist, "key does not exist".into())
            }
            (Op::Cas { from, to, .. }, Some(value)) if from == value => put(to, Reply::CasOk),
            (Op::Cas { from, .. }, Some(value)) => {
                let value = excerpt(value.text(), SHOWN_CHARS_MAX);
                let from = excerpt(from.text(), SHOWN_CHARS_MAX);
                refused(
                    ErrorCode::PreconditionFailed,
                    format!("current value {value} is not {from}"),
                )
            }
        }
    }
}
