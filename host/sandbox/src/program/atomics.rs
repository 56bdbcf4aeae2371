//! What programs with threads ask for: to start one, to wait at an address, to wake those that do,
//! and more memory. And `sched_yield`, which programs with one thread have too.
//!
//! Source: the proposals `threads` (WebAssembly/threads) and `wasi-threads`
//! (WebAssembly/wasi-threads). Modules reach the functions of [`rewrite`](crate::rewrite) by
//! instructions only.

use host_guest::ErrorKind;
use wasmtime::{Caller, Error, Linker, ResourceLimiter, Result, Trap};

use super::fiber::{charge_search, wait};
use super::process::{Process, ProgramState};
use super::threads::{Event, State, THREADS_MAX, Threads};
use crate::cost::DEAREST;
use crate::rewrite::threads as rewrite;
use crate::vet::{SPAWN, SPAWN_MODULE};
use crate::wasi::fuel::{THREAD_UNITS, charge};
use crate::wasi::memory::with_memory;
use crate::wasi::{add, add_waiting, errno};

/// The answers of a wait.
const WOKEN: i32 = 0;
const NOT_EQUAL: i32 = 1;
const TIMED_OUT: i32 = 2;

/// The answer of a growth that is refused.
const REFUSED: i32 = -1;

/// The bytes of a page of memory.
const PAGE_BYTES: usize = 64 << 10;

/// Adds all functions to a linker.
pub(super) fn add_to(linker: &mut Linker<ProgramState>) -> Result<()> {
    let [(wait32, _), (wait64, _), (notify_name, _), (grow_name, _)] = rewrite::CALLS;
    add!(SPAWN_MODULE, linker, SPAWN, spawn, (argument: i32))?;
    add_waiting!(rewrite::MODULE, linker, wait32, wait_32)?;
    add_waiting!(rewrite::MODULE, linker, wait64, wait_64)?;
    add!(rewrite::MODULE, linker, notify_name, notify, (at: i32, count: i32, offset: i32))?;
    add!(rewrite::MODULE, linker, grow_name, grow, (pages: i32))?;
    Ok(())
}

/// Starts a thread. Returns its number, or a negative one if there are too many.
fn spawn(caller: &mut Caller<'_, ProgramState>, argument: i32) -> Result<i32> {
    let shared = caller.data().shared.as_ref();
    let instance_units = shared.map_or(0, |shared| shared.instance_units);
    charge(caller, THREAD_UNITS + instance_units)?;
    let process: &mut Process = caller.data_mut();
    if process.threads.len() >= THREADS_MAX {
        return Ok(-errno::AGAIN);
    }
    process.guest.limiter.take(Threads::bytes_of_one())?;
    process.io.has_advanced();
    let thread = process.threads.start(argument);
    Ok(thread.map_or(-errno::AGAIN, |thread| thread.as_i32()))
}

async fn wait_32(
    caller: &mut Caller<'_, ProgramState>,
    (address, expected, timeout_ns, offset): (i32, i32, i64, i32),
) -> Result<i32> {
    let expected = expected.to_le_bytes();
    wait_at(caller, (address, offset), expected, timeout_ns).await
}

async fn wait_64(
    caller: &mut Caller<'_, ProgramState>,
    (address, expected, timeout_ns, offset): (i32, i64, i64, i32),
) -> Result<i32> {
    let expected = expected.to_le_bytes();
    wait_at(caller, (address, offset), expected, timeout_ns).await
}

/// The address that an atomic instruction means: aligned, and `bytes` long.
fn address_of((address, offset): (i32, i32), bytes: usize) -> Result<u32> {
    let address = address.cast_unsigned().checked_add(offset.cast_unsigned());
    let address = address.ok_or(Trap::MemoryOutOfBounds)?;
    match address as usize % bytes {
        0 => Ok(address),
        _ => Err(Trap::HeapMisaligned.into()),
    }
}

