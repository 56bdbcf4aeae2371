//! Finds the fields of a JSON object without parsing their values.
//!
//! Every message is read several times on its way: for its envelope, for the
//! reserved fields of its body, and for its payload. Parsing all of it each time was
//! most of the cost of a step (measured on the echo stream), so the first two reads
//! only look for their fields, in one pass.
//!
//! [`Scanner::new`] is for valid JSON that another parser has checked. On any other text
//! it may return wrong fields or `None`, but it never panics. [`Scanner::checking`] is for
//! text of unknown origin: what it returns is what a parser would find.
//!
//! ```
//! use host_protocol::scan::Scanner;
//!
//! let mut scanner = Scanner::new(r#"{"src":"n1","body":{"x":[1]}}"#);
//! scanner.open().unwrap();
//! assert_eq!(scanner.key(), Some("src"));
//! assert_eq!(scanner.string(), Some("n1"));
//! assert_eq!(scanner.key(), Some("body"));
//! assert_eq!(scanner.value(), Some(r#"{"x":[1]}"#));
//! assert_eq!(scanner.key(), None);
//! assert!(scanner.is_closed());
//! ```

use crate::grammar::{self, skip_blanks};
use crate::words::{
    brackets, ends, find, no_digits, number, quotes, short_word, specials, word_at,
};

/// Reads a JSON text from front to back.
///
/// Call [`open`](Scanner::open), then [`key`](Scanner::key) and one of
/// [`string`](Scanner::string), [`number`](Scanner::number) and
/// [`value`](Scanner::value) in turn, until `key` returns `None`.
#[derive(Debug, Clone)]
pub struct Scanner<'a, const CHECKS: bool = false> {
    json: &'a str,
    at: usize,
    /// Whether nothing of the object has been read yet.
    is_opened: bool,
    is_closed: bool,
    escaped_key: bool,
}

/// A key, between its quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The key itself, with zeros behind it, if it is short; another number than any
    /// [`name`](crate::words::name) if not.
    pub(crate) word: u64,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of `json`, which must be valid JSON.
    #[must_use]
    pub fn new(json: &'a str) -> Self {
        Scanner::at_start(json)
    }
}

impl<'a> Scanner<'a, true> {
    /// Starts at the beginning of any text. What is not valid JSON is neither returned nor passed.
    ///
    /// Some valid JSON is not passed either: values that are nested very deeply.
    #[must_use]
    pub fn checking(json: &'a str) -> Self {
        Scanner::at_start(json)
    }
}

impl<'a, const CHECKS: bool> Scanner<'a, CHECKS> {
    fn at_start(json: &'a str) -> Self {
        Scanner {
            json,
            at: 0,
            is_opened: false,
            is_closed: false,
            escaped_key: false,
        }
    }

    /// The current position, in bytes from the beginning of the text.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Whether any key so far had an escape in it. [`key`](Scanner::key) returns such a
    /// key as written, so comparing it with a name may miss a match.
    #[must_use]
    pub fn had_escaped_key(&self) -> bool {
        self.escaped_key
    }

