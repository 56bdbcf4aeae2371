//! The number of clients, as in `--concurrency`.

use std::str::FromStr;

use super::options::Cluster;
use super::ranges::WORKERS_MAX;

/// The number of clients at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// This many: `7`.
    Workers(usize),
    /// This many for each node: `2n`.
    PerNode(usize),
}

impl Concurrency {
    /// Returns the number of clients in this cluster.
    ///
    /// # Errors
    /// When that is more than [`WORKERS_MAX`].
    pub fn workers(self, cluster: Cluster) -> Result<usize, TooManyWorkers> {
        let count = match self {
            Concurrency::Workers(count) => count,
            Concurrency::PerNode(count) => count * cluster.count,
        };
        if count > WORKERS_MAX {
            return Err(TooManyWorkers { count });
        }
        Ok(count)
    }
}

impl FromStr for Concurrency {
    type Err = InvalidConcurrency;

    fn from_str(text: &str) -> Result<Self, InvalidConcurrency> {
        let (digits, of) = match text.strip_suffix('n') {
            Some(digits) => (digits, Concurrency::PerNode as fn(usize) -> Self),
            None => (text, Concurrency::Workers as fn(usize) -> Self),
        };
        match digits.parse() {
            Ok(count) if (1..=WORKERS_MAX).contains(&count) => Ok(of(count)),
            _ => Err(InvalidConcurrency),
        }
    }
}

/// A text that is not a concurrency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a number from 1 to {WORKERS_MAX}, or one followed by n for that many per node")]
#[non_exhaustive]
pub struct InvalidConcurrency;

/// A concurrency that makes more clients than there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it makes {count} clients, and the limit is {WORKERS_MAX}")]
#[non_exhaustive]
pub struct TooManyWorkers {
    /// How many it makes.
    pub count: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrency_is_a_number_or_so_many_a_node() {
        assert_eq!("7".parse(), Ok(Concurrency::Workers(7)));
        assert_eq!("2n".parse(), Ok(Concurrency::PerNode(2)));
        for wrong in ["", "n", "0", "0n", "-1", "1.5n", "10001", "n2"] {
            assert!(wrong.parse::<Concurrency>().is_err(), "{wrong}");
        }
    }
}
