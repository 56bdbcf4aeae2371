//! WASI preview 1 as a guest sees it: what toolchains link in, and nothing that
//! reaches outside.
//!
//! Every function of preview 1 can be imported, because standard libraries import
//! more than they call. The clock stands still at the event's time, random bytes
//! come from the seed, stdout and stderr both go to the node's log, stdin is at its
//! end, and there is no environment. Whatever else a guest calls answers with an
//! error code: no file descriptor is open, no path exists, nothing can be waited for.
//!
//! Source: the witx description of `wasi_snapshot_preview1` (WebAssembly/WASI).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use wasmtime::{Caller, Error, Extern, FuncType, Linker, Memory, Result, Val, ValType};

use super::error::Fault;
use super::instance::State;

/// The module that the functions are imported from.
pub(super) const MODULE: &str = "wasi_snapshot_preview1";

/// Error codes of preview 1.
mod errno {
    pub(super) const SUCCESS: i32 = 0;
    pub(super) const BADF: i32 = 8;
    pub(super) const FAULT: i32 = 21;
    pub(super) const INVAL: i32 = 28;
    pub(super) const NOSYS: i32 = 52;
    pub(super) const SPIPE: i32 = 70;
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

/// Adds all of it to `linker`.
pub(super) fn add_to(linker: &mut Linker<State>) -> Result<()> {
    deny_all(linker)?;
    linker.allow_shadowing(true);
    linker.func_wrap(MODULE, "args_sizes_get", args_sizes_get)?;
    linker.func_wrap(MODULE, "args_get", args_get)?;
    linker.func_wrap(MODULE, "environ_sizes_get", environ_sizes_get)?;
    linker.func_wrap(MODULE, "environ_get", |_: i32, _: i32| errno::SUCCESS)?;
    linker.func_wrap(MODULE, "clock_res_get", clock_res_get)?;
    linker.func_wrap(MODULE, "clock_time_get", clock_time_get)?;
    linker.func_wrap(MODULE, "random_get", random_get)?;
    linker.func_wrap(MODULE, "sched_yield", || errno::SUCCESS)?;
    linker.func_wrap(MODULE, "fd_close", |fd: i32| on_stdio(fd, errno::SUCCESS))?;
    linker.func_wrap(MODULE, "fd_seek", |fd: i32, _: i64, _: i32, _: i32| {
        on_stdio(fd, errno::SPIPE)
    })?;
    linker.func_wrap(MODULE, "fd_fdstat_get", fd_fdstat_get)?;
    linker.func_wrap(MODULE, "fd_fdstat_set_flags", |fd: i32, _: i32| {
        on_stdio(fd, errno::SUCCESS)
    })?;
    linker.func_wrap(MODULE, "fd_read", fd_read)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, PROC_EXIT, |code: i32| -> Result<()> {
        Err(Error::new(Fault::Exit(code)))
    })?;
    Ok(())
}

/// What a function answers if nothing better is said below.
fn deny_all(linker: &mut Linker<State>) -> Result<()> {
    for (name, params) in FUNCTIONS {
        let params = params
            .chars()
            .map(|c| if c == 'I' { ValType::I64 } else { ValType::I32 });
        let ty = FuncType::new(linker.engine(), params, [ValType::I32]);
        let answer = match name {
            "poll_oneoff" | "proc_raise" => errno::NOSYS,
            _ => errno::BADF,
        };
        linker.func_new(MODULE, name, ty, move |_, _, results| {
            results[0] = Val::I32(answer);
            Ok(())
        })?;
    }
    Ok(())
}

fn on_stdio(fd: i32, answer: i32) -> i32 {
    if (0..=2).contains(&fd) {
        answer
    } else {
        errno::BADF
    }
}

/// The guest's memory, with every access checked.
struct Space<'a> {
    bytes: &'a mut [u8],
}

/// An address outside of memory.
struct OutOfBounds;

