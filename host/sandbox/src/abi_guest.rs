//! Guests of ABI version 1: libraries that are called with each event.

use host_guest::effects::{decode, log_lines};
use host_guest::{Effect, ErrorKind, Event, EventKind, Guest, GuestError, Limits};
use host_protocol::abi;
use wasmtime::{Instance, InstancePre, Memory, Store, TypedFunc, WasmParams, WasmResults};

use crate::engine::watchdog_ticks;
use crate::failure::failure;
use crate::state::{AbiState, GuestState};

/// The largest buffer for events that a guest keeps for the next one, in bytes.
const INPUT_KEPT_MAX: usize = 16 << 10;

/// A running guest: an instance of a module with its own memory.
pub(super) struct AbiGuest {
    store: Store<AbiState>,
    limits: Limits,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    handle: TypedFunc<(u32, u32), u64>,
    snapshot: Option<TypedFunc<(), u64>>,
    restore: Option<TypedFunc<(u32, u32), i32>>,
    input: Vec<u8>,
    /// Whether the log still has what was printed at the start: it belongs to the first event.
    start_log_pending: bool,
    fuel_used: u64,
}

impl AbiGuest {
    /// Starts a guest: runs its start function and `_initialize`, if it has them.
    ///
    /// # Errors
    /// If one of them fails.
    pub(super) fn start(
        pre: &InstancePre<AbiState>,
        guest: GuestState,
        limits: Limits,
    ) -> Result<Self, Box<GuestError>> {
        let state = AbiState {
            guest,
            now_ns: 0,
            log: Vec::new(),
            log_limit: limits.log_bytes,
        };
        let mut store = Store::new(pre.module().engine(), state);
        store.limiter(|state| &mut state.guest.limiter);
        begin_step(&mut store, &limits);
        let started = pre.instantiate(&mut store).and_then(|instance| {
            initialize(&mut store, &instance)?;
            Ok(instance)
        });
        let exports = started.and_then(|instance| Exports::find(&mut store, &instance));
        let exports = match exports {
            Ok(exports) => exports,
            Err(error) => return Err(failed(&mut store, &limits, "its start", "", &error)),
        };
        let fuel_used = end_step(&mut store, &limits);
        Ok(AbiGuest {
            store,
            limits,
            memory: exports.memory,
            alloc: exports.alloc,
            handle: exports.handle,
            snapshot: exports.snapshot,
            restore: exports.restore,
            input: Vec::new(),
            start_log_pending: true,
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
    /// Finds the exports. Vetting has checked that they exist and have the right types.
    fn find(store: &mut Store<AbiState>, instance: &Instance) -> wasmtime::Result<Self> {
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

fn initialize(store: &mut Store<AbiState>, instance: &Instance) -> wasmtime::Result<()> {
    match instance.get_typed_func::<(), ()>(&mut *store, abi::INITIALIZE) {
        Ok(initialize) => initialize.call(store, ()),
        Err(_) => Ok(()), // the module has none
    }
}

impl Guest for AbiGuest {
    fn step(&mut self, event: &Event<'_>) -> Result<Vec<Effect<'_>>, Box<GuestError>> {
        let mut input = std::mem::take(&mut self.input);
        match event.kind {
            EventKind::Message(text) => abi::encode_message(&mut input, event.now_ns, text),
            EventKind::Timer(id) => abi::encode_timer(&mut input, event.now_ns, id),
        }
        self.input = input;
        self.store.data_mut().now_ns = event.now_ns;
        let describe = || event.to_string();
        begin_step(&mut self.store, &self.limits);
        if !std::mem::take(&mut self.start_log_pending) {
            self.store.data_mut().log.clear();
        }
        let ptr = self.put_input(&describe)?;
        let arguments = (ptr, self.input_len());
        let called = call(
            &mut self.store,
            &self.limits,
            &self.handle,
            abi::HANDLE,
            arguments,
            &describe,
        );
        self.fuel_used += end_step(&mut self.store, &self.limits);
        if self.input.capacity() > INPUT_KEPT_MAX {
            self.input = Vec::new();
        }
        let output = called?;
        let refuse = |kind| self.refusal(kind, abi::HANDLE, &describe);
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
        if !self.start_log_pending {
            self.store.data_mut().log.clear();
        }
        let none = String::new;
        let called = call(
            &mut self.store,
            &self.limits,
            &snapshot,
            abi::SNAPSHOT,
            (),
            &none,
        );
        self.fuel_used += end_step(&mut self.store, &self.limits);
        let output = called?;
        let range = self
            .returned(output)
            .map_err(|kind| self.refusal(kind, abi::SNAPSHOT, &none))?;
        Ok(Some(self.memory.data(&self.store)[range].to_vec()))
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        let none = String::new;
        let Some(restore) = self.restore.clone() else {
            let kind =
                ErrorKind::Denied("it has no restore, so it cannot take over a state".into());
            return Err(self.refusal(kind, abi::RESTORE, &none));
        };
        self.input.clear();
        self.input.extend_from_slice(snapshot);
        begin_step(&mut self.store, &self.limits);
        let ptr = self.put_input(&none)?;
        let arguments = (ptr, self.input_len());
        let called = call(
            &mut self.store,
            &self.limits,
            &restore,
            abi::RESTORE,
            arguments,
            &none,
        );
        self.fuel_used += end_step(&mut self.store, &self.limits);
        let status = called?;
        if status != 0 {
            return Err(self.refusal(ErrorKind::Refused(status), abi::RESTORE, &none));
        }
        Ok(())
    }

    fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }
}

impl AbiGuest {
    #[expect(clippy::cast_possible_truncation, reason = "put_input has checked it")]
    fn input_len(&self) -> u32 {
        self.input.len() as u32
    }

    /// Copies the input to the address that the guest's `alloc` returns.
    fn put_input(&mut self, event: &dyn Fn() -> String) -> Result<u32, Box<GuestError>> {
        let Ok(len) = u32::try_from(self.input.len()) else {
            let kind = ErrorKind::Denied("the input does not fit into any guest's memory".into());
            return Err(self.refusal(kind, abi::ALLOC, event));
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
            None => {
                let memory = self.memory.data_size(&self.store);
                return Err(self.refusal(ErrorKind::Range { ptr, len, memory }, abi::ALLOC, event));
            }
        }
        Ok(ptr)
    }

    /// Refuses what the guest returned.
    fn refusal(
        &self,
        kind: ErrorKind,
        entry: &'static str,
        event: &dyn Fn() -> String,
    ) -> Box<GuestError> {
        GuestError::refusal(kind, entry, event, &self.store.data().log)
    }

    /// Checks the range that the guest returned.
    fn returned(&self, packed: u64) -> Result<std::ops::Range<usize>, ErrorKind> {
        let (ptr, len) = abi::unpack(packed);
        let limit = self.limits.output_bytes;
        if len == 0 {
            return Ok(0..0); // empty, whatever the pointer
        }
        if len as usize > limit {
            return Err(ErrorKind::Output { bytes: len, limit });
        }
        let memory = self.memory.data_size(&self.store);
        let start = ptr as usize;
        let end = start + len as usize;
        if end > memory {
            return Err(ErrorKind::Range { ptr, len, memory });
        }
        Ok(start..end)
    }
}

/// Gives the store the fuel and the wall time for a step.
fn begin_step(store: &mut Store<AbiState>, limits: &Limits) {
    store.set_epoch_deadline(watchdog_ticks(limits));
    // Fails only if the engine does not count fuel, and this one does.
    let _ = store.set_fuel(limits.fuel);
    store.data_mut().guest.limiter.refused = None;
}

/// Returns how much fuel the step has used.
fn end_step(store: &mut Store<AbiState>, limits: &Limits) -> u64 {
    limits.fuel - store.get_fuel().unwrap_or(0)
}

fn call<P: WasmParams, R: WasmResults>(
    store: &mut Store<AbiState>,
    limits: &Limits,
    function: &TypedFunc<P, R>,
    entry: &'static str,
    arguments: P,
    event: &dyn Fn() -> String,
) -> Result<R, Box<GuestError>> {
    let result = function.call(&mut *store, arguments);
    result.map_err(|error| failed(store, limits, entry, &event(), &error))
}

/// Turns the engine's error of a call into a guest's error.
fn failed(
    store: &mut Store<AbiState>,
    limits: &Limits,
    entry: &'static str,
    event: &str,
    error: &wasmtime::Error,
) -> Box<GuestError> {
    let state = store.data_mut();
    let refused = state.guest.limiter.refused.take();
    failure(error, limits, refused, &state.log, entry, event)
}