    /// Whether the last [`key`](Scanner::key) was the end of an object, not of what can be read.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether nothing but white space follows.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        skip_blanks(self.json.as_bytes(), self.at) == self.json.len()
    }

    /// Enters the object that begins at the current position, after white space.
    /// Returns `None`, and does not move past the next character, if there is no object.
    #[inline]
    pub fn open(&mut self) -> Option<()> {
        self.at = skip_blanks(self.json.as_bytes(), self.at);
        self.is_opened = self.json.as_bytes().get(self.at) == Some(&b'{');
        self.is_opened.then(|| self.at += 1)
    }

    /// The next key of the object, without quotes and with escapes as written. The
    /// position is then that of its value, which must be read next.
    ///
    /// Returns `None` at the end of the object; the position is then behind it. Returns `None`
    /// too if there is neither, and then [`is_closed`](Scanner::is_closed) is false.
    pub fn key(&mut self) -> Option<&'a str> {
        let key = self.find_key()?;
        self.json.get(key.start..key.end)
    }

    /// Does what [`key`](Scanner::key) does.
    #[inline(always)]
    pub(crate) fn find_key(&mut self) -> Option<Key> {
        let key = self.usual_key();
        if key.is_none() && self.json.as_bytes().get(self.at) == Some(&b'}') {
            self.at += 1;
            (self.is_opened, self.is_closed) = (false, true);
            return None;
        }
        match key {
            None => self.any_key(),
            key => key,
        }
    }

    /// The next key, if it is a short one without escapes, no white space is around it, and it is not at the
    /// very end: looks at words, since a guest pays for each look.
    #[inline(always)]
    fn usual_key(&mut self) -> Option<Key> {
        let bytes = self.json.as_bytes();
        let begin = word_at(bytes, self.at)?;
        let start = match self.is_opened {
            true if begin & 0xff == u64::from(b'"') => self.at + 1,
            false if begin & 0xffff == COMMA_QUOTE => self.at + 2,
            _ => return None,
        };
        let eight = word_at(bytes, start)?;
        let found = match CHECKS {
            true => specials(eight),
            false => quotes(eight),
        };
        if found == 0 {
            return None;
        }
        let bits = found.trailing_zeros() & !7;
        let end = start + (bits / 8) as usize;
        let behind = word_at(bytes, end)?;
        // The value begins with a character above the space.
        if behind & 0xffff != QUOTE_COLON || (behind >> 16) & 0xff <= u64::from(b' ') {
            return None;
        }
        self.at = end + 2;
        self.is_opened = false;
        self.is_closed = false;
        let word = eight & !(u64::MAX << bits);
        Some(Key { start, end, word })
    }

    /// The next key, whatever is around it.
    #[inline(never)]
    fn any_key(&mut self) -> Option<Key> {
        let bytes = self.json.as_bytes();
        let is_first = std::mem::take(&mut self.is_opened);
        self.is_closed = false;
        let mut at = skip_blanks(bytes, self.at);
        let mut byte = *bytes.get(at)?;
        if byte == b'}' {
            self.at = at + 1;
            self.is_closed = true;
            return None;
        }
        if !is_first {
            if byte != b',' {
                return None;
            }
            at = skip_blanks(bytes, at + 1);
            byte = *bytes.get(at)?;
        }
        if byte != b'"' {
            return None;
        }
        let key = self.key_at(at + 1)?;
        at = skip_blanks(bytes, key.end + 1);
        if *bytes.get(at)? != b':' {
            return None;
        }
        self.at = skip_blanks(bytes, at + 1);
        Some(key)
    }

    /// Leaves the object, in which no further field may be.
    #[inline(never)]
    pub(crate) fn end(&mut self) -> Option<()> {
        (self.find_key().is_none() && self.is_closed).then_some(())
    }

    /// The key whose first character is at `start`.
    fn key_at(&mut self, start: usize) -> Option<Key> {
        let bytes = self.json.as_bytes();
        if let Some(eight) = word_at(bytes, start) {
            let found = match CHECKS {
                true => specials(eight),
                false => quotes(eight),
            };
            let bits = found.trailing_zeros() & !7;
            if found != 0 && (eight >> bits) & 0xff == u64::from(b'"') {
                let end = start + (bits / 8) as usize;
                let word = eight & !(u64::MAX << bits);
                return Some(Key { start, end, word });
            }
        }
        let (end, escaped) = Self::string_end(bytes, start)?;
        self.escaped_key |= escaped;
        let end = end - 1;
        let word = match end - start {
            0..8 => short_word(bytes.get(start..end)?),
            _ => u64::MAX,
        };
        Some(Key { start, end, word })
    }

    /// Whether `key` is `name`.
    #[inline]
    pub(crate) fn is_named(&self, key: Key, name: &[u8]) -> bool {
        key.end - key.start == name.len()
            && self.json.as_bytes().get(key.start..key.end) == Some(name)
    }

    /// Reads the string at the current position and returns its contents.
    ///
    /// Returns `None` if the value is not a string, or has escapes.
    #[inline(always)]
    pub fn string(&mut self) -> Option<&'a str> {
        let bytes = self.json.as_bytes();
        let start = self.at + 1;
        if let Some(eight) = word_at(bytes, self.at) {
            // A short one, in one word with its quotes.
            let rest = eight >> 8;
            let found = match CHECKS {
                true => specials(rest),
                false => quotes(rest),
            };
            let bits = found.trailing_zeros() & !7;
            let is_quote = |at: u32| (eight >> at) & 0xff == u64::from(b'"');
            if is_quote(0) && bits < 56 && is_quote(bits + 8) {
                let end = start + (bits / 8) as usize;
                self.at = end + 1;
                return self.json.get(start..end);
            }
        }
        if *bytes.get(self.at)? != b'"' {
            return None;
        }
        let (end, escaped) = Self::string_end(bytes, start)?;
        self.at = end;
        if escaped {
            return None;
        }
        self.json.get(start..end - 1)
    }

    /// Reads the number at the current position, if it is an integer from 0 to 10^19 - 1.
    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        let bytes = self.json.as_bytes();
        let (number, end) = digits_at(bytes, self.at)?;
        if end - self.at > 1 && bytes.get(self.at) == Some(&b'0') {
            return None; // not as JSON has it
        }
        self.at = end;
        Some(number)
    }

    /// Reads the value at the current position, of any type, and returns its JSON text.
    pub fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.skip()?;
        self.since(start)
    }

    /// Passes the value at the current position, of any type.
    pub(crate) fn skip(&mut self) -> Option<()> {
        self.at = match CHECKS {
            true => grammar::value_end(self.json.as_bytes(), self.at)?,
            false => value_end(self.json.as_bytes(), self.at)?,
        };
        Some(())
    }

    /// The text from the position `start` to the current one.
    #[must_use]
    pub fn since(&self, start: usize) -> Option<&'a str> {
        self.json.get(start..self.at)
    }

    #[inline(always)]
    fn string_end(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
        match CHECKS {
            true => grammar::string_end(bytes, at),
            false => string_end(bytes, at),
        }
    }
}

