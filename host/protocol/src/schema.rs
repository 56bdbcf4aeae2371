//! The notation in which a workload says what its messages are.
//!
//! `read {key: integer} -> read_ok {value: any, at?: string}` is a request with one field and its answer
//! with two, of which one may be absent. Types are `integer`, `number`, `string`, `boolean`, `any`, a list
//! `[integer]`, and an object with any keys `{integer}`. Every answer also has the fields of all messages.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request.
    pub request: Message,
    /// The answer, if it is no error.
    pub answer: Message,
}

/// A kind of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its type.
    pub kind: String,
    /// Its fields, besides those of all messages.
    pub fields: Vec<Field>,
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whether it may be absent.
    pub is_optional: bool,
    /// Its type.
    pub of: Type,
}

/// A type of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// A whole number of 64 bits.
    Integer,
    /// Any number.
    Number,
    /// A string.
    String,
    /// `true` or `false`.
    Boolean,
    /// Anything.
    Any,
    /// A list.
    List(Box<Type>),
    /// An object with any keys.
    Object(Box<Type>),
}

/// The fields of all messages.
const RESERVED: [&str; 3] = ["type", "msg_id", "in_reply_to"];

/// The most characters of a value that an error shows.
const SHOWN_MAX: usize = 60;

/// How deep types may be.
const DEPTH_MAX: usize = 10;

impl Exchange {
    /// Reads an exchange.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text };
        let request = reader.message()?;
        reader.expect("->")?;
        let answer = reader.message()?;
        reader.skip_blanks();
        match reader.rest.is_empty() {
            true => Ok(Exchange { request, answer }),
            false => Err(reader.wrong("the end")),
        }
    }
}

impl Message {
    /// Checks a body.
    ///
    /// # Errors
    /// What is wrong with it: fields that are missing, unknown, or of another type.
    pub fn check(&self, body: &Body<'_>) -> Result<(), String> {
        let kind = body.get("type").map(RawValue::get);
        if kind.and_then(plain_string) != Some(&self.kind) {
            self.check_kind(kind)?;
        }
        let missing = |field: &&Field| !field.is_optional && body.get(&field.name).is_none();
        if let Some(field) = self.fields.iter().find(missing) {
            return Err(format!("missing field {:?}; expected {self}", field.name));
        }
        for (name, value) in &body.fields {
            match self.fields.iter().find(|field| field.name == *name) {
                Some(field) => field.check(value)?,
                None if RESERVED.contains(&&**name) => _ = Type::Any.fits(value)?,
                None => return Err(format!("unknown field {name:?}; expected {self}")),
            }
        }
        Ok(())
    }

    /// Checks the type of a body, as it is written there.
    #[cold]
    fn check_kind(&self, kind: Option<&str>) -> Result<(), String> {
        let kind = kind.and_then(|kind| serde_json::from_str::<Name<'_>>(kind).ok());
        let kind = kind.map_or(Cow::Borrowed(""), |name| name.0);
        if kind != self.kind {
            return Err(format!("its type is {kind:?}; expected {:?}", self.kind));
        }
        Ok(())
    }
}

/// The text of a JSON string that has no escapes.
fn plain_string(json: &str) -> Option<&str> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then_some(text)
}

/// Whether a JSON value is an integer of at most 18 characters, so of 64 bits.
fn is_short_integer(json: &str) -> bool {
    let digits = json.strip_prefix('-').unwrap_or(json);
    // `-0` is a float.
    let is_float = digits.len() < json.len() && digits.starts_with('0');
    json.len() <= 18 && !is_float && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl Field {
    fn check(&self, value: &RawValue) -> Result<(), String> {
        match self.of.fits(value)? {
            true => Ok(()),
            false => {
                let value = serde_json::from_str::<Value>(value.get()).unwrap_or_default();
                let shown: String = value.to_string().chars().take(SHOWN_MAX).collect();
                Err(format!(
                    "field {:?} is {shown}; expected {}",
                    self.name, self.of
                ))
            }
        }
    }
}

/// The fields of a body, whose values are not read yet.
#[derive(Debug)]
pub struct Body<'a> {
    /// In ascending order of their names, each once.
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Body<'a> {
    /// Finds the fields of `text`, a JSON object. Of a field that comes twice the last one counts.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        let Fields(mut fields) = serde_json::from_str(text)?;
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        fields.dedup_by(|(name, value), (last, kept)| {
            let is_same = name == last;
            if is_same {
                *kept = value;
            }
            is_same
        });
        Ok(Body { fields })
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let at = self.fields.iter().find(|(known, _)| known == name);
        at.map(|(_, value)| *value)
    }
}

/// A string that is not copied where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The fields of an object, as they come.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(4);
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Read)
    }
}

impl Type {
    /// Whether a value is of this type.
    fn fits(&self, value: &RawValue) -> Result<bool, String> {
        // Most values need no parser.
        if is_short_integer(value.get()) {
            return Ok(self.takes_integers());
        }
        if plain_string(value.get()).is_some() {
            return Ok(self.takes_strings());
        }
        let mut parser = serde_json::Deserializer::from_str(value.get());
        let fits = Fits(self).deserialize(&mut parser);
        fits.map_err(|why| format!("it is no JSON object: {why}"))
    }

