//! What a JSON text costs as a value, counted before the value is made.
//!
//! Text says little about it: `{},` is three bytes, and a [`Value`](host_check::value::Value) of
//! 104. The count is an upper bound of what the allocator gives out for the finished value. It is
//! one pass over the text and allocates nothing.

/// A value in a vector or a map.
const VALUE: usize = 24;

/// An integer in a vector of integers only.
const COMPACT_INT: usize = 8;

/// What the allocator adds to each block.
const BLOCK: usize = 32;

/// A map without entries.
const MAP: usize = 96;

/// What the first entry of a map takes more than those after it: room for four.
const MAP_ROOM: usize = 192;

/// An entry of a map, without its value: hash, key and index, with room to grow.
const ENTRY: usize = 136;

/// How deep arrays may nest whose integers are counted as compact. A parser reads no deeper.
const DEPTH_MAX: usize = 128;

/// How a byte of JSON goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Array,
    Object,
}

/// What is known of an array or an object that has not ended.
#[derive(Debug, Clone, Copy)]
struct Level {
    open: Open,
    /// Whether it has an element or an entry.
    is_empty: bool,
    /// The integers in it.
    ints: usize,
    /// Whether it has something else than integers.
    is_mixed: bool,
}

/// How many fields of an answer cost no more than their values: what a map of them takes is part of
/// what each operation is charged.
const FIELDS_FREE: usize = 6;

/// The bytes that the value of `json` takes at most. `json` has to be JSON; of other text the
/// count means nothing, and the parser refuses it.
pub(super) fn value_bytes(json: &str) -> usize {
    count(json, 0)
}

/// The bytes that the values in the body of an answer take at most. Its first six fields cost no
/// more than the text of their names, as the bodies of all workloads have no more.
pub(super) fn answer_bytes(body: &str) -> usize {
    count(body, FIELDS_FREE)
}

/// The bytes of a value; a map of it costs nothing, nor do the places of its first `free` keys,
/// unless that is 0.
fn count(json: &str, mut free: usize) -> usize {
    let outermost_costs = free == 0;
    let bytes = json.as_bytes();
    let outermost = Level {
        open: Open::Object,
        is_empty: false,
        ints: 0,
        is_mixed: true,
    };
    let mut levels = [outermost; DEPTH_MAX + 1];
    let mut depth = 0_usize;
    let mut total = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let level = &mut levels[depth.min(DEPTH_MAX)];
        match byte {
            b'"' => {
                let end = string_end(bytes, at + 1);
                total += end - at;
                let after = bytes[end..].iter().find(|byte| !byte.is_ascii_whitespace());
                let is_key = level.open == Open::Object && after == Some(&b':');
                if is_key && depth == 1 && free > 0 {
                    free -= 1;
                    level.is_empty = false;
                } else if is_key {
                    total += ENTRY + BLOCK;
                    if std::mem::take(&mut level.is_empty) {
                        total += MAP_ROOM;
                    }
                } else {
                    total += level.other() + BLOCK;
                }
                at = end;
            }
            b'[' | b'{' => {
                let open = if byte == b'[' {
                    Open::Array
                } else {
                    if depth > 0 || outermost_costs {
                        total += MAP;
                    }
                    Open::Object
                };
                total += level.other();
                depth += 1;
                levels[depth.min(DEPTH_MAX)] = Level {
                    open,
                    is_empty: true,
                    ints: 0,
                    is_mixed: open == Open::Object || depth >= DEPTH_MAX,
                };
                at += 1;
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            _ => match int(&bytes[at..]) {
                // Most of a long answer is integers, one after the other.
                Some(mut len) => loop {
                    total += level.int();
                    at += len;
                    let next = bytes.get(at..).and_then(|rest| rest.strip_prefix(b","));
                    match next.and_then(int) {
                        Some(next) => (at, len) = (at + 1, next),
                        None => break,
                    }
                },
                None => {
                    let rest = &bytes[at..];
                    let len = rest.iter().position(ends).unwrap_or(rest.len()).max(1);
                    // A number beyond 64 bits is kept as its digits.
                    total += level.other() + if len > 8 { BLOCK + len } else { 0 };
                    at += len;
                }
            },
        }
    }
    total
}

impl Level {
    /// Adds an integer to it; the bytes that it takes more.
    fn int(&mut self) -> usize {
        let block = self.begin();
        if self.is_mixed {
            return block + VALUE;
        }
        self.ints += 1;
        block + COMPACT_INT
    }

    /// Adds another value to it; the bytes that it takes more. Integers before it are no longer
    /// compact.
    fn other(&mut self) -> usize {
        let block = self.begin();
        self.is_mixed = true;
        block + VALUE + std::mem::take(&mut self.ints) * (VALUE - COMPACT_INT)
    }

