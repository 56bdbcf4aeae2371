//! Writes the two kinds of JSON values that every message has.
//!
//! The functions append to a buffer, so that a message is written without
//! intermediate strings.

use crate::words::{find, specials};

/// The most bytes that a guest copies itself.
#[cfg(target_family = "wasm")]
const SHORT_MAX: usize = 64;

/// Appends `number` to `out` in decimal.
pub fn write_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    // Nine digits at a time: to divide long numbers takes long.
    loop {
        let mut nine = (number % 1_000_000_000) as u32;
        number /= 1_000_000_000;
        let start = at;
        while nine > 0 || at == digits.len() {
            at -= 1;
            digits[at] += (nine % 10) as u8;
            nine /= 10;
        }
        if number == 0 {
            break;
        }
        at = start - 9;
    }
    append(out, &digits[at..]);
}

/// Appends `text` to `out` as a JSON string: in quotes, with escapes where JSON
/// requires them. Text without such characters is copied in one piece.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
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
    out.reserve(bytes.len());
    let (words, mut rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|eight| out.extend_from_slice(eight));
    if let Some((four, behind)) = rest.split_first_chunk::<4>() {
        out.extend_from_slice(four);
        rest = behind;
    }
    rest.iter().for_each(|byte| out.push(*byte));
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