    fn takes_integers(&self) -> bool {
        matches!(self, Type::Any | Type::Integer | Type::Number)
    }

    fn takes_strings(&self) -> bool {
        matches!(self, Type::Any | Type::String)
    }
}

/// Reads a value, all of it, and says whether it is of a type.
struct Fits<'a>(&'a Type);

impl<'de> DeserializeSeed<'de> for Fits<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fits<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(*self.0 == Type::Any)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(matches!(self.0, Type::Any | Type::Boolean))
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(self.0.takes_strings())
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(self.0.takes_integers())
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(self.0.takes_integers())
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(matches!(self.0, Type::Any | Type::Number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let (of, mut fits) = match self.0 {
            Type::List(of) => (&**of, true),
            of => (&Type::Any, *of == Type::Any),
        };
        while let Some(element) = list.next_element_seed(Fits(of))? {
            fits &= element;
        }
        Ok(fits)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let (of, mut fits) = match self.0 {
            Type::Object(of) => (&**of, true),
            of => (&Type::Any, *of == Type::Any),
        };
        while map.next_key::<Name<'_>>()?.is_some() {
            fits &= map.next_value_seed(Fits(of))?;
        }
        Ok(fits)
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.request, self.answer)
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {{", self.kind)?;
        for (at, field) in self.fields.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            let mark = if field.is_optional { "?" } else { "" };
            write!(f, "{separator}{}{mark}: {}", field.name, field.of)?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Integer => f.write_str("integer"),
            Type::Number => f.write_str("number"),
            Type::String => f.write_str("string"),
            Type::Boolean => f.write_str("boolean"),
            Type::Any => f.write_str("any"),
            Type::List(of) => write!(f, "[{of}]"),
            Type::Object(of) => write!(f, "{{{of}}}"),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn message(&mut self) -> Result<Message, String> {
        let kind = self.name("the type of a message")?.to_owned();
        self.expect("{")?;
        let mut fields: Vec<Field> = Vec::new();
        while !self.takes("}") {
            if !fields.is_empty() {
                self.expect(",")?;
            }
            let name = self.name("the name of a field")?.to_owned();
            if RESERVED.contains(&name.as_str()) {
                return Err(format!("every message has the field {name:?} anyway"));
            }
            if fields.iter().any(|field| field.name == name) {
                return Err(format!("there are two fields {name:?}"));
            }
            let is_optional = self.takes("?");
            self.expect(":")?;
            let of = self.of(0)?;
            fields.push(Field {
                name,
                is_optional,
                of,
            });
        }
        Ok(Message { kind, fields })
    }

    fn of(&mut self, depth: usize) -> Result<Type, String> {
        if depth == DEPTH_MAX {
            return Err(format!("a type is at most {DEPTH_MAX} deep"));
        }
        if self.takes("[") {
            let of = Box::new(self.of(depth + 1)?);
            self.expect("]")?;
            return Ok(Type::List(of));
        }
        if self.takes("{") {
            let of = Box::new(self.of(depth + 1)?);
            self.expect("}")?;
            return Ok(Type::Object(of));
        }
        match self.name("a type")? {
            "integer" => Ok(Type::Integer),
            "number" => Ok(Type::Number),
            "string" => Ok(Type::String),
            "boolean" => Ok(Type::Boolean),
            "any" => Ok(Type::Any),
            other => Err(format!(
                "there is no type {other:?}; types are integer, number, string, boolean, any, [T] and {{T}}"
            )),
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, what: &str) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, what: &str) -> Result<(), String> {
        match self.takes(what) {
            true => Ok(()),
            false => Err(self.wrong(&format!("{what:?}"))),
        }
    }

    fn name(&mut self, what: &str) -> Result<&'a str, String> {
        self.skip_blanks();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        // An arrow is no part of a name.
        let end = (self.rest.char_indices())
            .find(|&(at, c)| !is_part(c) || self.rest[at..].starts_with("->"))
            .map_or(self.rest.len(), |(at, _)| at);
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(self.wrong(what));
        }
        self.rest = rest;
        Ok(name)
    }

    fn wrong(&self, expected: &str) -> String {
        let found: String = self.rest.chars().take(20).collect();
        match found.is_empty() {
            true => format!("expected {expected}, found the end"),
            false => format!("expected {expected} at {found:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(text: &str) -> String {
        Exchange::read(text).unwrap_err()
    }

    #[track_caller]
    fn problem(answer: &Message, body: Value) -> String {
        problem_of_text(answer, &body.to_string())
    }

    #[track_caller]
    fn problem_of_text(answer: &Message, body: &str) -> String {
        let body = Body::read(body).unwrap();
        answer.check(&body).err().unwrap_or_default()
    }

    #[test]
    fn an_exchange_is_written_as_it_is_read() {
        for text in [
            "read {} -> read_ok {}",
            "cas-2 {key: any, from?: integer} -> cas_ok {list: [{number}], yes: boolean}",
        ] {
            assert_eq!(Exchange::read(text).unwrap().to_string(), text);
        }
        let dense = Exchange::read("a{b:string}->c{}").unwrap();
        assert_eq!(dense.to_string(), "a {b: string} -> c {}");
    }

    #[test]
    fn what_is_no_exchange_is_refused_with_its_place() {
        assert_eq!(refused(""), "expected the type of a message, found the end");
        assert_eq!(refused("read {}"), "expected \"->\", found the end");
        assert_eq!(
            refused("read {key} -> read_ok {}"),
            "expected \":\" at \"} -> read_ok {}\""
        );
        assert_eq!(
            refused("read {key: int} -> read_ok {}"),
            "there is no type \"int\"; types are integer, number, string, boolean, any, [T] and {T}"
        );
        assert_eq!(
            refused("read {a: any, a: any} -> read_ok {}"),
            "there are two fields \"a\""
        );
        assert_eq!(
            refused("read {msg_id: any} -> read_ok {}"),
            "every message has the field \"msg_id\" anyway"
        );
        assert_eq!(refused("a {} -> b {} c"), "expected the end at \"c\"");
        let deep = format!("a {{b: {}any", "[".repeat(11));
        assert_eq!(refused(&deep), "a type is at most 10 deep");
    }

    #[test]
    fn a_body_has_the_fields_of_its_message_and_no_others() {
        let answer = Exchange::read("a {} -> ok {n: integer, l?: [string]}");
        let answer = answer.unwrap().answer;
        let with_ids = json!({"type": "ok", "n": 3, "l": ["x"], "in_reply_to": 1, "msg_id": 2});
        assert_eq!(problem(&answer, with_ids), "");
        assert_eq!(
            problem(&answer, json!({"type": "no", "n": 3})),
            "its type is \"no\"; expected \"ok\""
        );
        assert_eq!(
            problem(&answer, json!({"type": "ok"})),
            "missing field \"n\"; expected ok {n: integer, l?: [string]}"
        );
        assert_eq!(
            problem(&answer, json!({"type": "ok", "n": 3, "m": 1})),
            "unknown field \"m\"; expected ok {n: integer, l?: [string]}"
        );
        assert_eq!(
            problem(&answer, json!({"type": "ok", "n": 1.5})),
            "field \"n\" is 1.5; expected integer"
        );
        assert_eq!(
            problem(&answer, json!({"type": "ok", "n": 1, "l": ["x", 2]})),
            "field \"l\" is [\"x\",2]; expected [string]"
        );
    }

    #[test]
    fn every_value_is_of_the_types_that_have_it() {
        let types = [
            "integer",
            "number",
            "string",
            "boolean",
            "any",
            "[any]",
            "{any}",
            "[integer]",
        ];
        // One character a type.
        for (value, has) in [
            ("null", "....x..."),
            ("true", "...xx..."),
            ("7", "xx..x..."),
            ("-7", "xx..x..."),
            ("18446744073709551615", "xx..x..."),
            ("18446744073709551616", ".x..x..."),
            ("-0", ".x..x..."),
            ("1e3", ".x..x..."),
            ("\"7\"", "..x.x..."),
            ("[]", "....xx.x"),
            ("[1, 2]", "....xx.x"),
            ("[1, [2]]", "....xx.."),
            ("{}", "....x.x."),
            (r#"{"a": {"b": 1}}"#, "....x.x."),
        ] {
            for (of, has) in types.iter().zip(has.chars()) {
                let answer = Exchange::read(&format!("a {{}} -> ok {{v: {of}}}"));
                let answer = answer.unwrap().answer;
                let problem = problem_of_text(&answer, &format!(r#"{{"type":"ok","v":{value}}}"#));
                assert_eq!(problem.is_empty(), has == 'x', "{value} as {of}: {problem}");
            }
        }
    }

    #[test]
    fn of_a_field_that_comes_twice_the_last_one_counts() {
        let answer = Exchange::read("a {} -> ok {n: integer}");
        let answer = answer.unwrap().answer;
        let last_is_right = r#"{"n":"x","type":"no","n":1,"type":"ok"}"#;
        assert_eq!(problem_of_text(&answer, last_is_right), "");
        assert_eq!(
            problem_of_text(&answer, r#"{"type":"ok","n":1,"n":"x"}"#),
            "field \"n\" is \"x\"; expected integer"
        );
    }

    #[test]
    fn what_no_parser_takes_is_refused_in_any_field() {
        let answer = Exchange::read("a {} -> ok {v: any}").unwrap().answer;
        for value in ["1e999", r#""\ud800""#, r#"[{"\udc00":1}]"#] {
            let body = format!(r#"{{"type":"ok","v":{value},"msg_id":1}}"#);
            let problem = problem_of_text(&answer, &body);
            assert!(
                problem.starts_with("it is no JSON object: "),
                "{value}: {problem}"
            );
        }
        for text in ["[]", "3", r#"{"a":1"#, ""] {
            assert!(Body::read(text).is_err(), "{text}");
        }
    }
}
