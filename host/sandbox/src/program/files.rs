//! Calls on descriptors of files and folders: reading, writing, seeking, syncing.
//!
//! Source: the witx description of `wasi_snapshot_preview1`; what it leaves open is as in POSIX.

use host_disk::tree::Node;
use host_disk::{Disk, Scope, lock};
use host_protocol::disk::SyncFailure;
use wasmtime::{Caller, Result};

use super::descriptors::{ALL_FLAGS, APPEND, DSYNC, Descriptor, Object, READ, SYNC, WRITE};
use super::fiber;
use super::process::ProgramState;
use super::stat::{code, fdstat, filestat, filestat_of_stream};
use crate::cost::{EFFECT_UNITS, OUTPUT_BYTE_UNITS};
use crate::wasi::errno;
use crate::wasi::fuel::{COPIED_BYTE_UNITS, UNSYNCED_UNITS, admit_vectors, charge};
use crate::wasi::memory::with_memory;

/// The name of the root.
const ROOT_NAME: &[u8] = b"/";

/// How a position is given.
const FROM_START: i32 = 0;
const FROM_POSITION: i32 = 1;
const FROM_END: i32 = 2;

/// The largest kind of advice.
const ADVICE_MAX: i32 = 5;

/// The largest offset, as POSIX's are signed.
const OFFSET_MAX: u64 = i64::MAX as u64;

/// An open file.
#[derive(Clone, Copy)]
pub(super) struct OpenFile {
    id: u64,
    at: u64,
    flags: u16,
}

/// Where a read or a write begins.
#[derive(Clone, Copy)]
pub(super) enum Begin {
    /// Where the last one ended, which moves.
    Here,
    /// At this offset.
    At(u64),
}

/// The buffers of a call: where their list is, and how many they are.
pub(super) type Vectors = (i32, i32);

/// The file of a descriptor, if it may be used so: `right` is [`READ`] or [`WRITE`], or 0.
fn file(state: &ProgramState, fd: i32, right: u64) -> Result<OpenFile, i32> {
    let descriptor = state.files.get(fd).ok_or(errno::BADF)?;
    match &descriptor.object {
        Object::Folder { .. } if right == READ => Err(errno::ISDIR),
        Object::Folder { .. } => Err(errno::BADF),
        Object::File { .. } if descriptor.rights & right != right => Err(errno::BADF),
        Object::File { id, at } => Ok(OpenFile {
            id: *id,
            at: *at,
            flags: descriptor.flags,
        }),
    }
}

/// How many bytes can be read from a file.
pub(super) fn readable(state: &ProgramState, fd: i32) -> Option<u64> {
    let file = file(state, fd, READ).ok()?;
    Some(
        lock(&state.guest.disk)
            .file_len(file.id)
            .saturating_sub(file.at),
    )
}

fn move_to(state: &mut ProgramState, fd: i32, begin: Begin, position: u64) {
    let descriptor = state.files.get_mut(fd).map(|it| &mut it.object);
    if let (Begin::Here, Some(Object::File { at, .. })) = (begin, descriptor) {
        *at = position;
    }
}

/// Charges for the buffers of a call and counts their bytes. `result` is where the answer goes.
pub(super) fn admit(
    caller: &mut Caller<'_, ProgramState>,
    (vectors, count): Vectors,
    result: i32,
) -> Result<Result<usize, i32>> {
    if !admit_vectors(caller, count)? {
        return Ok(Err(errno::INVAL));
    }
    let mut bytes = 0;
    let answer = with_memory(caller, |memory, _| {
        bytes = memory.vectors_len(vectors, count)?;
        memory.range(result, 4)?;
        Ok(errno::SUCCESS)
    })?;
    Ok(match answer {
        errno::SUCCESS => Ok(bytes),
        _ => Err(answer),
    })
}

