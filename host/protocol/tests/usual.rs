//! The shortcuts for messages in the usual form read what serde reads: nothing else, and no other texts.

use std::fmt;

use host_protocol::abi::{self, Effect, Event};
use host_protocol::fields::Places;
use host_protocol::message::{Header, Message};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Messages for which there has to be a shortcut.
const USUAL: [&str; 7] = [
    r#"{"src":"c1","dest":"n1","body":{"type":"echo","msg_id":12,"echo":"hi"}}"#,
    r#"{"id":7,"src":"n1","dest":"c1","body":{"in_reply_to":0,"type":"x","a":[1,-2.5e+3,{"b":[]}]}}"#,
    r#"{"body":{"type":"t","k":{"\u00e9\ud83d\ude00":"\"\\\/\b\f\n\r\t"}},"dest":"é","src":"日本"}"#,
    "{ \"src\" : \"a\" ,\t\"dest\":\"b\",\r\"body\": { \"type\":\"x\" , \"n\": null } } ",
    r#"{"src":"","dest":"","body":{"type":"","t":true,"f":false,"z":-0,"e":1E9,"o":{}}}"#,
    r#"{"src":"n1","dest":"n2","body":{"type":"x","a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8}}"#,
    r#"{"src":"n1","dest":"n2","x":1,"x":2,"body":{"type":"y","q":1,"q":"12345678901234567890"}}"#,
];

/// Messages, or nearly, that another parser has to look at.
const UNUSUAL: [&str; 24] = [
    r#"["c1","n1",{"type":"x"}]"#,
    r#"{"src":"c1","dest":"n1","body":["x",1,2]}"#,
    r#"{"src":"c\u0031","dest":"n1","body":{"type":"x"}}"#,
    r#"{"s\u0072c":"c1","dest":"n1","body":{"type":"x"}}"#,
    r#"{"src":"c1","dest":"n1","body":{"\u0074ype":"x"}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x\ud800"}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x","\ud800":1}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x","a":"\ud800"}}"#,
    r#"{"src":"c1","src":"c2","dest":"n1","body":{"type":"x"}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x"},"body":{"type":"x"}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x","type":"x"}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x","msg_id":1,"msg_id":1}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x","msg_id":null}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x","msg_id":01}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x","msg_id":1.0}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x","msg_id":18446744073709551615}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x","msg_id":18446744073709551616}}"#,
    r#"{"src":"c1","dest":"n1","body":{"msg_id":1}}"#,
    r#"{"src":"c1","dest":"n1","body":null}"#,
    r#"{"src":"c1","dest":"n1"}"#,
    r#"{"src":"c1","dest":null,"body":{"type":"x"}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x"}}}"#,
    r#"{"src":"c1","dest":"n1","body":{"type":"x"}} {"#,
    "",
];

/// What is put into texts: pieces of the grammar, and bytes that have no place in it.
const PIECES: [&[u8]; 32] = [
    b"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\\"",
    b"0",
    b"9",
    b"-",
    b".",
    b"e",
    b"+",
    b"t",
    b"true",
    b"null",
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b"\x0b",
    b"\0",
    b"\x1f",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xc3\xa9",
];

#[test]
fn usual_messages_take_the_shortcut() {
    for text in USUAL {
        assert!(Message::check(text).is_some(), "{text}");
    }
    for text in UNUSUAL {
        assert_eq!(
            agreed(text.as_bytes()),
            text.contains(r#""a":"\ud800""#),
            "{text}"
        );
    }
}

#[test]
fn texts_that_differ_in_one_place_are_read_as_serde_reads_them() {
    let mut taken = 0;
    for text in USUAL.iter().chain(&UNUSUAL) {
        let text = text.as_bytes();
        for at in 0..=text.len() {
            for piece in PIECES {
                for removed in 0..=2.min(text.len() - at) {
                    let changed = [&text[..at], piece, &text[at + removed..]].concat();
                    taken += usize::from(agreed(&changed));
                }
            }
        }
    }
    assert!(
        taken > 10_000,
        "the shortcut was taken for {taken} texts only"
    );
}

#[test]
fn values_of_any_depth_are_read_as_serde_reads_them() {
    for depth in [1, 62, 63, 64, 65, 126, 127, 128, 129, 1000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            for inner in ["", "0", "]"] {
                let (open, close) = (open.repeat(depth), close.repeat(depth));
                let body = format!("{{\"type\":\"x\",\"v\":{open}{inner}{close}}}");
                let text = format!("{{\"src\":\"a\",\"dest\":\"b\",\"body\":{body}}}");
                agreed(text.as_bytes());
                let outside = format!("{{\"v\":{open}{inner}{close},{}", &text[1..]);
                agreed(outside.as_bytes());
            }
        }
    }
}

