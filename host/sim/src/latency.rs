//! The latency of messages between servers.

use super::random::Stream;
use super::time::MS;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The distribution of latencies, under its name in `--latency-dist`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Distribution {
    /// Every latency is the mean.
    #[default]
    Constant,
    /// Uniform from 0 to below twice the mean.
    Uniform,
    /// Exponential: most are short, some very long.
    Exponential,
}

/// `--latency` and `--latency-dist`. Latencies are whole milliseconds, as in Maelstrom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latency {
    /// The mean, in milliseconds.
    pub mean_ms: u64,
    /// The distribution.
    pub distribution: Distribution,
}

impl Latency {
    /// The one latency that all messages have, in nanoseconds, if there is one.
    pub(super) fn constant_ns(&self) -> Option<u64> {
        let differs = self.mean_ms > 0 && self.distribution != Distribution::Constant;
        (!differs).then_some(self.mean_ms * MS)
    }

    /// Draws a latency around a mean in nanoseconds.
    pub(super) fn draw_around_ns(&self, mean_ns: u64, stream: &mut Stream) -> u64 {
        match (mean_ns, self.distribution) {
            (0, _) => 0,
            (mean, Distribution::Constant) => mean,
            (mean, Distribution::Uniform) => stream.below(2 * mean),
            (mean, Distribution::Exponential) => exponential(mean, stream.fraction()),
        }
    }

    /// Draws a latency, in nanoseconds.
    pub(super) fn draw_ns(&self, stream: &mut Stream) -> u64 {
        // Whole milliseconds, unlike those of regions.
        self.draw_around_ns(self.mean_ms, stream) * MS
    }
}

/// The exponential distribution's inverse at `fraction`, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "at most 37 times the mean, which is far below 2^53"
)]
fn exponential(mean: u64, fraction: f64) -> u64 {
    // Not f64::ln, which is the platform's and need not agree with another's to the bit.
    (-libm::log(1.0 - fraction) * mean as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn draws(mean_ms: u64, distribution: Distribution) -> Vec<u64> {
        let mut stream = Streams::new(1).stream("latency");
        let latency = Latency {
            mean_ms,
            distribution,
        };
        let draws = (0..20_000).map(|_| latency.draw_ns(&mut stream));
        draws.map(|ns| ns / MS).collect()
    }

    fn mean(draws: &[u64]) -> u64 {
        draws.iter().sum::<u64>() / draws.len() as u64
    }

    #[test]
    fn constant_is_the_mean() {
        assert!(
            draws(100, Distribution::Constant)
                .iter()
                .all(|ms| *ms == 100)
        );
    }

    #[test]
    fn uniform_reaches_from_zero_to_twice_the_mean() {
        let draws = draws(100, Distribution::Uniform);
        assert_eq!(draws.iter().min(), Some(&0));
        assert_eq!(draws.iter().max(), Some(&199));
        assert!((98..=101).contains(&mean(&draws)), "{}", mean(&draws));
    }

    #[test]
    fn exponential_has_its_mean_and_its_median() {
        let mut draws = draws(100, Distribution::Exponential);
        assert!((97..=102).contains(&mean(&draws)), "{}", mean(&draws));
        draws.sort_unstable();
        let median = draws[draws.len() / 2]; // 100 ln 2
        assert!((66..=72).contains(&median), "{median}");
        assert!(draws[draws.len() - 1] > 600);
    }

    #[test]
    fn without_latency_no_distribution_makes_one() {
        for distribution in [
            Distribution::Constant,
            Distribution::Uniform,
            Distribution::Exponential,
        ] {
            assert!(draws(0, distribution).iter().all(|ms| *ms == 0));
        }
    }
}
