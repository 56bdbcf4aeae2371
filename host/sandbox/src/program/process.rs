//! What all threads of a program share, and who has it: the thread that runs, or the driver.
//!
//! Each thread has a store of its own, which the engine's future owns while the thread is
//! suspended, so the driver cannot reach into it. What both sides need is handed over at each
//! switch, through a cell that both hold.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use host_guest::Limits;
use wasmtime::{AsContextMut, InstancePre, Result, SharedMemory, Store, StoreContextMut};

use super::descriptors::Descriptors;
use super::io::Io;
use super::threads::{Threads, Tid};
use crate::state::GuestState;
use crate::watch;

/// What all threads of a program share.
pub(crate) struct Process {
    pub(super) guest: GuestState,
    pub(super) io: Io,
    /// What it has open besides its standard streams.
    pub(super) files: Descriptors,
    pub(super) limits: Limits,
    /// Whether a read of an empty stdin waits for input.
    pub(super) stdin_blocks: bool,
    pub(super) threads: Threads,
    /// The memory that threads share, with the module linked to it; `None` before the program has
    /// begun to run, and if it is not built for threads.
    pub(super) shared: Option<Shared>,
    /// The fuel that the step has left.
    pub(super) fuel_left: u64,
}

/// The memory of a program with threads, and the module that has it as its memory.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) memory: SharedMemory,
    pub(super) pre: InstancePre<ProgramState>,
    /// What an instance costs, in units of fuel: data and tables that it begins with are copied.
    pub(super) instance_units: u64,
}

impl Process {
    pub(super) fn new(guest: GuestState, limits: Limits, seed: u64, stdin_blocks: bool) -> Self {
        Process {
            guest,
            io: Io::default(),
            files: Descriptors::default(),
            limits,
            stdin_blocks,
            threads: Threads::new(seed),
            shared: None,
            fuel_left: 0,
        }
    }

    /// What the program takes in memory, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.guest.limiter.memory_bytes
            + self.files.held_bytes()
            + self.threads.held_bytes()
            + self.io.stdin.len()
            + self.io.stdout.len()
    }
}

/// The state of the store of a thread: the process, while the thread runs.
pub(crate) struct ProgramState {
    process: Option<Box<Process>>,
    exchange: Exchange,
    pub(super) thread: Tid,
}

impl Deref for ProgramState {
    type Target = Process;

    fn deref(&self) -> &Process {
        self.process.as_ref().expect(RUNS)
    }
}

impl DerefMut for ProgramState {
    fn deref_mut(&mut self) -> &mut Process {
        self.process.as_mut().expect(RUNS)
    }
}

/// Why a process is where it is looked for.
const RUNS: &str = "the thread that runs has the process";

/// The cell through which the process is handed over. Only one side runs at a time, so the lock is
/// never contended; it allows a guest to move between threads of the machine.
#[derive(Clone, Default)]
pub(super) struct Exchange(Arc<Mutex<Option<Box<Process>>>>);

impl Exchange {
    /// Puts a process in, and takes out what was there.
    pub(super) fn swap(&self, process: Option<Box<Process>>) -> Option<Box<Process>> {
        let mut cell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mem::replace(&mut *cell, process)
    }
}

impl ProgramState {
    /// The state of a thread that does not run.
    pub(super) fn new(thread: Tid, exchange: Exchange) -> Self {
        ProgramState {
            process: None,
            exchange,
            thread,
        }
    }
}

/// Begins to run: takes the process, and what fuel and wall time the step has left.
pub(super) fn take(mut store: StoreContextMut<'_, ProgramState>) -> Result<()> {
    let state = store.data_mut();
    state.process = state.exchange.swap(None);
    let fuel = state.fuel_left;
    watch::resume(&mut store);
    store.set_fuel(fuel)
}

/// Ends a turn: hands the process to the driver.
pub(super) fn give(mut store: StoreContextMut<'_, ProgramState>) {
    let fuel_left = store.get_fuel().unwrap_or(0);
    let state = store.data_mut();
    state.fuel_left = fuel_left;
    let process = state.process.take();
    state.exchange.swap(process);
}

/// Makes the store of a thread that begins to run.
pub(super) fn store(engine: &wasmtime::Engine, state: ProgramState) -> Result<Store<ProgramState>> {
    let mut store = Store::new(engine, state);
    take(store.as_context_mut())?;
    store.limiter(|state| &mut state.process.as_mut().expect(RUNS).guest.limiter);
    watch::watch(&mut store, |state| {
        &mut state.process.as_mut().expect(RUNS).guest
    });
    Ok(store)
}
