//! How unlikely a count of successes is.

/// What is less likely than this is taken for impossible.
const IMPOSSIBLE: f64 = 1e-9;

/// Whether of `count` tries, each of which succeeds with at least the chance `chance`, no more than
/// `successes` succeed only with a probability below one in 10^9.
///
/// The tail of the binomial distribution is at most its greatest term over one minus the ratio of
/// that and the term before. Only products are used, which are the same on every machine.
#[expect(
    clippy::cast_precision_loss,
    reason = "histories have far fewer than 2^53 operations"
)]
pub(crate) fn is_impossible(count: usize, successes: usize, chance: f64) -> bool {
    let (n, k) = (count as f64, successes as f64);
    if k >= n * chance {
        return false;
    }
    let (mut term, mut chosen, mut missed) = (1.0_f64, 0_usize, count - successes);
    // What makes it greater and what makes it smaller take turns, so that it stays in range.
    while chosen < successes || missed > 0 {
        if chosen == successes || (term > 1.0 && missed > 0) {
            term *= 1.0 - chance;
            missed -= 1;
        } else {
            chosen += 1;
            term *= (n - k + chosen as f64) / chosen as f64 * chance;
        }
    }
    let ratio = k * (1.0 - chance) / ((n - k + 1.0) * chance);
    term < IMPOSSIBLE * (1.0 - ratio)
}

#[cfg(test)]
mod tests {
    use super::is_impossible;

    /// ln(10^-9) = -20.72: of tries that succeed with 1/2, 1/5 and 1/20 it takes 20.72 / ln 2 = 29.9,
    /// 20.72 / 0.2231 = 92.9 and 20.72 / 0.05129 = 404.0 failures in a row.
    #[test]
    fn no_success_at_all_is_impossible_after_enough_tries() {
        for (chance, least) in [(0.5, 30), (0.2, 93), (0.05, 405)] {
            assert!(is_impossible(least, 0, chance), "{chance}");
            assert!(!is_impossible(least - 1, 0, chance), "{chance}");
        }
    }

    /// The exact tails, from sums of binomial coefficients: of 100 tries with 1/2, at most 20
    /// successes have 5.6e-10 and 21 have 2.2e-9; of 1,000, 403 have 4.6e-10 and 405 have 1.02e-9.
    #[test]
    fn few_successes_are_impossible_if_the_tail_is_thin() {
        assert!(is_impossible(100, 20, 0.5));
        assert!(!is_impossible(100, 21, 0.5));
        assert!(is_impossible(1000, 403, 0.5));
        assert!(!is_impossible(1000, 405, 0.5));
        assert!(!is_impossible(100_000, 49_900, 0.5));
        assert!(is_impossible(100_000, 40_000, 0.5));
        assert!(!is_impossible(0, 0, 0.5));
    }
}