/// Reads from a file.
pub(super) fn read(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    (vectors, count): Vectors,
    begin: Begin,
    read: i32,
) -> Result<i32> {
    let file = match file(caller.data(), fd, READ) {
        Ok(file) => file,
        Err(code) => return Ok(code),
    };
    let from = match begin {
        Begin::Here => file.at,
        Begin::At(at) if at > OFFSET_MAX => return Ok(errno::INVAL),
        Begin::At(at) => at,
    };
    let room = match admit(caller, (vectors, count), read)? {
        Ok(room) => room as u64,
        Err(code) => return Ok(code),
    };
    let left = lock(&caller.data().guest.disk).file_len(file.id);
    let bytes = room.min(left.saturating_sub(from));
    charge(caller, COPIED_BYTE_UNITS * bytes)?;
    with_memory(caller, |memory, state| {
        let mut total = 0;
        for i in 0..count {
            let target = memory.vector(vectors, i)?;
            let disk = lock(&state.guest.disk);
            total += disk.read(file.id, from.saturating_add(total as u64), target);
        }
        memory.write_u32(read, total)?;
        move_to(state, fd, begin, from.saturating_add(total as u64));
        Ok(errno::SUCCESS)
    })
}

/// Writes to a file. If it is opened so, what was written is durable when this returns.
pub(super) async fn write(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    vectors: Vectors,
    begin: Begin,
    written: i32,
) -> Result<i32> {
    let file = match file(caller.data(), fd, WRITE) {
        Ok(file) => file,
        Err(code) => return Ok(code),
    };
    let answer = write_now(caller, (fd, file), vectors, begin, written)?;
    if answer != errno::SUCCESS || file.flags & (DSYNC | SYNC) == 0 {
        return Ok(answer);
    }
    make_durable(caller, Scope::File(file.id)).await
}

fn write_now(
    caller: &mut Caller<'_, ProgramState>,
    (fd, file): (i32, OpenFile),
    (vectors, count): Vectors,
    begin: Begin,
    written: i32,
) -> Result<i32> {
    let total = match admit(caller, (vectors, count), written)? {
        Ok(total) => total,
        Err(code) => return Ok(code),
    };
    let bytes = OUTPUT_BYTE_UNITS.saturating_mul(total as u64);
    charge(caller, bytes.saturating_add(EFFECT_UNITS))?;
    let (len, limit) = len_and_limit(caller.data(), file.id);
    let from = match begin {
        Begin::At(at) if at > OFFSET_MAX => return Ok(errno::INVAL),
        Begin::At(at) => at,
        Begin::Here if file.flags & APPEND != 0 => len,
        Begin::Here => file.at,
    };
    if total > 0 {
        charge(
            caller,
            COPIED_BYTE_UNITS * from.saturating_sub(len).min(limit),
        )?;
    }
    with_memory(caller, |memory, state| {
        let mut data = Vec::new();
        for i in 0..count {
            // More than the disk holds would not be written.
            if data.len() as u64 <= limit {
                data.extend_from_slice(memory.vector(vectors, i)?);
            }
        }
        let result = lock(&state.guest.disk).write(file.id, from, &data);
        match result {
            Ok(fits) => {
                memory.write_u32(written, fits)?;
                move_to(state, fd, begin, from.saturating_add(fits as u64));
                Ok(errno::SUCCESS)
            }
            Err(error) => Ok(code(error)),
        }
    })
}

/// The length of a file, and the most that all together may have.
fn len_and_limit(state: &ProgramState, file: u64) -> (u64, u64) {
    let disk = lock(&state.guest.disk);
    (disk.file_len(file), disk.limits().bytes)
}

/// Sets the position of a file.
pub(super) fn seek(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    offset: i64,
    whence: i32,
    result: i32,
) -> Result<i32> {
    if (0..=2).contains(&fd) {
        return Ok(errno::SPIPE);
    }
    let file = match file(caller.data(), fd, 0) {
        Ok(file) => file,
        Err(code) => return Ok(code),
    };
    let from = match whence {
        FROM_START => 0,
        FROM_POSITION => file.at,
        FROM_END => len_and_limit(caller.data(), file.id).0,
        _ => return Ok(errno::INVAL),
    };
    let position = match from.checked_add_signed(offset) {
        Some(position) if position <= OFFSET_MAX => position,
        Some(_) => return Ok(errno::OVERFLOW),
        None if offset < 0 => return Ok(errno::INVAL),
        None => return Ok(errno::OVERFLOW),
    };
    with_memory(caller, |memory, state| {
        memory.write_u64(result, position)?;
        move_to(state, fd, Begin::Here, position);
        Ok(errno::SUCCESS)
    })
}

pub(super) fn tell(caller: &mut Caller<'_, ProgramState>, fd: i32, result: i32) -> Result<i32> {
    seek(caller, fd, 0, FROM_POSITION, result)
}

