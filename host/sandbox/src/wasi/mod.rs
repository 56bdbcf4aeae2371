//! WASI preview 1 as a guest sees it: what toolchains link in, and nothing that
//! reaches outside.
//!
//! Every function of preview 1 can be imported, because standard libraries import
//! more than they call. Random bytes come from the seed, and there is no environment.
//! What a guest of the ABI and a program see differently is in [`abi`] and in
//! `guest/program`: standard streams, the clock and waiting. Whatever else a guest
//! calls answers with an error code: no file descriptor is open and no path exists.
//!
//! Source: the witx description of `wasi_snapshot_preview1` (WebAssembly/WASI).

pub(super) mod abi;
mod memory;

use rand_chacha::rand_core::Rng;
use wasmtime::{Caller, Error, FuncType, Linker, Result, Val, ValType};

pub(super) use memory::{
    CALL_UNITS, OutOfBounds, Space, admit_vectors, charge, charge_call, with_memory,
};

use super::state::Common;
use host_guest::ErrorKind;

/// The module that the functions are imported from.
pub(super) const MODULE: &str = "wasi_snapshot_preview1";

/// Error codes of preview 1.
pub(super) mod errno {
    pub(crate) const SUCCESS: i32 = 0;
    pub(crate) const AGAIN: i32 = 6;
    pub(crate) const BADF: i32 = 8;
    pub(crate) const FAULT: i32 = 21;
    pub(crate) const INVAL: i32 = 28;
    pub(crate) const NOSYS: i32 = 52;
    pub(crate) const SPIPE: i32 = 70;
}

/// What the functions that all guests share need of a guest's state.
pub(super) trait Host: Send + 'static {
    fn common(&mut self) -> &mut Common;

    /// What a clock shows that is read now.
    fn read_clock(&mut self) -> u64;

    /// The flags of stdin.
    fn stdin_flags(&self) -> u16;
}

/// Every function with its parameters: `i` for i32, `I` for i64.
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

/// The type of the function `name`, as text, if there is one.
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

/// Adds to `linker` what is the same for all guests.
pub(super) fn add_to<T: Host>(linker: &mut Linker<T>) -> Result<()> {
    deny_all(linker)?;
    linker.allow_shadowing(true);
    linker.func_wrap(MODULE, "args_sizes_get", args_sizes_get::<T>)?;
    linker.func_wrap(MODULE, "args_get", args_get::<T>)?;
    linker.func_wrap(MODULE, "environ_sizes_get", environ_sizes_get::<T>)?;
    linker.func_wrap(MODULE, "environ_get", |_: i32, _: i32| errno::SUCCESS)?;
    linker.func_wrap(MODULE, "clock_res_get", clock_res_get::<T>)?;
    linker.func_wrap(MODULE, "clock_time_get", clock_time_get::<T>)?;
    linker.func_wrap(MODULE, "random_get", random_get::<T>)?;
    linker.func_wrap(MODULE, "fd_close", |fd: i32| on_stdio(fd, errno::SUCCESS))?;
    linker.func_wrap(MODULE, "fd_seek", |fd: i32, _: i64, _: i32, _: i32| {
        on_stdio(fd, errno::SPIPE)
    })?;
    linker.func_wrap(MODULE, "fd_fdstat_get", fd_fdstat_get::<T>)?;
    linker.func_wrap(MODULE, PROC_EXIT, |code: i32| -> Result<()> {
        Err(Error::new(ErrorKind::Exit(code)))
    })?;
    Ok(())
}

/// What a function answers if nothing better is said below.
fn deny_all<T: Host>(linker: &mut Linker<T>) -> Result<()> {
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

/// `answer` if `fd` is a standard stream.
pub(super) fn on_stdio(fd: i32, answer: i32) -> i32 {
    if (0..=2).contains(&fd) {
        answer
    } else {
        errno::BADF
    }
}

fn args_sizes_get<T: Host>(mut caller: Caller<'_, T>, count: i32, size: i32) -> Result<i32> {
    with_memory(&mut caller, |space, state| {
        let args = &state.common().args;
        space.write_u32(count, args.len())?;
        let bytes = args.iter().map(|arg| arg.len() + 1);
        space.write_u32(size, bytes.sum())?;
        Ok(errno::SUCCESS)
    })
}

fn args_get<T: Host>(mut caller: Caller<'_, T>, mut pointers: i32, mut buffer: i32) -> Result<i32> {
    with_memory(&mut caller, |space, state| {
        for arg in &state.common().args {
            space.write(pointers, &buffer.to_le_bytes())?;
            space.write(buffer, arg.as_bytes())?;
            let end = buffer.wrapping_add_unsigned(u32::try_from(arg.len()).unwrap_or(0));
            space.write(end, &[0])?;
            pointers = pointers.wrapping_add(4);
            buffer = end.wrapping_add(1);
        }
        Ok(errno::SUCCESS)
    })
}

fn environ_sizes_get<T: Host>(mut caller: Caller<'_, T>, count: i32, size: i32) -> Result<i32> {
    with_memory(&mut caller, |space, _| {
        space.write_u32(count, 0)?;
        space.write_u32(size, 0)?;
        Ok(errno::SUCCESS)
    })
}

fn clock_res_get<T: Host>(mut caller: Caller<'_, T>, clock: i32, resolution: i32) -> Result<i32> {
    with_memory(&mut caller, |space, _| {
        if !(0..=3).contains(&clock) {
            return Ok(errno::INVAL);
        }
        space.write(resolution, &1_u64.to_le_bytes())?;
        Ok(errno::SUCCESS)
    })
}

fn clock_time_get<T: Host>(
    mut caller: Caller<'_, T>,
    clock: i32,
    _precision: i64,
    time: i32,
) -> Result<i32> {
    with_memory(&mut caller, |space, state| {
        if !(0..=3).contains(&clock) {
            return Ok(errno::INVAL);
        }
        space.write(time, &state.read_clock().to_le_bytes())?;
        Ok(errno::SUCCESS)
    })
}

fn random_get<T: Host>(mut caller: Caller<'_, T>, buffer: i32, len: i32) -> Result<i32> {
    let len = len.cast_unsigned();
    charge(&mut caller, u64::from(len))?;
    with_memory(&mut caller, |space, state| {
        let target = space.range(buffer, len as usize)?;
        state.common().random.fill_bytes(target);
        Ok(errno::SUCCESS)
    })
}

fn fd_fdstat_get<T: Host>(mut caller: Caller<'_, T>, fd: i32, stat: i32) -> Result<i32> {
    if !(0..=2).contains(&fd) {
        return Ok(errno::BADF);
    }
    const CHARACTER_DEVICE: u8 = 2;
    let mut bytes = [0_u8; 24];
    bytes[0] = CHARACTER_DEVICE;
    if fd == 0 {
        bytes[2..4].copy_from_slice(&caller.data().stdin_flags().to_le_bytes());
    }
    bytes[8..].fill(0xff); // all rights: there is nothing that they would open
    with_memory(&mut caller, |space, _| {
        space.write(stat, &bytes)?;
        Ok(errno::SUCCESS)
    })
}
