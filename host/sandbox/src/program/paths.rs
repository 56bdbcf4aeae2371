//! Calls on paths: opening, making, removing, renaming, and listing folders.
//!
//! A path leads from the folder of a descriptor. It may lead out of that folder but not out of the root,
//! which all of a program's folders are in. There are no links.

use host_disk::lock;
use host_disk::path::{PATH_BYTES_MAX, Place};
use host_disk::tree::{Node, Opening, TreeError};
use wasmtime::{Caller, Result};

use super::descriptors::{ALL_FLAGS, Descriptor, Listing, Object, WRITE};
use super::process::ProgramState;
use super::stat::{DIRENT_BYTES, code, dirent, filestat};
use crate::cost::EFFECT_UNITS;
use crate::wasi::errno;
use crate::wasi::fuel::{BUFFER_UNITS, COPIED_BYTE_UNITS, NAME_UNITS, charge};
use crate::wasi::memory::with_memory;

/// How something is opened.
const CREATE: i32 = 1;
const DIRECTORY: i32 = 2;
const EXCLUSIVE: i32 = 4;
const TRUNCATE: i32 = 8;

/// The folder for temporary files. It is made when something is first made in it: a disk that a
/// program does not use stays empty.
const TEMPORARY: &str = "tmp";

/// How often a path is compared with another of its length, for each name on it, in bytes of which
/// each costs as much as one that is copied.
const COMPARISONS: u64 = 4;

/// A path in the memory of a program, from a folder that it has open: the descriptor, the address and
/// the length.
pub(super) type PathAt = (i32, i32, i32);

/// Whether a call makes something at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Use,
    Making,
}

/// Follows a path.
fn place(
    caller: &mut Caller<'_, ProgramState>,
    (fd, path, len): PathAt,
    purpose: For,
) -> Result<Result<Place, i32>> {
    let len = len.cast_unsigned() as usize;
    let folder = match caller.data().files.get(fd).map(|it| &it.object) {
        Some(Object::Folder {
            path: Some(path), ..
        }) => path.clone(),
        Some(Object::Folder { path: None, .. }) => return Ok(Err(errno::NOENT)),
        Some(Object::File { .. }) => return Ok(Err(errno::NOTDIR)),
        None if (0..=2).contains(&fd) => return Ok(Err(errno::NOTDIR)),
        None => return Ok(Err(errno::BADF)),
    };
    if len > PATH_BYTES_MAX {
        return Ok(Err(errno::NAMETOOLONG));
    }
    charge(caller, COPIED_BYTE_UNITS * len as u64)?;
    let mut bytes = Vec::new();
    let answer = with_memory(caller, |memory, _| {
        bytes.extend_from_slice(memory.range(path, len)?);
        Ok(errno::SUCCESS)
    })?;
    if answer != errno::SUCCESS {
        return Ok(Err(answer));
    }
    let Ok(path) = String::from_utf8(bytes) else {
        return Ok(Err(errno::ILSEQ));
    };
    let names = 1 + memchr::memchr_iter(b'/', path.as_bytes()).count() as u64;
    let compared = COMPARISONS * COPIED_BYTE_UNITS * (folder.len() + len) as u64;
    charge(caller, names * (NAME_UNITS + compared))?;
    let mut disk = lock(&caller.data().guest.disk);
    if purpose == For::Making && folder.is_empty() && is_in_temporary(&path) {
        let made = disk.walk("", TEMPORARY);
        match made.and_then(|folder| disk.make_folder(&folder)) {
            Ok(()) | Err(TreeError::Exists) => {}
            Err(error) => return Ok(Err(code(error))),
        }
    }
    Ok(disk.walk(&folder, &path).map_err(code))
}

fn is_in_temporary(path: &str) -> bool {
    let mut names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    names.next() == Some(TEMPORARY) && names.next().is_some()
}

/// The place of a path, or an end of the call with an error code.
macro_rules! place {
    ($caller:expr, $path:expr, $purpose:expr) => {
        match place($caller, $path, $purpose)? {
            Ok(place) => place,
            Err(code) => return Ok(code),
        }
    };
}

