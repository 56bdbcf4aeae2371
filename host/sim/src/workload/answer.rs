//! Responses, checked against the workload's schema as in Maelstrom: every field of the schema
//! must be there with its type, and no other field may be.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};

use crate::client::Malformed;
use host_check::value::{Value, Vector};

/// Reads a response as a `T`, which denies unknown fields, if it has the type of a `T`.
pub(super) fn read<T: Answer>(answer: &str) -> Result<T, Malformed> {
    let read: T = serde_json::from_str(answer).map_err(|error| malformed::<T>(&error))?;
    if read.kind() == T::TYPE {
        Ok(read)
    } else {
        Err(Malformed(format!(
            "expected {}, found {}",
            T::TYPE,
            read.kind()
        )))
    }
}

/// What is wrong with a response that should be a `T`.
pub(super) fn malformed<T: Answer>(error: &serde_json::Error) -> Malformed {
    Malformed(format!("expected {}: {error}", T::TYPE))
}

/// A body with the fields that the schema demands.
pub(super) trait Answer: DeserializeOwned {
    /// What its `type` has to be.
    const TYPE: &'static str;

    /// What its `type` is.
    fn kind(&self) -> &str;
}

/// Declares an answer with the reserved fields and some of its own.
macro_rules! answer {
    ($name:ident, $kind:literal $(, $(#[$attribute:meta])? $field:ident: $type:ty)*) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            r#type: String,
            #[serde(rename = "in_reply_to")]
            _in_reply_to: i64,
            #[serde(rename = "msg_id")]
            _msg_id: Option<i64>,
            $($(#[$attribute])? pub(super) $field: $type,)*
        }

        impl Answer for $name {
            const TYPE: &'static str = $kind;

            fn kind(&self) -> &str {
                &self.r#type
            }
        }
    };
}

answer!(EchoOk, "echo_ok", #[serde(rename = "echo")] _echo: IgnoredAny);
answer!(GenerateOk, "generate_ok", id: Required);
answer!(TopologyOk, "topology_ok");
answer!(BroadcastOk, "broadcast_ok");
answer!(MessagesReadOk, "read_ok", messages: Elements);
answer!(AddOk, "add_ok");
answer!(ElementsReadOk, "read_ok", value: Elements);
answer!(NumberReadOk, "read_ok", value: i64);
answer!(RegisterReadOk, "read_ok", value: Required);
answer!(WriteOk, "write_ok");
answer!(CasOk, "cas_ok");
answer!(TxnOk, "txn_ok", txn: Vec<Value>);
answer!(SendOk, "send_ok", offset: i64);
answer!(PollOk, "poll_ok", msgs: IndexMap<String, Option<Vec<(i64, Value)>>>);
answer!(CommitOffsetsOk, "commit_offsets_ok");
answer!(ListCommittedOffsetsOk, "list_committed_offsets_ok", offsets: IndexMap<String, i64>);

/// Any values in a list. One of integers only is compact from the beginning.
pub(super) struct Elements(pub(super) Vector);

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Elements;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Elements, A::Error> {
                let mut failed = None;
                let next = || {
                    seq.next_element::<Value>().unwrap_or_else(|error| {
                        failed = Some(error);
                        None
                    })
                };
                let elements = std::iter::from_fn(next).collect();
                failed.map_or(Ok(Elements(elements)), Err)
            }
        }

        deserializer.deserialize_seq(List)
    }
}

/// Any value, but there must be one.
pub(super) struct Required(pub(super) Value);

impl<'de> Deserialize<'de> for Required {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Required)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong<T: Answer>(answer: &str) -> String {
        match read::<T>(answer) {
            Ok(_) => panic!("{answer} passed"),
            Err(Malformed(why)) => why,
        }
    }

    #[test]
    fn answers_have_exactly_the_fields_of_their_schema() {
        let right = r#"{"type":"generate_ok","in_reply_to":1,"msg_id":7,"id":null}"#;
        assert_eq!(read::<GenerateOk>(right).map(|ok| ok.id.0), Ok(Value::Nil));
        assert_eq!(
            wrong::<AddOk>(r#"{"type":"add_ok","in_reply_to":1,"extra":2}"#),
            "expected add_ok: unknown field `extra`, expected one of `type`, `in_reply_to`, \
             `msg_id` at line 1 column 40"
        );
        assert_eq!(
            wrong::<GenerateOk>(r#"{"type":"generate_ok","in_reply_to":1}"#),
            "expected generate_ok: missing field `id` at line 1 column 38"
        );
        assert_eq!(
            wrong::<AddOk>(r#"{"type":"read_ok","in_reply_to":1}"#),
            "expected add_ok, found read_ok"
        );
        assert_eq!(
            wrong::<NumberReadOk>(r#"{"type":"read_ok","in_reply_to":1,"value":1.5}"#),
            "expected read_ok: invalid type: floating point `1.5`, expected i64 at line 1 column 45"
        );
    }
}
