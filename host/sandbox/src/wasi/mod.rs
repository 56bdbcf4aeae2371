//! WASI preview 1 for guests: enough for what toolchains link in, without access to
//! anything outside of the sandbox.
//!
//! A guest can import every function of preview 1, because standard libraries import
//! more than they call. Random bytes come from the seed, and the environment is empty but for the home of a program.
//! Standard streams, the clock and waiting differ between the two kinds of guests: see
//! [`abi`] and [`program::wasi`](crate::program::wasi). Programs have the node's disk as files; for
//! guests of the ABI all other functions return an error code: no other file descriptor is open, and no
//! path exists.
//!
//! Source: the witx description of `wasi_snapshot_preview1` (WebAssembly/WASI).

pub(super) mod abi;
pub(super) mod errno;
pub(super) mod fuel;
pub(super) mod memory;

use host_guest::ErrorKind;
use rand_chacha::rand_core::Rng;
use wasmtime::{Caller, Error, FuncType, Linker, Result, Val, ValType};

use self::fuel::{COPIED_BYTE_UNITS, RANDOM_BYTE_UNITS, admit_vectors, charge, charge_call};
use self::memory::{GuestMemory, OutOfBounds, with_memory};
use crate::state::GuestState;

/// The module that the functions are imported from.
pub(super) const MODULE: &str = "wasi_snapshot_preview1";

