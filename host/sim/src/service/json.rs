//! JSON values in a canonical form, which services compare and keep.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A JSON value in its canonical text, so that comparing and hashing values is comparing and
/// hashing text. Copies share it.
///
/// Values are equal as they are in Maelstrom (Clojure's `=` on what its JSON reader gives): an
/// integer never equals a float or a string, floats are equal as 64-bit floats, strings whatever
/// their escapes, objects whatever the order of their keys. Integers are exact at any size.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Arc<str>);

/// Why a text has no [`Json`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnreadableJson(String);

/// How deep arrays and objects may nest.
pub const DEPTH_MAX: usize = 128;

impl Json {
    /// `null`, which is also what a missing field counts as.
    #[must_use]
    pub fn null() -> Self {
        Json("null".into())
    }

    /// Reads one value. `text` must be the text of exactly one JSON value without white space
    /// around it, as a `RawValue` has it; of other text comes an error or another value.
    ///
    /// # Errors
    /// What JSON can say and no value can be, in words: a float beyond 64 bits, half of a
    /// surrogate pair in a string, nesting deeper than [`DEPTH_MAX`].
    pub fn read(text: &str) -> Result<Self, UnreadableJson> {
        if is_canonical(text.as_bytes()) {
            return Ok(Json(text.into()));
        }
        let tree = Reader { text, at: 0 }.value(0).map_err(UnreadableJson)?;
        let mut canonical = String::with_capacity(text.len());
        tree.write(&mut canonical);
        Ok(Json(canonical.into()))
    }

    /// The canonical text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` surely is canonical already: nearly all keys and values are plain strings and
/// integers.
fn is_canonical(text: &[u8]) -> bool {
    match text {
        [b'"', inside @ .., b'"'] => !inside.contains(&b'\\'),
        [b'-', digits @ ..] => {
            digits.first() != Some(&b'0') && digits.iter().all(u8::is_ascii_digit)
        }
        digits => digits.iter().all(u8::is_ascii_digit),
    }
}

/// A value that is being made canonical.
enum Tree<'a> {
    Scalar(Cow<'a, str>),
    Array(Vec<Tree<'a>>),
    /// By key, each once; the key is a string in its canonical text.
    Object(Vec<(Cow<'a, str>, Tree<'a>)>),
}

impl Tree<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Tree::Scalar(text) => out.push_str(text),
            Tree::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    item.write(out);
                }
                out.push(']');
            }
            Tree::Object(fields) => {
                out.push('{');
                for (i, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    out.push_str(key);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// A position in text that has been checked to be JSON.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Tree<'a>, String> {
        if depth > DEPTH_MAX {
            return Err(format!(
                "values may nest {DEPTH_MAX} deep, this one is deeper"
            ));
        }
        match self.next() {
            Some(b'[') => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.ends(b']') {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Tree::Array(items))
            }
            Some(b'{') => {
                self.at += 1;
                let mut fields = Vec::new();
                while !self.ends(b'}') {
                    let key = self.scalar()?;
                    fields.push((key, self.value(depth + 1)?));
                }
                // The last of those with the same key counts.
                fields.reverse();
                fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                fields.dedup_by(|(a, _), (b, _)| a == b);
                Ok(Tree::Object(fields))
            }
            _ => self.scalar().map(Tree::Scalar),
        }
    }

    /// The next byte behind white space and separators.
    fn next(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let between = |b: &&u8| matches!(b, b',' | b':' | b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(between).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether the collection ends here, at `close` or with the text.
    fn ends(&mut self, close: u8) -> bool {
        let next = self.next();
        self.at += usize::from(next == Some(close));
        next.is_none_or(|byte| byte == close)
    }

    fn scalar(&mut self) -> Result<Cow<'a, str>, String> {
        let rest = &self.text.as_bytes()[self.at..];
        let len = match rest.first() {
            None => return Err("the text ends too early".into()),
            Some(b'"') => string_len(rest),
            Some(_) => token_len(rest),
        };
        let text = self.text.get(self.at..self.at + len);
        self.at += len;
        text.map_or_else(|| Err("it is not JSON".into()), scalar)
    }
}

