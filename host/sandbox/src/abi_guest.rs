//! Guests of ABI version 1: libraries that are called with each event.

use host_disk::lock;
use host_guest::effects::{decode, log_lines};
use host_guest::{Effect, ErrorKind, Event, EventKind, Guest, GuestError, Limits, Responder};
use host_protocol::abi;
use host_protocol::disk::encoded_len;
use host_protocol::text::excerpt;
use rand_chacha::ChaCha8Rng;
use wasmtime::{Instance, InstancePre, Memory, Store, TypedFunc, WasmParams, WasmResults};

use crate::cost::{EFFECT_UNITS, EVENT_UNITS, INPUT_BYTE_UNITS, OUTPUT_BYTE_UNITS};
use crate::failure::failure;
use crate::state::{AbiState, GuestState};
use crate::wasi::fuel::{COPIED_BYTE_UNITS, charge};
use crate::watch;

/// The largest buffer for events that a guest keeps for the next one, in bytes.
const INPUT_KEPT_MAX: usize = 16 << 10;

/// The most bytes of a request that an error shows.
const REQUEST_SHOWN_MAX: usize = 200;

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
    /// Whether it has handled no event and taken over no state.
    is_fresh: bool,
    fuel_used: u64,
    /// Whether a call has failed. Its memory may be in any state then, so nothing is called again.
    has_failed: bool,
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
        watch::watch(&mut store, |state| &mut state.guest);
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
        store.data_mut().guest.memory = Some(exports.memory);
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
            is_fresh: true,
            fuel_used,
            has_failed: false,
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
            EventKind::Message(text) if self.is_fresh => {
                self.is_fresh = false;
                self.check_first(text.len(), event)?;
                let disk = lock(&self.store.data().guest.disk);
                abi::encode_first(&mut input, event.now_ns, text, disk.files());
            }
            EventKind::Message(text) => abi::encode_message(&mut input, event.now_ns, text),
            EventKind::Timer(id) => abi::encode_timer(&mut input, event.now_ns, id),
            EventKind::Synced(Err(reason)) => {
                abi::encode_sync_failed(&mut input, event.now_ns, reason);
            }
            EventKind::Synced(Ok(())) => return Ok(Vec::new()), // what was behind it has happened
        }
        self.input = input;
        self.store.data_mut().now_ns = event.now_ns;
        let describe = || event.to_string();
        let mut packed = 0;
        let range = self.enter(abi::HANDLE, &describe, |guest| {
            let arguments = guest.put_input(&describe)?;
            let output = call(
                &mut guest.store,
                &guest.limits,
                &guest.handle,
                (abi::HANDLE, arguments),
                &describe,
            )?;
            packed = output;
            guest.take_output(output, abi::HANDLE, &describe)
        });
        let range = range.map_err(|error| self.hinted(error, packed, event.node))?;
        if self.input.capacity() > INPUT_KEPT_MAX {
            self.input = Vec::new();
        }
        let refuse = |kind| self.refusal(kind, abi::HANDLE, &describe);
        let (memory, state) = (self.memory.data(&self.store), self.store.data());
        let wanted = decode(&memory[range], event.node, self.limits.effects)
            .map_err(|kind| self.hinted(refuse(kind), packed, event.node))?;
        let mut effects: Vec<Effect<'_>> = log_lines(&state.log).collect();
        if effects.is_empty() {
            effects = wanted;
        } else {
            effects.extend(wanted);
        }
        let zeros = {
            let changes = effects.iter().filter_map(|effect| match effect {
                Effect::Disk(change) => Some(change),
                _ => None,
            });
            lock(&state.guest.disk).zeros(changes)
        };
        let units = EFFECT_UNITS * effects.len() as u64;
        let units = units.saturating_add(COPIED_BYTE_UNITS * zeros);
        self.fuel_used += units.min(self.limits.fuel);
        if units > self.store.get_fuel().unwrap_or(0) {
            let limit = self.limits.fuel;
            return Err(self.refusal(ErrorKind::Fuel { limit }, abi::HANDLE, &describe));
        }
        Ok(effects)
    }

    fn keeps_state(&self) -> bool {
        self.snapshot.is_some() && self.restore.is_some()
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        let Some(snapshot) = self.snapshot.clone() else {
            return Ok(None);
        };
        self.input.clear();
        let none = String::new;
        let range = self.enter(abi::SNAPSHOT, &none, |guest| {
            let output = call(
                &mut guest.store,
                &guest.limits,
                &snapshot,
                (abi::SNAPSHOT, ()),
                &none,
            )?;
            guest.take_output(output, abi::SNAPSHOT, &none)
        })?;
        Ok(Some(self.memory.data(&self.store)[range].to_vec()))
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        let none = String::new;
        let Some(restore) = self.restore.clone() else {
            let kind =
                ErrorKind::Denied("it has no restore, so it cannot take over a state".into());
            return Err(self.refusal(kind, abi::RESTORE, &none));
        };
        self.is_fresh = false;
        self.input.clear();
        self.input.extend_from_slice(snapshot);
        self.enter(abi::RESTORE, &none, |guest| {
            let arguments = guest.put_input(&none)?;
            match call(
                &mut guest.store,
                &guest.limits,
                &restore,
                (abi::RESTORE, arguments),
                &none,
            )? {
                0 => Ok(()),
                status => Err(guest.refusal(ErrorKind::Refused(status), abi::RESTORE, &none)),
            }
        })
    }

    fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }
}

