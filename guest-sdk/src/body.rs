//! Message bodies as Rust types.

use serde::Serialize;
use serde::de::DeserializeOwned;

use host_protocol::data::{self, BodyError, JsonError};
use host_protocol::fields::FieldList;
use host_protocol::json::write_number;
use host_protocol::message::{Error, ErrorCode};

/// Reads a body of the type `kind` as a `T`. `fields` are those of the body, if they are known.
///
/// # Errors
/// Error 10 (not supported) if `T` is an enum without a variant for `kind`; error 12
/// (malformed request) if the fields do not match.
pub(crate) fn decode<T: DeserializeOwned>(
    kind: &str,
    json: &str,
    fields: &FieldList<'_>,
) -> Result<T, Error> {
    data::read_body(kind, json, fields).map_err(|error| refusal(kind, &error))
}

#[cold]
#[inline(never)]
fn refusal(kind: &str, error: &BodyError) -> Error {
    match error {
        BodyError::UnknownType(known) => {
            let known = known.join(", ");
            let text = format!("unknown message type {kind:?}; this node knows {known}");
            Error::new(ErrorCode::NotSupported, text)
        }
        BodyError::Malformed(error) => {
            let text = format!("malformed {kind}: {error}");
            Error::new(ErrorCode::MalformedRequest, text)
        }
    }
}

/// The ids that the protocol adds to a body.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ids {
    pub(crate) msg_id: Option<u64>,
    pub(crate) in_reply_to: Option<u64>,
}

/// Appends `body` as a JSON object with its `type` and `ids`.
///
/// # Errors
/// If `body` is not an enum variant with named fields, a struct or a map, or a field
/// cannot be written as JSON.
pub(crate) fn encode<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    ids: Ids,
    body: &T,
) -> Result<(), JsonError> {
    data::write_body(out, body)?;
    write_ids(out, ids);
    Ok(())
}

/// Appends the ids, and what closes the body.
#[inline(never)]
fn write_ids(out: &mut Vec<u8>, ids: Ids) {
    if let Some(msg_id) = ids.msg_id {
        out.extend_from_slice(b",\"msg_id\":");
        write_number(out, msg_id);
    }
    if let Some(in_reply_to) = ids.in_reply_to {
        out.extend_from_slice(b",\"in_reply_to\":");
        write_number(out, in_reply_to);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Plain {
        Read,
        Topology {
            topology: BTreeMap<String, Vec<String>>,
        },
        Wrapped(Inner),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        key: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<i64>,
    }

    fn read<T: DeserializeOwned>(kind: &str, json: &str) -> Result<T, Error> {
        decode(kind, json, &FieldList::default())
    }

    fn encoded<T: Serialize>(body: &T) -> Value {
        let mut out = Vec::new();
        let ids = Ids {
            msg_id: Some(1),
            in_reply_to: None,
        };
        encode(&mut out, ids, body).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn an_enum_writes_and_reads_bodies_by_type() {
        let topology = Plain::Topology {
            topology: BTreeMap::from([("n1".into(), vec!["n2".into()])]),
        };
        let wrapped = Plain::Wrapped(Inner {
            key: "x".into(),
            value: None,
        });
        for (body, json) in [
            (Plain::Read, json!({"type": "read", "msg_id": 1})),
            (
                topology,
                json!({"type": "topology", "topology": {"n1": ["n2"]}, "msg_id": 1}),
            ),
            (wrapped, json!({"type": "wrapped", "key": "x", "msg_id": 1})),
        ] {
            assert_eq!(encoded(&body), json);
            let kind = json["type"].as_str().unwrap();
            assert_eq!(read::<Plain>(kind, &json.to_string()), Ok(body));
        }
    }

    #[test]
    fn serdes_own_tagged_enums_structs_and_maps_work_too() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Own {
            EchoOk { echo: i64 },
        }
        let json = json!({"type": "echo_ok", "echo": 3, "msg_id": 1});
        assert_eq!(encoded(&Own::EchoOk { echo: 3 }), json);
        assert_eq!(encoded(&json!({"type": "echo_ok", "echo": 3})), json);
        let text = json.to_string();
        assert_eq!(read::<Own>("echo_ok", &text), Ok(Own::EchoOk { echo: 3 }));
        assert_eq!(read::<Value>("echo_ok", &text), Ok(json));
    }

    #[test]
    fn raw_values_pass_through_unparsed() {
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Echo {
            Echo { echo: Box<RawValue> },
        }
        let Echo::Echo { echo } = read("echo", r#"{"echo":[1, 2.50],"x":0}"#).unwrap();
        assert_eq!(echo.get(), "[1, 2.50]");
    }

    #[test]
    fn an_unknown_type_is_error_10_and_a_bad_field_error_12() {
        let unknown = read::<Plain>("raed", "{}").unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "error 10 (not-supported): unknown message type \"raed\"; \
             this node knows read, topology, wrapped"
        );
        let malformed = read::<Plain>("wrapped", r#"{"key":7}"#).unwrap_err();
        assert_eq!(
            malformed.to_string(),
            "error 12 (malformed-request): malformed wrapped: invalid type: integer `7`, \
             expected a string at line 1 column 8"
        );
    }

    #[test]
    fn what_cannot_be_a_body_is_refused_with_a_reason() {
        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Odd {
            Number(u64),
            Pair(u64, u64),
            Text(&'static str),
            Nothing(()),
        }
        fn refused<T: Serialize>(body: &T) -> String {
            let error = encode(&mut Vec::new(), Ids::default(), body).unwrap_err();
            error.to_string()
        }
        let reason = " cannot be a message body: use an enum whose variants have named fields";
        for (error, what) in [
            (refused(&vec![1]), "a sequence"),
            (refused(&Odd::Pair(1, 2)), "a sequence"),
            (refused(&Odd::Number(1)), "what has no fields"),
            (refused(&Odd::Text("x")), "what has no fields"),
            (refused(&Odd::Nothing(())), "what has no fields"),
            (refused(&1), "what has no `type`"),
            (refused(&"x"), "what has no `type`"),
            (refused(&true), "what has no `type`"),
            (refused(&()), "what has no `type`"),
        ] {
            assert_eq!(error, format!("{what}{reason}"));
        }
        for body in [json!({}), json!({"key": "type"})] {
            assert_eq!(refused(&body), format!("what has no `type`{reason}"));
        }
    }
}
