//! WASI for programs: which function does what, and the standard streams.

use host_guest::ErrorKind;
use wasmtime::{Caller, Error, Linker, Result};

use super::atomics::{self, sched_yield};
use super::descriptors::NONBLOCK;
use super::fiber::wait;
use super::files::{self, Begin};
use super::paths;
use super::poll::poll_oneoff;
use super::process::{Process, ProgramState};
use super::threads::{Event, State};
use crate::cost::{EFFECT_UNITS, OUTPUT_BYTE_UNITS};
use crate::state::GuestState;
use crate::wasi::fuel::{COPIED_BYTE_UNITS, charge};
use crate::wasi::memory::with_memory;
use crate::wasi::{self, WasiState, add, add_waiting, admit_write, errno};

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

    fn environ(&self) -> &'static [&'static str] {
        match self.shared {
            None => &["HOME=/"],
            // There is one processor, of which tokio would make one worker. A task that blocks it would stop all others,
            // which on the machine of its author it does not.
            Some(_) => &["HOME=/", "TOKIO_WORKER_THREADS=2"],
        }
    }
}

/// Adds all of WASI to `linker`, for programs with threads or without.
pub(crate) fn add_to(linker: &mut Linker<ProgramState>, threads: bool) -> Result<()> {
    wasi::add_to(linker)?;
    if threads {
        atomics::add_to(linker)?;
        add_waiting!(linker, "clock_time_get", clock_time_get)?;
    }
    add_waiting!(linker, "sched_yield", sched_yield)?;
    add_waiting!(linker, "fd_read", fd_read)?;
    add_waiting!(linker, "fd_write", fd_write)?;
    add_waiting!(linker, "poll_oneoff", poll_oneoff)?;
    add_descriptors(linker)?;
    add_paths(linker)
}

/// Adds what is done with a descriptor.
fn add_descriptors(linker: &mut Linker<ProgramState>) -> Result<()> {
    add!(linker, "fd_advise", files::advise, (fd: i32, offset: i64, len: i64, advice: i32))?;
    add!(linker, "fd_allocate", files::allocate, (fd: i32, offset: i64, len: i64))?;
    add!(linker, "fd_close", files::close, (fd: i32))?;
    add_waiting!(linker, "fd_datasync", files::sync)?;
    add!(linker, "fd_fdstat_get", fd_fdstat_get, (fd: i32, stat: i32))?;
    add!(linker, "fd_fdstat_set_flags", fd_fdstat_set_flags, (fd: i32, flags: i32))?;
    add!(linker, "fd_fdstat_set_rights", files::set_rights, (fd: i32, own: i64, inner: i64))?;
    add!(linker, "fd_filestat_get", files::get_filestat, (fd: i32, stat: i32))?;
    add!(linker, "fd_filestat_set_size", files::set_len, (fd: i32, len: i64))?;
    add!(linker, "fd_filestat_set_times", files::set_times, (fd: i32, a: i64, m: i64, f: i32))?;
    add!(linker, "fd_pread", fd_pread, (fd: i32, v: i32, count: i32, at: i64, read: i32))?;
    add!(linker, "fd_prestat_dir_name", files::get_prestat_name, (fd: i32, to: i32, len: i32))?;
    add!(linker, "fd_prestat_get", files::get_prestat, (fd: i32, stat: i32))?;
    add_waiting!(linker, "fd_pwrite", fd_pwrite)?;
    add!(linker, "fd_readdir", fd_readdir, (fd: i32, to: i32, len: i32, from: i64, used: i32))?;
    add!(linker, "fd_renumber", files::renumber, (from: i32, to: i32))?;
    add!(linker, "fd_seek", files::seek, (fd: i32, offset: i64, whence: i32, position: i32))?;
    add_waiting!(linker, "fd_sync", files::sync)?;
    add!(linker, "fd_tell", files::tell, (fd: i32, position: i32))?;
    Ok(())
}

/// Adds what is done with a path.
#[rustfmt::skip] // a table
fn add_paths(linker: &mut Linker<ProgramState>) -> Result<()> {
    add!(linker, "path_create_directory", paths::make_folder, (fd: i32, path: i32, len: i32))?;
    add!(linker, "path_filestat_get", path_filestat_get, (fd: i32, f: i32, path: i32, len: i32, stat: i32))?;
    add!(linker, "path_filestat_set_times", path_filestat_set_times, (fd: i32, f: i32, path: i32, len: i32, a: i64, m: i64, t: i32))?;
    add!(linker, "path_link", path_link, (fd: i32, f: i32, path: i32, len: i32, to: i32, new: i32, new_len: i32))?;
    add!(linker, "path_open", path_open, (fd: i32, f: i32, path: i32, len: i32, how: i32, rights: i64, inner: i64, flags: i32, opened: i32))?;
    add!(linker, "path_readlink", path_readlink, (fd: i32, path: i32, len: i32, to: i32, room: i32, used: i32))?;
    add!(linker, "path_remove_directory", paths::remove_folder, (fd: i32, path: i32, len: i32))?;
    add!(linker, "path_rename", path_rename, (fd: i32, path: i32, len: i32, to: i32, new: i32, new_len: i32))?;
    add!(linker, "path_symlink", path_symlink, (target: i32, target_len: i32, fd: i32, path: i32, len: i32))?;
    add!(linker, "path_unlink_file", paths::remove_file, (fd: i32, path: i32, len: i32))?;
    Ok(())
}

