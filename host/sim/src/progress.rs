//! Finds events that follow on each other for ever while time stands still.
//!
//! Each event of a node or a service is caused by one before: the sending of the message that
//! arrives, the setting of the timer that fires, the beginning of the sync that ends. These form
//! chains. Where messages and syncs take no time (`--latency 0` with hops of 0), a program that
//! answers each answer goes round for ever within one instant. The bound on all events of a run would
//! end that, late, and could not say who goes round.
//!
//! Counted are the events of a chain, not those of an instant: 25 nodes that flood each other, or a
//! node that sends thousands of messages again at a tick, do much at once, in a few rounds.

use super::time::MS;

/// The most events that follow on each other within [`WINDOW_NS`], each caused by the one before. A
/// node that hands over 49,000 values one by one, each when the one before is acknowledged, is
/// within it.
pub(super) const LENGTH_MAX: u32 = 100_000;

/// A chain that has taken this long begins anew. Programs may wait for a nanosecond, so time that
/// stands still is time that hardly goes on. The least timer of the ABI takes as long.
const WINDOW_NS: u64 = MS;

/// So many of the last events of a chain are remembered in words …
const TOLD_FROM: u32 = LENGTH_MAX - 1000;

/// … of those, so many that differ.
const TOLD_MAX: usize = 6;

/// How many events have followed on each other in less than [`WINDOW_NS`], up to one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Chain {
    since_ns: u64,
    length: u32,
}

impl Chain {
    /// The chain up to an event at `now_ns` that this one has caused.
    fn next(self, now_ns: u64) -> Self {
        match now_ns - self.since_ns < WINDOW_NS {
            true => Chain {
                length: self.length + 1,
                ..self
            },
            false => Chain {
                since_ns: now_ns,
                length: 1,
            },
        }
    }
}

/// The chain that the current event belongs to.
#[derive(Debug, Default)]
pub(super) struct Progress {
    current: Chain,
    /// The length of the longest chain.
    longest: u32,
    told: Vec<String>,
}

impl Progress {
    /// An event at `now_ns` that no other one has caused at the same time.
    pub(super) fn begin(&mut self, now_ns: u64) {
        self.current = Chain {
            since_ns: now_ns,
            length: 0,
        };
    }

    /// An event at `now_ns` that another one has caused; `what` says which.
    pub(super) fn follow(&mut self, cause: Chain, now_ns: u64, what: impl FnOnce() -> String) {
        self.current = cause.next(now_ns);
        self.longest = self.longest.max(self.current.length);
        if self.current.length > TOLD_FROM && self.told.len() < TOLD_MAX {
            let what = what();
            if !self.told.contains(&what) {
                self.told.push(what);
            }
        }
    }

    /// The chain up to the current event, which causes others.
    pub(super) fn current(&self) -> Chain {
        self.current
    }

    /// Who goes round, if somebody does for ever.
    pub(super) fn standstill(&self) -> Option<&[String]> {
        (self.longest > LENGTH_MAX).then_some(&self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a chain of `events`, one each `gap_ns`, is one for ever.
    fn is_standstill(events: u32, gap_ns: u64) -> bool {
        let mut progress = Progress::default();
        progress.begin(5);
        (1..=events).any(|event| {
            let cause = progress.current();
            progress.follow(cause, 5 + u64::from(event) * gap_ns, String::new);
            progress.standstill().is_some()
        })
    }

    #[test]
    fn only_what_hardly_takes_time_is_a_standstill() {
        assert!(!is_standstill(100_000, 0) && is_standstill(100_001, 0));
        assert!(is_standstill(100_001, 1)); // 0.1 ms
        assert!(is_standstill(200_002, 9));
        assert!(!is_standstill(1_000_000, 10)); // 100,000 take a millisecond
    }

    #[test]
    fn what_many_events_cause_is_no_chain() {
        let mut progress = Progress::default();
        progress.begin(0);
        let cause = progress.current();
        for _ in 0..1_000_000 {
            progress.follow(cause, 0, String::new);
        }
        assert_eq!(progress.standstill(), None);
    }
}
