//! The fiber that a program runs on, and how it and its driver take turns.
//!
//! The engine's future owns the store, so nobody outside can reach into it while the
//! program is suspended. What both sides need ([`Io`]) is exchanged at each switch
//! through a cell that both hold.

use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use wasmtime::{AsContextMut, Caller, InstancePre, Result, Store};

use super::io::Io;
use crate::sandbox::watchdog_ticks;
use crate::state::Common;
use crate::vet::PROGRAM_START;
use host_guest::ErrorKind;
use host_guest::Limits;

/// What the host keeps for a program while it runs.
pub(crate) struct ProgramState {
    pub(super) common: Common,
    pub(super) io: Io,
    pub(super) limits: Limits,
    /// Whether reading an empty stdin waits for input.
    pub(super) stdin_blocks: bool,
    exchange: Exchange,
}

/// Where the [`Io`] changes hands. Nobody ever waits for the lock, since only one side
/// runs at a time; it is what lets a guest move between threads.
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
    /// `None` after its end.
    run: Option<Pin<Box<dyn Future<Output = End> + Send>>>,
    exchange: Exchange,
}

/// How a turn of the program ended.
pub(super) enum Turn {
    /// It waits for the next event.
    Waits,
    /// It is over.
    Ended {
        /// Why, unless `_start` just returned.
        error: Option<wasmtime::Error>,
        /// The last growth of memory or tables that it was refused.
        refused: Option<ErrorKind>,
    },
}

struct End {
    error: Option<wasmtime::Error>,
    refused: Option<ErrorKind>,
}

impl Fiber {
    /// A program that has not begun to run.
    pub(super) fn new(
        pre: &InstancePre<ProgramState>,
        common: Common,
        limits: Limits,
        stdin_blocks: bool,
    ) -> Self {
        let exchange = Exchange::default();
        let state = ProgramState {
            common,
            io: Io::default(),
            limits,
            stdin_blocks,
            exchange: exchange.clone(),
        };
        Fiber {
            run: Some(Box::pin(run(pre.clone(), state))),
            exchange,
        }
    }

    /// Lets it run until it waits or ends. `io` goes in and comes back.
    pub(super) fn resume(&mut self, io: &mut Io) -> Turn {
        let Some(run) = &mut self.run else {
            return Turn::Ended {
                error: None,
                refused: None,
            };
        };
        self.exchange.swap(io);
        let mut context = Context::from_waker(Waker::noop());
        let polled = run.as_mut().poll(&mut context);
        self.exchange.swap(io);
        match polled {
            Poll::Pending => Turn::Waits,
            Poll::Ready(End { error, refused }) => {
                self.run = None; // frees its memory, whatever becomes of the guest
                Turn::Ended { error, refused }
            }
        }
    }
}

/// The whole life of a program.
async fn run(pre: InstancePre<ProgramState>, state: ProgramState) -> End {
    let mut store = Store::new(pre.module().engine(), state);
    store.limiter(|state| &mut state.common.growth);
    let result = start(&pre, &mut store).await;
    let fuel_left = store.get_fuel().unwrap_or(0);
    let state = store.data_mut();
    let refused = state.common.growth.refused.take();
    state.give_turn(fuel_left, None);
    End {
        error: result.err(),
        refused,
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
        self.io.memory_bytes = self.common.growth.memory_bytes;
        self.io.wait_until_ns = wait_until_ns;
        self.exchange.swap(&mut self.io);
    }
}

/// A step begins: gives it what the driver has for it, its fuel and its time.
fn take_turn(mut store: impl AsContextMut<Data = ProgramState>) -> Result<()> {
    let mut store = store.as_context_mut();
    let state = store.data_mut();
    state.exchange.swap(&mut state.io);
    state.common.growth.refused = None;
    let limits = state.limits;
    store.set_epoch_deadline(watchdog_ticks(&limits));
    store.set_fuel(limits.fuel)
}

/// Suspends the program until the next event, which may be anything: the caller looks
/// whether it is what the program waits for. `until_ns` is the time by which the
/// driver has to come back.
pub(super) async fn wait(
    caller: &mut Caller<'_, ProgramState>,
    until_ns: Option<u64>,
) -> Result<()> {
    let fuel_left = caller.get_fuel()?;
    caller.data_mut().give_turn(fuel_left, until_ns);
    Suspend { done: false }.await;
    take_turn(caller)
}

/// Pending once.
struct Suspend {
    done: bool,
}

impl Future for Suspend {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        // No waker is needed: the driver polls when it has an event, and never else.
        if mem::replace(&mut self.done, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
