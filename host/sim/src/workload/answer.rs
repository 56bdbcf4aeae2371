//! Responses, checked against the workload's schema as in Maelstrom: every field of the schema
//! must be there with its type, and no other field may be.

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde_json::Value as Json;

use crate::client::{Malformed, without_place};
use host_check::value::{Value, Vector};
use host_protocol::scan::Scanner;
use host_protocol::text::joined;

/// Reads a response as a `T`, which denies unknown fields, if it has the type of a `T`.
pub(super) fn read<T: Answer>(answer: &str) -> Result<T, Malformed> {
    if let Some(read) = read_ints(answer) {
        return Ok(read);
    }
    let read: T = serde_json::from_str(answer).map_err(|error| malformed::<T>(answer, &error))?;
    if read.kind() == T::TYPE {
        Ok(read)
    } else {
        Err(Malformed(wrong_type(read.kind(), T::TYPE)))
    }
}

/// Does what [`read`] does if the answer has a list, and that nothing but integers: most long ones
/// are such, and a parser for any value has several calls for each. `None` if it is another answer.
fn read_ints<T: Answer>(answer: &str) -> Option<T> {
    let List { begin, of } = T::LIST?;
    let (without, ints) = take_ints(answer, begin)?;
    let mut read: T = serde_json::from_str(&without).ok()?;
    let is_right = read.kind() == T::TYPE;
    let list = of(&mut read);
    // If it is not empty, the integers are those of another field with this name, deep within it.
    if !is_right || !list.is_empty() {
        return None;
    }
    *list = ints.into();
    Some(read)
}

/// An answer without the integers of the list that follows on `begin`, the quoted name of a field with the opening bracket
/// behind it; and these integers. `None` if there is no such list, or it has anything else.
#[must_use]
pub fn take_ints(answer: &str, begin: &str) -> Option<(String, Vec<i64>)> {
    // Within a string the quotes would have backslashes.
    let begin = answer.find(begin)? + begin.len();
    let (ints, len) = ints(&answer[begin..])?;
    let without = [&answer[..begin], &answer[begin + len..]].concat();
    Some((without, ints))
}

/// The integers that a list has, from behind its opening bracket to before the closing one, and how
/// many bytes they take. `None` if it has anything else, or an integer that does not fit 64 bits.
fn ints(json: &str) -> Option<(Vec<i64>, usize)> {
    let mut ints = Vec::new();
    let mut at = 0;
    loop {
        let is_negative = json.as_bytes().get(at) == Some(&b'-');
        let first = at + usize::from(is_negative);
        let mut scanner = Scanner::new(json.get(first..)?);
        let number = i64::try_from(scanner.number()?).ok()?;
        if is_negative && number == 0 {
            return None; // a float
        }
        ints.push(if is_negative { -number } else { number });
        let end = first + scanner.position();
        match json.as_bytes().get(end)? {
            b',' => at = end + 1,
            b']' => return Some((ints, end)),
            _ => return None,
        }
    }
}

/// What is wrong with a response that should be a `T`: what it has, and what it should have.
pub(super) fn malformed<T: Answer>(answer: &str, error: &serde_json::Error) -> Malformed {
    let fields: Option<IndexMap<String, Json>> = serde_json::from_str(answer).ok();
    let why = fields.and_then(|fields| {
        wrong_fields(&fields, T::TYPE, T::FIELDS).or_else(|| wrong_value(&fields, T::FIELDS))
    });
    // Where it is in the text says nothing to whoever wrote the program.
    Malformed(why.unwrap_or_else(|| without_place(&error.to_string()).to_owned()))
}

/// The reserved fields of an answer.
const RESERVED: [&str; 3] = ["type", "in_reply_to", "msg_id"];

fn wrong_type(found: &str, expected: &str) -> String {
    format!("its type is {found:?}; expected {expected:?}")
}

