//! What a search may cost.
//!
//! The cost of a run is counted in units: an upper estimate of the nanoseconds that playing and
//! judging it takes on one core, from what the run used. It is the same on every machine, and so is
//! what a search finds.
//!
//! | what | units |
//! |---|---|
//! | a run | 500,000 |
//! | an event's part of the history | 3,000 |
//! | four units of fuel, which pay for instructions and for the host | 1 |
//! | a byte of an answer as a value, read and judged | 5 |
//! | a step of a search for a linear order that was given up | 1,000 |
//!

use host_sim::ResourceUsage;

/// What starting a cluster and ending it costs.
const RUN_UNITS: u64 = 500_000;

/// What an event costs besides its fuel.
pub(super) const EVENT_UNITS: u64 = 3_000;

/// How much fuel costs a unit: see `host/sandbox/src/cost.rs`.
pub(super) const FUEL_OF_A_UNIT: u64 = 4;

/// What a byte of an answer costs.
const ANSWER_BYTE_UNITS: u64 = 5;

/// What a step of a checker's search costs.
pub(super) const CHECK_STEP_UNITS: u64 = 1_000;

/// The most that explaining one failure may cost: about ten seconds.
const FAILURE_UNITS_MAX: u64 = 30_000_000_000;

/// What a search may cost. It counts work, never time, so that its result is the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Number of runs.
    pub runs: u32,
    /// Cost of all runs together, in units.
    pub units: u64,
}

impl Budget {
    /// What graders and reports spend on one failure whose runs were short: about a second for most
    /// programs, which take a fifth of the estimate.
    pub const ONE_SECOND: Budget = Budget {
        runs: 1_000,
        units: 6_000_000_000,
    };

    /// The budget, or what the runs before the search cost if that is more: explaining a failure
    /// takes no longer than judging it, up to a limit.
    #[must_use]
    pub fn or_as_much_as(self, units: u64) -> Self {
        Budget {
            units: self.units.max(units.min(FAILURE_UNITS_MAX)),
            ..self
        }
    }
}

/// What a user waits for: about twenty seconds.
impl Default for Budget {
    fn default() -> Self {
        Budget {
            runs: 2_000,
            units: 60_000_000_000,
        }
    }
}

/// The cost of a run, in units.
#[must_use]
pub fn cost(used: &ResourceUsage) -> u64 {
    cost_of(used.steps, used.fuel, used.answer_bytes as u64)
}

/// The same, from the numbers of events, of units of fuel and of bytes of answers.
#[must_use]
pub fn cost_of(events: u64, fuel: u64, answer_bytes: u64) -> u64 {
    RUN_UNITS
        .saturating_add(events.saturating_mul(EVENT_UNITS))
        .saturating_add(fuel / FUEL_OF_A_UNIT)
        .saturating_add(answer_bytes.saturating_mul(ANSWER_BYTE_UNITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_costs_what_it_used_and_never_wraps() {
        assert_eq!(cost_of(0, 0, 0), 500_000);
        assert_eq!(cost_of(10, 7, 2), 530_011);
        assert_eq!(cost_of(u64::MAX, 1, u64::MAX), u64::MAX);
    }

    #[test]
    fn explaining_a_failure_costs_as_much_as_judging_it_up_to_a_limit() {
        let units = |judged| Budget::ONE_SECOND.or_as_much_as(judged).units;
        assert_eq!(units(0), 6_000_000_000);
        assert_eq!(units(6_600_000_000), 6_600_000_000);
        assert_eq!(units(u64::MAX), 30_000_000_000);
    }
}
