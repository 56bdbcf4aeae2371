//! The engine's configuration: what is deterministic about it, and the watchdog that bounds
//! wall time.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use host_guest::Limits;
use rustix::process::{Resource, getrlimit};
use wasmtime::{CacheStore, Config, Enabled, Engine, PoolingAllocationConfig};

use crate::cost::operator_cost;
use crate::limits::ModuleLimits;
use crate::mappings::{self, TooManyGuests};

/// The exact version of the engine: fuel figures depend on it.
pub const ENGINE: &str = "wasmtime 48.0.8";

/// The same, without the name.
pub(super) const ENGINE_VERSION: &str = ENGINE.split_at("wasmtime ".len()).1;

/// How often the watchdog advances the engine's epoch.
const WATCHDOG_TICK: Duration = Duration::from_millis(100);

/// The most that the engine keeps for an instance in a pool, without its memory and tables.
const INSTANCE_BYTES_MAX: usize = 4 << 20;

/// All memory that a 32-bit address can reach.
const MEMORY_BYTES_MAX: usize = 1 << 32;

/// How much of a used memory is cleared for the next instance at most; the rest is returned to the
/// system. Where the system can tell which pages were written, no other is touched for that.
const RESIDENT_BYTES: usize = 256 << 10;

/// How much address space a memory gets in advance when it grows, if there is little of it.
const GROWTH_BYTES: u64 = 1 << 20;

/// How much all places in a pool keep so, in memories and again in tables.
const RESIDENT_ALL_BYTES: usize = 32 << 20;

/// The stack of a guest, in bytes.
pub(super) const STACK_BYTES: usize = 512 << 10;

/// The part of a fiber's stack for the host functions that a program calls.
const HOST_STACK_BYTES: usize = 512 << 10;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// It does not work on this machine.
    #[error("the sandbox does not work on this machine: {0:#}")]
    Engine(wasmtime::Error),
    /// It would have more guests than there can be.
    #[error(transparent)]
    Guests(#[from] TooManyGuests),
}

impl From<wasmtime::Error> for EngineError {
    fn from(error: wasmtime::Error) -> Self {
        EngineError::Engine(error)
    }
}

/// The address space that this process may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressSpace {
    /// As much as the machine has. Every memory gets all that a 32-bit address can reach, so
    /// that accesses need no bounds check.
    Unlimited,
    /// There is a limit (`ulimit -v`). A memory gets what it has, moves when it grows, and every
    /// access is checked. Guests do the same and use the same fuel, but take longer.
    Limited,
}

impl AddressSpace {
    /// What this process may have now.
    pub(super) fn of_this_process() -> Self {
        match getrlimit(Resource::As).current {
            None => AddressSpace::Unlimited,
            Some(_) => AddressSpace::Limited,
        }
    }
}

/// The configuration of every engine. It is deterministic, and its hash is part of the name of
/// every cache entry. The compiler looks for `functions` that it need not compile, which changes
/// neither the code nor that hash.
///
/// # Errors
/// If the engine does not work on this machine.
pub(super) fn config(
    space: AddressSpace,
    functions: Option<Arc<dyn CacheStore>>,
) -> Result<Config, EngineError> {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .operator_cost(operator_cost())
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(STACK_BYTES + HOST_STACK_BYTES)
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        // For what is rewritten (`rewrite::constants`): of other modules, vetting has refused those with more than one.
        .wasm_multi_memory(true)
        .wasm_tail_call(false)
        .wasm_threads(true)
        .shared_memory(true)
        .wasm_backtrace_max_frames(NonZeroUsize::new(32))
        // Nothing unwinds through a guest, and no backtrace has offsets: frames are found by their
        // pointers and shown by their names. Tables for more would take time to make, and again to
        // read for every process that maps the code.
        .native_unwind_info(false)
        .generate_address_map(false);
    if space == AddressSpace::Limited {
        config
            .memory_reservation(0)
            .memory_reservation_for_growth(GROWTH_BYTES)
            .memory_guard_size(0);
    }
    if let Some(functions) = functions {
        config.enable_incremental_compilation(functions)?;
    }
    Ok(config)
}

