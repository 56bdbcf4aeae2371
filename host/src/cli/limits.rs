//! Flags that every command with a guest has: its bounds and the cache.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tracing::warn;

use super::{Exit, Failure};
use host_guest::Limits;
use host_sandbox::{Cache, EngineError, Sandbox};

/// The bounds of a guest.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits of the guest")]
pub(super) struct LimitArgs {
    /// Linear memory, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4096))]
    max_memory_mib: u32,
    /// Fuel for one step: about one unit for each instruction.
    #[arg(long, value_name = "UNITS", default_value_t = Limits::default().fuel, value_parser = clap::value_parser!(u64).range(1..))]
    max_fuel: u64,
    /// Wall time for one step, in milliseconds, checked every 100 ms.
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_step_ms: u32,
    /// Bytes that one step may return.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().output_bytes)]
    max_output_bytes: usize,
    /// Effects (messages, timers, log lines) of one step; each counts.
    #[arg(long, value_name = "N", default_value_t = Limits::default().effects)]
    max_effects: usize,
    /// Timers outstanding at any time.
    #[arg(long, value_name = "N", default_value_t = Limits::default().timers)]
    max_timers: usize,
    /// Bytes that one step may print to stdout and stderr.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().log_bytes)]
    max_log_bytes: usize,
}

impl LimitArgs {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            memory_bytes: (self.max_memory_mib as usize) << 20,
            fuel: self.max_fuel,
            wall: Duration::from_millis(self.max_step_ms.into()),
            output_bytes: self.max_output_bytes,
            effects: self.max_effects,
            timers: self.max_timers,
            log_bytes: self.max_log_bytes,
            ..Limits::default()
        }
    }
}

/// Where compiled code is kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Compiled code")]
pub(super) struct CacheArgs {
    /// Keep compiled modules in this directory (mode 0700) [default: the user's
    /// cache directory].
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// Compile the module anew and keep nothing.
    #[arg(long, conflicts_with = "cache_dir")]
    no_cache: bool,
}

impl CacheArgs {
    /// A sandbox with the cache that the flags ask for. A cache that cannot be
    /// used costs time, not correctness: it is only worth a warning.
    pub(super) fn sandbox(&self) -> Result<Sandbox, Failure> {
        self.open(Sandbox::new)
    }

    /// The same, with room for so many guests at a time.
    pub(super) fn sandbox_for(&self, instances: usize) -> Result<Sandbox, Failure> {
        self.open(|cache| Sandbox::pooled(cache, instances))
    }

    fn open(
        &self,
        make: impl FnOnce(Option<Cache>) -> Result<Sandbox, EngineError>,
    ) -> Result<Sandbox, Failure> {
        let cache = if self.no_cache {
            None
        } else {
            let directory = self.cache_dir.clone();
            let directory = directory.unwrap_or_else(Cache::default_directory);
            Cache::open(directory.clone())
                .inspect_err(|error| {
                    warn!("working without the cache {}: {error}", directory.display());
                })
                .ok()
        };
        make(cache).map_err(|error| {
            let text = format!("the sandbox does not work on this machine: {error}");
            Failure::new(Exit::Internal, text)
        })
    }
}