    /// The bytes of an array's block, which the first element makes.
    fn begin(&mut self) -> usize {
        match self.open {
            Open::Array if std::mem::take(&mut self.is_empty) => BLOCK,
            Open::Array | Open::Object => 0,
        }
    }
}

/// Where the string whose first character is at `at` ends, behind its quote.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// Whether a byte ends a number or a word.
fn ends(byte: &u8) -> bool {
    matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r')
}

/// The length of the integer that a text begins with, if it is sure to be one of 64 bits.
fn int(text: &[u8]) -> Option<usize> {
    let sign = usize::from(text.first() == Some(&b'-'));
    let digits = text[sign..].iter().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.count();
    let is_whole = text.get(sign + digits).is_none_or(ends);
    ((1..=18).contains(&digits) && is_whole).then_some(sign + digits)
}

#[cfg(test)]
mod tests {
    use host_check::value::{Map, Value};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(json: &str, bytes: usize) {
        assert_eq!(value_bytes(json), bytes, "{json}");
    }

    #[test]
    fn a_value_costs_what_it_is_made_of() {
        check("null", 24);
        check("7", 24);
        check("[]", 24);
        check("[1,2,3]", 24 + 32 + 3 * 8);
        check("[1,2,true]", 24 + 32 + 3 * 24);
        check("[true,1,2]", 24 + 32 + 3 * 24);
        check("[[1],[ 2 , 3 ]]", 24 + 32 + 2 * (24 + 32) + 3 * 8);
        check(r#""ab""#, 24 + 32 + 4);
        check(r#""a\"b""#, 24 + 32 + 6);
        check("{}", 24 + 96);
        check(r#"{"a":1}"#, 24 + 96 + 192 + (136 + 32 + 3) + 24);
        check(
            r#"{"a":{},"b":[{}]}"#,
            24 + 96 + 192 + 2 * (136 + 32 + 3) + (24 + 96) + (24 + 32) + (24 + 96),
        );
        check("{ \"a\" \n : 1 }", 24 + 96 + 192 + (136 + 32 + 3) + 24);
        check("123456789012345678901", 24 + 32 + 21);
        check("[1,123456789012345678901,-2,-]", 24 + 32 + 4 * 24 + 32 + 21);
        check("[ 1,-2, 3,4.5,,6]", 24 + 32 + 5 * 24);
        check("[1,2", 24 + 32 + 2 * 8);
    }

    #[test]
    fn the_fields_of_an_answer_cost_their_values() {
        let body = r#"{"type":"read_ok","in_reply_to":1,"value":[1,2]}"#;
        let values = (24 + 32 + 9) + 24 + (24 + 32 + 2 * 8);
        assert_eq!(answer_bytes(body), 24 + values + 6 + 13 + 7);
        let many: Vec<String> = (0..9).map(|field| format!("\"{field}\":{{}}")).collect();
        let body = format!("{{{}}}", many.join(","));
        let entry = 136 + 32;
        assert_eq!(answer_bytes(&body), 24 + 9 * (3 + 24 + 96) + 3 * entry);
    }

    #[test]
    fn a_few_megabytes_of_empty_objects_cost_hundreds() {
        let text = format!("[{}{{}}]", "{},".repeat(1_700_000));
        assert!(text.len() < 6 << 20);
        assert!(value_bytes(&text) > 190 << 20);
    }

    #[test]
    fn text_that_is_not_json_does_no_harm() {
        for text in [
            "",
            "]",
            "}}]]",
            "\"",
            "\"\\",
            "{:,",
            "[1",
            &"[".repeat(1000),
        ] {
            value_bytes(text);
        }
    }

    /// What the blocks of a value have at least, without what the allocator adds.
    fn least(value: &Value) -> usize {
        size_of::<Value>()
            + match value {
                Value::Str(text) | Value::BigInt(text) => text.len(),
                Value::Vector(vector) => match vector.as_ints() {
                    Some(ints) => size_of_val(ints),
                    None => vector.iter().map(|item| least(&item)).sum(),
                },
                Value::Map(map) => {
                    let entries = map.iter().map(|(key, value)| 8 + least(key) + least(value));
                    size_of::<Map>() + entries.sum::<usize>()
                }
                _ => 0,
            }
    }

    proptest! {
        #[test]
        fn no_value_is_larger_than_its_cost(text in r#"\[(\{\}|\[1,2\]|\[\]|"a\\"b"|12|-7|1\.5|null|\{"k":\{"l":3\}\})(,(1|"x"|\{\}|\[[0-9]\]|123456789012345678901|true)){0,9}\]"#) {
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert!(least(&value) <= value_bytes(&text), "{}", text);
        }
    }
}
