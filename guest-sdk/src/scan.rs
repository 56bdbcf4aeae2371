//! Finds the fields of a JSON object without reading their values.
//!
//! Every message is looked at several times on its way: for its envelope, for the
//! reserved fields of its body, for its payload. Parsing all of it each time was
//! most of the cost of a step (measured on the echo stream), so the first two only
//! look for their fields, in one pass. This works on text that has been checked to
//! be JSON before; on other text it finds nothing or nonsense, but never panics.

/// A position in a JSON text.
pub(crate) struct Scanner<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(json: &'a str) -> Self {
        Scanner { json, at: 0 }
    }

    /// Where it stands, in bytes.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Enters the object that begins here.
    pub(crate) fn open(&mut self) -> Option<()> {
        self.skip(|byte| byte.is_ascii_whitespace());
        self.byte().filter(|byte| *byte == b'{')?;
        self.at += 1;
        Some(())
    }

    /// The next key of the object (without quotes, escapes as they are); from
    /// there, [`value`](Scanner::value) or [`open`](Scanner::open) must follow.
    /// `None` when the object has ended, and it is left.
    pub(crate) fn key(&mut self) -> Option<&'a str> {
        self.skip(|byte| byte == b',' || byte.is_ascii_whitespace());
        let quote = self.byte();
        self.at += 1;
        if quote? != b'"' {
            return None;
        }
        let start = self.at;
        self.at = string_end(self.json.as_bytes(), start)?;
        let key = self.json.get(start..self.at - 1)?;
        self.skip(|byte| byte == b':' || byte.is_ascii_whitespace());
        Some(key)
    }

    /// The text of the value that begins here.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.byte()? {
                b'"' => self.at = string_end(self.json.as_bytes(), self.at + 1)?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                _ if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => self.skip(|byte| !matches!(byte, b',' | b'}' | b' ' | b'\n' | b'\r' | b'\t')),
            }
            if depth == 0 {
                return self.json.get(start..self.at);
            }
        }
    }

    fn byte(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, unwanted: impl Fn(u8) -> bool) {
        while self.byte().is_some_and(&unwanted) {
            self.at += 1;
        }
    }
}

/// Where the string whose first character is at `at` ends, behind its quote.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let eight = u64::from_le_bytes(*eight);
        let found = zero_bytes(eight ^ repeat(b'"')) | zero_bytes(eight ^ repeat(b'\\'));
        if found != 0 {
            at += (found.trailing_zeros() / 8) as usize;
            break;
        }
        at += 8;
    }
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

const fn repeat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The highest bit of each byte that is zero; only the lowest one set is reliable.
const fn zero_bytes(eight: u64) -> u64 {
    eight.wrapping_sub(repeat(1)) & !eight & repeat(0x80)
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
