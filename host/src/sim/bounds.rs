//! How much a run may take, whatever its guests do.

/// The bounds of a run. A run that reaches one ends there, and says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Events that all nodes together may handle.
    pub steps: u64,
    /// Messages on their way at one time.
    pub in_flight: usize,
    /// Bytes of all messages on their way at one time.
    pub in_flight_bytes: usize,
    /// Bytes of all answers that clients have received.
    pub answer_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            steps: 20_000_000,
            in_flight: 1_000_000,
            in_flight_bytes: 512 << 20,
            answer_bytes: 1 << 30,
        }
    }
}
