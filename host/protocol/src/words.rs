//! Looks at eight bytes at a time. (Short strings are most of a message, so wider vectors win nothing.)

/// Where the first byte is that `marks` marks, from `at` on.
///
/// `marks` sets the highest bit of bytes in a word. Only the lowest one that it sets has to be right.
#[inline(always)]
pub(crate) fn find(bytes: &[u8], mut at: usize, marks: impl Fn(u64) -> u64) -> Option<usize> {
    let mut rest = bytes.get(at..)?;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let found = marks(u64::from_le_bytes(*eight));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
        rest = behind;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let ahead = (marks(u64::from_le_bytes(last)).trailing_zeros() / 8) as usize;
    (ahead < rest.len()).then_some(at + ahead)
}

/// Marks quotes and backslashes.
pub(crate) const fn quotes(eight: u64) -> u64 {
    zero_bytes(eight ^ repeat(b'"')) | zero_bytes(eight ^ repeat(b'\\'))
}

/// Marks what cannot stand in a JSON string as it is: quotes, backslashes, control characters.
pub(crate) const fn specials(eight: u64) -> u64 {
    quotes(eight) | (eight.wrapping_sub(repeat(b' ')) & !eight & repeat(0x80))
}

/// Marks quotes, brackets and braces, and also `Y`, `_`, `y` and the character 127.
pub(crate) const fn brackets(eight: u64) -> u64 {
    // All of them become 127.
    zero_bytes((eight | repeat(0x26)) ^ repeat(0x7f)) | zero_bytes(eight ^ repeat(b'"'))
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

    /// A name, what marks, and which bytes it has to mark.
    type Case = (&'static str, fn(u64) -> u64, fn(u8) -> bool);

    #[test]
    fn the_first_byte_of_a_kind_is_found_wherever_it_is() {
        let cases: [Case; 3] = [
            ("quotes", quotes, |byte| matches!(byte, b'"' | b'\\')),
            ("specials", specials, |byte| {
                matches!(byte, b'"' | b'\\' | 0..0x20)
            }),
            ("brackets", brackets, |byte| {
                matches!(
                    byte,
                    b'"' | b'[' | b']' | b'{' | b'}' | b'Y' | b'_' | b'y' | 127
                )
            }),
        ];
        for (name, marks, is) in cases {
            for length in 1..20 {
                for place in 0..length {
                    for byte in 0..=u8::MAX {
                        for around in [b'x', 0xe2, 0x80] {
                            let mut bytes = vec![around; length];
                            bytes[place] = byte;
                            bytes[length - 1] = if place < length - 1 { b'"' } else { byte };
                            let expected = bytes.iter().position(|byte| is(*byte));
                            assert_eq!(find(&bytes, 0, marks), expected, "{name}: {bytes:?}");
                        }
                    }
                }
            }
        }
    }
}
