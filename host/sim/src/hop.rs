//! What takes time besides latency: a message on its way from one process to another, and an
//! operation on its way from the generator to its client.
//!
//! Measured under Maelstrom, on two cores, with nodes that answer at once: a client's round trip
//! takes a median of 0.2 ms at 1,000 operations a second, 1.0 ms at 100 and 2.2 ms at 10, and a
//! tenth of all take more than twice as long. It is the request that takes so long, since it wakes
//! up an idle machine: round trips with four more messages between servers take hardly longer.
//! Operations that are asked for at 1,000 a second come at 890 to 910, since Jepsen's interpreter
//! draws each gap after it has handed out the operation before, which takes it 0.1 ms. Two runs
//! of the same options differ by a few per cent in both.

use super::random::{Stream, Streams};

/// The median hop of a client's request at some rates of operations a second. Between them it is
/// interpolated, as the logarithms of both.
const REQUESTS: [(f64, f64); 3] = [(10.0, 2_200_000.0), (100.0, 970_000.0), (1000.0, 155_000.0)];
/// The median hop of any other message: the machine is awake.
const MESSAGE_NS: f64 = 30_000.0;

/// The mean time between an operation's turn and its start.
const DISPATCH_NS: f64 = 115_000.0;

/// The logarithm of how much slower or faster than the mean a run's machine is at most.
const PACE_MAX: f64 = 0.15;

/// The median times that messages take from process to process, besides their latency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hops {
    /// Of a client's request on its way to a node, in nanoseconds.
    pub request_ns: u64,
    /// Of any other message, in nanoseconds.
    pub message_ns: u64,
}

impl Hops {
    /// Hops with the same median for all messages.
    #[must_use]
    pub fn of(median_ns: u64) -> Self {
        Hops {
            request_ns: median_ns,
            message_ns: median_ns,
        }
    }

    /// What hops take under Maelstrom at a rate of operations a second, in a run with this pace.
    pub(super) fn measured(rate: f64, pace: Pace) -> Self {
        Hops {
            request_ns: pace.of(request_ns(rate)),
            message_ns: pace.of(MESSAGE_NS),
        }
    }

    /// Whether they take no time at all, and neither do operations.
    pub(super) fn are_instant(self) -> bool {
        self == Hops::default()
    }
}

/// How long everything takes in a run, as a multiple of what it takes on average.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace(f64);

impl Pace {
    /// Draws that of a run.
    pub(super) fn draw(streams: &Streams) -> Self {
        let exponent = (2.0 * streams.stream("pace").fraction() - 1.0) * PACE_MAX;
        Pace(libm::exp(exponent)) // not f64::exp, which is the platform's
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few milliseconds"
    )]
    fn of(self, mean_ns: f64) -> u64 {
        (mean_ns * self.0) as u64
    }

    /// Draws the time between an operation's turn and its start, in nanoseconds.
    pub(super) fn draw_dispatch_ns(self, stream: &mut Stream) -> u64 {
        let mean_ns = self.of(DISPATCH_NS);
        mean_ns / 2 + stream.below(mean_ns)
    }
}

/// Draws the time of a hop with this median, in nanoseconds: half of the median, and as much again
/// on average or somewhat more, exponentially distributed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "at most 27 times the median, which is at most a second"
)]
pub(super) fn draw_ns(median_ns: u64, stream: &mut Stream) -> u64 {
    // Its median, ln 2, makes the whole one median. Not f64::ln, which is the platform's.
    let exponential = -libm::log(1.0 - stream.fraction());
    let half = median_ns as f64 / 2.0;
    (half + half * exponential / std::f64::consts::LN_2) as u64
}