/// The integer from 0 to 10^19 - 1 at `at`, and where it ends: digits only, at least one and at most 19 of
/// them, and no fraction or exponent.
///
/// It has none of the overflow checks of a general parser: on a 32-bit machine each
/// costs a 128-bit multiplication.
#[inline]
fn digits_at(bytes: &[u8], start: usize) -> Option<(u64, usize)> {
    let (mut value, mut at) = (0_u64, start);
    loop {
        let eight = match word_at(bytes, at) {
            Some(eight) => eight,
            None => short_word(bytes.get(at..)?),
        };
        let count = (no_digits(eight).trailing_zeros() / 8) as usize;
        value = (value.wrapping_mul(POWERS[count])).wrapping_add(number(eight, count));
        at += count;
        if count < 8 || at - start > 19 {
            let next = (eight >> (8 * (count & 7))) & 0xff;
            let goes_on = next == u64::from(b'.') || next | 0x20 == u64::from(b'e');
            return (start < at && at - start <= 19 && !goes_on).then_some((value, at));
        }
    }
}

const COMMA_QUOTE: u64 = u16::from_le_bytes(*b",\"") as u64;
const QUOTE_COLON: u64 = u16::from_le_bytes(*b"\":") as u64;

/// Powers of ten.
const POWERS: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// Where the value at `at` ends, in valid JSON.
#[inline]
fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match *bytes.get(at)? {
        b'"' => Some(string_end(bytes, at + 1)?.0),
        b'{' | b'[' => nested_end(bytes, at),
        _ => Some(find(bytes, at, ends).unwrap_or(bytes.len())),
    }
}