/// Fields that are missing, and fields that should not be there.
fn wrong_fields(
    fields: &IndexMap<String, Json>,
    expected_type: &str,
    own: &[Field],
) -> Option<String> {
    if let Some(Json::String(found)) = fields.get("type")
        && found != expected_type
    {
        return Some(wrong_type(found, expected_type));
    }
    let is_own = |name: &str| own.iter().any(|field| field.name == name);
    let unknown = fields.keys().map(String::as_str);
    let unknown = unknown.filter(|name| !RESERVED.contains(name) && !is_own(name));
    let unknown = quoted(unknown);
    let own_names = own.iter().map(|field| field.name);
    let missing = quoted(own_names.clone().filter(|name| !fields.contains_key(*name)));
    let all = quoted(own_names);
    match (unknown.is_empty(), missing.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("missing {}", named(&missing))),
        (false, false) => {
            let missing = joined(&missing);
            Some(format!("unknown {}; expected {missing}", named(&unknown)))
        }
        (false, true) => {
            let expected = match all.is_empty() {
                true => "none but \"type\" and \"in_reply_to\"".to_owned(),
                false => format!("only the {}", named(&all)),
            };
            Some(format!("unknown {}; expected {expected}", named(&unknown)))
        }
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(|name| format!("{name:?}")).collect()
}

/// `field "a"`, `fields "a" and "b"`
fn named(fields: &[String]) -> String {
    let s = if fields.len() == 1 { "" } else { "s" };
    format!("field{s} {}", joined(fields))
}

/// The first field whose value is of another kind than it should be.
fn wrong_value(fields: &IndexMap<String, Json>, own: &[Field]) -> Option<String> {
    own.iter().find_map(|field| {
        let value = fields.get(field.name)?;
        let error = (field.check)(value.clone()).err()?;
        let Field { name, expected, .. } = field;
        let has_kind = match value {
            Json::Array(_) => expected.starts_with("a list"),
            Json::Object(_) => expected.starts_with("an object"),
            _ => false,
        };
        Some(match value {
            Json::Null if expected.starts_with("a list") => {
                format!("{name:?} is null; expected {expected}, [] if it is empty")
            }
            _ if has_kind => {
                format!("{name:?} has a wrong value in it ({error}); expected {expected}")
            }
            _ => format!("{name:?} is {}; expected {expected}", kind(value)),
        })
    })
}

fn kind(value: &Json) -> String {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::String(_) => "a text".to_owned(),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}

/// A field that an answer has besides the reserved ones.
pub(super) struct Field {
    name: &'static str,
    /// What its value has to be, in words.
    expected: &'static str,
    /// Reads a value as one of the field.
    check: fn(Json) -> Result<(), serde_json::Error>,
}

/// The list that an answer has.
pub(super) struct List<T> {
    /// How its text begins.
    begin: &'static str,
    /// The list itself.
    of: fn(&mut T) -> &mut Vector,
}

/// A body with the fields that the schema demands.
pub(super) trait Answer: DeserializeOwned {
    /// Its list, if it has one.
    const LIST: Option<List<Self>> = None;
    /// What its `type` has to be.
    const TYPE: &'static str;
    /// The fields that it has to have besides the reserved ones.
    const FIELDS: &'static [Field];

    /// What its `type` is.
    fn kind(&self) -> &str;
}

/// Declares an answer with the reserved fields and some of its own.
macro_rules! answer {
    (
        $name:ident, $kind:literal $(, $key:literal => $field:ident: $type:ty = $expected:literal)*
        $(; list $list:ident)?
    ) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            r#type: String,
            #[serde(rename = "in_reply_to")]
            _in_reply_to: i64,
            #[serde(rename = "msg_id")]
            _msg_id: Option<i64>,
            $(#[serde(rename = $key)] pub(super) $field: $type,)*
        }

        impl Answer for $name {
            $(const LIST: Option<List<Self>> = Some(List {
                begin: concat!("\"", stringify!($list), "\":["),
                of: |answer| &mut answer.$list.0,
            });)?
            const TYPE: &'static str = $kind;
            const FIELDS: &'static [Field] = &[$(Field {
                name: $key,
                expected: $expected,
                check: |value| serde_json::from_value::<$type>(value).map(drop),
            }),*];

            fn kind(&self) -> &str {
                &self.r#type
            }
        }
    };
}

