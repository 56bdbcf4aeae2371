//! Looks at eight bytes at a time. (Short strings are most of a message, so wider vectors win nothing.)

/// Where the first byte is that `marks` marks, from `at` on.
///
/// `marks` sets the highest bit of bytes in a word. Only the lowest one that it sets has to be right.
#[inline(always)]
pub(crate) fn find(bytes: &[u8], at: usize, marks: impl Fn(u64) -> u64) -> Option<usize> {
    // Most are near, and every loop has its price in a guest.
    let Some(eight) = word_at(bytes, at) else {
        return find_far(bytes, at, marks);
    };
    match marks(eight) {
        0 => find_far(bytes, at + 8, marks),
        found => Some(at + (found.trailing_zeros() / 8) as usize),
    }
}

/// Does what [`find`] does.
#[inline(never)]
fn find_far(bytes: &[u8], mut at: usize, marks: impl Fn(u64) -> u64) -> Option<usize> {
    let mut rest = bytes.get(at..)?;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let found = marks(u64::from_le_bytes(*eight));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
        rest = behind;
    }
    let last = match bytes.last_chunk() {
        _ if rest.is_empty() => return None,
        Some(eight) => u64::from_le_bytes(*eight) >> (8 * (8 - rest.len())),
        None => short_word(rest),
    };
    let ahead = (marks(last).trailing_zeros() / 8) as usize;
    (ahead < rest.len()).then_some(at + ahead)
}

/// Up to seven bytes, the first one lowest, with zeros behind them.
#[inline]
pub(crate) fn short_word(bytes: &[u8]) -> u64 {
    let byte = |at: usize| u64::from(bytes[at]) << (8 * at);
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
            first | (last << (8 * (bytes.len() - 4)))
        }
        _ if bytes.is_empty() => 0,
        _ => byte(0) | byte(bytes.len() / 2) | byte(bytes.len() - 1),
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

/// Marks bytes that are no digits.
pub(crate) const fn no_digits(eight: u64) -> u64 {
    let digits = eight ^ repeat(b'0');
    ((digits & repeat(0x7f)).wrapping_add(repeat(0x76)) | digits) & repeat(0x80)
}

/// The number that the first `count` bytes are, which must be digits.
#[inline(always)]
pub(crate) const fn number(eight: u64, count: usize) -> u64 {
    if count == 0 {
        return 0;
    }
    let digits = (eight & repeat(0x0f)) << (64 - 8 * count);
    // Pairs of digits, then of pairs, then of fours.
    let pairs = digits.wrapping_mul(2561) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    (fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32
}

/// The eight digits of a number below 10^8, the first one lowest, without what makes them characters.
#[inline(always)]
pub(crate) const fn eight_digits(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((fours - hundreds * 100) << 16);
    let tens = (pairs.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - tens * 10) << 8)
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
    fn digits_are_read_and_written_as_by_the_standard_library() {
        for value in (0..100_000_000_u64).step_by(787).chain([99_999_999]) {
            let text = format!("{value:08}");
            let eight = word_at(text.as_bytes(), 0).unwrap();
            assert_eq!(no_digits(eight), 0);
            assert_eq!(eight_digits(value) | repeat(b'0'), eight);
            for count in 0..=8 {
                let expected = text[..count].parse().unwrap_or(0);
                assert_eq!(number(eight, count), expected, "{count} of {text}");
            }
        }
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut text = [b'9'; 8];
                text[place] = byte;
                let expected = match byte.is_ascii_digit() {
                    true => 0,
                    false => 0x80 << (8 * place),
                };
                assert_eq!(no_digits(u64::from_le_bytes(text)), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn short_texts_become_words() {
        for length in 0..8 {
            let text = &b"abcdefg"[..length];
            let mut padded = [0; 8];
            padded[..length].copy_from_slice(text);
            assert_eq!(short_word(text), u64::from_le_bytes(padded));
        }
    }
}
