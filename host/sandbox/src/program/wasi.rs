//! WASI for programs: standard streams, the clock, and waiting.

use host_guest::ErrorKind;
use wasmtime::{Caller, Error, Linker, Result};

use super::fiber::{ProgramState, wait};
use super::poll::poll_oneoff;
use crate::cost::{EFFECT_UNITS, OUTPUT_BYTE_UNITS};
use crate::state::GuestState;
use crate::wasi::fuel::{COPIED_BYTE_UNITS, admit_vectors, charge};
use crate::wasi::memory::with_memory;
use crate::wasi::{self, WasiState, add, add_waiting, admit_write, errno, on_stdio};

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
    add!(linker, "sched_yield", sched_yield, ())?;
    add!(linker, "fd_fdstat_set_flags", fd_fdstat_set_flags, (fd: i32, flags: i32))?;
    add!(linker, "fd_write", fd_write, (fd: i32, vectors: i32, count: i32, written: i32))?;
    add_waiting!(linker, "fd_read", fd_read)?;
    add_waiting!(linker, "poll_oneoff", poll_oneoff)?;
    Ok(())
}

fn sched_yield(caller: &mut Caller<'_, ProgramState>) -> Result<i32> {
    caller.data_mut().io.spin();
    Ok(errno::SUCCESS)
}

fn fd_fdstat_set_flags(caller: &mut Caller<'_, ProgramState>, fd: i32, flags: i32) -> Result<i32> {
    if fd == 0 {
        caller.data_mut().stdin_blocks = flags & i32::from(NONBLOCK) == 0;
    }
    Ok(on_stdio(fd, errno::SUCCESS))
}

/// Reads the input that has arrived. If there is none, waits for it, or returns `AGAIN` if
/// stdin does not block.
async fn fd_read(
    caller: &mut Caller<'_, ProgramState>,
    (fd, vectors, count, read): (i32, i32, i32, i32),
) -> Result<i32> {
    if fd != 0 {
        return Ok(errno::BADF);
    }
    if !admit_vectors(caller, count)? {
        return Ok(errno::INVAL);
    }
    let mut room = 0;
    let answer = with_memory(caller, |memory, _| {
        room = memory.vectors_len(vectors, count)?;
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
        wait(caller, None).await?;
    }
    let arriving = room.min(caller.data().io.stdin.len());
    charge(caller, COPIED_BYTE_UNITS * arriving as u64)?;
    with_memory(caller, |memory, state| {
        let mut total = 0;
        for i in 0..count {
            total += state.io.read_stdin(memory.vector(vectors, i)?);
        }
        memory.write_u32(read, total)?;
        Ok(errno::SUCCESS)
    })
}

/// Writes to stdout or stderr. Every line is an effect, and paid for as one.
fn fd_write(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    vectors: i32,
    count: i32,
    written: i32,
) -> Result<i32> {
    let total = match admit_write(caller, (fd, vectors, count), OUTPUT_BYTE_UNITS)? {
        Ok(total) => total,
        Err(answer) => return Ok(answer),
    };
    let limit = caller.data().limits.output_bytes;
    let buffered = caller.data().io.stdout.len() + total;
    if fd == 1 && buffered > limit {
        return Err(Error::new(ErrorKind::Output {
            bytes: u32::try_from(buffered).unwrap_or(u32::MAX),
            limit,
        }));
    }
    let mut lines = 0;
    let answer = with_memory(caller, |memory, state| {
        let (io, limits) = (&mut state.io, &state.limits);
        for i in 0..count {
            let bytes = memory.vector(vectors, i)?;
            if fd == 2 {
                lines += io.log.write(bytes, limits.log_bytes);
            } else {
                io.stdout.extend_from_slice(bytes);
                lines += memchr::memchr_iter(b'\n', bytes).count();
            }
        }
        memory.write_u32(written, total)?;
        Ok(errno::SUCCESS)
    })?;
    charge(caller, EFFECT_UNITS * lines as u64)?;
    Ok(answer)
}
