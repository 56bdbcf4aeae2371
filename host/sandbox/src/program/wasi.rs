//! WASI as a program sees it, where that differs from other guests: standard streams,
//! the clock, and waiting.

use wasmtime::{Caller, Error, Linker, Result};

use super::fiber::{ProgramState, wait};
use super::poll::poll_oneoff;
use crate::state::Common;
use crate::wasi::{
    self, Host, MODULE, admit_vectors, charge, charge_call, errno, on_stdio, with_memory,
};
use host_guest::ErrorKind;

/// The flag of a descriptor whose reads do not wait.
const NONBLOCK: u16 = 4;

impl Host for ProgramState {
    fn common(&mut self) -> &mut Common {
        &mut self.common
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

/// Reads what has arrived, and waits for it if need be and the program is fine with that.
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
    let answer = with_memory(&mut caller, |space, _| {
        for i in 0..count {
            room += space.vector(vectors, i)?.len();
        }
        space.range(read, 4)?;
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
    with_memory(&mut caller, |space, state| {
        let mut total = 0;
        for i in 0..count {
            total += state.io.read_stdin(space.vector(vectors, i)?);
        }
        space.write_u32(read, total)?;
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
    let mut too_much = None;
    let answer = with_memory(&mut caller, |space, state| {
        let (io, limits) = (&mut state.io, &state.limits);
        let mut total = 0;
        for i in 0..count {
            let bytes = space.vector(vectors, i)?;
            total += bytes.len();
            if fd == 2 {
                io.log.write(bytes, limits.log_bytes);
            } else if io.stdout.len() + bytes.len() <= limits.output_bytes {
                io.stdout.extend_from_slice(bytes);
            } else {
                too_much = Some(io.stdout.len() + bytes.len());
                return Ok(errno::SUCCESS);
            }
        }
        space.write_u32(written, total)?;
        Ok(errno::SUCCESS)
    })?;
    match too_much {
        None => Ok(answer),
        Some(bytes) => Err(Error::new(ErrorKind::Output {
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            limit: caller.data().limits.output_bytes,
        })),
    }
}
