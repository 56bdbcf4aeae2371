//! The fiber that a program runs on, and how control passes between it and its driver.
//!
//! The engine's future owns the store, so the driver cannot access it while the program
//! is suspended. The data that both sides need ([`Io`]) is exchanged at each switch
//! through a cell that both hold.

use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use host_disk::{Scope, lock};
use host_guest::Limits;
use host_protocol::disk::SyncFailure;
use wasmtime::{AsContextMut, Caller, InstancePre, Result, Store};

use super::descriptors::Descriptors;
use super::io::Io;
use crate::cost::{EVENT_UNITS, INPUT_BYTE_UNITS};
use crate::state::GuestState;
use crate::vet::PROGRAM_START;
use crate::wasi::fuel::charge;
use crate::watch;

/// The state of a program.
pub(crate) struct ProgramState {
    pub(super) guest: GuestState,
    pub(super) io: Io,
    /// What it has open besides its standard streams.
    pub(super) files: Descriptors,
    pub(super) limits: Limits,
    /// Whether a read of an empty stdin waits for input.
    pub(super) stdin_blocks: bool,
    exchange: Exchange,
}

/// The cell through which the [`Io`] is exchanged. Only one side runs at a time, so the
/// lock is never contended; it allows a guest to move between threads.
#[derive(Clone, Default)]
struct Exchange(Arc<Mutex<Io>>);

impl Exchange {
    fn swap(&self, io: &mut Io) {
        let mut cell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut *cell, io);
    }
}

/// A program, suspended.
pub(super) struct Fiber {
    /// `None` after the program has ended.
    run: Option<Pin<Box<dyn Future<Output = End> + Send>>>,
    exchange: Exchange,
}

/// Why the program returned control.
pub(super) enum Turn {
    /// It waits for an event.
    Waits,
    /// It has ended.
    Ended {
        /// Why, unless `_start` just returned.
        error: Option<wasmtime::Error>,
    },
}

struct End {
    error: Option<wasmtime::Error>,
}

impl Fiber {
    /// Makes a program that has not begun to run.
    pub(super) fn new(
        pre: &InstancePre<ProgramState>,
        guest: GuestState,
        limits: Limits,
        stdin_blocks: bool,
    ) -> Self {
        let exchange = Exchange::default();
        let state = ProgramState {
            guest,
            io: Io::default(),
            files: Descriptors::default(),
            limits,
            stdin_blocks,
            exchange: exchange.clone(),
        };
        Fiber {
            run: Some(Box::pin(run(pre.clone(), state))),
            exchange,
        }
    }

    /// Runs the program until it waits or ends. `io` is passed to it and returned.
    pub(super) fn resume(&mut self, io: &mut Io) -> Turn {
        let Some(run) = &mut self.run else {
            return Turn::Ended { error: None };
        };
        self.exchange.swap(io);
        let mut context = Context::from_waker(Waker::noop());
        let polled = run.as_mut().poll(&mut context);
        self.exchange.swap(io);
        match polled {
            Poll::Pending => Turn::Waits,
            Poll::Ready(End { error }) => {
                self.run = None; // frees its memory before the guest is dropped
                Turn::Ended { error }
            }
        }
    }
}

/// Runs a program from its start to its end.
async fn run(pre: InstancePre<ProgramState>, state: ProgramState) -> End {
    // What an earlier process had open is closed: it is the disk of one.
    lock(&state.guest.disk).kill();
    let mut store = Store::new(pre.module().engine(), state);
    store.limiter(|state| &mut state.guest.limiter);
    watch::watch(&mut store, |state| &mut state.guest);
    let result = start(&pre, &mut store).await;
    let fuel_left = store.get_fuel().unwrap_or(0);
    let state = store.data_mut();
    state.give_turn(fuel_left, None);
    End {
        error: result.err(),
    }
}

async fn start(pre: &InstancePre<ProgramState>, store: &mut Store<ProgramState>) -> Result<()> {
    take_turn(&mut *store)?;
    let instance = pre.instantiate_async(&mut *store).await?;
    let start = instance.get_typed_func::<(), ()>(&mut *store, PROGRAM_START)?;
    start.call_async(store, ()).await
}

impl ProgramState {
    fn give_turn(&mut self, fuel_left: u64, wait_until_ns: Option<u64>) {
        self.io.fuel_used = self.limits.fuel.saturating_sub(fuel_left);
        self.io.memory_bytes = self.guest.limiter.memory_bytes + self.files.held_bytes();
        self.io.wait_until_ns = wait_until_ns;
        self.io.refused = self.guest.limiter.refused.take();
        self.exchange.swap(&mut self.io);
    }
}

/// Begins a step: takes the driver's input, and sets the fuel and the wall time.
fn take_turn(mut store: impl AsContextMut<Data = ProgramState>) -> Result<()> {
    let mut store = store.as_context_mut();
    let state = store.data_mut();
    state.exchange.swap(&mut state.io);
    let limits = state.limits;
    let arrived_bytes = mem::take(&mut state.io.arrived_bytes);
    let units = EVENT_UNITS + INPUT_BYTE_UNITS * arrived_bytes;
    watch::begin(&mut store, |state| &mut state.guest, &limits);
    store.set_fuel(limits.fuel)?;
    charge(&mut store, units)
}

/// Suspends the program until the next event. The event may be any: the caller must check
/// whether it is the one that the program waits for. The driver resumes the program at
/// `until_ns` at the latest.
pub(super) async fn wait(
    caller: &mut Caller<'_, ProgramState>,
    until_ns: Option<u64>,
) -> Result<()> {
    let fuel_left = caller.get_fuel()?;
    caller.data_mut().give_turn(fuel_left, until_ns);
    Suspend { done: false }.await;
    take_turn(caller)
}

/// Suspends the program until the disk has answered a sync. Nothing else resumes it.
pub(super) async fn sync(
    caller: &mut Caller<'_, ProgramState>,
    scope: Scope,
) -> Result<Result<(), SyncFailure>> {
    let io = &mut caller.data_mut().io;
    io.synced = None;
    io.sync = Some(scope);
    loop {
        wait(caller, None).await?;
        if let Some(result) = caller.data_mut().io.synced.take() {
            return Ok(result);
        }
    }
}

/// A future that is pending once.
struct Suspend {
    done: bool,
}

impl Future for Suspend {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        // No waker is needed: the driver polls whenever it has an event.
        if mem::replace(&mut self.done, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
