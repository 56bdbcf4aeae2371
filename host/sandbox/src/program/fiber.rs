//! The fiber that a thread of a program runs on.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use host_disk::{Scope, lock};
use host_guest::ErrorKind;
use host_protocol::disk::SyncFailure;
use wasmtime::{
    AsContextMut, Caller, InstancePre, Linker, MemoryType, Module, Result, SharedMemory, Store,
};

use super::process::{Exchange, Process, ProgramState, Shared, give, store, take};
use super::threads::{MAIN, State, Tid};
use crate::vet::{PROGRAM_START, THREAD_START};
use crate::wasi::fuel::{SEARCH_UNITS, charge};

/// A program, compiled and linked.
#[derive(Clone)]
pub(crate) enum Code {
    /// One thread, with a memory of its own.
    Single(InstancePre<ProgramState>),
    /// Built for threads: each process has a memory of its own, to which it is linked.
    Threads(Arc<Unlinked>),
}

/// A module whose memory is imported, and the functions that it is linked to.
pub(crate) struct Unlinked {
    pub(crate) module: Module,
    pub(crate) linker: Linker<ProgramState>,
    /// What an instance costs, in units of fuel.
    pub(crate) instance_units: u64,
}

/// A thread, suspended.
pub(super) struct Fiber {
    run: Pin<Box<dyn Future<Output = Result<()>> + Send>>,
    exchange: Exchange,
}

/// Why a thread returned control.
pub(super) enum Turn {
    /// It waits.
    Waits,
    /// It has ended, by its own will or not.
    Ended(Result<()>),
}

impl Fiber {
    /// Makes the thread that runs `_start`.
    pub(super) fn main(code: &Code) -> Self {
        let (code, exchange) = (code.clone(), Exchange::default());
        Fiber {
            run: Box::pin(run_main(code, ProgramState::new(MAIN, exchange.clone()))),
            exchange,
        }
    }

    /// Makes a thread that the program has started with `argument`.
    pub(super) fn thread(shared: &Shared, thread: Tid, argument: i32) -> Self {
        let (pre, exchange) = (shared.pre.clone(), Exchange::default());
        let state = ProgramState::new(thread, exchange.clone());
        Fiber {
            run: Box::pin(run_thread(pre, state, argument)),
            exchange,
        }
    }

    /// Runs the thread until it waits or ends. It has the process meanwhile.
    pub(super) fn resume(&mut self, process: Box<Process>) -> (Turn, Box<Process>) {
        self.exchange.swap(Some(process));
        let mut context = Context::from_waker(Waker::noop());
        let turn = match self.run.as_mut().poll(&mut context) {
            Poll::Pending => Turn::Waits,
            Poll::Ready(result) => Turn::Ended(result),
        };
        let process = self.exchange.swap(None);
        (
            turn,
            process.expect("a thread that stops hands the process over"),
        )
    }
}

/// Runs a program from its start to its end.
async fn run_main(code: Code, state: ProgramState) -> Result<()> {
    let engine = match &code {
        Code::Single(pre) => pre.module().engine(),
        Code::Threads(unlinked) => unlinked.module.engine(),
    };
    let mut store = store(engine, state)?;
    let result = start(&code, &mut store).await;
    give(store.as_context_mut());
    result
}

async fn start(code: &Code, store: &mut Store<ProgramState>) -> Result<()> {
    // What an earlier process had open is closed: it is the disk of one.
    lock(&store.data().guest.disk).kill();
    let pre = match code {
        Code::Single(pre) => pre,
        Code::Threads(unlinked) => &link(unlinked, store)?,
    };
    let instance = pre.instantiate_async(&mut *store).await?;
    let start = instance.get_typed_func::<(), ()>(&mut *store, PROGRAM_START)?;
    start.call_async(store, ()).await
}