/// What has a place in a pool beside a guest's memory and tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooled {
    /// Nothing: guests of the ABI run on the stack of who calls them.
    Libraries,
    /// A stack for each guest. The pool makes all of them at once, with two memory mappings each.
    Programs,
    /// The same, and a second memory for constants (`rewrite::constants`).
    ProgramsOfGo,
}

impl Pooled {
    /// The most memory mappings that a guest takes.
    pub(super) fn mappings(self) -> usize {
        match self {
            Pooled::Libraries => mappings::OF_LIBRARY,
            Pooled::Programs => mappings::OF_PROGRAM,
            Pooled::ProgramsOfGo => mappings::OF_PROGRAM_OF_GO,
        }
    }

    /// The memories of a guest.
    fn memories(self) -> u32 {
        match self {
            Pooled::Libraries | Pooled::Programs => 1,
            Pooled::ProgramsOfGo => 2,
        }
    }
}

/// The configuration of an engine whose guests come from a pool, with room for `instances`
/// of them.
///
/// # Errors
/// If the engine does not work on this machine.
pub(super) fn pooled_config(
    pooled: Pooled,
    instances: usize,
    functions: Option<Arc<dyn CacheStore>>,
) -> Result<Config, EngineError> {
    let mut config = config(AddressSpace::Unlimited, functions)?;
    config.allocation_strategy(pool(pooled, instances));
    Ok(config)
}

/// The configuration of an engine for programs with threads.
///
/// # Errors
/// If the engine does not work on this machine.
pub(super) fn config_for_threads(
    space: AddressSpace,
    functions: Option<Arc<dyn CacheStore>>,
) -> Result<Config, EngineError> {
    let mut config = config(space, functions)?;
    if space == AddressSpace::Limited {
        // A shared memory cannot move, so it gets all that it may ever take.
        config.memory_reservation_for_growth(Limits::default().memory_bytes as u64);
    }
    Ok(config)
}

/// A pool for `instances` guests, and for one more that starts before another has ended.
///
/// Only what is used takes memory. The limits are those of [`ModuleLimits`] and [`Limits`], so
/// every module that loads fits into the pool.
fn pool(pooled: Pooled, instances: usize) -> PoolingAllocationConfig {
    let count = u32::try_from(instances + 1).unwrap_or(u32::MAX);
    let stacks = match pooled {
        Pooled::Libraries => 0,
        Pooled::Programs | Pooled::ProgramsOfGo => count,
    };
    let tables = ModuleLimits::default().tables;
    let resident = RESIDENT_BYTES.min(RESIDENT_ALL_BYTES / (instances + 1));
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(count)
        .total_memories(count.saturating_mul(pooled.memories()))
        .max_memories_per_module(pooled.memories())
        .total_tables(count.saturating_mul(tables))
        .total_stacks(stacks)
        .max_tables_per_module(tables)
        .table_elements(Limits::default().table_elements)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(resident)
        .table_keep_resident(resident);
    pool
}

/// Starts a thread that advances the engine's epoch until the engine is dropped.
pub(super) fn start_watchdog(engine: &Engine) {
    let engine = engine.weak();
    thread::spawn(move || {
        loop {
            thread::sleep(WATCHDOG_TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    });
}

/// How many ticks of the watchdog use up the wall time of a step.
pub(super) fn watchdog_ticks(limits: &Limits) -> u64 {
    let ticks = limits.wall.as_millis().div_ceil(WATCHDOG_TICK.as_millis());
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_is_linked() {
        let lock = include_str!("../../../Cargo.lock");
        let mut lines = lock
            .lines()
            .skip_while(|line| *line != "name = \"wasmtime\"");
        let version = lines.nth(1).unwrap_or_default();
        let version = version.trim_start_matches("version = ").trim_matches('"');
        assert_eq!(ENGINE, format!("wasmtime {version}"));
    }
}