/// The median hop of a request at this rate, in nanoseconds.
fn request_ns(rate: f64) -> f64 {
    let [slowest, .., fastest] = REQUESTS;
    let between = |[(low, slow), (high, fast)]: [(f64, f64); 2]| {
        // Not f64::powf and f64::ln, which are the platform's.
        let part = libm::log(rate / low) / libm::log(high / low);
        slow * libm::pow(fast / slow, part)
    };
    match REQUESTS
        .array_windows()
        .find(|[_, (high, _)]| rate <= *high)
    {
        _ if rate <= slowest.0 => slowest.1,
        Some(two) => between(*two),
        None => fastest.1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::NetworkModel;
    use crate::options::RunOptions;

    fn hops(rate: f64, hops: Option<Hops>, network: NetworkModel, seed: u64) -> Hops {
        let options = RunOptions {
            rate,
            hops,
            network,
            ..RunOptions::default()
        };
        options.hops(&Streams::new(seed))
    }

    /// The median of the sums of drawn hops with these medians.
    fn median_ns(medians: &[u64]) -> u64 {
        let mut stream = Streams::new(1).stream("hop");
        let mut sum = || medians.iter().map(|ns| draw_ns(*ns, &mut stream)).sum();
        let mut sums: Vec<u64> = (0..10_001).map(|_| sum()).collect();
        sums.sort_unstable();
        sums[5_000]
    }

    #[test]
    fn round_trips_take_what_they_took_under_maelstrom() {
        // Medians of round trips under Maelstrom, in microseconds: 2, 5c, 6a, 6c; 3d, 3e, 4, g-set,
        // pn-counter; 3b, 3c. Then txn-list-append, of which half of the transactions call lin-kv
        // twice, and half once or thrice; and lin-kv, of which two thirds go by way of the leader.
        let cases = [
            (1000.0, 1, 180, 250),
            (100.0, 1, 960, 1100),
            (10.0, 1, 2130, 2350),
            (100.0, 5, 1060, 1060),
            (30.0, 5, 1750, 1750),
        ];
        for (rate, messages, low, high) in cases {
            let mut paced: Vec<u64> = (1..=41)
                .map(|seed| {
                    let hops = hops(rate, None, NetworkModel::Maelstrom, seed);
                    let mut medians = vec![hops.message_ns; messages];
                    medians.push(hops.request_ns);
                    median_ns(&medians) / 1000
                })
                .collect();
            paced.sort_unstable();
            let close = low * 9 / 10..=high * 11 / 10;
            assert!(close.contains(&paced[20]), "{rate}: {}", paced[20]);
            let slowest = paced[40] as f64 / paced[0] as f64;
            assert!((1.2..1.36).contains(&slowest), "{slowest}"); // at most e^0.3
        }
    }

    #[test]
    fn the_median_is_what_was_asked_for() {
        let median_ns = median_ns(&[1_000_000]);
        assert!((970_000..1_030_000).contains(&median_ns), "{median_ns}");
        let asked = Hops::of(250_000);
        for seed in 1..4 {
            for network in [NetworkModel::Ideal, NetworkModel::Maelstrom] {
                assert_eq!(hops(1.0, Some(asked), network, seed), asked);
            }
        }
    }

    #[test]
    fn no_hop_takes_time_in_an_ideal_network_or_if_so_asked() {
        let none = Hops::default();
        assert_eq!(hops(100.0, None, NetworkModel::Ideal, 1), none);
        let asked = Some(Hops::of(0));
        assert_eq!(hops(100.0, asked, NetworkModel::Maelstrom, 1), none);
        assert!(none.are_instant());
    }

    #[test]
    fn rates_beyond_the_measured_ones_are_like_the_next() {
        for (rate, like) in [(0.0, 10.0), (3.0, 10.0), (5000.0, 1000.0)] {
            assert_eq!(request_ns(rate).to_bits(), request_ns(like).to_bits());
        }
        // Halfway between 10 and 100 by their logarithms: the geometric mean of 2.2 and 0.97 ms.
        let middle = request_ns(1000.0_f64.sqrt());
        assert!((1_460_000.0..1_462_000.0).contains(&middle), "{middle}");
    }
}
