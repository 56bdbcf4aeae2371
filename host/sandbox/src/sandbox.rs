//! The engine that all guests of a process share, and the modules it has loaded.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tracing::debug;
use wasmtime::{
    Config, Engine, InstancePre, Linker, Module, OperatorCost, PoolingAllocationConfig,
};

use super::cache::{self, Cache};
use super::compile::{CompileError, Compiler, compile, invalid};
use super::facts::{Facts, Kind};
use super::limits::ModuleLimits;
use super::program::{self, ProgramState};
use super::state::State;
use super::vet::vet;
use super::wasi::{self, CALL_UNITS};
use crate::load_error::LoadError;
use host_guest::Limits;

/// The engine, to the version: fuel figures depend on it.
pub const ENGINE: &str = "wasmtime 48.0.8";

/// How often the watchdog looks at the wall clock.
const WATCHDOG_TICK: Duration = Duration::from_millis(100);

/// What the engine keeps for an instance in a pool, beside its memory and tables.
const INSTANCE_BYTES_MAX: usize = 4 << 20;

/// All that 32-bit addresses reach.
const MEMORY_BYTES_MAX: usize = 1 << 32;

/// So much of a used memory is cleared rather than given back to the system.
const RESIDENT_BYTES: usize = 256 << 10;

/// The stack of a guest, in bytes.
const STACK_BYTES: usize = 512 << 10;

/// What a fiber's stack has besides, for the host functions that a program calls.
const HOST_STACK_BYTES: usize = 512 << 10;

/// Loads modules. Cheap to share: a process needs one.
pub struct Sandbox {
    engine: Engine,
    abi_linker: Linker<State>,
    program_linker: Linker<ProgramState>,
    cache: Option<Cache>,
}

/// A module that passed all checks and is compiled.
#[derive(Clone)]
pub struct GuestModule {
    /// The file's name without directory and ending.
    pub name: String,
    /// What is known about it.
    pub facts: Facts,
    pub(crate) linked: Linked,
}

/// A compiled module with its imports, by the kind of guest that it is.
#[derive(Clone)]
pub(super) enum Linked {
    Abi(InstancePre<State>),
    Program(InstancePre<ProgramState>),
}

impl Sandbox {
    /// A sandbox that keeps compiled code in `cache`, if there is one.
    ///
    /// # Errors
    /// When the engine does not work on this machine.
    pub fn new(cache: Option<Cache>) -> wasmtime::Result<Self> {
        Self::with_engine(Engine::new(&config())?, cache)
    }

    /// A sandbox whose guests come from a pool, which makes starting and ending them
    /// cheap. It is for a simulator: all guests that live at one time must fit, and
    /// there is address space for `instances` of them and some more.
    ///
    /// On a machine without that much address space it is a sandbox without a pool.
    ///
    /// # Errors
    /// When the engine does not work on this machine.
    pub fn pooled(cache: Option<Cache>, instances: usize) -> wasmtime::Result<Self> {
        let mut pooled = config();
        pooled.allocation_strategy(pool(instances));
        match Engine::new(&pooled) {
            Ok(engine) => Self::with_engine(engine, cache),
            Err(error) => {
                debug!("guests do not come from a pool: {error:#}");
                Self::new(cache)
            }
        }
    }

    fn with_engine(engine: Engine, cache: Option<Cache>) -> wasmtime::Result<Self> {
        start_watchdog(&engine);
        let mut abi_linker = Linker::new(&engine);
        wasi::abi::add_to(&mut abi_linker)?;
        let mut program_linker = Linker::new(&engine);
        program::wasi::add_to(&mut program_linker)?;
        Ok(Sandbox {
            engine,
            abi_linker,
            program_linker,
            cache,
        })
    }

    /// Loads the module in the file `path`, to run under `limits`.
    ///
    /// # Errors
    /// When the file cannot be read, or the module cannot run here.
    pub fn load(&self, path: &Path, limits: &Limits) -> Result<GuestModule, LoadError> {
        self.load_with(path, limits, |wasm| compile(&self.engine, wasm))
    }

    /// The same for a module that nobody vouches for: `compiler` compiles it in a process
    /// of its own, and a module that takes more than that may is rejected.
    ///
    /// # Errors
    /// As for [`load`](Sandbox::load), and [`LoadError::Internal`] when that process
    /// cannot do its work.
    pub fn load_untrusted(
        &self,
        path: &Path,
        limits: &Limits,
        compiler: &Compiler,
    ) -> Result<GuestModule, LoadError> {
        self.load_with(path, limits, |wasm| compiler.compile(wasm))
    }

    /// Says what is wrong with the module in `wasm`, if anything is, without compiling it.
    #[must_use]
    pub fn problem(&self, wasm: &[u8]) -> Option<String> {
        let error = Module::validate(&self.engine, wasm).err()?;
        Some(invalid(&error))
    }