/// Opens a file or a folder: the flags of the path, of the file, the rights and the flags of the
/// descriptor, whose number goes to `opened`.
pub(super) fn open(
    caller: &mut Caller<'_, ProgramState>,
    path: PathAt,
    how: i32,
    rights: i64,
    flags: i32,
    opened: i32,
) -> Result<i32> {
    let rights = rights.cast_unsigned();
    let flags = match u16::try_from(flags) {
        Ok(flags) if flags & !ALL_FLAGS == 0 => flags,
        _ => return Ok(errno::INVAL),
    };
    if how & !(CREATE | DIRECTORY | EXCLUSIVE | TRUNCATE) != 0 {
        return Ok(errno::INVAL);
    }
    let opening = Opening {
        makes: how & CREATE != 0,
        needs_folder: how & DIRECTORY != 0,
        is_exclusive: how & EXCLUSIVE != 0,
        truncates: how & TRUNCATE != 0,
        writes: rights & WRITE != 0,
    };
    if opening.makes || opening.truncates {
        charge(caller, EFFECT_UNITS)?;
    }
    let purpose = match opening.makes {
        true => For::Making,
        false => For::Use,
    };
    // Nothing may be made or cut, or stay open, if the answer cannot be given.
    let answer = with_memory(caller, |memory, state| {
        memory.range(opened, 4)?;
        Ok(match state.files.has_room() {
            true => errno::SUCCESS,
            false => errno::MFILE,
        })
    })?;
    if answer != errno::SUCCESS {
        return Ok(answer);
    }
    let place = place!(caller, path, purpose);
    with_memory(caller, |memory, state| {
        let node = lock(&state.guest.disk).open(&place, opening);
        let object = match node {
            Ok(Node::File(id)) => Object::File { id, at: 0 },
            Ok(Node::Folder) => Object::Folder {
                path: Some(place.path().into()),
                listing: None,
            },
            Err(error) => return Ok(code(error)),
        };
        let fd = state.files.insert(Descriptor {
            object,
            flags,
            rights,
            is_preopened: false,
        });
        memory.write(opened, &fd.to_le_bytes())?;
        Ok(errno::SUCCESS)
    })
}

pub(super) fn get_filestat(
    caller: &mut Caller<'_, ProgramState>,
    path: PathAt,
    stat: i32,
) -> Result<i32> {
    let place = place!(caller, path, For::Use);
    with_memory(caller, |memory, state| {
        let now_ns = state.io.now_ns();
        let disk = lock(&state.guest.disk);
        match disk.look_up(&place) {
            Ok(node) => memory.write(stat, &filestat(&disk, node, place.path(), now_ns))?,
            Err(error) => return Ok(code(error)),
        }
        Ok(errno::SUCCESS)
    })
}

/// Accepted, although no times are kept.
pub(super) fn set_times(caller: &mut Caller<'_, ProgramState>, path: PathAt) -> Result<i32> {
    let place = place!(caller, path, For::Use);
    let found = lock(&caller.data().guest.disk).look_up(&place);
    Ok(found.map_or_else(code, |_| errno::SUCCESS))
}

pub(super) fn make_folder(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    path: i32,
    len: i32,
) -> Result<i32> {
    charge(caller, EFFECT_UNITS)?;
    let place = place!(caller, (fd, path, len), For::Making);
    let made = lock(&caller.data().guest.disk).make_folder(&place);
    Ok(made.map_or_else(code, |()| errno::SUCCESS))
}

pub(super) fn remove_folder(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    path: i32,
    len: i32,
) -> Result<i32> {
    charge(caller, EFFECT_UNITS)?;
    let place = place!(caller, (fd, path, len), For::Use);
    charge_descriptors(caller)?;
    let state = caller.data_mut();
    let removed = lock(&state.guest.disk).remove_folder(&place);
    Ok(match removed {
        Ok(()) => {
            state.files.removed(place.path());
            errno::SUCCESS
        }
        Err(error) => code(error),
    })
}

pub(super) fn remove_file(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    path: i32,
    len: i32,
) -> Result<i32> {
    charge(caller, EFFECT_UNITS)?;
    let place = place!(caller, (fd, path, len), For::Use);
    let removed = lock(&caller.data().guest.disk).remove_file(&place);
    Ok(removed.map_or_else(code, |()| errno::SUCCESS))
}

pub(super) fn rename(
    caller: &mut Caller<'_, ProgramState>,
    from: PathAt,
    to: PathAt,
) -> Result<i32> {
    charge(caller, EFFECT_UNITS)?;
    let from = place!(caller, from, For::Use);
    let to = place!(caller, to, For::Making);
    // All that is below a folder moves with it.
    let below = {
        let disk = lock(&caller.data().guest.disk);
        match disk.look_up(&from) {
            Ok(Node::Folder) => disk.count_below(from.path()),
            Ok(Node::File(_)) | Err(_) => 0,
        }
    };
    charge(caller, EFFECT_UNITS.saturating_mul(below as u64))?;
    charge_descriptors(caller)?;
    let state = caller.data_mut();
    let renamed = lock(&state.guest.disk).rename(&from, &to);
    Ok(match renamed {
        Ok(()) if from.path() != to.path() => {
            state.files.renamed(from.path(), to.path());
            errno::SUCCESS
        }
        Ok(()) => errno::SUCCESS,
        Err(error) => code(error),
    })
}

