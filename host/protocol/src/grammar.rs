//! The grammar of JSON values (RFC 8259), for text from which nothing is kept.

use crate::words::{find, specials};

/// Where the value that begins at `at` ends; `None` if there is no valid value, or more than 63
/// arrays and objects are inside each other.
pub(crate) fn value_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    // A bit for each array (0) and object (1) around the value, below a bit that is always there.
    let mut around: u64 = 1;
    loop {
        at = match *bytes.get(at)? {
            b'"' => string_end(bytes, at + 1)?.0,
            b'{' => match skip_blanks(bytes, at + 1) {
                end if *bytes.get(end)? == b'}' => end + 1,
                key => {
                    around = inside(around, 1)?;
                    at = key_end(bytes, key)?;
                    continue;
                }
            },
            b'[' => match skip_blanks(bytes, at + 1) {
                end if *bytes.get(end)? == b']' => end + 1,
                first => {
                    around = inside(around, 0)?;
                    at = first;
                    continue;
                }
            },
            b'-' | b'0'..=b'9' => number_end(bytes, at)?,
            b't' => word_end(bytes, at, b"true")?,
            b'f' => word_end(bytes, at, b"false")?,
            b'n' => word_end(bytes, at, b"null")?,
            _ => return None,
        };
        loop {
            if around == 1 {
                return Some(at);
            }
            at = skip_blanks(bytes, at);
            match (*bytes.get(at)?, around & 1) {
                (b',', 0) => {
                    at = skip_blanks(bytes, at + 1);
                    break;
                }
                (b',', _) => {
                    at = key_end(bytes, skip_blanks(bytes, at + 1))?;
                    break;
                }
                (b']', 0) | (b'}', 1) => {
                    at += 1;
                    around >>= 1;
                }
                _ => return None,
            }
        }
    }
}

fn inside(around: u64, bit: u64) -> Option<u64> {
    (around >> 62 == 0).then_some((around << 1) | bit)
}

/// Where the white space at `at`, if any, ends.
#[inline(always)]
pub(crate) fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(byte) if *byte <= b' ' => blanks_end(bytes, at),
        _ => at,
    }
}

#[cold]
#[inline(never)]
fn blanks_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Where the value of the key that begins at `at` begins.
fn key_end(bytes: &[u8], at: usize) -> Option<usize> {
    if *bytes.get(at)? != b'"' {
        return None;
    }
    let colon = skip_blanks(bytes, string_end(bytes, at + 1)?.0);
    (*bytes.get(colon)? == b':').then(|| skip_blanks(bytes, colon + 1))
}

/// Where the string whose first character is at `at` ends, behind its quote, and whether there
/// are escapes in it. Halves of surrogate pairs are not looked at.
#[inline]
pub(crate) fn string_end(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut escaped = false;
    loop {
        at = find(bytes, at, specials)?;
        if bytes[at] == b'"' {
            return Some((at + 1, escaped));
        }
        escaped = true;
        at = escape_end(bytes, at)?;
    }
}

/// Where the escape at `at` ends; `None` if there is none.
pub(crate) fn escape_end(bytes: &[u8], at: usize) -> Option<usize> {
    match *bytes.get(at..)? {
        [b'\\', b'u', a, b, c, d, ..] => {
            let is_hex = [a, b, c, d].iter().all(u8::is_ascii_hexdigit);
            is_hex.then_some(at + 6)
        }
        [
            b'\\',
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            ..,
        ] => Some(at + 2),
        _ => None,
    }
}

fn number_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    at += usize::from(bytes.get(at) == Some(&b'-'));
    at = match bytes.get(at)? {
        b'0' => at + 1,
        _ => digits_end(bytes, at)?,
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits_end(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at = digits_end(bytes, at)?;
    }
    Some(at)
}

/// Where the digits at `at` end, of which there must be one.
fn digits_end(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = bytes.get(at..)?;
    let other = digits.iter().position(|byte| !byte.is_ascii_digit());
    let count = other.unwrap_or(digits.len());
    (count > 0).then_some(at + count)
}

/// Where the `word` at `at` ends; `None` if it is not there.
pub(crate) fn word_end(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes
        .get(at..)?
        .starts_with(word)
        .then_some(at + word.len())
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;

    /// Whether `text` is one value, with nothing but white space around it.
    fn is_value(text: &str) -> bool {
        let bytes = text.as_bytes();
        value_end(bytes, skip_blanks(bytes, 0))
            .is_some_and(|end| skip_blanks(bytes, end) == bytes.len())
    }

    #[track_caller]
    fn assert_as_serde(text: &str) {
        let expected = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(is_value(text), expected, "{text:?}");
    }

    #[test]
    fn a_text_of_up_to_five_pieces_is_a_value_if_serde_says_so() {
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\\", "u00e9", "0", "1", "-", ".", "e",
            "+", "true", "nul", " ", "\n", "\u{b}", "\u{1}", "é",
        ];
        let mut texts = vec![String::new()];
        for _ in 0..5 {
            texts.iter().for_each(|text| assert_as_serde(text));
            // What is no beginning of a value cannot be mended.
            texts.retain(|text| !is_hopeless(text));
            texts = texts
                .iter()
                .flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}")))
                .collect();
        }
        texts.iter().for_each(|text| assert_as_serde(text));
    }

    fn is_hopeless(text: &str) -> bool {
        let error = serde_json::from_str::<IgnoredAny>(text).err();
        error.is_some_and(|error| !error.is_eof())
    }

    #[test]
    fn strings_numbers_and_words_are_those_of_serde() {
        for text in [
            r#""\ud800""#,
            r#""\udc00\ud800x""#,
            r#""\u12""#,
            r#""\u12g4""#,
            r#""\b\f\n\r\t\/\\\"""#,
            r#""\a""#,
            r#""\U0041""#,
            "\"\u{1f}\"",
            "\"\u{7f}\u{80}\"",
            "\"12345678\u{0}\"",
            "1e999",
            "-0.0e-0",
            "-01",
            "1.e3",
            "1e+",
            ".5",
            "123456789012345678901234567890",
            "truefalse",
            "TRUE",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a",1}"#,
            r#"{a:1}"#,
            "[1,]",
            "[1 2]",
            "[[],[{}],{\"b\" : [ ]\t}\r]",
            "\u{feff}1",
        ] {
            assert_as_serde(text);
        }
    }

    #[test]
    fn deeper_values_are_left_to_another_parser() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_value(&nested(62)));
        assert!(is_value(&nested(63)));
        assert!(!is_value(&nested(64)));
    }
}