/// Sets the length of a file.
pub(super) fn set_len(caller: &mut Caller<'_, ProgramState>, fd: i32, len: i64) -> Result<i32> {
    match (file(caller.data(), fd, WRITE), u64::try_from(len)) {
        (Ok(file), Ok(len)) => change_len(caller, file.id, len),
        (Err(code), _) if caller.data().files.get(fd).is_none() => Ok(code),
        // As on Linux, also where it is not open for writing.
        _ => Ok(errno::INVAL),
    }
}

/// Makes a file as long as it has to be for a range of bytes.
pub(super) fn allocate(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    offset: i64,
    len: i64,
) -> Result<i32> {
    let file = match file(caller.data(), fd, WRITE) {
        Ok(file) => file,
        Err(code) => return Ok(code),
    };
    let (Ok(offset), Ok(len @ 1..)) = (u64::try_from(offset), u64::try_from(len)) else {
        return Ok(errno::INVAL);
    };
    match offset + len {
        end if end > OFFSET_MAX => Ok(errno::FBIG),
        end if end <= len_and_limit(caller.data(), file.id).0 => Ok(errno::SUCCESS),
        end => change_len(caller, file.id, end),
    }
}

fn change_len(caller: &mut Caller<'_, ProgramState>, file: u64, len: u64) -> Result<i32> {
    let (before, limit) = len_and_limit(caller.data(), file);
    let growth = len.saturating_sub(before).min(limit);
    charge(caller, EFFECT_UNITS + COPIED_BYTE_UNITS * growth)?;
    let set = lock(&caller.data().guest.disk).set_len(file, len);
    Ok(set.map_or_else(code, |()| errno::SUCCESS))
}

pub(super) fn advise(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    _offset: i64,
    _len: i64,
    advice: i32,
) -> Result<i32> {
    Ok(match file(caller.data(), fd, 0) {
        Ok(_) if (0..=ADVICE_MAX).contains(&advice) => errno::SUCCESS,
        Ok(_) => errno::INVAL,
        Err(_) if (0..=2).contains(&fd) => errno::SPIPE,
        Err(code) => code,
    })
}

pub(super) fn get_filestat(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    stat: i32,
) -> Result<i32> {
    with_memory(caller, |memory, state| {
        let now_ns = state.io.now_ns();
        let bytes = match state.files.get(fd).map(|it| &it.object) {
            None if (0..=2).contains(&fd) => filestat_of_stream(fd, now_ns),
            None => return Ok(errno::BADF),
            Some(Object::Folder { path: None, .. }) => return Ok(errno::NOENT),
            Some(object) => {
                let disk = lock(&state.guest.disk);
                filestat_of(&disk, object, now_ns)
            }
        };
        memory.write(stat, &bytes)?;
        Ok(errno::SUCCESS)
    })
}

fn filestat_of(disk: &Disk, object: &Object, now_ns: u64) -> [u8; 64] {
    match object {
        Object::File { id, .. } => filestat(disk, Node::File(*id), "", now_ns),
        Object::Folder { path, .. } => {
            filestat(disk, Node::Folder, path.as_deref().unwrap_or(""), now_ns)
        }
    }
}

/// Accepted, although no times are kept.
pub(super) fn set_times(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    _access: i64,
    _change: i64,
    _flags: i32,
) -> Result<i32> {
    Ok(on_any(caller, fd, errno::SUCCESS))
}

/// The answer, if something is open under this number.
fn on_any(caller: &Caller<'_, ProgramState>, fd: i32, answer: i32) -> i32 {
    match caller.data().files.get(fd) {
        Some(_) => answer,
        None if (0..=2).contains(&fd) => answer,
        None => errno::BADF,
    }
}

pub(super) fn get_fdstat(caller: &mut Caller<'_, ProgramState>, fd: i32, stat: i32) -> Result<i32> {
    with_memory(caller, |memory, state| {
        let Some(open) = state.files.get(fd) else {
            return Ok(errno::BADF);
        };
        let is_folder = matches!(open.object, Object::Folder { .. });
        memory.write(stat, &fdstat(is_folder, open.flags, open.rights))?;
        Ok(errno::SUCCESS)
    })
}

