//! Limits on the resources of a run, and what it has used of them.

use std::fmt;

use super::ranges::SMALL_NODES_MAX;

/// The bounds of a run. A run that exceeds one stops, and reports which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The most events that all nodes together may handle.
    pub steps: u64,
    /// The most fuel that all nodes together may use.
    pub fuel: u64,
    /// The most bytes that all nodes and services together may hold: linear memory, disks, and what
    /// is in stores.
    pub memory_bytes: usize,
    /// Messages in flight at one time.
    pub in_flight: usize,
    /// Bytes of all messages in flight at one time.
    pub in_flight_bytes: usize,
    /// Bytes of the values of all responses that clients have received. A value takes more than
    /// its text: an integer 24 bytes, or 8 among integers only, an object 120 and more.
    pub answer_bytes: usize,
}

impl Bounds {
    /// Those of a cluster of `nodes` nodes, unless others are asked for: the default ones of a small cluster, and of
    /// a larger one as many times as much as it has nodes more, so that each has its share.
    #[must_use]
    pub fn of_nodes(nodes: usize) -> Self {
        let small = Bounds::default();
        // Whole MiB, so that what is written down says the same.
        let times = nodes.div_ceil(SMALL_NODES_MAX).max(1);
        Bounds {
            steps: small.steps.saturating_mul(times as u64),
            fuel: small.fuel.saturating_mul(times as u64),
            memory_bytes: small.memory_bytes.saturating_mul(times),
            in_flight: small.in_flight.saturating_mul(times),
            in_flight_bytes: small.in_flight_bytes.saturating_mul(times),
            answer_bytes: small.answer_bytes.saturating_mul(times),
        }
    }
}

/// With these, a process that makes many runs at a time stays below 1 GiB whatever guests do: see
/// `docs/grading.md`.
impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            steps: 20_000_000,
            fuel: 430_000_000_000,
            memory_bytes: 384 << 20,
            in_flight: 100_000,
            in_flight_bytes: 32 << 20,
            answer_bytes: 32 << 20,
        }
    }
}

/// A bound that a run exceeded, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// [`Bounds::steps`].
    Steps(u64),
    /// [`Bounds::fuel`].
    Fuel(u64),
    /// [`Bounds::memory_bytes`].
    Memory(usize),
    /// [`Bounds::in_flight`].
    InFlight(usize),
    /// [`Bounds::in_flight_bytes`].
    InFlightBytes(usize),
    /// [`Bounds::answer_bytes`].
    AnswerBytes(usize),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Steps(limit) => write!(
                f,
                "the nodes have handled more than {limit} events (--max-steps); \
                 do they send or set timers without end?"
            ),
            Bound::Fuel(limit) => write!(
                f,
                "the nodes have used more than {limit} units of fuel together (--max-run-fuel)"
            ),
            Bound::Memory(limit) => write!(
                f,
                "the nodes, their disks and the services hold more than {limit} bytes together \
                 (--max-run-memory-mib)"
            ),
            Bound::InFlight(limit) => {
                write!(
                    f,
                    "more than {limit} messages are on their way (--max-in-flight)"
                )
            }
            Bound::InFlightBytes(limit) => write!(
                f,
                "the messages on their way have more than {limit} bytes (--max-in-flight-mib)"
            ),
            Bound::AnswerBytes(limit) => write!(
                f,
                "the answers to all operations take more than {limit} bytes as values \
                 (--max-answers-mib)"
            ),
        }
    }
}

/// The resources that a run has used: sums, and the maxima of what is bounded at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceUsage {
    /// Events that all nodes together have handled.
    pub steps: u64,
    /// Fuel that all nodes together have used.
    pub fuel: u64,
    /// Bytes of linear memory of the largest node.
    pub node_memory_bytes: usize,
    /// Bytes that all nodes and services hold at one time.
    pub memory_bytes: usize,
    /// Messages in flight at one time.
    pub in_flight: usize,
    /// Bytes of all messages in flight at one time.
    pub in_flight_bytes: usize,
    /// Bytes of the values of all responses that clients have received.
    pub answer_bytes: usize,
}

impl ResourceUsage {
    /// The first bound that it exceeds, if any.
    pub(super) fn exceeds(&self, bounds: &Bounds) -> Option<Bound> {
        if self.steps > bounds.steps {
            Some(Bound::Steps(bounds.steps))
        } else if self.fuel > bounds.fuel {
            Some(Bound::Fuel(bounds.fuel))
        } else if self.memory_bytes > bounds.memory_bytes {
            Some(Bound::Memory(bounds.memory_bytes))
        } else if self.in_flight > bounds.in_flight {
            Some(Bound::InFlight(bounds.in_flight))
        } else if self.in_flight_bytes > bounds.in_flight_bytes {
            Some(Bound::InFlightBytes(bounds.in_flight_bytes))
        } else if self.answer_bytes > bounds.answer_bytes {
            Some(Bound::AnswerBytes(bounds.answer_bytes))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_cluster_has_the_bounds_of_as_many_small_ones() {
        assert_eq!([1, 25, 100].map(Bounds::of_nodes), [Bounds::default(); 3]);
        for (nodes, times) in [(101, 2), (200, 2), (1000, 10), (10_000, 100)] {
            let bounds = Bounds::of_nodes(nodes);
            let mib = |bytes: usize| bytes >> 20;
            assert_eq!(mib(bounds.memory_bytes), 384 * times);
            assert_eq!(
                (bounds.in_flight, mib(bounds.in_flight_bytes)),
                (100_000 * times, 32 * times)
            );
            assert_eq!(
                (bounds.steps, mib(bounds.answer_bytes)),
                (20_000_000 * times as u64, 32 * times)
            );
            assert_eq!(bounds.fuel, 430_000_000_000 * times as u64);
        }
    }
}
