//! Random numbers in a range. The host and modules of workloads draw alike.

/// Draws a number from 0 to below `end`, uniformly, from words of 64 random bits; 0 if `end` is 0.
///
/// Source: D. Lemire, "Fast random integer generation in an interval", 2019.
#[inline]
pub fn below(end: u64, mut word: impl FnMut() -> u64) -> u64 {
    if end == 0 {
        return 0;
    }
    let biased = end.wrapping_neg() % end;
    loop {
        let product = u128::from(word()) * u128::from(end);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves are meant")]
        let (high, low) = ((product >> 64) as u64, product as u64);
        if low >= biased {
            return high;
        }
    }
}
