//! Errors of reading, with their position.

/// A text that is not valid EDN, JSON, or a history in either.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
#[non_exhaustive]
pub struct ReadError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What was expected, and what was found.
    pub what: String,
}

impl ReadError {
    /// An error at a byte offset. Lines are counted only here, so reading does not pay for them.
    #[must_use]
    pub fn at(text: &[u8], offset: usize, what: impl Into<String>) -> Self {
        let before = &text[..offset.min(text.len())];
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |newline| newline + 1);
        let is_char_start = |b: &&u8| **b & 0xC0 != 0x80;
        Self {
            line: before.iter().filter(|&&b| b == b'\n').count() + 1,
            column: before[line_start..].iter().filter(is_char_start).count() + 1,
            what: what.into(),
        }
    }
}

/// The text as UTF-8, of a size a history may have, without a byte order mark.
///
/// # Errors
/// Where the first byte is that is not UTF-8; or that the text is larger than [`TEXT_BYTES_MAX`].
pub fn as_utf8(text: &[u8]) -> Result<&str, ReadError> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    if text.len() > TEXT_BYTES_MAX {
        return Err(ReadError::at(
            text,
            0,
            format!(
                "expected at most {TEXT_BYTES_MAX} bytes, found {}",
                text.len()
            ),
        ));
    }
    std::str::from_utf8(text).map_err(|error| {
        let at = error.valid_up_to();
        ReadError::at(
            text,
            at,
            format!("expected UTF-8, found the byte 0x{:02x}", text[at]),
        )
    })
}

/// The largest text that is read, 2 GiB: positions of operations are 32 bits wide.
pub const TEXT_BYTES_MAX: usize = 1 << 31;