answer!(EchoOk, "echo_ok", "echo" => _echo: IgnoredAny = "what was sent");
answer!(GenerateOk, "generate_ok", "id" => id: Required = "any value");
answer!(TopologyOk, "topology_ok");
answer!(BroadcastOk, "broadcast_ok");
answer!(MessagesReadOk, "read_ok", "messages" => messages: Elements = "a list"; list messages);
answer!(AddOk, "add_ok");
answer!(ElementsReadOk, "read_ok", "value" => value: Elements = "a list"; list value);
answer!(NumberReadOk, "read_ok", "value" => value: i64 = "a whole number");
answer!(RegisterReadOk, "read_ok", "value" => value: Required = "any value");
answer!(WriteOk, "write_ok");
answer!(CasOk, "cas_ok");
answer!(TxnOk, "txn_ok", "txn" => txn: Vec<Value> = "a list of operations");
answer!(SendOk, "send_ok", "offset" => offset: i64 = "a whole number");
answer!(PollOk, "poll_ok",
    "msgs" => msgs: IndexMap<String, Option<Vec<(i64, Value)>>>
        = "an object with a list of [offset, message] for each key");
answer!(CommitOffsetsOk, "commit_offsets_ok");
answer!(ListCommittedOffsetsOk, "list_committed_offsets_ok",
    "offsets" => offsets: IndexMap<String, i64> = "an object with a whole number for each key");

