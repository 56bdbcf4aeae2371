//! WASI for guests of the ABI: the clock shows the time of the event during a step, stdout
//! and stderr both go to the node's log, stdin is at its end, and waiting is an error.

use host_guest::ErrorKind;
use wasmtime::{Caller, Error, Linker, Result};

use super::fuel::admit_vectors;
use super::memory::with_memory;
use super::{MODULE, WasiState, errno, on_stdio};
use crate::state::{AbiState, GuestState};

impl WasiState for AbiState {
    fn guest(&mut self) -> &mut GuestState {
        &mut self.guest
    }

    fn read_clock(&mut self) -> u64 {
        self.now_ns
    }

    fn stdin_flags(&self) -> u16 {
        0
    }
}

/// Adds all of WASI to `linker`.
pub(crate) fn add_to(linker: &mut Linker<AbiState>) -> Result<()> {
    super::add_to(linker)?;
    linker.func_wrap(MODULE, "sched_yield", || errno::SUCCESS)?;
    linker.func_wrap(MODULE, "fd_fdstat_set_flags", |fd: i32, _: i32| {
        on_stdio(fd, errno::SUCCESS)
    })?;
    linker.func_wrap(MODULE, "fd_read", fd_read)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    Ok(())
}

fn fd_read(
    mut caller: Caller<'_, AbiState>,
    fd: i32,
    _vectors: i32,
    _count: i32,
    read: i32,
) -> Result<i32> {
    if fd != 0 {
        return Ok(errno::BADF);
    }
    with_memory(&mut caller, |memory, _| {
        memory.write_u32(read, 0)?;
        Ok(errno::SUCCESS)
    })
}

fn fd_write(
    mut caller: Caller<'_, AbiState>,
    fd: i32,
    vectors: i32,
    count: i32,
    written: i32,
) -> Result<i32> {
    if fd != 1 && fd != 2 {
        return Ok(errno::BADF);
    }
    if !admit_vectors(&mut caller, count)? {
        return Ok(errno::INVAL);
    }
    let log_limit = caller.data().log_limit;
    let mut exceeded = false;
    let answer = with_memory(&mut caller, |memory, state| {
        let mut total = 0_usize;
        for i in 0..count {
            let bytes = memory.vector(vectors, i)?;
            let room = log_limit - state.log.len();
            exceeded |= bytes.len() > room;
            state.log.extend_from_slice(&bytes[..bytes.len().min(room)]);
            total += bytes.len();
        }
        memory.write_u32(written, total)?;
        Ok(errno::SUCCESS)
    })?;
    if exceeded {
        return Err(Error::new(ErrorKind::Log { limit: log_limit }));
    }
    Ok(answer)
}