/// Waits until another thread notifies this one at an address, if the memory there is as expected.
async fn wait_at<const N: usize>(
    caller: &mut Caller<'_, ProgramState>,
    address: (i32, i32),
    expected: [u8; N],
    timeout_ns: i64,
) -> Result<i32> {
    let address = address_of(address, size_of_val(&expected))?;
    let mut until_ns = None;
    let answer = with_memory(caller, |memory, state| {
        if *memory.range(address.cast_signed(), N)? != expected {
            return Ok(NOT_EQUAL);
        }
        // A negative time is for ever.
        let timeout_ns = u64::try_from(timeout_ns).ok();
        until_ns = timeout_ns.map(|ns| state.io.now_ns().saturating_add(ns));
        Ok(WOKEN)
    })?;
    if answer != WOKEN {
        return in_bounds(answer);
    }
    if timeout_ns == 0 {
        // It lets others run, or a loop of such waits would stop them.
        wait(caller, State::Yields).await?;
        return Ok(TIMED_OUT);
    }
    wait(caller, State::WaitsAt { address, until_ns }).await?;
    let data = caller.data();
    Ok(match data.threads.has_timed_out(data.thread) {
        true => TIMED_OUT,
        false => WOKEN,
    })
}

/// Wakes threads that wait at an address. Returns how many.
fn notify(
    caller: &mut Caller<'_, ProgramState>,
    address: i32,
    count: i32,
    offset: i32,
) -> Result<i32> {
    let address = address_of((address, offset), 4)?;
    let answer = with_memory(caller, |memory, _| {
        memory.range(address.cast_signed(), 4)?;
        Ok(errno::SUCCESS)
    })?;
    in_bounds(answer)?;
    charge_search(caller)?;
    let process: &mut Process = caller.data_mut();
    let woken = process.threads.notify(address, count.cast_unsigned());
    if woken > 0 {
        process.io.has_advanced();
    }
    Ok(woken.cast_signed())
}

/// An answer about an address, unless it is outside of memory.
fn in_bounds(answer: i32) -> Result<i32> {
    match answer {
        errno::FAULT => Err(Trap::MemoryOutOfBounds.into()),
        answer => Ok(answer),
    }
}

/// Grows the memory that threads share by so many pages. Returns how many it had.
fn grow(caller: &mut Caller<'_, ProgramState>, pages: i32) -> Result<i32> {
    let pages = u64::from(pages.cast_unsigned());
    charge(caller, u64::from(DEAREST).saturating_mul(pages))?;
    let process: &mut Process = caller.data_mut();
    let Some(shared) = process.shared.as_ref() else {
        return Err(Error::new(ErrorKind::Denied(
            "it has no memory to share".into(),
        )));
    };
    let memory = shared.memory.clone();
    let is = memory.data_size();
    let wanted = usize::try_from(pages)?
        .saturating_mul(PAGE_BYTES)
        .saturating_add(is);
    let own = memory.ty().maximum().map_or(usize::MAX, |pages| {
        usize::try_from(pages)
            .unwrap_or(usize::MAX)
            .saturating_mul(PAGE_BYTES)
    });
    let own = (own < process.limits.memory_bytes).then_some(own);
    if !process.guest.limiter.memory_growing(is, wanted, own)? {
        return Ok(REFUSED);
    }
    let before = memory
        .grow(pages)
        .map_err(|error| ErrorKind::Host(error.to_string()))?;
    Ok(i32::try_from(before).unwrap_or(REFUSED))
}

/// Lets other threads run. A program that only yields waits for something that its own threads
/// cannot bring: after a while it sleeps until something comes, for longer each time.
pub(super) async fn sched_yield(caller: &mut Caller<'_, ProgramState>, (): ()) -> Result<i32> {
    charge_search(caller)?;
    let fuel = caller.get_fuel()?;
    let data = caller.data_mut();
    if data.threads.others_are_ready(data.thread) {
        wait(caller, State::Yields).await?;
        return Ok(errno::SUCCESS);
    }
    data.io.spin();
    let sleep_ns = data.io.has_yielded(fuel);
    if let Some(sleep_ns) = sleep_ns {
        let until_ns = Some(data.io.now_ns().saturating_add(sleep_ns));
        let what = Event::Any;
        wait(caller, State::WaitsFor { until_ns, what }).await?;
    } else if data.threads.others_can_run(data.thread) {
        wait(caller, State::Yields).await?;
    }
    Ok(errno::SUCCESS)
}
