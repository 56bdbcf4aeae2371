//! How long a call waits for its reply, and how often it is retried.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use host_protocol::abi::nanos;

/// The timeout and the retries of a call.
///
/// Each attempt sends the same message with the same `msg_id`, so a reply to any of them
/// ends the call. The receiver may see the request more than once: retry only idempotent
/// requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    first_ns: u64,
    max_ns: u64,
    /// `None`: without limit.
    attempts: Option<u32>,
}

impl Retry {
    /// Sends the request once and gives up after `timeout`.
    #[must_use]
    pub const fn never(timeout: Duration) -> Self {
        Retry::times(1, timeout)
    }

    /// Sends the request up to `attempts` times. The first wait is `timeout`, each further
    /// one twice as long, up to [`max_wait`](Retry::max_wait).
    #[must_use]
    pub const fn times(attempts: u32, timeout: Duration) -> Self {
        Retry {
            first_ns: nanos(timeout),
            max_ns: nanos(timeout).saturating_mul(8),
            attempts: Some(attempts),
        }
    }

    /// Sends the request until a reply arrives, with waits as for [`times`](Retry::times).
    #[must_use]
    pub const fn forever(timeout: Duration) -> Self {
        Retry {
            attempts: None,
            ..Retry::never(timeout)
        }
    }

    /// The longest wait between two attempts; eight times the first by default.
    #[must_use]
    pub const fn max_wait(self, wait: Duration) -> Self {
        Retry {
            max_ns: nanos(wait),
            ..self
        }
    }

    /// Nanoseconds to wait after the attempt numbered `attempt` (from 0). `noise`
    /// spreads the later waits by up to a quarter, so that nodes that failed together do not
    /// retry together.
    pub(crate) fn wait_ns(self, attempt: u32, noise: &mut fastrand::Rng) -> u64 {
        if attempt == 0 {
            return self.first_ns;
        }
        let doubled = self.first_ns.saturating_mul(1 << attempt.min(30));
        let wait = doubled.min(self.max_ns).max(self.first_ns.min(self.max_ns));
        wait + noise.u64(0..=wait / 4)
    }

    /// Whether another attempt may follow `attempt` (from 0).
    pub(crate) fn may_follow(self, attempt: u32) -> bool {
        self.attempts.is_none_or(|attempts| attempt + 1 < attempts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_spread_by_a_quarter() {
        let retry = Retry::forever(Duration::from_nanos(100)).max_wait(Duration::from_nanos(400));
        let mut noise = fastrand::Rng::with_seed(1);
        for (attempt, wait) in [(0, 100), (1, 200), (2, 400), (3, 400), (40, 400)] {
            for _ in 0..100 {
                let waited = retry.wait_ns(attempt, &mut noise);
                assert!((wait..=wait + wait / 4).contains(&waited), "{waited}");
            }
        }
        assert_eq!(retry.wait_ns(0, &mut noise), 100);
    }

    #[test]
    fn attempts_are_counted() {
        let timeout = Duration::from_secs(1);
        assert!(!Retry::never(timeout).may_follow(0));
        assert!(Retry::times(3, timeout).may_follow(1));
        assert!(!Retry::times(3, timeout).may_follow(2));
        assert!(Retry::forever(timeout).may_follow(u32::MAX - 1));
    }
}
