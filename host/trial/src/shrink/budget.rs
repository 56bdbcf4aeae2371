//! What a search may cost.

/// What a search may cost. It counts runs and fuel, never time, so that its result is the same
/// everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Number of runs.
    pub runs: u32,
    /// Fuel of all runs together.
    pub fuel: u64,
}

impl Budget {
    /// What graders and reports spend on one failure: about a second.
    pub const ONE_SECOND: Budget = Budget {
        runs: 300,
        fuel: 2_000_000_000,
    };
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            runs: 2_000,
            fuel: 20_000_000_000,
        }
    }
}