/// Where the object or array that begins at `at` ends, in valid JSON.
fn nested_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        at = find(bytes, at, brackets)?;
        match bytes[at] {
            b'"' => {
                at = string_end(bytes, at + 1)?.0;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Where the string whose first character is at `at` ends, behind its quote, and
/// whether there are escapes in it; in valid JSON.
#[inline]
fn string_end(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    at = find(bytes, at, quotes)?;
    match bytes[at] == b'"' {
        true => Some((at + 1, false)),
        false => escaped_end(bytes, at),
    }
}

/// Where the string ends that has an escape at `at`; in valid JSON.
#[cold]
#[inline(never)]
fn escaped_end(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    loop {
        at = find(bytes, at + 2, quotes)?;
        if bytes[at] == b'"' {
            return Some((at + 1, true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Vec<(&str, &str)> {
        let mut scanner = Scanner::new(json);
        let mut fields = Vec::new();
        if scanner.open().is_some() {
            while let Some(key) = scanner.key() {
                let Some(value) = scanner.value() else { break };
                fields.push((key, value));
            }
        }
        fields
    }

    #[test]
    fn fields_are_found_as_they_stand() {
        let json =
            r#" { "a" : "x\"}" , "b":[1,{"c":"]"}],"d":-1.5e3,"e":{},"f\n":null,"g":true } "#;
        let expected = [
            ("a", r#""x\"}""#),
            ("b", r#"[1,{"c":"]"}]"#),
            ("d", "-1.5e3"),
            ("e", "{}"),
            (r"f\n", "null"),
            ("g", "true"),
        ];
        assert_eq!(fields(json), expected);
        assert_eq!(fields("{}"), []);
        assert_eq!(fields("  "), []);
    }

    #[test]
    fn strings_of_every_length_end_at_their_quote() {
        for length in 0..40 {
            for escape in ["", "\\\"", "\\\\", "é"] {
                for at in 0..=length {
                    let text = format!("{}{escape}{}", "x".repeat(at), "y".repeat(length - at));
                    let json = format!("{{\"k\":\"{text}\",\"z\":0}}");
                    let value = format!("\"{text}\"");
                    assert_eq!(fields(&json), [("k", value.as_str()), ("z", "0")]);
                }
            }
        }
    }

    /// Reads an object that has one string.
    fn only_string<const CHECKS: bool>(mut scanner: Scanner<'_, CHECKS>) -> (&str, &str) {
        scanner.open().unwrap();
        let field = (scanner.key().unwrap(), scanner.string().unwrap());
        assert_eq!(scanner.key(), None);
        assert!(scanner.is_closed() && scanner.is_at_end());
        field
    }

    #[test]
    fn keys_and_strings_of_every_length_are_read_wherever_the_text_ends() {
        for length in 0..20 {
            for other in 0..20 {
                let (key, value) = ("k".repeat(length), "v".repeat(other));
                for json in [
                    format!("{{\"{key}\":\"{value}\"}}"),
                    format!(" {{ \"{key}\" : \"{value}\" }} "),
                    format!("{{\"{key}\":\"{value}\"}}{}", " ".repeat(12)),
                ] {
                    let expected = (key.as_str(), value.as_str());
                    assert_eq!(only_string(Scanner::new(&json)), expected, "{json}");
                    assert_eq!(only_string(Scanner::checking(&json)), expected, "{json}");
                }
            }
        }
    }

    #[test]
    fn text_that_is_not_json_does_no_harm() {
        let texts = [
            "{\"a\":[\"\\",
            "{]",
            "{}}",
            "{é",
            "{a:é}",
            "\"{",
            "{\"a\":}",
            "{\"a\":1]",
            "{,:",
            "{\"é",
        ];
        for json in texts {
            for end in (0..=json.len()).filter(|end| json.is_char_boundary(*end)) {
                fields(&json[..end]);
            }
        }
    }
}