/// Asserts that `text` is read as serde reads it: as a message, in an effect, in an event. Returns whether a
/// shortcut was taken.
#[track_caller]
fn agreed(text: &[u8]) -> bool {
    let shown = text.escape_ascii();
    let shortcut = str::from_utf8(text).ok().and_then(Message::check);
    if let Some((message, header)) = &shortcut {
        let parsed: Result<Message<'_>, _> = serde_json::from_slice(text);
        assert_eq!(parsed.ok().as_ref(), Some(message), "{shown}");
        let parsed: Result<Header<'_>, _> = serde_json::from_str(message.body);
        assert_eq!(parsed.ok().as_ref(), Some(header), "{shown}");
    }
    assert_effect(&[b"{\"send\":", text, b"}"].concat(), shortcut.is_some());
    if let Ok(text) = str::from_utf8(text) {
        assert_event(text);
    }
    shortcut.is_some()
}

#[track_caller]
fn assert_effect(line: &[u8], has_shortcut: bool) {
    let shown = line.escape_ascii();
    let parsed: Result<Effect<'_>, _> = serde_json::from_slice(line);
    match (Effect::read(line), parsed) {
        (Ok((effect, header)), Ok(parsed)) => {
            assert_eq!(effect, parsed, "{shown}");
            assert_eq!(header.is_some(), has_shortcut, "{shown}");
            let Effect::Send(message) = effect else {
                panic!("{shown} is no send");
            };
            let parsed = serde_json::from_str(message.body).ok();
            assert_eq!(header, parsed.filter(|_| has_shortcut), "{shown}");
        }
        (Err(error), Err(parsed)) => assert_eq!(error.to_string(), parsed.to_string(), "{shown}"),
        (read, parsed) => panic!("{shown}: {read:?}, but {parsed:?}"),
    }
}

/// The host sends only what it has checked.
#[track_caller]
fn assert_event(text: &str) {
    let is_object = |text: &str| text.trim_ascii_start().starts_with('{');
    let parsed: Option<Message<'_>> = serde_json::from_str(text).ok();
    let Some(message) = parsed.filter(|it| is_object(text) && is_object(it.body)) else {
        return;
    };
    let Ok(header) = serde_json::from_str::<Header<'_>>(message.body) else {
        return;
    };
    let Pairs(pairs) = serde_json::from_str(message.body).expect("it is an object");
    let mut event = Vec::new();
    abi::encode_message(&mut event, 7, text);
    let event = String::from_utf8(event).expect("text in text is text");
    let mut places = Places::new();
    let read = Event::read(&event, &mut places).expect("it is an event");
    let fields = places.fields(&event);
    let expected = Event {
        sync_failed: None,
        disk: None,
        now_ns: 7,
        message: Some(message),
        timer: None,
    };
    assert_eq!(read, (expected, Some(header)), "{text}");
    if Message::check(text).is_some() {
        assert_eq!(fields.all().is_some(), pairs.len() <= 8, "{text}");
    }
    if let Some(found) = fields.all() {
        let names = ["msg_id", "a", "type", "v"];
        for name in names {
            let value = pairs.iter().find(|(key, _)| key == name);
            let value = value.map(|(_, value)| (name, value.as_str()));
            let known: &'static [&'static str] = match name {
                "msg_id" => &["x", "msg_id"],
                "a" => &["a"],
                "type" => &["type"],
                _ => &["v", "vv"],
            };
            assert_eq!(found.clone().next_of(known), value, "{text}");
        }
        let found: Vec<(String, String)> = found
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(found, pairs, "{text}");
    }
}

/// The fields of an object, in order.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    pairs.push((key, value.get().to_owned()));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