    fn load_with(
        &self,
        path: &Path,
        limits: &Limits,
        compile: impl FnOnce(&[u8]) -> Result<Vec<u8>, CompileError>,
    ) -> Result<GuestModule, LoadError> {
        self.admit(path, &read_module(path)?, limits, compile)
    }

    /// Loads the module in `wasm`, which is in no file.
    ///
    /// # Errors
    /// As for [`load`](Sandbox::load).
    pub fn load_bytes(&self, wasm: &[u8], limits: &Limits) -> Result<GuestModule, LoadError> {
        let path = Path::new("module.wasm");
        self.admit(path, wasm, limits, |wasm| compile(&self.engine, wasm))
    }

    /// Lets the module in `wasm`, which comes from `path`, through all gates.
    fn admit(
        &self,
        path: &Path,
        wasm: &[u8],
        limits: &Limits,
        compile: impl FnOnce(&[u8]) -> Result<Vec<u8>, CompileError>,
    ) -> Result<GuestModule, LoadError> {
        let report = vet(wasm, limits, &ModuleLimits::default());
        let rejected = |problems| LoadError::Rejected {
            path: path.to_owned(),
            problems,
        };
        let internal = |reason| LoadError::Internal {
            path: path.to_owned(),
            reason,
        };
        if !report.problems.is_empty() {
            return Err(rejected(report.problems));
        }
        let compile = || compile(wasm);
        let module = match &self.cache {
            Some(cache) => cache.compiled(&self.engine, &report.facts.sha256, compile),
            None => compile().and_then(|code| cache::deserialize(&self.engine, &code)),
        };
        let module = module.map_err(|error| match error {
            CompileError::Module(problem) => rejected(vec![problem]),
            CompileError::Internal(reason) => internal(reason),
        })?;
        let linked = self.link(report.facts.kind, &module);
        let linked = linked.map_err(|error| internal(format!("{error:#}")))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(GuestModule {
            name: name.into_owned(),
            facts: report.facts,
            linked,
        })
    }

    fn link(&self, kind: Kind, module: &Module) -> wasmtime::Result<Linked> {
        Ok(match kind {
            Kind::Program => Linked::Program(self.program_linker.instantiate_pre(module)?),
            // Vetting has rejected what is neither.
            Kind::Abi | Kind::Unknown => Linked::Abi(self.abi_linker.instantiate_pre(module)?),
        })
    }
}

/// The one configuration. It is deterministic, and part of every cache entry's name.
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

/// What an instruction costs in fuel.
fn cost() -> OperatorCost {
    let mut cost = OperatorCost::new();
    cost.variable.memory_grow_per_page = 255; // otherwise free, though the kernel clears pages
    // Both are calls into the host, even where nothing grows.
    (cost.MemoryGrow, cost.TableGrow) = (100, 100);
    cost
}

/// What things cost in fuel, by name: those that cost more or less than others of their kind,
/// and an instruction for all others.
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

/// The epochs after which a step that begins now has had its wall time.
pub(super) fn watchdog_ticks(limits: &Limits) -> u64 {
    let ticks = limits.wall.as_millis().div_ceil(WATCHDOG_TICK.as_millis());
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}

/// Room for `instances` guests, and for one more that starts before another has ended.
///
/// Only what is used takes memory; the bounds here are those of what a guest may be, so
/// that a module that loads at all also fits into the pool.
fn pool(instances: usize) -> PoolingAllocationConfig {
    let count = u32::try_from(instances + 1).unwrap_or(u32::MAX);
    let tables = ModuleLimits::default().tables;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(count)
        .total_memories(count)
        .total_tables(count.saturating_mul(tables))
        .total_stacks(count)
        .max_tables_per_module(tables)
        .table_elements(Limits::default().table_elements)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .linear_memory_keep_resident(RESIDENT_BYTES)
        .table_keep_resident(RESIDENT_BYTES);
    pool
}

/// Advances the engine's epoch until the engine is gone.
fn start_watchdog(engine: &Engine) {
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

/// Reads a module's file, but never more than a module may have.
///
/// # Errors
/// When it is missing, a directory or otherwise unreadable, or too large.
pub fn read_module(path: &Path) -> Result<Vec<u8>, LoadError> {
    let limit = ModuleLimits::default().module_bytes;
    let unreadable = |source| LoadError::Unreadable {
        path: PathBuf::from(path),
        source,
    };
    let mut wasm = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let mut start = file.take(limit + 1);
    start.read_to_end(&mut wasm).map_err(unreadable)?;
    if wasm.len() as u64 > limit {
        return Err(LoadError::Rejected {
            path: path.to_owned(),
            problems: vec![format!("the file has more than {limit} bytes")],
        });
    }
    Ok(wasm)
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
