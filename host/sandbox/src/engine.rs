//! The engine's configuration: what is deterministic about it, what instructions cost, and
//! the watchdog that bounds wall time.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use host_guest::Limits;
use wasmtime::{Config, Engine, OperatorCost, PoolingAllocationConfig};

use crate::limits::ModuleLimits;
use crate::wasi::fuel::CALL_UNITS;

/// The exact version of the engine: fuel figures depend on it.
pub const ENGINE: &str = "wasmtime 48.0.8";

/// How often the watchdog advances the engine's epoch.
const WATCHDOG_TICK: Duration = Duration::from_millis(100);

/// The most that the engine keeps for an instance in a pool, without its memory and tables.
const INSTANCE_BYTES_MAX: usize = 4 << 20;

/// All memory that a 32-bit address can reach.
const MEMORY_BYTES_MAX: usize = 1 << 32;

/// How much of a used memory is cleared for the next instance at most; the rest is returned to the
/// system.
const RESIDENT_BYTES: usize = 256 << 10;

/// How much all places in a pool keep so, in memories and again in tables.
const RESIDENT_ALL_BYTES: usize = 32 << 20;

/// The stack of a guest, in bytes.
const STACK_BYTES: usize = 512 << 10;

/// The part of a fiber's stack for the host functions that a program calls.
const HOST_STACK_BYTES: usize = 512 << 10;

/// The engine does not work on this machine.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct EngineError(wasmtime::Error);

impl From<wasmtime::Error> for EngineError {
    fn from(error: wasmtime::Error) -> Self {
        EngineError(error)
    }
}

/// The configuration of every engine. It is deterministic, and its hash is part of the name of
/// every cache entry.
pub(super) fn config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .operator_cost(cost())
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(STACK_BYTES + HOST_STACK_BYTES)
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(32));
    config
}

/// The configuration of an engine whose guests come from a pool, with room for `instances`
/// of them.
pub(super) fn pooled_config(instances: usize) -> Config {
    let mut config = config();
    config.allocation_strategy(pool(instances));
    config
}

/// A pool for `instances` guests, and for one more that starts before another has ended.
///
/// Only what is used takes memory. The limits are those of [`ModuleLimits`] and [`Limits`], so
/// every module that loads fits into the pool.
fn pool(instances: usize) -> PoolingAllocationConfig {
    let count = u32::try_from(instances + 1).unwrap_or(u32::MAX);
    let tables = ModuleLimits::default().tables;
    let resident = RESIDENT_BYTES.min(RESIDENT_ALL_BYTES / (instances + 1));
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(count)
        .total_memories(count)
        .total_tables(count.saturating_mul(tables))
        .total_stacks(count)
        .max_tables_per_module(tables)
        .table_elements(Limits::default().table_elements)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .linear_memory_keep_resident(resident)
        .table_keep_resident(resident);
    pool
}

/// The cost of instructions, in fuel.
fn cost() -> OperatorCost {
    let mut cost = OperatorCost::new();
    cost.variable.memory_grow_per_page = 255; // free by default, but the kernel clears the pages
    // Both call into the host, even if nothing grows.
    (cost.MemoryGrow, cost.TableGrow) = (100, 100);
    cost
}

/// What operations cost in fuel, by name. `instruction` is the cost of every instruction that
/// is not named.
#[must_use]
pub fn cost_table() -> Vec<(&'static str, u64)> {
    let cost = cost();
    vec![
        ("instruction", cost.I32Add.into()),
        ("nop", cost.Nop.into()),
        ("block", cost.Block.into()),
        (
            "memory-copy-per-byte",
            cost.variable.memory_copy_per_byte.into(),
        ),
        (
            "memory-fill-per-byte",
            cost.variable.memory_fill_per_byte.into(),
        ),
        (
            "memory-init-per-byte",
            cost.variable.memory_init_per_byte.into(),
        ),
        ("memory-grow", cost.MemoryGrow.into()),
        ("table-grow", cost.TableGrow.into()),
        ("call-of-the-host", CALL_UNITS),
        (
            "memory-grow-per-page",
            cost.variable.memory_grow_per_page.into(),
        ),
        (
            "table-copy-per-element",
            cost.variable.table_copy_per_element.into(),
        ),
        (
            "table-fill-per-element",
            cost.variable.table_fill_per_element.into(),
        ),
        (
            "table-init-per-element",
            cost.variable.table_init_per_element.into(),
        ),
        (
            "table-grow-per-element",
            cost.variable.table_grow_per_element.into(),
        ),
    ]
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

/// After how many epochs a step that begins now has used up its wall time.
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
