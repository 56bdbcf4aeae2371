//! A node's own clock, which faults can set ahead or run at another rate.

/// Maps virtual time to a node's own time.
///
/// It keeps two things: how much time has *elapsed*, by which timers go, and what the
/// clock *reads*, which is that and all the jumps it made. Neither ever goes backwards.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    since_ns: u64,
    elapsed_ns: u64,
    jumped_ns: u64,
    rate_permille: u64,
}

/// A rate of one second a second.
pub(super) const STEADY: u64 = 1000;

impl Clock {
    /// A clock that shows virtual time.
    pub(super) fn new() -> Self {
        Clock {
            since_ns: 0,
            elapsed_ns: 0,
            jumped_ns: 0,
            rate_permille: STEADY,
        }
    }

    /// How much time has passed on it.
    pub(super) fn elapsed_ns(&self, now_ns: u64) -> u64 {
        let passed_ns = now_ns - self.since_ns;
        let passed_ns = if self.rate_permille == STEADY {
            passed_ns
        } else {
            scale(passed_ns, self.rate_permille, STEADY)
        };
        self.elapsed_ns + passed_ns
    }

    /// What it reads.
    pub(super) fn reads_ns(&self, now_ns: u64) -> u64 {
        self.elapsed_ns(now_ns) + self.jumped_ns
    }

    /// The virtual time at which `elapsed_ns` will have passed on it, if it stays as it is.
    pub(super) fn when_ns(&self, elapsed_ns: u64) -> u64 {
        let left_ns = elapsed_ns.saturating_sub(self.elapsed_ns);
        let left_ns = if self.rate_permille == STEADY {
            left_ns
        } else {
            // One more, so that rounding never makes it too early.
            scale(left_ns, STEADY, self.rate_permille).saturating_add(1)
        };
        self.since_ns.saturating_add(left_ns)
    }

    /// From now on it runs at another rate, and from a reading `jump_ns` further on.
    pub(super) fn skew(&mut self, now_ns: u64, rate_permille: u64, jump_ns: u64) {
        self.elapsed_ns = self.elapsed_ns(now_ns);
        self.since_ns = now_ns;
        self.rate_permille = rate_permille;
        self.jumped_ns += jump_ns;
    }
}

fn scale(ns: u64, by: u64, per: u64) -> u64 {
    let scaled = u128::from(ns) * u128::from(by) / u128::from(per);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_clock_is_virtual_time() {
        let clock = Clock::new();
        assert_eq!(
            (clock.elapsed_ns(7), clock.reads_ns(7), clock.when_ns(9)),
            (7, 7, 9)
        );
        assert_eq!(clock.when_ns(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_fast_clock_gains_and_keeps_what_it_gained() {
        let mut clock = Clock::new();
        clock.skew(1000, 2000, 50);
        assert_eq!((clock.elapsed_ns(1000), clock.reads_ns(1000)), (1000, 1050));
        assert_eq!((clock.elapsed_ns(1100), clock.reads_ns(1100)), (1200, 1250));
        assert_eq!(clock.when_ns(1200), 1101);
        clock.skew(1100, STEADY, 0);
        assert_eq!((clock.elapsed_ns(1101), clock.reads_ns(1101)), (1201, 1251));
    }

    #[test]
    fn a_slow_clock_is_never_early() {
        let mut clock = Clock::new();
        clock.skew(0, 700, 0);
        for elapsed_ns in 0..1000 {
            let at_ns = clock.when_ns(elapsed_ns);
            assert!(clock.elapsed_ns(at_ns) >= elapsed_ns, "{elapsed_ns}");
        }
    }
}