/// Charges for a look at all that is open.
fn charge_descriptors(caller: &mut Caller<'_, ProgramState>) -> Result<()> {
    let open = caller.data().files.len() as u64;
    charge(caller, BUFFER_UNITS * open)
}

/// There are no links to make.
pub(super) fn link(caller: &mut Caller<'_, ProgramState>, from: PathAt, to: PathAt) -> Result<i32> {
    place!(caller, from, For::Use);
    place!(caller, to, For::Use);
    Ok(errno::NOTSUP)
}

pub(super) fn symlink(caller: &mut Caller<'_, ProgramState>, to: PathAt) -> Result<i32> {
    place!(caller, to, For::Use);
    Ok(errno::NOTSUP)
}

/// Nothing is a link.
pub(super) fn read_link(caller: &mut Caller<'_, ProgramState>, path: PathAt) -> Result<i32> {
    let place = place!(caller, path, For::Use);
    let found = lock(&caller.data().guest.disk).look_up(&place);
    Ok(found.map_or_else(code, |_| errno::INVAL))
}

/// Lists a folder from the entry `cookie` on, as far as `len` bytes at `buffer` reach; the last
/// entry may be cut.
pub(super) fn list(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    (buffer, len): (i32, i32),
    cookie: i64,
    used: i32,
) -> Result<i32> {
    let (path, listing) = match caller.data().files.get(fd).map(|it| &it.object) {
        Some(Object::Folder { path, listing }) => (path.clone(), listing.clone()),
        Some(Object::File { .. }) => return Ok(errno::NOTDIR),
        None if (0..=2).contains(&fd) => return Ok(errno::NOTDIR),
        None => return Ok(errno::BADF),
    };
    let path = path.as_deref();
    let listing = match listing {
        Some(listing) if cookie != 0 => listing,
        _ => match list_now(caller, fd, path)? {
            Ok(listing) => listing,
            Err(code) => return Ok(code),
        },
    };
    let room = len.cast_unsigned() as usize;
    let first = usize::try_from(cookie.cast_unsigned()).unwrap_or(usize::MAX);
    let rest = listing.names.get(first..).unwrap_or_default();
    let sizes = rest.iter().scan(0_usize, |total, (name, _)| {
        let before = *total;
        *total += DIRENT_BYTES + name.len();
        (before < room).then_some(*total)
    });
    let (count, bytes) = sizes
        .enumerate()
        .last()
        .map_or((0, 0), |(i, it)| (i + 1, it));
    let bytes = bytes.min(room);
    let units = BUFFER_UNITS * count as u64 + COPIED_BYTE_UNITS * bytes as u64;
    charge(caller, units)?;
    with_memory(caller, |memory, _| {
        memory.write_u32(used, bytes)?;
        let target = memory.range(buffer, room)?;
        let mut at = 0;
        for (index, (name, node)) in rest[..count].iter().enumerate() {
            let next = (first + index + 1) as u64;
            let head = dirent(next, *node, &inner_path(path.unwrap_or(""), name), name);
            for byte in head.iter().chain(name.as_bytes()) {
                if let Some(target) = target.get_mut(at) {
                    *target = *byte;
                }
                at += 1;
            }
        }
        Ok(errno::SUCCESS)
    })
}

/// Takes the list of a folder, and keeps it for the calls that follow.
fn list_now(
    caller: &mut Caller<'_, ProgramState>,
    fd: i32,
    path: Option<&str>,
) -> Result<Result<Listing, i32>> {
    let mut names = Vec::new();
    if let Some(path) = path {
        names = [".", ".."]
            .map(|name| (name.to_owned(), Node::Folder))
            .into();
        names.extend(lock(&caller.data().guest.disk).list(path));
    }
    charge(caller, NAME_UNITS * names.len() as u64)?;
    charge_descriptors(caller)?;
    let state = caller.data_mut();
    let listing = Listing::new(names);
    if !state.files.may_list(fd, &listing) {
        return Ok(Err(errno::NOMEM));
    }
    if let Some(Object::Folder { listing: kept, .. }) =
        state.files.get_mut(fd).map(|it| &mut it.object)
    {
        *kept = Some(listing.clone());
    }
    Ok(Ok(listing))
}

/// The path of what a folder lists.
fn inner_path(folder: &str, name: &str) -> String {
    match (folder, name) {
        (_, ".") => folder.to_owned(),
        (_, "..") => folder.rsplit_once('/').map_or("", |(it, _)| it).to_owned(),
        ("", _) => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}
