//! WASI for programs: standard streams, the clock, and waiting.

use host_guest::ErrorKind;
use wasmtime::{Caller, Error, Linker, Result};

use super::fiber::{ProgramState, wait};
use super::poll::poll_oneoff;
use crate::state::GuestState;
use crate::wasi::fuel::{admit_vectors, charge, charge_call};
use crate::wasi::memory::with_memory;
use crate::wasi::{self, MODULE, WasiState, errno, on_stdio};

/// The flag of a file descriptor that does not block.
const NONBLOCK: u16 = 4;

impl WasiState for ProgramState {
    fn guest(&mut self) -> &mut GuestState {
        &mut self.guest
    }

    fn read_clock(&mut self) -> u64 {
        self.io.read_clock()
    }

    fn stdin_flags(&self) -> u16 {
        if self.stdin_blocks { 0 } else { NONBLOCK }
    }
}

/// Adds all of WASI to `linker`.
pub(crate) fn add_to(linker: &mut Linker<ProgramState>) -> Result<()> {
    wasi::add_to(linker)?;
    linker.func_wrap(MODULE, "sched_yield", sched_yield)?;
    linker.func_wrap(MODULE, "fd_fdstat_set_flags", fd_fdstat_set_flags)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap_async(MODULE, "fd_read", |caller, arguments| {
        Box::new(fd_read(caller, arguments))
    })?;
    linker.func_wrap_async(MODULE, "poll_oneoff", |caller, arguments| {
        Box::new(poll_oneoff(caller, arguments))
    })?;
    Ok(())
}

fn sched_yield(mut caller: Caller<'_, ProgramState>) -> Result<i32> {
    charge_call(&mut caller)?;
    caller.data_mut().io.spin();
    Ok(errno::SUCCESS)
}

fn fd_fdstat_set_flags(mut caller: Caller<'_, ProgramState>, fd: i32, flags: i32) -> i32 {
    if fd == 0 {
        caller.data_mut().stdin_blocks = flags & i32::from(NONBLOCK) == 0;
    }
    on_stdio(fd, errno::SUCCESS)
}

/// Reads the input that has arrived. If there is none, waits for it, or returns `AGAIN` if
/// stdin does not block.
async fn fd_read(
    mut caller: Caller<'_, ProgramState>,
    (fd, vectors, count, read): (i32, i32, i32, i32),
) -> Result<i32> {
    if fd != 0 {
        return Ok(errno::BADF);
    }
    if !admit_vectors(&mut caller, count)? {
        return Ok(errno::INVAL);
    }
    let mut room = 0;
    let answer = with_memory(&mut caller, |memory, _| {
        for i in 0..count {
            room += memory.vector(vectors, i)?.len();
        }
        memory.range(read, 4)?;
        Ok(errno::SUCCESS)
    })?;
    if answer != errno::SUCCESS {
        return Ok(answer);
    }
    while room > 0 && caller.data().io.stdin.is_empty() {
        if !caller.data().stdin_blocks {
            return Ok(errno::AGAIN);
        }
        wait(&mut caller, None).await?;
    }
    let arriving = room.min(caller.data().io.stdin.len());
    charge(&mut caller, arriving as u64)?;
    with_memory(&mut caller, |memory, state| {
        let mut total = 0;
        for i in 0..count {
            total += state.io.read_stdin(memory.vector(vectors, i)?);
        }
        memory.write_u32(read, total)?;
        Ok(errno::SUCCESS)
    })
}

fn fd_write(
    mut caller: Caller<'_, ProgramState>,
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
    let mut exceeded = None;
    let answer = with_memory(&mut caller, |memory, state| {
        let (io, limits) = (&mut state.io, &state.limits);
        let mut total = 0;
        for i in 0..count {
            let bytes = memory.vector(vectors, i)?;
            total += bytes.len();
            if fd == 2 {
                io.log.write(bytes, limits.log_bytes);
            } else if io.stdout.len() + bytes.len() <= limits.output_bytes {
                io.stdout.extend_from_slice(bytes);
            } else {
                exceeded = Some(io.stdout.len() + bytes.len());
                return Ok(errno::SUCCESS);
            }
        }
        memory.write_u32(written, total)?;
        Ok(errno::SUCCESS)
    })?;
    match exceeded {
        None => Ok(answer),
        Some(bytes) => Err(Error::new(ErrorKind::Output {
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            limit: caller.data().limits.output_bytes,
        })),
    }
}
