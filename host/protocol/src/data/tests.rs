//! `serde_json` is the oracle.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{BodyError, from_str, is_json, read_body, to_vec};
use crate::abi::Event;
use crate::fields::{FieldList, Places};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(Option<i64>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Name {
    One,
    Two,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Variant {
    Plain,
    Newtype(u64),
    Tuple(i8, String),
    Struct {
        #[serde(alias = "old")]
        new: f64,
        inner: Box<Option<Variant>>,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    List(Vec<Untagged>),
    Text(String),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct All {
    unit: (),
    unit_struct: Unit,
    truth: bool,
    small: (u8, i8, u16, i16, u32, i32),
    large: (u64, i64, u128, i128),
    floats: (f32, f64, f64),
    character: char,
    text: String,
    wrapped: Wrapped,
    variants: Vec<Variant>,
    by_text: BTreeMap<String, Wrapped>,
    by_number: BTreeMap<i64, Unit>,
    by_truth: BTreeMap<bool, u8>,
    by_name: BTreeMap<Name, char>,
    untagged: Untagged,
    value: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    empty: Vec<u8>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

fn all() -> All {
    let value = r#"{"a":[1,-2,2.5,null,true,"x\n"],"b":{}}"#;
    All {
        unit: (),
        unit_struct: Unit,
        truth: true,
        small: (0, i8::MIN, u16::MAX, i16::MIN, u32::MAX, i32::MIN),
        large: (u64::MAX, i64::MIN, u128::MAX, i128::MIN),
        floats: (0.1, -1.5e300, 1.0),
        character: '"',
        text: "\u{0}\u{1f} \\ é \u{1f600}".to_owned(),
        wrapped: Wrapped(None),
        variants: vec![
            Variant::Plain,
            Variant::Newtype(7),
            Variant::Tuple(-1, String::new()),
            Variant::Struct {
                new: -0.0,
                inner: Box::new(Some(Variant::Plain)),
            },
        ],
        by_text: BTreeMap::from([("k\"".to_owned(), Wrapped(Some(-5)))]),
        by_number: BTreeMap::from([(-1, Unit), (i64::MAX, Unit)]),
        by_truth: BTreeMap::from([(false, 1)]),
        by_name: BTreeMap::from([(Name::One, 'a'), (Name::Two, 'é')]),
        untagged: Untagged::List(vec![Untagged::Number(-3), Untagged::Text("t".to_owned())]),
        value: serde_json::from_str(value).unwrap(),
        empty: Vec::new(),
        rest: BTreeMap::from([("other".to_owned(), Value::from(1))]),
    }
}

#[test]
fn it_writes_and_reads_what_serde_json_does() {
    let all = all();
    let written = to_vec(&all).unwrap();
    assert_eq!(written, serde_json::to_vec(&all).unwrap());
    let text = str::from_utf8(&written).unwrap();
    assert_eq!(from_str::<All>(text).unwrap(), all);
    let loose = serde_json::to_string_pretty(&all).unwrap();
    assert_eq!(from_str::<All>(&loose).unwrap(), all);
}

/// Reads every text that is one of `texts` with one change, and says of each what `serde_json` says.
fn damaged<T: DeserializeOwned + PartialEq + Debug>(texts: &[&str]) {
    let mut rng = 1_u64;
    let mut draw = |below: usize| {
        rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(rng >> 33).unwrap() % below
    };
    let pieces = b"{}[]\",:\\0123456789-+.eEntfu /\n\x00\x7f";
    for text in texts {
        for _ in 0..5_000 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=draw(2) {
                let at = draw(bytes.len().max(1));
                match draw(3) {
                    0 if at < bytes.len() => drop(bytes.remove(at)),
                    1 if at < bytes.len() => bytes[at] = pieces[draw(pieces.len())],
                    _ => bytes.insert(at, pieces[draw(pieces.len())]),
                }
            }
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            let (read, expected) = (
                from_str::<T>(&text).ok(),
                serde_json::from_str::<T>(&text).ok(),
            );
            // Floats are not always read exactly there.
            if text.contains(['.', 'e', 'E']) {
                assert_eq!(read.is_some(), expected.is_some(), "{text:?}");
            } else {
                assert_eq!(read, expected, "{text:?}");
            }
            let is_valid = serde_json::from_str::<&RawValue>(&text).is_ok();
            assert_eq!(is_json(&text), is_valid, "{text:?}");
        }
    }
}

#[test]
fn it_refuses_what_serde_json_refuses() {
    damaged::<Value>(&[
        r#"{"a":[1,-20,12.5e1,null,true,false],"b":{"c":"x\n\"\u00e9\ud83d\ude00"}}"#,
        r#" [ [ ] , { } , "" , 0 , -0.0 , 18446744073709551615 , -9223372036854775808 ] "#,
    ]);
    damaged::<Variant>(&[
        "\"Plain\"",
        r#"{"Newtype":7}"#,
        r#"{"Tuple":[-1,"x"]}"#,
        r#"{"Struct":{"old":1.5,"inner":{"Newtype":1}}}"#,
    ]);
    damaged::<BTreeMap<i64, Option<bool>>>(&[r#"{"1":true,"-20":null}"#]);
    damaged::<(u8, i32, u64, String, char)>(&[r#"[255,-7,12345678901234567890,"a\tb","c"]"#]);
}

#[test]
fn a_raw_value_is_the_text_itself() {
    let text = r#"{"a" : [1, 2.50],"b":"\u0041"}"#;
    let raw: Box<RawValue> = from_str(&format!(" {text} ")).unwrap();
    assert_eq!(raw.get(), text);
    assert_eq!(
        to_vec(&vec![raw]).unwrap(),
        format!("[{text}]").into_bytes()
    );
}

fn refuses<T: DeserializeOwned + Debug>(text: &str, expected: &str) {
    assert_eq!(from_str::<T>(text).unwrap_err().to_string(), expected);
}

#[test]
fn an_error_says_what_and_where() {
    refuses::<u8>(
        "\n 300",
        "invalid value: integer `300`, expected u8 at line 2 column 4",
    );
    refuses::<u8>(
        "1.5",
        "invalid type: floating point number, expected u8 at line 1 column 3",
    );
    refuses::<Wrapped>(
        "\"x\"",
        "invalid type: string \"x\", expected i64 at line 1 column 3",
    );
    refuses::<Variant>(
        r#"{"Other":1}"#,
        "unknown variant `Other`, expected one of `Plain`, `Newtype`, `Tuple`, `Struct` \
         at line 1 column 9",
    );
    refuses::<Variant>(
        r#"{"Struct":{"inner":null}}"#,
        "missing field `new` at line 1 column 23",
    );
    refuses::<Vec<u8>>("[1,2", "expected `,` or `]` at line 1 column 4");
    refuses::<u8>("1 2", "trailing characters at line 1 column 2");
    refuses::<(u8, u8)>("[1,2,3]", "trailing characters at line 1 column 4");
    refuses::<Vec<(u8, u8)>>(
        "[[1,2], [1,2,3]]",
        "trailing characters at line 1 column 12",
    );
    refuses::<BTreeMap<String, Variant>>(
        r#"{"x":{"Newtype":1,"Plain":null},"y":7}"#,
        "trailing characters at line 1 column 17",
    );
    refuses::<BTreeMap<String, BTreeMap<String, u8>>>(
        r#"{"x":{"y":1},"z":[]}"#,
        "invalid type: sequence, expected a map at line 1 column 17",
    );
    let deep = "[".repeat(200);
    refuses::<Value>(&deep, "recursion limit exceeded at line 1 column 129");
    let error = to_vec(&BTreeMap::from([(vec![1], 1)])).unwrap_err();
    assert_eq!(error.to_string(), "key must be a string");
}

/// Reads a body whose fields have not been found, and one whose have.
fn bodies<T: DeserializeOwned + Debug + PartialEq>(kind: &str, json: &str) -> Result<T, String> {
    let read = |text: &str, fields: &FieldList<'_>| {
        read_body::<T>(kind, text, fields).map_err(|error| match error {
            BodyError::UnknownType(known) => known.join(" "),
            BodyError::Malformed(error) => error.to_string(),
        })
    };
    let text = format!(r#"{{"now_ns":0,"message":{{"src":"a","dest":"b","body":{json}}}}}"#);
    let mut places = Places::new();
    let (event, _) = Event::read(&text, &mut places).unwrap();
    let body = event.message.unwrap().body;
    assert_eq!(body, json);
    let found = read(body, &places.fields(&text));
    assert_eq!(found, read(json, &FieldList::default()), "{json}");
    found
}

#[test]
fn a_body_is_read_alike_whether_its_fields_have_been_found_or_not() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case", deny_unknown_fields)]
    enum Body {
        Read,
        Send { key: String, pairs: Vec<(u8, i64)> },
        Wrapped(Wrapped),
    }
    let send = Body::Send {
        key: "k\n".into(),
        pairs: vec![(1, -2), (3, 4)],
    };
    let read = |kind, json| bodies::<Body>(kind, json);
    for json in [
        r#"{"type":"send","key":"k\n","msg_id":1,"pairs":[[1,-2], [3,4]]}"#,
        r#"{"pairs":[[1,-2],[3,4]], "x":{"key":1}, "key":"k\n","type":"send"}"#,
        r#"{"type":"send","1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"pairs":[[1,-2],[3,4]],"key":"k\n"}"#,
        r#"{"type":"send","k\u0065y":"k\n","pairs":[[1,-2],[3,4]]}"#,
    ] {
        assert_eq!(read("send", json).as_ref(), Ok(&send), "{json}");
    }
    assert_eq!(
        read("read", r#"{"type":"read","msg_id":1}"#),
        Ok(Body::Read)
    );
    for (json, error) in [
        (r#"{"type":"send","key":"k"}"#, "missing field `pairs`"),
        (
            r#"{"type":"send","key":1}"#,
            "invalid type: integer `1`, expected a string at line 1 column 1",
        ),
        (
            r#"{"type":"send","key":"","pairs":[[1,2],[1,2,3]]}"#,
            "trailing characters at line 1 column 11",
        ),
        (
            r#"{"type":"send","pairs":{},"key":""}"#,
            "invalid type: map, expected a sequence at line 1 column 0",
        ),
    ] {
        assert_eq!(read("send", json), Err(error.to_owned()), "{json}");
    }
    let unknown = read("raed", r#"{"type":"raed"}"#);
    assert_eq!(unknown, Err("read send wrapped".to_owned()));
}
