//! Limits of options, wherever they are read from.

/// The most nodes of a cluster.
pub const NODES_MAX: usize = 10_000;
/// The most nodes of a cluster that is small: whose faults are drawn for each pair of nodes, and
/// whose bounds are those of any run.
pub const SMALL_NODES_MAX: usize = 100;
/// The most clients at one time.
pub const WORKERS_MAX: usize = 10_000;
/// The most operations a second.
pub const RATE_MAX: f64 = 1e6;
/// The longest duration of any kind, in seconds.
pub const SECONDS_MAX: f64 = 86_400.0;
/// The longest time limit, in nanoseconds: a day.
pub const TIME_LIMIT_NS_MAX: u64 = 86_400 * super::time::SECOND;
/// The greatest mean latency, in milliseconds.
pub const LATENCY_MS_MAX: u64 = 600_000;
/// The longest median of a hop, in milliseconds …
pub const HOP_MS_MAX: f64 = 1000.0;
/// … and in nanoseconds.
pub const HOP_NS_MAX: u64 = super::time::SECOND;
/// The most runs of one command.
pub const RUNS_MAX: u64 = 1_000_000;
/// The most active keys of transactions and kafka.
pub const KEYS_MAX: u32 = 10_000;
/// The most operations of a transaction.
pub const TXN_LENGTH_MAX: u32 = 10_000;
