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
    if rest.is_empty() {
        return None;
    }
    let ahead = (marks(last_word(bytes, rest)).trailing_zeros() / 8) as usize;
    (ahead < rest.len()).then_some(at + ahead)
}

/// The last bytes of `bytes`, less than eight, with zeros behind them.
#[inline(always)]
fn last_word(bytes: &[u8], last: &[u8]) -> u64 {
    match bytes.last_chunk() {
        Some(eight) => u64::from_le_bytes(*eight) >> (8 * (8 - last.len())),
        None => (last.iter().rev()).fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The eight bytes at `at`, the first one lowest.
#[inline(always)]
pub(crate) fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*eight))
}

/// A name of up to seven bytes, with zeros behind it.
pub(crate) const fn name(text: &str) -> u64 {
    let (bytes, mut word, mut at) = (text.as_bytes(), 0, 0);
    assert!(bytes.len() < 8, "the name is too long");
    while at < bytes.len() {
        word |= (bytes[at] as u64) << (8 * at);
        at += 1;
    }
    word
}

/// The number that eight digits are, the first one lowest; `None` if one is no digit.
#[inline(always)]
pub(crate) const fn eight_digits(eight: u64) -> Option<u64> {
    let high = eight & repeat(0xf0);
    let carried = (eight.wrapping_add(repeat(6)) & repeat(0xf0)) >> 4;
    if high | carried != repeat(0x33) {
        return None;
    }
    // Pairs of digits, then of pairs, then of fours.
    let pairs = (eight & repeat(0x0f)).wrapping_mul(2561) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32)
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

/// Marks what can follow a number, `true`, `false` or `null`: commas, closing brackets, white space.
pub(crate) const fn ends(eight: u64) -> u64 {
    zero_bytes(eight ^ repeat(b','))
        | zero_bytes((eight | repeat(0x20)) ^ repeat(b'}'))
        | (eight.wrapping_sub(repeat(b' ' + 1)) & !eight & repeat(0x80))
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
        let cases: [Case; 4] = [
            ("ends", ends, |byte| {
                matches!(byte, b',' | b']' | b'}' | 0..=b' ')
            }),
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
                            if place < length - 1 {
                                bytes[length - 1] = b'"';
                            }
                            let expected = bytes.iter().position(|byte| is(*byte));
                            assert_eq!(find(&bytes, 0, marks), expected, "{name}: {bytes:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn eight_bytes_are_a_number_if_all_are_digits() {
        let read = |text: &[u8; 8]| eight_digits(u64::from_le_bytes(*text));
        for number in (0..100_000_000_u64).step_by(7919).chain([99_999_999]) {
            let text = format!("{number:08}");
            assert_eq!(read(text.as_bytes().try_into().unwrap()), Some(number));
        }
        for place in 0..8 {
            for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                for around in [b'0', b'9'] {
                    let mut text = [around; 8];
                    text[place] = byte;
                    assert_eq!(read(&text), None, "{text:?}");
                }
            }
        }
    }
}
