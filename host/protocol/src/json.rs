//! Writes the two kinds of JSON values that every message has.
//!
//! The functions append to a buffer, so that a message is written without
//! intermediate strings.

use crate::words::{eight_digits, find, short_word, specials};

/// The most bytes that a guest copies itself.
#[cfg(target_family = "wasm")]
const SHORT_MAX: usize = 64;

/// Appends `number` to `out` in decimal.
pub fn write_number(out: &mut Vec<u8>, number: u64) {
    const PART: u64 = 100_000_000;
    if number < PART {
        let digits = eight_digits(number);
        let zeros = ((digits.trailing_zeros() / 8) as usize).min(7);
        let shown = (digits | DIGITS) >> (8 * zeros);
        return append_word(out, shown, 8 - zeros);
    }
    write_number(out, number / PART);
    append_word(out, eight_digits(number % PART) | DIGITS, 8);
}

/// What makes eight digits characters.
const DIGITS: u64 = u64::from_le_bytes([b'0'; 8]);

const QUOTE: u64 = b'"' as u64;

/// Appends the first `count` bytes of `word` to `out`.
#[inline(always)]
fn append_word(out: &mut Vec<u8>, word: u64, count: usize) {
    let end = out.len() + count;
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(end);
}

/// Appends `text` to `out` as a JSON string: in quotes, with escapes where JSON
/// requires them. Text without such characters is copied in one piece.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    if text.len() < 8 {
        // Most names and keys: in one word with their quotes, or all but one.
        let (word, end) = (short_word(text.as_bytes()), 8 * text.len());
        if specials(word) & !(u64::MAX << end) == 0 {
            let quoted = QUOTE | (word << 8);
            if text.len() == 7 {
                append_word(out, quoted, 8);
                return out.push(b'"');
            }
            return append_word(out, quoted | (QUOTE << (end + 8)), text.len() + 2);
        }
    }
    if find(text.as_bytes(), 0, specials).is_none() {
        out.reserve(text.len() + 2);
        out.push(b'"');
        append(out, text.as_bytes());
        out.push(b'"');
    } else {
        // A string always serialises, and a Vec takes every write.
        let _ = serde_json::to_writer(out, text);
    }
}

/// Appends `bytes` to `out`.
#[cfg(not(target_family = "wasm"))]
#[inline]
pub fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
}

/// Appends `bytes` to `out`. In WebAssembly a copy of unknown length is an instruction that calls
/// into the host, which takes longer than to copy a few words.
#[cfg(target_family = "wasm")]
pub fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.len() > SHORT_MAX {
        return out.extend_from_slice(bytes);
    }
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|eight| out.extend_from_slice(eight));
    append_word(out, short_word(rest), rest.len());
}

/// The bytes of a `text` that has at most 15, with zeros behind them.
#[must_use]
pub fn short_text(text: &[u8]) -> Option<[u8; 15]> {
    let (first, last) = match text.split_first_chunk::<8>() {
        None => (short_word(text).to_le_bytes(), 0),
        Some((first, rest)) if rest.len() < 8 => (*first, short_word(rest)),
        Some(_) => return None,
    };
    let mut bytes = [0; 15];
    let (front, back) = bytes.split_at_mut(8);
    front.copy_from_slice(&first);
    back.copy_from_slice(&last.to_le_bytes()[..7]);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_are_written_as_by_serde() {
        let numbers = (0..20).flat_map(|zeros| {
            let power = 10_u64.pow(zeros);
            [power - 1, power, power + 1, power.saturating_mul(9)]
        });
        for number in numbers.chain([u64::MAX, u64::MAX - 1]) {
            let mut written = Vec::new();
            write_number(&mut written, number);
            assert_eq!(written, serde_json::to_vec(&number).unwrap());
        }
        for length in 0..80 {
            for end in ["", "\"", "\\", "\n", "\u{7f}", "é", "\u{1f}"] {
                let text = format!("{}{end}", "x".repeat(length));
                let mut written = Vec::new();
                write_string(&mut written, &text);
                assert_eq!(written, serde_json::to_vec(&text).unwrap());
            }
        }
    }
}
