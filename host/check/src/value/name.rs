//! Names: the text of keywords, symbols, tags and an operation's `:f`, and what can be in one.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The text of a keyword or symbol, or of an operation's `:f`. A copy shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// Whether `text`, written as a keyword, reads back as that keyword.
    #[must_use]
    pub fn is_readable(text: &str) -> bool {
        !text.is_empty() && !text.starts_with([':', '#']) && text.bytes().all(is_constituent)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// Whether a byte can be inside a symbol, keyword or number. Whatever is not ASCII can.
#[inline]
pub(crate) fn is_constituent(byte: u8) -> bool {
    CONSTITUENTS[byte as usize]
}

const CONSTITUENTS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = byte >= 0x80 || byte.is_ascii_alphanumeric();
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    let others = b".*+!-_?$%&=<>/:#'|";
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};