/// A list of any values. Null is the empty one, as for the schemas of Maelstrom: Go writes a slice
/// so that nothing was ever appended to.
pub(super) struct Elements(pub(super) Vector);

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Nil => Ok(Elements(Vec::<i64>::new().into())),
            Value::Vector(list) => Ok(Elements(list)),
            _ => Err(D::Error::custom("it is no list")),
        }
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
    }

    #[test]
    fn lists_of_integers_are_read_as_by_the_parser_for_any_value() {
        let numbers = [
            "0",
            "-0",
            "00",
            "01",
            "7",
            "-12",
            "1e3",
            "1.5",
            "-",
            "",
            " 4",
            "5 ",
            "null",
            "[3]",
            "999999999999999999",
            "-999999999999999999",
            "9223372036854775807",
            "9223372036854775808",
            "\"1\"",
            "{\"messages\":[1]}",
            "{\"a\":1,\"messages\":[2]}",
            "\",\\\"messages\":[1]\"",
        ];
        let pairs = numbers
            .iter()
            .flat_map(|one| numbers.map(|other| format!("{one},{other}")));
        let lists: Vec<String> = pairs.chain(numbers.map(str::to_owned)).collect();
        for list in lists {
            for answer in [
                format!(r#"{{"type":"read_ok","messages":[{list}],"in_reply_to":1}}"#),
                format!(r#"{{"messages":[{list}],"in_reply_to":1,"type":"read_ok"}}"#),
                format!(r#"{{"type":"read_ok","messages": [{list}],"in_reply_to":1}}"#),
                format!(r#"{{"type":"read_ok","messages":[{list}],"in_reply_to":1,"x":[1]}}"#),
                format!(r#"{{"type":"read_ko","messages":[{list}],"in_reply_to":1}}"#),
                format!(r#"{{"type":"\"messages\":[1]","messages":[{list}],"in_reply_to":1}}"#),
                format!(
                    r#"{{"type":"read_ok","messages":[{list}],"messages":[1],"in_reply_to":1}}"#
                ),
                format!(r#"{{"type":"read_ok","in_reply_to":1,"messages":[{list}"#),
            ] {
                let any: Option<MessagesReadOk> = serde_json::from_str(&answer).ok();
                let any = any.filter(|read| read.kind() == "read_ok");
                let expected = any.map(|read| read.messages.0);
                let read = read::<MessagesReadOk>(&answer).ok();
                assert_eq!(read.map(|read| read.messages.0), expected, "{answer}");
            }
        }
        let plain = r#"{"type":"read_ok","messages":[3,-1,0],"in_reply_to":1}"#;
        let read = read_ints::<MessagesReadOk>(plain).map(|read| read.messages.0);
        assert_eq!(read, Some(vec![3, -1, 0].into()));
    }

    #[test]
    fn null_is_an_empty_list_where_maelstrom_takes_it_for_one() {
        let read_messages = r#"{"type":"read_ok","in_reply_to":1,"messages":null}"#;
        let messages = read::<MessagesReadOk>(read_messages).map(|read| read.messages.0);
        assert_eq!(messages, Ok(Vec::<i64>::new().into()));
        let read_value = r#"{"type":"read_ok","in_reply_to":1,"value":null}"#;
        let value = read::<ElementsReadOk>(read_value).map(|read| read.value.0);
        assert_eq!(value, Ok(Vec::<i64>::new().into()));
        let without = r#"{"type":"read_ok","in_reply_to":1}"#;
        assert_eq!(wrong::<ElementsReadOk>(without), r#"missing field "value""#);
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_expected() {
        for (why, expected) in [
            (
                wrong::<MessagesReadOk>(r#"{"type":"read_ok","in_reply_to":1,"values":[1]}"#),
                r#"unknown field "values"; expected "messages""#,
            ),
            (
                wrong::<TxnOk>(r#"{"type":"txn_ok","in_reply_to":1,"txn":null}"#),
                r#""txn" is null; expected a list of operations, [] if it is empty"#,
            ),
            (
                wrong::<MessagesReadOk>(r#"{"type":"read_ok","in_reply_to":1,"messages":{}}"#),
                r#""messages" is an object; expected a list"#,
            ),
            (
                wrong::<AddOk>(r#"{"type":"add_ok","in_reply_to":1,"extra":2}"#),
                r#"unknown field "extra"; expected none but "type" and "in_reply_to""#,
            ),
            (
                wrong::<GenerateOk>(r#"{"type":"generate_ok","in_reply_to":1,"id":1,"a":2,"b":3}"#),
                r#"unknown fields "a" and "b"; expected only the field "id""#,
            ),
            (
                wrong::<GenerateOk>(r#"{"type":"generate_ok","in_reply_to":1}"#),
                r#"missing field "id""#,
            ),
            (
                wrong::<AddOk>(r#"{"type":"read_ok","in_reply_to":1}"#),
                r#"its type is "read_ok"; expected "add_ok""#,
            ),
            (
                wrong::<AddOk>(r#"{"type":"read_ok","in_reply_to":1,"value":3}"#),
                r#"its type is "read_ok"; expected "add_ok""#,
            ),
            (
                wrong::<NumberReadOk>(r#"{"type":"read_ok","in_reply_to":1,"value":1.5}"#),
                r#""value" is 1.5; expected a whole number"#,
            ),
            (
                wrong::<NumberReadOk>(r#"{"type":"read_ok","in_reply_to":1,"value":"7"}"#),
                r#""value" is a text; expected a whole number"#,
            ),
            (
                wrong::<PollOk>(r#"{"type":"poll_ok","in_reply_to":1,"msgs":[]}"#),
                r#""msgs" is a list; expected an object with a list of [offset, message] for each key"#,
            ),
            (
                wrong::<PollOk>(r#"{"type":"poll_ok","in_reply_to":1,"msgs":{"9":[["0",1]]}}"#),
                r#""msgs" has a wrong value in it (invalid type: string "0", expected i64); expected an object with a list of [offset, message] for each key"#,
            ),
            (
                wrong::<AddOk>(r#"{"type":"add_ok","in_reply_to":1,"type":"add_ok"}"#),
                "duplicate field `type`",
            ),
        ] {
            assert_eq!(why, expected);
        }
    }
}
