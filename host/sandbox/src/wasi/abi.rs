//! WASI for guests of the ABI: the clock shows the time of the event during a step, stdout
//! and stderr both go to the node's log, stdin is at its end, and waiting is an error.

use host_guest::ErrorKind;
use wasmtime::{Caller, Error, Linker, Result};

use super::memory::with_memory;
use super::{WasiState, add, admit_write, errno, on_stdio};
use crate::cost::OUTPUT_BYTE_UNITS;
use crate::state::{AbiState, GuestState};

impl WasiState for AbiState {
    fn guest(&mut self) -> &mut GuestState {
        &mut self.guest
    }

    /// At least 1: a module whose runtime reads the clock before the first event, as Go's does, must not take it for broken.
    fn read_clock(&mut self) -> u64 {
        self.now_ns.max(1)
    }

    fn stdin_flags(&self) -> u16 {
        0
    }
}

/// Adds all of WASI to `linker`.
pub(crate) fn add_to(linker: &mut Linker<AbiState>) -> Result<()> {
    super::add_to(linker)?;
    add!(linker, "sched_yield", sched_yield, ())?;
    add!(linker, "fd_fdstat_set_flags", fd_fdstat_set_flags, (fd: i32, flags: i32))?;
    add!(linker, "fd_read", fd_read, (fd: i32, vectors: i32, count: i32, read: i32))?;
    add!(linker, "fd_write", fd_write, (fd: i32, vectors: i32, count: i32, written: i32))?;
    Ok(())
}

fn sched_yield(_: &mut Caller<'_, AbiState>) -> Result<i32> {
    Ok(errno::SUCCESS)
}

fn fd_fdstat_set_flags(_: &mut Caller<'_, AbiState>, fd: i32, _flags: i32) -> Result<i32> {
    Ok(on_stdio(fd, errno::SUCCESS))
}

fn fd_read(
    caller: &mut Caller<'_, AbiState>,
    fd: i32,
    _vectors: i32,
    _count: i32,
    read: i32,
) -> Result<i32> {
    if fd != 0 {
        return Ok(errno::BADF);
    }
    with_memory(caller, |memory, _| {
        memory.write_u32(read, 0)?;
        Ok(errno::SUCCESS)
    })
}

fn fd_write(
    caller: &mut Caller<'_, AbiState>,
    fd: i32,
    vectors: i32,
    count: i32,
    written: i32,
) -> Result<i32> {
    let total = match admit_write(caller, (fd, vectors, count), OUTPUT_BYTE_UNITS)? {
        Ok(total) => total,
        Err(answer) => return Ok(answer),
    };
    let log_limit = caller.data().log_limit;
    let is_exceeded = total > log_limit - caller.data().log.len();
    let answer = with_memory(caller, |memory, state| {
        for i in 0..count {
            let bytes = memory.vector(vectors, i)?;
            let room = log_limit - state.log.len();
            state.log.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        memory.write_u32(written, total)?;
        Ok(errno::SUCCESS)
    })?;
    match is_exceeded {
        true => Err(Error::new(ErrorKind::Log { limit: log_limit })),
        false => Ok(answer),
    }
}
