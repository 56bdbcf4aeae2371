//! A node's own clock, which faults can set ahead or run at another rate.

use super::random::Streams;
use super::time::SECOND;

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

/// The earliest date of a run, in nanoseconds since the Unix epoch: 2026-01-01, 00:00:00 UTC.
const FIRST_DATE_NS: u64 = 1_767_225_600 * SECOND;

/// Runs begin at any moment of a day.
const DAY_NS: u64 = 24 * 3600 * SECOND;

/// What right clocks read when the run of a seed begins, in nanoseconds since the Unix epoch.
#[must_use]
pub fn begins_ns(seed: u64) -> u64 {
    draw_date_ns(&Streams::new(seed))
}

/// Draws the date at which a run begins, in nanoseconds since the Unix epoch. Whatever a node does
/// by the clock, at each full second for example, it meets the run at another moment each time.
pub(super) fn draw_date_ns(streams: &Streams) -> u64 {
    FIRST_DATE_NS + streams.stream("date").below(DAY_NS)
}

/// A rate of one second a second.
pub(super) const STEADY: u64 = 1000;

impl Clock {
    /// A clock that reads `date_ns` when virtual time begins.
    pub(super) fn new(date_ns: u64) -> Self {
        Clock {
            since_ns: 0,
            elapsed_ns: 0,
            jumped_ns: date_ns,
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
        let clock = Clock::new(0);
        assert_eq!(
            (clock.elapsed_ns(7), clock.reads_ns(7), clock.when_ns(9)),
            (7, 7, 9)
        );
        assert_eq!(clock.when_ns(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_fast_clock_gains_and_keeps_what_it_gained() {
        let mut clock = Clock::new(0);
        clock.skew(1000, 2000, 50);
        assert_eq!((clock.elapsed_ns(1000), clock.reads_ns(1000)), (1000, 1050));
        assert_eq!((clock.elapsed_ns(1100), clock.reads_ns(1100)), (1200, 1250));
        assert_eq!(clock.when_ns(1200), 1101);
        clock.skew(1100, STEADY, 0);
        assert_eq!((clock.elapsed_ns(1101), clock.reads_ns(1101)), (1201, 1251));
    }

    #[test]
    fn a_slow_clock_is_never_early() {
        let mut clock = Clock::new(0);
        clock.skew(0, 700, 0);
        for elapsed_ns in 0..1000 {
            let at_ns = clock.when_ns(elapsed_ns);
            assert!(clock.elapsed_ns(at_ns) >= elapsed_ns, "{elapsed_ns}");
        }
    }

    #[test]
    fn runs_begin_at_any_moment_of_the_first_day_of_2026() {
        let dates: Vec<u64> = (0..1000).map(begins_ns).collect();
        let (first, last) = (dates.iter().min().unwrap(), dates.iter().max().unwrap());
        // `date -u -d 2026-01-01 +%s`, and of an hour later and an hour before its end
        let hours = [1_767_225_600, 1_767_229_200, 1_767_308_400, 1_767_312_000];
        let [midnight, one, eleven_pm, end] = hours.map(|at| at * SECOND);
        assert!((midnight..one).contains(first) && (eleven_pm..end).contains(last));
        let clock = Clock::new(*first);
        assert_eq!((clock.elapsed_ns(5), clock.reads_ns(5)), (5, first + 5));
    }
}
