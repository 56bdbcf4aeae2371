//! What takes time besides latency: a message on its way from one process to another, and an
//! operation on its way from the generator to its client.
//!
//! Measured under Maelstrom, on two cores, with nodes that answer at once: a client's round trip,
//! which is two hops, takes a median of 0.2 ms at 1,000 operations a second, 1.0 ms at 100 and
//! 2.3 ms at 10, since an idle machine wakes up more slowly; a tenth of all take more than twice
//! as long. Operations that are asked for at 1,000 a second come at 900, since Jepsen's
//! interpreter draws each gap after it has handed out the operation before, which takes it
//! 0.1 ms.

use super::options::RunOptions;
use super::random::Stream;

/// The median of a hop at 1,000 operations a second …
const BUSY_NS: f64 = 120_000.0;
/// … and at any rate: no more than this.
const IDLE_NS: f64 = 1_200_000.0;
/// How much longer a hop takes at a lower rate: the power of the ratio of the rates.
const IDLENESS: f64 = 0.6;

/// The mean time between an operation's turn and its start.
const DISPATCH_NS: u64 = 112_000;

/// How long hops take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hop {
    median_ns: u64,
}

impl Hop {
    /// Hops of a run with these options.
    pub(super) fn of(options: &RunOptions) -> Self {
        Hop {
            median_ns: options.hop_median_ns(),
        }
    }

    /// Whether they take no time at all, and neither do operations.
    pub(super) fn is_instant(self) -> bool {
        self.median_ns == 0
    }

    /// Draws the time of one, in nanoseconds: half of the median, and as much again on average or
    /// somewhat more, exponentially distributed.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "at most 27 times the median, which is at most a day"
    )]
    pub(super) fn draw_ns(self, stream: &mut Stream) -> u64 {
        // Its median, ln 2, makes the whole one median. Not f64::ln, which is the platform's.
        let exponential = -libm::log(1.0 - stream.fraction());
        let half = self.median_ns as f64 / 2.0;
        (half + half * exponential / std::f64::consts::LN_2) as u64
    }

    /// Draws the time between an operation's turn and its start, in nanoseconds.
    pub(super) fn draw_dispatch_ns(self, stream: &mut Stream) -> u64 {
        match self.is_instant() {
            true => 0,
            false => DISPATCH_NS / 2 + stream.below(DISPATCH_NS),
        }
    }
}

/// The median of hops at a rate of operations a second, in nanoseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is positive and at most IDLE_NS"
)]
pub(super) fn measured_ns(rate: f64) -> u64 {
    // Not f64::powf, which is the platform's.
    let slower = libm::pow(1000.0 / rate, IDLENESS);
    (BUSY_NS * slower).min(IDLE_NS) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::NetworkModel;
    use crate::random::Streams;

    fn median_ns(rate: f64, hop_ns: Option<u64>, network: NetworkModel) -> u64 {
        let hop = Hop::of(&RunOptions {
            rate,
            hop_ns,
            network,
            ..RunOptions::default()
        });
        let mut stream = Streams::new(1).stream("hop");
        let mut draws: Vec<u64> = (0..10_001).map(|_| hop.draw_ns(&mut stream)).collect();
        draws.sort_unstable();
        draws[5_000]
    }

    #[test]
    fn two_hops_take_what_a_round_trip_took_under_maelstrom() {
        // Medians of round trips under Maelstrom, in microseconds: 2, 5b, 5c, 6a, 6c; 3d, 3e, 4,
        // g-set, pn-counter, txn-list-append; 3b, 3c.
        for (rate, low, high) in [(1000.0, 180, 310), (100.0, 960, 1100), (10.0, 2130, 2350)] {
            let round_trip_us = median_ns(rate, None, NetworkModel::Maelstrom) / 500;
            let close = low * 9 / 10..=high * 11 / 10;
            assert!(close.contains(&round_trip_us), "{rate}: {round_trip_us}");
        }
    }

    #[test]
    fn the_median_is_what_was_asked_for() {
        let median_ns = median_ns(1.0, Some(1_000_000), NetworkModel::Ideal);
        assert!((970_000..1_030_000).contains(&median_ns), "{median_ns}");
    }

    #[test]
    fn no_hop_takes_time_in_an_ideal_network_or_if_so_asked() {
        assert_eq!(median_ns(100.0, None, NetworkModel::Ideal), 0);
        assert_eq!(median_ns(100.0, Some(0), NetworkModel::Maelstrom), 0);
        let idle_ns = median_ns(0.0, None, NetworkModel::Maelstrom);
        assert!((1_150_000..1_250_000).contains(&idle_ns), "{idle_ns}");
    }
}