impl Space<'_> {
    fn range(&mut self, ptr: i32, len: usize) -> Result<&mut [u8], OutOfBounds> {
        let start = ptr.cast_unsigned() as usize;
        let end = start.checked_add(len).ok_or(OutOfBounds)?;
        self.bytes.get_mut(start..end).ok_or(OutOfBounds)
    }

    fn read_u32(&mut self, ptr: i32) -> Result<u32, OutOfBounds> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.range(ptr, 4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    fn write(&mut self, ptr: i32, bytes: &[u8]) -> Result<(), OutOfBounds> {
        self.range(ptr, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    fn write_u32(&mut self, ptr: i32, value: usize) -> Result<(), OutOfBounds> {
        let value = u32::try_from(value).map_err(|_| OutOfBounds)?;
        self.write(ptr, &value.to_le_bytes())
    }
}

fn memory(caller: &mut Caller<'_, State>) -> Result<Memory> {
    caller
        .get_export(guest_sdk::abi::MEMORY)
        .and_then(Extern::into_memory)
        .ok_or_else(|| Error::new(Fault::Denied("it called WASI without a memory".into())))
}

/// Runs `body` on the guest's memory and the host's state; an address outside of
/// memory becomes an error code.
fn with_memory(
    caller: &mut Caller<'_, State>,
    body: impl FnOnce(&mut Space<'_>, &mut State) -> Result<i32, OutOfBounds>,
) -> Result<i32> {
    let memory = memory(caller)?;
    let (bytes, state) = memory.data_and_store_mut(caller);
    Ok(body(&mut Space { bytes }, state).unwrap_or(errno::FAULT))
}

/// Takes fuel for work that the host does for the guest.
fn charge(caller: &mut Caller<'_, State>, units: u64) -> Result<()> {
    let left = caller.get_fuel()?;
    match left.checked_sub(units) {
        Some(left) => caller.set_fuel(left),
        None => Err(Error::new(wasmtime::Trap::OutOfFuel)),
    }
}

fn args_sizes_get(mut caller: Caller<'_, State>, count: i32, size: i32) -> Result<i32> {
    with_memory(&mut caller, |space, state| {
        space.write_u32(count, state.args.len())?;
        let bytes = state.args.iter().map(|arg| arg.len() + 1);
        space.write_u32(size, bytes.sum())?;
        Ok(errno::SUCCESS)
    })
}

fn args_get(mut caller: Caller<'_, State>, mut pointers: i32, mut buffer: i32) -> Result<i32> {
    with_memory(&mut caller, |space, state| {
        for arg in &state.args {
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

fn environ_sizes_get(mut caller: Caller<'_, State>, count: i32, size: i32) -> Result<i32> {
    with_memory(&mut caller, |space, _| {
        space.write_u32(count, 0)?;
        space.write_u32(size, 0)?;
        Ok(errno::SUCCESS)
    })
}

fn clock_res_get(mut caller: Caller<'_, State>, clock: i32, resolution: i32) -> Result<i32> {
    with_memory(&mut caller, |space, _| {
        if !(0..=3).contains(&clock) {
            return Ok(errno::INVAL);
        }
        space.write(resolution, &1_u64.to_le_bytes())?;
        Ok(errno::SUCCESS)
    })
}

fn clock_time_get(
    mut caller: Caller<'_, State>,
    clock: i32,
    _precision: i64,
    time: i32,
) -> Result<i32> {
    with_memory(&mut caller, |space, state| {
        if !(0..=3).contains(&clock) {
            return Ok(errno::INVAL);
        }
        space.write(time, &state.now_ns.to_le_bytes())?;
        Ok(errno::SUCCESS)
    })
}

fn random_get(mut caller: Caller<'_, State>, buffer: i32, len: i32) -> Result<i32> {
    let len = len.cast_unsigned();
    charge(&mut caller, u64::from(len))?;
    with_memory(&mut caller, |space, state| {
        let rng: &mut ChaCha8Rng = &mut state.random;
        rng.fill_bytes(space.range(buffer, len as usize)?);
        Ok(errno::SUCCESS)
    })
}

fn fd_fdstat_get(mut caller: Caller<'_, State>, fd: i32, stat: i32) -> Result<i32> {
    if !(0..=2).contains(&fd) {
        return Ok(errno::BADF);
    }
    const CHARACTER_DEVICE: u8 = 2;
    let mut bytes = [0_u8; 24];
    bytes[0] = CHARACTER_DEVICE;
    bytes[8..].fill(0xff); // all rights: there is nothing that they would open
    with_memory(&mut caller, |space, _| {
        space.write(stat, &bytes)?;
        Ok(errno::SUCCESS)
    })
}

fn fd_read(
    mut caller: Caller<'_, State>,
    fd: i32,
    _vectors: i32,
    _count: i32,
    read: i32,
) -> Result<i32> {
    if fd != 0 {
        return Ok(errno::BADF);
    }
    with_memory(&mut caller, |space, _| {
        space.write_u32(read, 0)?;
        Ok(errno::SUCCESS)
    })
}

/// More buffers than this in one write are refused, as Linux does.
const VECTORS_MAX: i32 = 1024;

fn fd_write(
    mut caller: Caller<'_, State>,
    fd: i32,
    vectors: i32,
    count: i32,
    written: i32,
) -> Result<i32> {
    if fd != 1 && fd != 2 {
        return Ok(errno::BADF);
    }
    if !(0..=VECTORS_MAX).contains(&count) {
        return Ok(errno::INVAL);
    }
    let log_limit = caller.data().log_limit;
    let mut flooded = false;
    let answer = with_memory(&mut caller, |space, state| {
        let mut total = 0_usize;
        for i in 0..count {
            let vector = vectors.wrapping_add(8 * i);
            let ptr = space.read_u32(vector)?.cast_signed();
            let len = space.read_u32(vector.wrapping_add(4))? as usize;
            let bytes = space.range(ptr, len)?;
            let room = log_limit - state.log.len();
            flooded |= len > room;
            state.log.extend_from_slice(&bytes[..len.min(room)]);
            total += len;
        }
        space.write_u32(written, total)?;
        Ok(errno::SUCCESS)
    })?;
    if flooded {
        return Err(Error::new(Fault::Log { limit: log_limit }));
    }
    Ok(answer)
}