/// The length of the string at the start of `rest`, quotes included.
fn string_len(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        at += 1;
        match byte {
            b'"' => return at,
            b'\\' => at += 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of the number or literal at the start of `rest`; not 0, so that the reader moves on
/// whatever the text is.
fn token_len(rest: &[u8]) -> usize {
    let ends = |b: &u8| matches!(b, b',' | b':' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
    rest.iter().position(ends).unwrap_or(rest.len()).max(1)
}

/// The canonical text of a string, a number or a literal.
fn scalar(text: &str) -> Result<Cow<'_, str>, String> {
    if is_canonical(text.as_bytes()) {
        return Ok(Cow::Borrowed(text));
    }
    match text.as_bytes() {
        [b'"', ..] => {
            let string: String = serde_json::from_str(text).map_err(|error| error.to_string())?;
            let canonical = serde_json::to_string(&string).map_err(|error| error.to_string())?;
            Ok(canonical.into())
        }
        b"-0" => Ok("0".into()),
        [b'-' | b'0'..=b'9', ..] => match text.parse::<f64>() {
            // Zero has one sign, as equal values need.
            Ok(0.0) => Ok("0.0".into()),
            Ok(float) if float.is_finite() => Ok(format!("{float:?}").into()),
            _ => Err(format!("the number {text} is beyond 64-bit floats")),
        },
        _ => Ok(Cow::Borrowed(text)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    #[track_caller]
    fn canonical(text: &str, expected: &str) {
        assert_eq!(Json::read(text).unwrap().text(), expected, "{text}");
    }

    #[test]
    fn equal_values_have_one_text() {
        canonical("null", "null");
        canonical("true", "true");
        canonical("0", "0");
        canonical("-0", "0");
        canonical("-17", "-17");
        canonical(
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        );
        canonical("1.0", "1.0");
        canonical("1.50e0", "1.5");
        canonical("1E2", "100.0");
        canonical("-0.0", "0.0");
        canonical("1e-400", "0.0");
        canonical("1e300", "1e300");
        canonical("0.1000000000000000055511", "0.1");
        canonical(r#""a b""#, r#""a b""#);
        canonical(r#""\u0061\/\n\u00e9""#, "\"a/\\né\"");
        canonical(r#""\ud83d\ude00""#, "\"😀\"");
        canonical("[ ]", "[]");
        canonical("[1 , [2.50,\"x\"],\n{ }]", "[1,[2.5,\"x\"],{}]");
        canonical(
            r#"{"b" : [1], "\u0061":{"d":null,"c":-0}}"#,
            r#"{"a":{"c":0,"d":null},"b":[1]}"#,
        );
        canonical(r#"{"a":1,"a":2}"#, r#"{"a":2}"#);
        canonical(r#"["]",",","\"\\"]"#, r#"["]",",","\"\\"]"#);
    }

    #[test]
    fn values_of_different_kinds_differ() {
        let texts = [
            "1",
            "1.0",
            r#""1""#,
            "[1]",
            r#"{"1":1}"#,
            "null",
            "true",
            r#""null""#,
        ];
        let values: Vec<Json> = texts.iter().map(|text| Json::read(text).unwrap()).collect();
        for (i, a) in values.iter().enumerate() {
            for (j, b) in values.iter().enumerate() {
                assert_eq!(a == b, i == j, "{a} {b}");
            }
        }
    }

    #[test]
    fn what_no_value_can_be_is_an_error() {
        let error = |text: &str| Json::read(text).unwrap_err().to_string();
        assert_eq!(error("[1e999]"), "the number 1e999 is beyond 64-bit floats");
        assert_eq!(
            error(r#""\ud800""#),
            "unexpected end of hex escape at line 1 column 8"
        );
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::read(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(
            error(&nested(100_000)),
            "values may nest 128 deep, this one is deeper"
        );
    }

    /// Any JSON, as serde_json has it.
    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".{0,4}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(".{0,2}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_canonical_text_is_the_same_value_and_stays(value in any_json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let json = Json::read(&text.unwrap()).unwrap();
            let back: serde_json::Value = serde_json::from_str(json.text()).unwrap();
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(Json::read(json.text()).unwrap(), json);
        }

        #[test]
        fn no_json_makes_it_panic(text in r#"[\[\]{}",:\\ 01eEu.a-]{0,24}"#) {
            if let Ok(raw) = serde_json::from_str::<&RawValue>(&text) {
                let _ = Json::read(raw.get());
            }
            // Even what is no JSON at all.
            let _ = Json::read(&text);
        }
    }
}