pub(super) fn set_flags(state: &mut ProgramState, fd: i32, flags: i32) -> i32 {
    let Some(open) = state.files.get_mut(fd) else {
        return errno::BADF;
    };
    match u16::try_from(flags) {
        Ok(flags) if flags & !ALL_FLAGS == 0 => {
            open.flags = flags;
            errno::SUCCESS
        }
        _ => errno::INVAL,
    }
}

/// Takes rights away.
pub(super) fn set_rights(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    rights: i64,
    _inheriting: i64,
) -> Result<i32> {
    let rights = rights.cast_unsigned();
    Ok(match caller.data_mut().files.get_mut(fd) {
        Some(open) if rights & !open.rights == 0 => {
            open.rights = rights;
            errno::SUCCESS
        }
        Some(_) => errno::NOTCAPABLE,
        None => errno::BADF,
    })
}

/// Closes a file or a folder. A standard stream stays open.
pub(super) fn close(caller: &mut Caller<'_, ProgramState>, fd: i32) -> Result<i32> {
    let state = caller.data_mut();
    Ok(match state.files.remove(fd) {
        Some(closed) => {
            release(state, &closed);
            errno::SUCCESS
        }
        None => crate::wasi::on_stdio(fd, errno::SUCCESS),
    })
}

fn release(state: &ProgramState, closed: &Descriptor) {
    if let Object::File { id, .. } = closed.object {
        lock(&state.guest.disk).close(id);
    }
}

/// Gives what is open another number, whose own it closes.
pub(super) fn renumber(caller: &mut Caller<'_, ProgramState>, from: i32, to: i32) -> Result<i32> {
    let state = caller.data_mut();
    if state.files.get(from).is_none() || state.files.get(to).is_none() {
        let is_stream = |fd| (0..=2).contains(&fd);
        let is_open = |fd| is_stream(fd) || state.files.get(fd).is_some();
        return Ok(match is_open(from) && is_open(to) {
            true if from == to => errno::SUCCESS,
            true => errno::NOTSUP, // standard streams stay where they are
            false => errno::BADF,
        });
    }
    if from != to
        && let Some(closed) = state.files.renumber(from, to)
    {
        release(state, &closed);
    }
    Ok(errno::SUCCESS)
}

pub(super) fn get_prestat(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    stat: i32,
) -> Result<i32> {
    with_memory(caller, |memory, state| {
        if !state.files.get(fd).is_some_and(|it| it.is_preopened) {
            return Ok(errno::BADF);
        }
        memory.write_u32(stat, 0)?; // a folder
        memory.write_u32(stat.wrapping_add(4), ROOT_NAME.len())?;
        Ok(errno::SUCCESS)
    })
}

pub(super) fn get_prestat_name(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    name: i32,
    len: i32,
) -> Result<i32> {
    with_memory(caller, |memory, state| {
        if !state.files.get(fd).is_some_and(|it| it.is_preopened) {
            return Ok(errno::BADF);
        }
        if (len.cast_unsigned() as usize) < ROOT_NAME.len() {
            return Ok(errno::NAMETOOLONG);
        }
        memory.write(name, ROOT_NAME)?;
        Ok(errno::SUCCESS)
    })
}

/// Makes a file, or the names in a folder, durable. The program waits for that.
pub(super) async fn sync(caller: &mut Caller<'_, ProgramState>, (fd,): (i32,)) -> Result<i32> {
    let scope = match caller.data().files.get(fd).map(|it| &it.object) {
        None if (0..=2).contains(&fd) => return Ok(errno::INVAL),
        None => return Ok(errno::BADF),
        Some(Object::File { id, .. }) => Scope::File(*id),
        Some(Object::Folder { path: None, .. }) => return Ok(errno::SUCCESS),
        Some(Object::Folder {
            path: Some(path), ..
        }) => Scope::Folder(path.to_string()),
    };
    make_durable(caller, scope).await
}

async fn make_durable(caller: &mut Caller<'_, ProgramState>, scope: Scope) -> Result<i32> {
    let unsynced = lock(&caller.data().guest.disk).unsynced();
    charge(caller, UNSYNCED_UNITS * unsynced as u64)?;
    if !lock(&caller.data().guest.disk).needs_sync(&scope) {
        return Ok(errno::SUCCESS);
    }
    Ok(match fiber::sync(caller, scope).await? {
        Ok(()) => errno::SUCCESS,
        Err(SyncFailure::Error) => errno::IO,
        Err(SyncFailure::Full) => errno::NOSPC,
    })
}
