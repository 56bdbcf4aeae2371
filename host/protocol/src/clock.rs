//! The clock of a live node.

use std::time::{Duration, Instant, SystemTime};

use crate::abi::nanos;

/// Counts nanoseconds since the Unix epoch. It never goes backwards, even if the
/// system's clock is set.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    start_ns: u64,
}

impl Clock {
    /// Reads the system's clock once; from then on the monotonic clock counts.
    #[must_use]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Clock {
            start: Instant::now(),
            start_ns: nanos(since_epoch.unwrap_or(Duration::ZERO)),
        }
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.start_ns.saturating_add(nanos(self.start.elapsed()))
    }
}
