//! The processor time that a run has used: a net below its fuel.
//!
//! Fuel bounds the time of a run, but for what no price covers: loads that miss all caches. A guest
//! that does nothing else would take an hour and a half for the fuel of a run. The net ends it. It is
//! the one thing in a run that depends on the machine, so it is far away from what other guests
//! need.

use std::fs;
use std::time::Duration;

/// What a run may use at least, however little fuel it has.
const LEAST: Duration = Duration::from_secs(45);

/// What it may use for its fuel, in picoseconds for each unit. A guest that computes uses less.
const UNIT_PS: u64 = 300;

/// How much fuel is used before the time is looked at again.
const FUEL_BETWEEN: u64 = 100_000_000;

/// The net of a run.
#[derive(Debug)]
pub struct ProcessorTime {
    /// What the thread had used when the run began; `None` where the system does not tell.
    begin: Option<Duration>,
    limit: Duration,
    next_fuel: u64,
}

impl ProcessorTime {
    /// Begins with a run of at most `fuel` units, on the thread that it stays on.
    #[must_use]
    pub fn of_run(fuel: u64) -> Self {
        let paid = Duration::from_micros(fuel / 1_000_000 * UNIT_PS);
        ProcessorTime {
            begin: of_this_thread(),
            limit: paid.max(LEAST),
            next_fuel: FUEL_BETWEEN,
        }
    }

    /// The limit, if the run has exceeded it. It has used so much `fuel`.
    pub fn exceeded(&mut self, fuel: u64) -> Option<Duration> {
        if fuel < self.next_fuel {
            return None;
        }
        self.next_fuel = fuel.saturating_add(FUEL_BETWEEN);
        let used = of_this_thread()?.saturating_sub(self.begin?);
        (used > self.limit).then_some(self.limit)
    }
}

/// The processor time that this thread has used. The first number that Linux tells is
/// nanoseconds.
fn of_this_thread() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let ns = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_fuel_takes_more_time() {
        let limit = |fuel| ProcessorTime::of_run(fuel).limit;
        assert_eq!(limit(0), Duration::from_secs(45));
        assert_eq!(limit(150_000_000_000), Duration::from_secs(45));
        assert_eq!(limit(1_500_000_000_000), Duration::from_secs(450));
    }

    #[test]
    fn time_is_looked_at_when_fuel_was_used() {
        let mut net = ProcessorTime::of_run(0);
        net.limit = Duration::ZERO;
        net.begin = Some(Duration::ZERO);
        // The system counts in ticks.
        while of_this_thread() == Some(Duration::ZERO) {
            std::hint::spin_loop();
        }
        assert_eq!(net.exceeded(FUEL_BETWEEN - 1), None);
        assert_eq!(net.exceeded(FUEL_BETWEEN), Some(Duration::ZERO));
        assert_eq!(net.exceeded(FUEL_BETWEEN + 1), None);
    }
}
