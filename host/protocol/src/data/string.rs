//! Reads strings.

use std::borrow::Cow;

use super::error::JsonError;
use super::reader::Reader;
use crate::grammar::escape_end;
use crate::words::{find, specials};

impl<'de> Reader<'de> {
    /// Reads the string whose quote is next.
    #[inline(never)]
    pub(super) fn string(&mut self) -> Result<Cow<'de, str>, JsonError> {
        let start = self.at + 1;
        self.at = start;
        let escaped = self.string_end()?;
        let text = &self.json[start..self.at - 1];
        if escaped {
            self.unescaped(text).map(Cow::Owned)
        } else {
            Ok(Cow::Borrowed(text))
        }
    }

    pub(super) fn skip_string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        self.string_end().map(|_| ())
    }

    /// Passes the rest of a string and its quote. Returns whether there are escapes in it.
    fn string_end(&mut self) -> Result<bool, JsonError> {
        let bytes = self.json.as_bytes();
        let mut escaped = false;
        loop {
            let Some(at) = find(bytes, self.at, specials) else {
                self.at = bytes.len();
                return self.fail("EOF while parsing a string");
            };
            self.at = at;
            match bytes[at] {
                b'"' => {
                    self.at += 1;
                    return Ok(escaped);
                }
                b'\\' => match escape_end(bytes, at) {
                    Some(end) => self.at = end,
                    None => return self.fail("invalid escape"),
                },
                _ => {
                    return self
                        .fail("control character (\\u0000-\\u001F) found while parsing a string");
                }
            }
            escaped = true;
        }
    }

    #[cold]
    #[inline(never)]
    fn unescaped(&self, text: &str) -> Result<String, JsonError> {
        let Some(plain) = unescape(text) else {
            return self.fail("invalid escape");
        };
        Ok(plain)
    }
}

/// What `text` means, whose escapes are those of JSON; `None` if one is not.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        plain.push_str(before);
        let (kind, behind) = (escape.as_bytes().first()?, escape.get(1..)?);
        rest = behind;
        plain.push(match kind {
            b'"' | b'\\' | b'/' => char::from(*kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut unit = hex(rest)?;
                rest = &rest[4..];
                if (0xd800..0xdc00).contains(&unit) {
                    let low = hex(rest.strip_prefix("\\u")?)?;
                    rest = &rest[6..];
                    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    unit = 0x1_0000 + ((unit - 0xd800) << 10 | low);
                }
                char::from_u32(unit)?
            }
            _ => return None,
        });
    }
    plain.push_str(rest);
    Some(plain)
}

/// The number that the first four characters are in hexadecimal.
fn hex(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    digits
        .chars()
        .try_fold(0, |number, digit| Some(number << 4 | digit.to_digit(16)?))
}