impl Responder for AbiGuest {
    fn respond(
        &mut self,
        request: &[u8],
        random: &mut ChaCha8Rng,
    ) -> Result<&[u8], Box<GuestError>> {
        self.is_fresh = false;
        self.input.clear();
        self.input.extend_from_slice(request);
        std::mem::swap(&mut self.store.data_mut().guest.random, random);
        let describe =
            || excerpt(&String::from_utf8_lossy(request), REQUEST_SHOWN_MAX).into_owned();
        let handle = self.handle.clone();
        let range = self.enter(abi::HANDLE, &describe, |guest| {
            let arguments = guest.put_input(&describe)?;
            let entry = (abi::HANDLE, arguments);
            let output = call(&mut guest.store, &guest.limits, &handle, entry, &describe)?;
            guest.take_output(output, abi::HANDLE, &describe)
        });
        std::mem::swap(&mut self.store.data_mut().guest.random, random);
        Ok(&self.memory.data(&self.store)[range?])
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>> {
        Guest::snapshot(self)
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>> {
        Guest::restore(self, snapshot)
    }
}

impl AbiGuest {
    /// Runs `body`, one step: gives the guest fuel and wall time, has it pay for its input, and
    /// counts what it used.
    fn enter<R>(
        &mut self,
        entry: &'static str,
        event: &dyn Fn() -> String,
        body: impl FnOnce(&mut Self) -> Result<R, Box<GuestError>>,
    ) -> Result<R, Box<GuestError>> {
        if self.has_failed {
            let kind = ErrorKind::Denied("it has failed before, and is not called again".into());
            return Err(self.refusal(kind, entry, event));
        }
        begin_step(&mut self.store, &self.limits);
        // What was printed at the start belongs to the first event.
        if entry != abi::RESTORE && !self.start_log_pending {
            self.store.data_mut().log.clear();
        }
        self.start_log_pending &= entry != abi::HANDLE;
        let input_units = INPUT_BYTE_UNITS * self.input.len() as u64;
        let result = self
            .spend(EVENT_UNITS + input_units)
            .map_err(|kind| self.refusal(kind, entry, event))
            .and_then(|()| body(self));
        self.fuel_used += end_step(&mut self.store, &self.limits);
        self.has_failed = result.is_err();
        result
    }

    /// Checks, before it is made, that the guest can pay for the first event and has room for it: it
    /// has all files of the disk.
    fn check_first(&mut self, message: usize, event: &Event<'_>) -> Result<(), Box<GuestError>> {
        let disk = lock(&self.store.data().guest.disk);
        let files = disk.files().map(|(name, bytes)| encoded_len(name, &bytes));
        let len = files.fold(message, usize::saturating_add);
        drop(disk);
        let (fuel, memory) = (self.limits.fuel, self.limits.memory_bytes);
        let kind = if len > memory {
            ErrorKind::Memory {
                wanted: len,
                limit: memory,
            }
        } else if INPUT_BYTE_UNITS.saturating_mul(len as u64) > fuel {
            ErrorKind::Fuel { limit: fuel }
        } else {
            return Ok(());
        };
        self.has_failed = true;
        let mut error = self.refusal(kind, abi::HANDLE, &|| event.to_string());
        error.hint = format!(
            "the first event has the files of the node's disk, {len} bytes as JSON: keep less on the \
             disk"
        );
        Err(error)
    }

    /// Takes fuel for work of the host.
    fn spend(&mut self, units: u64) -> Result<(), ErrorKind> {
        // Nothing else fails: this engine counts fuel.
        charge(&mut self.store, units).map_err(|_| ErrorKind::Fuel {
            limit: self.limits.fuel,
        })
    }

    /// Copies the input to the address that the guest's `alloc` returns. Returns the address and
    /// the length.
    fn put_input(&mut self, event: &dyn Fn() -> String) -> Result<(u32, u32), Box<GuestError>> {
        let Ok(len) = u32::try_from(self.input.len()) else {
            let kind = ErrorKind::Denied("the input does not fit into any guest's memory".into());
            return Err(self.refusal(kind, abi::ALLOC, event));
        };
        let ptr = call(
            &mut self.store,
            &self.limits,
            &self.alloc,
            (abi::ALLOC, len),
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
        Ok((ptr, len))
    }

    /// Checks the range that the guest returned, and has it pay for what is in it.
    fn take_output(
        &mut self,
        packed: u64,
        entry: &'static str,
        event: &dyn Fn() -> String,
    ) -> Result<std::ops::Range<usize>, Box<GuestError>> {
        let range = self.returned(packed);
        let paid = range.and_then(|range| {
            self.spend(OUTPUT_BYTE_UNITS * range.len() as u64)?;
            Ok(range)
        });
        paid.map_err(|kind| self.refusal(kind, entry, event))
    }

    /// Adds a hint to an error about a range that the guest returned: whether there are effects if
    /// pointer and length change places.
    fn hinted(&self, mut error: Box<GuestError>, packed: u64, node: &str) -> Box<GuestError> {
        let (len, ptr) = abi::unpack(packed);
        // A range that is outside of memory is so in either order: its end is the sum of both.
        let is_about_range = matches!(
            error.kind,
            ErrorKind::Output { .. } | ErrorKind::BadEffect { .. }
        );
        if !is_about_range || len as usize > self.limits.output_bytes {
            return error;
        }
        let memory = self.memory.data(&self.store);
        let rest = memory.get(ptr as usize..);
        let swapped = rest.and_then(|rest| rest.get(..len as usize));
        let effects = swapped.map(|bytes| decode(bytes, node, self.limits.effects));
        if effects.is_some_and(|effects| effects.is_ok_and(|effects| !effects.is_empty())) {
            error.hint = format!(
                "pointer and length are swapped: the effects are {len} bytes at address {ptr}; \
                 return (pointer << 32) | length"
            );
        }
        error
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
    store.data_mut().guest.watch.begin(limits);
    watch::resume(&mut *store);
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
    (entry, arguments): (&'static str, P),
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
