//! How much a guest may use.

use std::time::Duration;

/// The limits of one guest. A step is one call into the guest: one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, in bytes.
    pub memory_bytes: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Fuel per step: about one unit for each WebAssembly instruction and each byte of a
    /// bulk memory operation.
    pub fuel: u64,
    /// Wall time per step, checked every 100 ms. A fallback: `fuel` is the exact limit.
    pub wall: Duration,
    /// Bytes of effects per step, and of a snapshot.
    pub output_bytes: usize,
    /// Effects per step.
    pub effects: usize,
    /// Outstanding timers at any time.
    pub timers: usize,
    /// Bytes that a step may write to stdout and stderr together.
    pub log_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory_bytes: 128 << 20,
            table_elements: 100_000,
            fuel: 1_000_000_000,
            wall: Duration::from_secs(10),
            output_bytes: 8 << 20,
            effects: 10_000,
            timers: 10_000,
            log_bytes: 256 << 10,
        }
    }
}
