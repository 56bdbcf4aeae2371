//! What options may be, wherever they come from: the command line or a suite.

/// Nodes of a cluster.
pub const NODES_MAX: usize = 100;
/// Clients at a time.
pub const WORKERS_MAX: usize = 10_000;
/// Operations a second.
pub const RATE_MAX: f64 = 1e6;
/// Any duration, in seconds.
pub const SECONDS_MAX: f64 = 86_400.0;
/// The longest time limit, in nanoseconds: a day.
pub const TIME_LIMIT_NS_MAX: u64 = 86_400 * super::time::SECOND;
/// Mean latency, in milliseconds.
pub const LATENCY_MS_MAX: u64 = 600_000;
/// Runs of one command.
pub const RUNS_MAX: u64 = 1_000_000;
/// Keys of transactions and kafka at a time.
pub const KEYS_MAX: u32 = 10_000;
/// Operations of a transaction.
pub const TXN_LENGTH_MAX: u32 = 10_000;
