//! How much a guest may use.

use std::time::Duration;

use host_disk::DiskLimits;

/// The limits of one guest. A step is one call into the guest: one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, in bytes.
    pub memory_bytes: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Fuel per step: instructions, and what the host does for the guest. A unit is a quarter of
    /// a nanosecond or less; `host/sandbox/src/cost.rs` has the prices.
    pub fuel: u64,
    /// Wall time per step, checked every 100 ms. A fallback: `fuel` is the exact limit, and runs
    /// out first unless the machine is very slow.
    pub wall: Duration,
    /// Bytes of effects per step, and of a snapshot.
    pub output_bytes: usize,
    /// Effects per step.
    pub effects: usize,
    /// Outstanding timers at any time.
    pub timers: usize,
    /// Bytes that a step may write to stdout and stderr together.
    pub log_bytes: usize,
    /// Bytes of all files on the node's disk together.
    pub disk_bytes: u64,
}

/// The most files and folders on a node's disk.
const DISK_FILES_MAX: usize = 10_000;

impl Limits {
    /// How much the node's disk holds.
    #[must_use]
    pub fn disk(&self) -> DiskLimits {
        DiskLimits {
            bytes: self.disk_bytes,
            files: DISK_FILES_MAX,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory_bytes: 128 << 20,
            table_elements: 100_000,
            fuel: 10_000_000_000,
            wall: Duration::from_secs(100),
            output_bytes: 8 << 20,
            effects: 10_000,
            timers: 10_000,
            log_bytes: 256 << 10,
            disk_bytes: 64 << 20,
        }
    }
}
