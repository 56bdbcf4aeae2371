//! A running guest of ABI version 1.

use guest_sdk::abi;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use wasmtime::{
    Instance as WasmInstance, Memory, ResourceLimiter, Store, Trap, TypedFunc, WasmBacktrace,
    WasmParams, WasmResults,
};

use super::effects::{Effect, decode, log_lines};
use super::error::{Fault, GuestError};
use super::limits::Limits;
use super::sandbox::{GuestModule, WATCHDOG_TICK};
use super::{Event, Guest, What};

/// What a guest is started with.
#[derive(Debug, Clone, Default)]
pub struct GuestOptions {
    /// Its bounds.
    pub limits: Limits,
    /// Its arguments, the program's name not counted.
    pub args: Vec<String>,
    /// Where its random numbers come from.
    pub seed: u64,
}

/// What the host keeps for a guest.
pub(super) struct State {
    pub(super) now_ns: u64,
    pub(super) random: ChaCha8Rng,
    pub(super) args: Vec<String>,
    /// What the current step has written to stdout and stderr.
    pub(super) log: Vec<u8>,
    pub(super) log_limit: usize,
    growth: Growth,
}

/// Bounds the growth of memory and tables, and remembers refusals: a guest that
/// dies of one did not just trap.
struct Growth {
    memory_limit: usize,
    table_limit: usize,
    refused: Option<Fault>,
}

impl ResourceLimiter for Growth {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired <= self.memory_limit;
        if !fits {
            self.refused = Some(Fault::Memory {
                wanted: desired,
                limit: self.memory_limit,
            });
        }
        Ok(fits)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired <= self.table_limit;
        if !fits {
            self.refused = Some(Fault::Table {
                wanted: desired,
                limit: self.table_limit,
            });
        }
        Ok(fits)
    }
}

/// A running guest: an instance of a module with a memory of its own.
pub struct Instance {
    store: Store<State>,
    limits: Limits,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    handle: TypedFunc<(u32, u32), u64>,
    snapshot: Option<TypedFunc<(), u64>>,
    restore: Option<TypedFunc<(u32, u32), i32>>,
    input: Vec<u8>,
    fuel_used: u64,
}

impl GuestModule {
    /// Starts a guest: runs its start function and `_initialize`, if it has them.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn start(&self, options: GuestOptions) -> Result<Instance, Box<GuestError>> {
        let limits = options.limits;
        let mut args = vec![self.name.clone()];
        args.extend(options.args);
        let state = State {
            now_ns: 0,
            random: ChaCha8Rng::seed_from_u64(options.seed),
            args,
            log: Vec::new(),
            log_limit: limits.log_bytes,
            growth: Growth {
                memory_limit: limits.memory_bytes,
                table_limit: limits.table_elements,
                refused: None,
            },
        };
        let mut store = Store::new(self.pre.module().engine(), state);
        store.limiter(|state| &mut state.growth);
        begin_step(&mut store, &limits);
        let started = self.pre.instantiate(&mut store).and_then(|instance| {
            initialize(&mut store, &instance)?;
            Ok(instance)
        });
        let exports = started.and_then(|instance| Exports::find(&mut store, &instance));
        let exports = match exports {
            Ok(exports) => exports,
            Err(error) => return Err(failure(&mut store, &limits, "its start", "", &error)),
        };
        let fuel_used = end_step(&mut store, &limits);
        Ok(Instance {
            store,
            limits,
            memory: exports.memory,
            alloc: exports.alloc,
            handle: exports.handle,
            snapshot: exports.snapshot,
            restore: exports.restore,
            input: Vec::new(),
            fuel_used,
        })
    }
}

struct Exports {
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    handle: TypedFunc<(u32, u32), u64>,
    snapshot: Option<TypedFunc<(), u64>>,
    restore: Option<TypedFunc<(u32, u32), i32>>,
}

impl Exports {
    /// Vetting has made sure that all of these are there and have their types.
    fn find(store: &mut Store<State>, instance: &WasmInstance) -> wasmtime::Result<Self> {
        let memory = instance.get_memory(&mut *store, abi::MEMORY);
        Ok(Exports {
            memory: memory.ok_or_else(|| wasmtime::Error::msg("there is no memory"))?,
            alloc: instance.get_typed_func(&mut *store, abi::ALLOC)?,
            handle: instance.get_typed_func(&mut *store, abi::HANDLE)?,
            snapshot: instance.get_typed_func(&mut *store, abi::SNAPSHOT).ok(),
            restore: instance.get_typed_func(&mut *store, abi::RESTORE).ok(),
        })
    }
}