/// Makes the memory of a process and links the module to it.
fn link(unlinked: &Unlinked, store: &mut Store<ProgramState>) -> Result<InstancePre<ProgramState>> {
    let mut linker = unlinked.linker.clone();
    let mut memory = None;
    for import in unlinked.module.imports() {
        let Some(ty) = import.ty().memory().cloned() else {
            continue;
        };
        let made = new_memory(&ty, store)?;
        linker.define(&mut *store, import.module(), import.name(), made.clone())?;
        memory = Some(made);
    }
    let pre = linker.instantiate_pre(&unlinked.module)?;
    let memory = memory.ok_or_else(|| ErrorKind::Denied("it has no memory to share".into()))?;
    store.data_mut().shared = Some(Shared {
        memory,
        pre: pre.clone(),
        instance_units: unlinked.instance_units,
    });
    Ok(pre)
}

/// Makes a memory. It never moves, so it is made with the address space that it may ever take.
fn new_memory(ty: &MemoryType, store: &mut Store<ProgramState>) -> Result<SharedMemory> {
    const PAGE_BYTES: u64 = 64 << 10;
    let engine = store.engine().clone();
    let process: &mut Process = store.data_mut();
    let limit = process.limits.memory_bytes as u64 / PAGE_BYTES;
    let bytes = usize::try_from(ty.minimum() * PAGE_BYTES)?;
    let limiter: &mut dyn wasmtime::ResourceLimiter = &mut process.guest.limiter;
    if !limiter.memory_growing(0, bytes, None)? {
        return Err(ErrorKind::Memory {
            wanted: bytes,
            limit: process.limits.memory_bytes,
        }
        .into());
    }
    let maximum = ty.maximum().unwrap_or(limit).min(limit).max(ty.minimum());
    let pages = |pages| u32::try_from(pages).unwrap_or(u32::MAX);
    SharedMemory::new(
        &engine,
        MemoryType::shared(pages(ty.minimum()), pages(maximum)),
    )
    .map_err(|error| ErrorKind::Host(error.root_cause().to_string()).into())
}

/// Runs a thread that the program has started.
async fn run_thread(
    pre: InstancePre<ProgramState>,
    state: ProgramState,
    argument: i32,
) -> Result<()> {
    let mut store = store(pre.module().engine(), state)?;
    let result = start_thread(&pre, &mut store, argument).await;
    give(store.as_context_mut());
    result
}

async fn start_thread(
    pre: &InstancePre<ProgramState>,
    store: &mut Store<ProgramState>,
    argument: i32,
) -> Result<()> {
    let elements = store.data().guest.limiter.table_elements;
    let instance = pre.instantiate_async(&mut *store).await?;
    let own = store.data().guest.limiter.table_elements - elements;
    let start = instance.get_typed_func::<(i32, i32), ()>(&mut *store, THREAD_START)?;
    let thread = store.data().thread;
    start
        .call_async(&mut *store, (thread.as_i32(), argument))
        .await?;
    // Its tables are gone. That they have grown meanwhile is not known here.
    store.data_mut().guest.limiter.table_elements -= own;
    Ok(())
}

/// Suspends the thread until what it waits for has come. Others run meanwhile.
pub(super) async fn wait(caller: &mut Caller<'_, ProgramState>, state: State) -> Result<()> {
    charge_search(caller)?;
    let data = caller.data_mut();
    let thread = data.thread;
    data.threads.set(thread, state);
    give(caller.as_context_mut());
    Suspend { done: false }.await;
    take(caller.as_context_mut())?;
    match caller.data().threads.is_deadlocked() {
        true => Err(ErrorKind::Deadlock(Vec::new()).into()),
        false => Ok(()),
    }
}

/// Charges for the search through all threads, for one that can run or that waits. A program with
/// one thread has nothing to search.
pub(super) fn charge_search(caller: &mut Caller<'_, ProgramState>) -> Result<()> {
    let others = caller.data().threads.len() as u64 - 1;
    charge(caller, SEARCH_UNITS * others)
}

/// Suspends the program until the disk has answered a sync. Nothing else resumes it.
pub(super) async fn sync(
    caller: &mut Caller<'_, ProgramState>,
    scope: Scope,
) -> Result<Result<(), SyncFailure>> {
    caller.data_mut().io.sync = Some(scope);
    loop {
        wait(caller, State::Syncs).await?;
        let data = caller.data_mut();
        let thread = data.thread;
        if let Some(result) = data.threads.take_synced(thread) {
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