/// Reads the clock. A thread that does so in a loop waits for others in it, so they run.
async fn clock_time_get(
    caller: &mut Caller<'_, ProgramState>,
    (clock, precision, time): (i32, i64, i32),
) -> Result<i32> {
    if caller.data().io.polls_clock() {
        sched_yield(caller, ()).await?;
    }
    wasi::clock_time_get(caller, clock, precision, time)
}

fn fd_fdstat_set_flags(caller: &mut Caller<'_, ProgramState>, fd: i32, flags: i32) -> Result<i32> {
    if fd == 0 {
        caller.data_mut().stdin_blocks = flags & i32::from(NONBLOCK) == 0;
    }
    Ok(match fd {
        0..=2 => errno::SUCCESS,
        _ => files::set_flags(caller.data_mut(), fd, flags),
    })
}

fn fd_fdstat_get(caller: &mut Caller<'_, ProgramState>, fd: i32, stat: i32) -> Result<i32> {
    match fd {
        0..=2 => wasi::fd_fdstat_get(caller, fd, stat),
        _ => files::get_fdstat(caller, fd, stat),
    }
}

/// Reads the input that has arrived. If there is none, waits for it, or returns `AGAIN` if
/// stdin does not block.
async fn fd_read(
    caller: &mut Caller<'_, ProgramState>,
    (fd, vectors, count, read): (i32, i32, i32, i32),
) -> Result<i32> {
    if fd != 0 {
        return files::read(caller, fd, (vectors, count), Begin::Here, read);
    }
    let room = match files::admit(caller, (vectors, count), read)? {
        Ok(room) => room,
        Err(answer) => return Ok(answer),
    };
    while room > 0 && caller.data().io.stdin.is_empty() {
        if !caller.data().stdin_blocks {
            return Ok(errno::AGAIN);
        }
        let (until_ns, what) = (None, Event::Input);
        wait(caller, State::WaitsFor { until_ns, what }).await?;
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

fn fd_pread(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    vectors: i32,
    count: i32,
    at: i64,
    read: i32,
) -> Result<i32> {
    match fd {
        0..=2 => Ok(errno::SPIPE),
        _ => files::read(caller, fd, (vectors, count), begin_at(at), read),
    }
}

async fn fd_pwrite(
    caller: &mut Caller<'_, ProgramState>,
    (fd, vectors, count, at, written): (i32, i32, i32, i64, i32),
) -> Result<i32> {
    match fd {
        0..=2 => Ok(errno::SPIPE),
        _ => files::write(caller, fd, (vectors, count), begin_at(at), written).await,
    }
}

fn begin_at(offset: i64) -> Begin {
    Begin::At(offset.cast_unsigned())
}

async fn fd_write(
    caller: &mut Caller<'_, ProgramState>,
    (fd, vectors, count, written): (i32, i32, i32, i32),
) -> Result<i32> {
    match fd {
        0..=2 => write_stream(caller, fd, vectors, count, written),
        _ => files::write(caller, fd, (vectors, count), Begin::Here, written).await,
    }
}

fn fd_readdir(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    buffer: i32,
    len: i32,
    cookie: i64,
    used: i32,
) -> Result<i32> {
    paths::list(caller, fd, (buffer, len), cookie, used)
}

/// Writes to stdout or stderr. Every line is an effect, and paid for as one.
fn write_stream(
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
        let process: &mut Process = state;
        let (io, limits) = (&mut process.io, &process.limits);
        io.has_advanced();
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

fn path_filestat_get(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    _flags: i32,
    path: i32,
    len: i32,
    stat: i32,
) -> Result<i32> {
    paths::get_filestat(caller, (fd, path, len), stat)
}

#[expect(clippy::too_many_arguments, reason = "preview 1 has so many")]
fn path_filestat_set_times(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    _flags: i32,
    path: i32,
    len: i32,
    _access: i64,
    _change: i64,
    _which: i32,
) -> Result<i32> {
    paths::set_times(caller, (fd, path, len))
}

#[expect(clippy::too_many_arguments, reason = "preview 1 has so many")]
fn path_link(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    _flags: i32,
    path: i32,
    len: i32,
    to: i32,
    new: i32,
    new_len: i32,
) -> Result<i32> {
    paths::link(caller, (fd, path, len), (to, new, new_len))
}

#[expect(clippy::too_many_arguments, reason = "preview 1 has so many")]
fn path_open(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    _flags: i32,
    path: i32,
    len: i32,
    how: i32,
    rights: i64,
    _inheriting: i64,
    flags: i32,
    opened: i32,
) -> Result<i32> {
    paths::open(caller, (fd, path, len), how, rights, flags, opened)
}

fn path_readlink(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    path: i32,
    len: i32,
    _buffer: i32,
    _room: i32,
    _used: i32,
) -> Result<i32> {
    paths::read_link(caller, (fd, path, len))
}

fn path_rename(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    path: i32,
    len: i32,
    to: i32,
    new: i32,
    new_len: i32,
) -> Result<i32> {
    paths::rename(caller, (fd, path, len), (to, new, new_len))
}

fn path_symlink(
    caller: &mut Caller<'_, ProgramState>,
    _target: i32,
    _target_len: i32,
    fd: i32,
    path: i32,
    len: i32,
) -> Result<i32> {
    paths::symlink(caller, (fd, path, len))
}