fn initialize(store: &mut Store<State>, instance: &WasmInstance) -> wasmtime::Result<()> {
    match instance.get_typed_func::<(), ()>(&mut *store, abi::INITIALIZE) {
        Ok(initialize) => initialize.call(store, ()),
        Err(_) => Ok(()), // it has none
    }
}

impl Guest for Instance {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let mut input = std::mem::take(&mut self.input);
        match event.what {
            What::Message(text) => abi::encode_message(&mut input, event.now_ns, text),
            What::Timer(id) => abi::encode_timer(&mut input, event.now_ns, id),
        }
        self.input = input;
        self.store.data_mut().now_ns = event.now_ns;
        let describe = || event.to_string();
        begin_step(&mut self.store, &self.limits);
        let ptr = self.put_input(&describe)?;
        let arguments = (ptr, self.input_len());
        let output = call(
            &mut self.store,
            &self.limits,
            &self.handle,
            abi::HANDLE,
            arguments,
            &describe,
        )?;
        self.fuel_used += end_step(&mut self.store, &self.limits);
        let refuse = |fault| refusal(fault, abi::HANDLE, &describe);
        let range = self.returned(output).map_err(refuse)?;
        let (memory, state) = (self.memory.data(&self.store), self.store.data());
        let mut effects: Vec<Effect<'_>> = log_lines(&state.log).collect();
        let wanted = decode(&memory[range], event.node, self.limits.effects).map_err(refuse)?;
        if effects.is_empty() {
            return Ok(wanted);
        }
        effects.extend(wanted);
        Ok(effects)
    }

    fn keeps_state(&self) -> bool {
        self.snapshot.is_some() && self.restore.is_some()
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        let Some(snapshot) = self.snapshot.clone() else {
            return Ok(None);
        };
        begin_step(&mut self.store, &self.limits);
        let none = String::new;
        let output = call(
            &mut self.store,
            &self.limits,
            &snapshot,
            abi::SNAPSHOT,
            (),
            &none,
        )?;
        self.fuel_used += end_step(&mut self.store, &self.limits);
        let range = self
            .returned(output)
            .map_err(|fault| refusal(fault, abi::SNAPSHOT, &none))?;
        Ok(Some(self.memory.data(&self.store)[range].to_vec()))
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        let none = String::new;
        let Some(restore) = self.restore.clone() else {
            let fault = Fault::Denied("it has no restore, so it cannot take over a state".into());
            return Err(refusal(fault, abi::RESTORE, &none));
        };
        self.input.clear();
        self.input.extend_from_slice(snapshot);
        begin_step(&mut self.store, &self.limits);
        let ptr = self.put_input(&none)?;
        let arguments = (ptr, self.input_len());
        let status = call(
            &mut self.store,
            &self.limits,
            &restore,
            abi::RESTORE,
            arguments,
            &none,
        )?;
        self.fuel_used += end_step(&mut self.store, &self.limits);
        if status != 0 {
            let mut error = refusal(Fault::Refused(status), abi::RESTORE, &none);
            error.stderr = String::from_utf8_lossy(&self.store.data().log).into_owned();
            return Err(error);
        }
        Ok(())
    }

    fn fuel_used(&self) -> u64 {
        self.fuel_used
    }
}

impl Instance {
    #[expect(clippy::cast_possible_truncation, reason = "put_input has checked it")]
    fn input_len(&self) -> u32 {
        self.input.len() as u32
    }

    /// Copies the input to where the guest's `alloc` says.
    fn put_input(&mut self, event: &dyn Fn() -> String) -> Result<u32, Box<GuestError>> {
        let refuse = |fault| refusal(fault, abi::ALLOC, event);
        let memory = self.memory.data_size(&self.store);
        let Ok(len) = u32::try_from(self.input.len()) else {
            return Err(refuse(Fault::Denied(
                "the input does not fit into any guest's memory".into(),
            )));
        };
        let ptr = call(
            &mut self.store,
            &self.limits,
            &self.alloc,
            abi::ALLOC,
            len,
            event,
        )?;
        let target = (self.memory.data_mut(&mut self.store))
            .get_mut(ptr as usize..)
            .and_then(|rest| rest.get_mut(..len as usize));
        match target {
            Some(target) => target.copy_from_slice(&self.input),
            None => return Err(refuse(Fault::Range { ptr, len, memory })),
        }
        Ok(ptr)
    }