/// What the functions that both kinds of guests share need from the state of a guest.
pub(super) trait WasiState: Send + 'static {
    fn guest(&mut self) -> &mut GuestState;

    /// Reads the clock, in nanoseconds.
    fn read_clock(&mut self) -> u64;

    /// The flags of stdin.
    fn stdin_flags(&self) -> u16;

    /// The environment, as `NAME=value`. Nothing of the host's own is in it.
    fn environ(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Every function that returns an error code, with its parameters: `i` for i32, `I` for i64.
const FUNCTIONS: [(&str, &str); 45] = [
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "iIi"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "iIIi"),
    ("fd_allocate", "iII"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "iII"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pread", "iiiIi"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiiIi"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_seek", "iIii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// The only function without a result.
const PROC_EXIT: &str = "proc_exit";

/// The type of the function `name` as text; `None` if preview 1 has no such function.
pub(super) fn signature(name: &str) -> Option<String> {
    if name == PROC_EXIT {
        return Some("(i32) -> ()".to_owned());
    }
    let (_, params) = FUNCTIONS.iter().find(|(known, _)| *known == name)?;
    let params: Vec<&str> = params
        .chars()
        .map(|c| if c == 'I' { "i64" } else { "i32" })
        .collect();
    Some(format!("({}) -> i32", params.join(", ")))
}

/// Adds a function to a linker, of preview 1 unless another module is named first. The call is charged before the function sees it: this macro, its
/// twin for functions that wait, and [`deny_all`] are the only ways to add one.
macro_rules! add {
    ($linker:expr, $name:expr, $function:expr, ($($argument:ident: $type:ty),*)) => {
        $crate::wasi::add!($crate::wasi::MODULE, $linker, $name, $function, ($($argument: $type),*))
    };
    ($module:expr, $linker:expr, $name:expr, $function:expr, ($($argument:ident: $type:ty),*)) => {
        $linker.func_wrap(
            $module,
            $name,
            move |mut caller: wasmtime::Caller<'_, _>, $($argument: $type),*| {
                $crate::wasi::fuel::charge_call(&mut caller)?;
                $function(&mut caller, $($argument),*)
            },
        )
    };
}
pub(super) use add;

/// Adds a function that may suspend the guest. The call is charged as by [`add`].
macro_rules! add_waiting {
    ($linker:expr, $name:expr, $function:expr) => {
        $crate::wasi::add_waiting!($crate::wasi::MODULE, $linker, $name, $function)
    };
    ($module:expr, $linker:expr, $name:expr, $function:expr) => {
        $linker.func_wrap_async($module, $name, |mut caller, arguments| {
            Box::new(async move {
                $crate::wasi::fuel::charge_call(&mut caller)?;
                $function(&mut caller, arguments).await
            })
        })
    };
}
pub(super) use add_waiting;

/// Adds the functions that are the same for both kinds of guests to `linker`.
pub(super) fn add_to<T: WasiState>(linker: &mut Linker<T>) -> Result<()> {
    deny_all(linker)?;
    linker.allow_shadowing(true);
    add!(linker, "args_sizes_get", args_sizes_get::<T>, (count: i32, size: i32))?;
    add!(linker, "args_get", args_get::<T>, (pointers: i32, buffer: i32))?;
    add!(linker, "environ_sizes_get", environ_sizes_get::<T>, (count: i32, size: i32))?;
    add!(linker, "environ_get", environ_get::<T>, (pointers: i32, buffer: i32))?;
    add!(linker, "clock_res_get", clock_res_get::<T>, (clock: i32, resolution: i32))?;
    add!(linker, "clock_time_get", clock_time_get::<T>, (clock: i32, precision: i64, time: i32))?;
    add!(linker, "random_get", random_get::<T>, (buffer: i32, len: i32))?;
    add!(linker, "fd_close", fd_close::<T>, (fd: i32))?;
    add!(linker, "fd_seek", fd_seek::<T>, (fd: i32, offset: i64, whence: i32, position: i32))?;
    add!(linker, "fd_fdstat_get", fd_fdstat_get::<T>, (fd: i32, stat: i32))?;
    add!(linker, PROC_EXIT, proc_exit::<T>, (code: i32))?;
    Ok(())
}

/// Adds every function as one that returns an error code. Others replace some of them.
fn deny_all<T: WasiState>(linker: &mut Linker<T>) -> Result<()> {
    for (name, params) in FUNCTIONS {
        let params = params
            .chars()
            .map(|c| if c == 'I' { ValType::I64 } else { ValType::I32 });
        let ty = FuncType::new(linker.engine(), params, [ValType::I32]);
        let answer = match name {
            "poll_oneoff" | "proc_raise" => errno::NOSYS,
            _ => errno::BADF,
        };
        linker.func_new(MODULE, name, ty, move |mut caller, _, results| {
            charge_call(&mut caller)?;
            results[0] = Val::I32(answer);
            Ok(())
        })?;
    }
    Ok(())
}

fn fd_close<T>(_: &mut Caller<'_, T>, fd: i32) -> Result<i32> {
    Ok(on_stdio(fd, errno::SUCCESS))
}

fn fd_seek<T>(_: &mut Caller<'_, T>, fd: i32, _: i64, _: i32, _: i32) -> Result<i32> {
    Ok(on_stdio(fd, errno::SPIPE))
}

fn proc_exit<T>(_: &mut Caller<'_, T>, code: i32) -> Result<()> {
    Err(Error::new(ErrorKind::Exit(code)))
}

/// Checks a call of `fd_write`, and charges for what it writes: its buffers have as many bytes
/// as it returns. An error code is the answer to a call that cannot be carried out.
pub(super) fn admit_write<T: WasiState>(
    caller: &mut Caller<'_, T>,
    (fd, vectors, count): (i32, i32, i32),
    byte_units: u64,
) -> Result<std::result::Result<usize, i32>> {
    if fd != 1 && fd != 2 {
        return Ok(Err(errno::BADF));
    }
    if !admit_vectors(caller, count)? {
        return Ok(Err(errno::INVAL));
    }
    let mut bytes = 0;
    let answer = with_memory(caller, |memory, _| {
        bytes = memory.vectors_len(vectors, count)?;
        Ok(errno::SUCCESS)
    })?;
    if answer != errno::SUCCESS {
        return Ok(Err(answer));
    }
    charge(caller, byte_units.saturating_mul(bytes as u64))?;
    Ok(Ok(bytes))
}

/// Returns `answer` if `fd` is a standard stream, and an error code otherwise.
pub(super) fn on_stdio(fd: i32, answer: i32) -> i32 {
    if (0..=2).contains(&fd) {
        answer
    } else {
        errno::BADF
    }
}

fn args_sizes_get<T: WasiState>(caller: &mut Caller<'_, T>, count: i32, size: i32) -> Result<i32> {
    with_memory(caller, |memory, state| {
        write_sizes(memory, &state.guest().args, count, size)
    })
}

fn args_get<T: WasiState>(caller: &mut Caller<'_, T>, pointers: i32, buffer: i32) -> Result<i32> {
    let bytes = caller
        .data_mut()
        .guest()
        .args
        .iter()
        .map(String::len)
        .sum::<usize>();
    charge(caller, COPIED_BYTE_UNITS * bytes as u64)?;
    with_memory(caller, |memory, state| {
        write_texts(memory, &state.guest().args, pointers, buffer)
    })
}

fn environ_sizes_get<T: WasiState>(
    caller: &mut Caller<'_, T>,
    count: i32,
    size: i32,
) -> Result<i32> {
    with_memory(caller, |memory, state| {
        write_sizes(memory, state.environ(), count, size)
    })
}

fn environ_get<T: WasiState>(
    caller: &mut Caller<'_, T>,
    pointers: i32,
    buffer: i32,
) -> Result<i32> {
    with_memory(caller, |memory, state| {
        write_texts(memory, state.environ(), pointers, buffer)
    })
}

/// Writes how many texts there are, and how many bytes, each with a 0 behind it.
fn write_sizes(
    memory: &mut GuestMemory<'_>,
    texts: &[impl AsRef<str>],
    count: i32,
    size: i32,
) -> std::result::Result<i32, OutOfBounds> {
    memory.write_u32(count, texts.len())?;
    let bytes = texts.iter().map(|text| text.as_ref().len() + 1);
    memory.write_u32(size, bytes.sum())?;
    Ok(errno::SUCCESS)
}

/// Writes texts, each with a 0 behind it, and where they are.
fn write_texts(
    memory: &mut GuestMemory<'_>,
    texts: &[impl AsRef<str>],
    mut pointers: i32,
    mut buffer: i32,
) -> std::result::Result<i32, OutOfBounds> {
    for text in texts.iter().map(AsRef::as_ref) {
        memory.write(pointers, &buffer.to_le_bytes())?;
        memory.write(buffer, text.as_bytes())?;
        let end = buffer.wrapping_add_unsigned(u32::try_from(text.len()).unwrap_or(0));
        memory.write(end, &[0])?;
        pointers = pointers.wrapping_add(4);
        buffer = end.wrapping_add(1);
    }
    Ok(errno::SUCCESS)
}

fn clock_res_get<T: WasiState>(
    caller: &mut Caller<'_, T>,
    clock: i32,
    resolution: i32,
) -> Result<i32> {
    with_memory(caller, |memory, _| {
        if !(0..=3).contains(&clock) {
            return Ok(errno::INVAL);
        }
        memory.write(resolution, &1_u64.to_le_bytes())?;
        Ok(errno::SUCCESS)
    })
}

pub(super) fn clock_time_get<T: WasiState>(
    caller: &mut Caller<'_, T>,
    clock: i32,
    _precision: i64,
    time: i32,
) -> Result<i32> {
    with_memory(caller, |memory, state| {
        if !(0..=3).contains(&clock) {
            return Ok(errno::INVAL);
        }
        memory.write(time, &state.read_clock().to_le_bytes())?;
        Ok(errno::SUCCESS)
    })
}

fn random_get<T: WasiState>(caller: &mut Caller<'_, T>, buffer: i32, len: i32) -> Result<i32> {
    let len = len.cast_unsigned();
    charge(caller, RANDOM_BYTE_UNITS * u64::from(len))?;
    with_memory(caller, |memory, state| {
        let target = memory.range(buffer, len as usize)?;
        state.guest().random.fill_bytes(target);
        Ok(errno::SUCCESS)
    })
}

pub(super) fn fd_fdstat_get<T: WasiState>(
    caller: &mut Caller<'_, T>,
    fd: i32,
    stat: i32,
) -> Result<i32> {
    if !(0..=2).contains(&fd) {
        return Ok(errno::BADF);
    }
    const CHARACTER_DEVICE: u8 = 2;
    let mut bytes = [0_u8; 24];
    bytes[0] = CHARACTER_DEVICE;
    if fd == 0 {
        bytes[2..4].copy_from_slice(&caller.data().stdin_flags().to_le_bytes());
    }
    bytes[8..].fill(0xff); // all rights: they give access to nothing
    with_memory(caller, |memory, _| {
        memory.write(stat, &bytes)?;
        Ok(errno::SUCCESS)
    })
}

#[cfg(test)]
mod tests;