    /// Checks a range that the guest returned.
    fn returned(&self, packed: u64) -> Result<std::ops::Range<usize>, Fault> {
        let (ptr, len) = abi::unpack(packed);
        let limit = self.limits.output_bytes;
        if len as usize > limit {
            return Err(Fault::Output { bytes: len, limit });
        }
        let memory = self.memory.data_size(&self.store);
        let start = ptr as usize;
        let end = start + len as usize;
        if end > memory {
            return Err(Fault::Range { ptr, len, memory });
        }
        Ok(start..end)
    }
}

/// Gives a step its fuel and its time.
fn begin_step(store: &mut Store<State>, limits: &Limits) {
    let ticks = limits.wall.as_millis().div_ceil(WATCHDOG_TICK.as_millis());
    store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX) + 1);
    // Only fails if the engine does not count fuel, and ours does.
    let _ = store.set_fuel(limits.fuel);
    let state = store.data_mut();
    state.log.clear();
    state.growth.refused = None;
}

/// How much fuel the step has used.
fn end_step(store: &mut Store<State>, limits: &Limits) -> u64 {
    limits.fuel - store.get_fuel().unwrap_or(0)
}

fn call<P: WasmParams, R: WasmResults>(
    store: &mut Store<State>,
    limits: &Limits,
    function: &TypedFunc<P, R>,
    entry: &'static str,
    arguments: P,
    event: &dyn Fn() -> String,
) -> Result<R, Box<GuestError>> {
    let result = function.call(&mut *store, arguments);
    result.map_err(|error| failure(store, limits, entry, &event(), &error))
}

/// An answer of the guest that cannot be accepted.
fn refusal(fault: Fault, entry: &'static str, event: &dyn Fn() -> String) -> Box<GuestError> {
    Box::new(GuestError {
        fault,
        entry,
        event: event(),
        backtrace: Vec::new(),
        stderr: String::new(),
    })
}

/// Makes sense of an error that ended a call.
fn failure(
    store: &mut Store<State>,
    limits: &Limits,
    entry: &'static str,
    event: &str,
    error: &wasmtime::Error,
) -> Box<GuestError> {
    let state = store.data_mut();
    let fault = match (error.downcast_ref::<Fault>(), error.downcast_ref::<Trap>()) {
        (Some(fault), _) => fault.clone(),
        (None, Some(trap)) => trap_fault(*trap, limits, state.growth.refused.take()),
        (None, None) => Fault::Trap(error.root_cause().to_string()),
    };
    Box::new(GuestError {
        fault,
        entry,
        event: event.to_owned(),
        backtrace: backtrace(error),
        stderr: String::from_utf8_lossy(&state.log).into_owned(),
    })
}

fn trap_fault(trap: Trap, limits: &Limits, refused: Option<Fault>) -> Fault {
    match trap {
        Trap::OutOfFuel => Fault::Fuel { limit: limits.fuel },
        Trap::Interrupt => Fault::Wall {
            limit_ms: limits.wall.as_millis(),
        },
        Trap::StackOverflow => Fault::Stack,
        other => refused.unwrap_or_else(|| {
            let text = other.to_string();
            Fault::Trap(text.trim_start_matches("wasm trap: ").to_owned())
        }),
    }
}

/// The most functions that a backtrace names.
const FRAMES_MAX: usize = 8;

/// The functions that were active, innermost first, without the machinery of a
/// Rust panic that says nothing about the solution.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    let names: Vec<String> = trace
        .frames()
        .iter()
        .map(|frame| match frame.func_name() {
            Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
            None => format!("function {}", frame.func_index()),
        })
        .collect();
    const MACHINERY: [&str; 6] = ["std::", "core::", "alloc::", "__rust", "rust_", "abort"];
    let is_machinery = |name: &String| {
        let name = name.trim_start_matches(['_', '<']);
        MACHINERY
            .iter()
            .any(|prefix| name.starts_with(prefix.trim_start_matches('_')))
    };
    let own = names
        .iter()
        .position(|name| !is_machinery(name))
        .unwrap_or(0);
    names.into_iter().skip(own).take(FRAMES_MAX).collect()
}
