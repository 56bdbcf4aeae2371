//! What is told about files and folders: their numbers, types and sizes, in the layout of preview 1.

use host_disk::View;
use host_disk::tree::TreeError;
use host_disk::view::{File, Found};

use crate::wasi::errno;

/// Types of files.
const CHARACTER_DEVICE: u8 = 2;
const FOLDER: u8 = 3;
const FILE: u8 = 4;

/// The sizes of `filestat`, `fdstat` and the head of `dirent`.
const FILESTAT_BYTES: usize = 64;
const FDSTAT_BYTES: usize = 24;
pub(super) const DIRENT_BYTES: usize = 24;

/// The device that all files are on; the standard streams are on device 0.
const DEVICE: u64 = 1;

pub(super) fn type_of(found: Found) -> u8 {
    match found {
        Found::Folder => FOLDER,
        Found::File(_) => FILE,
    }
}

/// What is added to the number of a file that is mounted.
const MOUNTED: u64 = 1 << 62;

/// The inode number: a file's own, and for a folder one that follows from its path (FNV-1a). Files'
/// numbers are small.
pub(super) fn inode(found: Found, path: &str) -> u64 {
    match found {
        Found::File(File::Own(file)) => file,
        Found::File(File::Mounted(file)) => file as u64 | MOUNTED,
        Found::Folder => {
            let hash = path.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
            hash | 1 << 63
        }
    }
}

/// A `filestat`. No times are kept: all three are those of the call, and 0 for what is mounted, so that
/// a program can tell that it has not changed.
pub(super) fn filestat(
    files: &View<'_>,
    found: Found,
    path: &str,
    now_ns: u64,
) -> [u8; FILESTAT_BYTES] {
    let (size, is_own) = match found {
        Found::File(file @ File::Own(_)) => (files.file_len(file), true),
        Found::File(file @ File::Mounted(_)) => (files.file_len(file), false),
        Found::Folder => (0, files.is_own(path)),
    };
    let numbers = (DEVICE, inode(found, path));
    let time_ns = if is_own { now_ns } else { 0 };
    filestat_of(numbers, type_of(found), size, time_ns)
}

/// The `filestat` of a standard stream.
pub(super) fn filestat_of_stream(fd: i32, now_ns: u64) -> [u8; FILESTAT_BYTES] {
    let number = u64::from(fd.cast_unsigned());
    filestat_of((0, number), CHARACTER_DEVICE, 0, now_ns)
}

fn filestat_of(
    (device, number): (u64, u64),
    kind: u8,
    size: u64,
    time_ns: u64,
) -> [u8; FILESTAT_BYTES] {
    let mut bytes = [0; FILESTAT_BYTES];
    let links = 1;
    let kind = u64::from(kind);
    let fields = [device, number, kind, links, size, time_ns, time_ns, time_ns];
    for (target, field) in bytes.chunks_exact_mut(8).zip(fields) {
        target.copy_from_slice(&field.to_le_bytes());
    }
    bytes
}

/// The `fdstat` of a file or a folder.
pub(super) fn fdstat(is_folder: bool, flags: u16, rights: u64) -> [u8; FDSTAT_BYTES] {
    let mut bytes = [0; FDSTAT_BYTES];
    bytes[0] = if is_folder { FOLDER } else { FILE };
    bytes[2..4].copy_from_slice(&flags.to_le_bytes());
    bytes[8..16].copy_from_slice(&rights.to_le_bytes());
    bytes[16..].fill(0xff); // what is opened in it may be asked for anything
    bytes
}

/// The head of a `dirent`; the name follows it.
pub(super) fn dirent(next: u64, found: Found, path: &str, name: &str) -> [u8; DIRENT_BYTES] {
    let mut bytes = [0; DIRENT_BYTES];
    bytes[..8].copy_from_slice(&next.to_le_bytes());
    bytes[8..16].copy_from_slice(&inode(found, path).to_le_bytes());
    let len = u32::try_from(name.len()).unwrap_or(u32::MAX);
    bytes[16..20].copy_from_slice(&len.to_le_bytes());
    bytes[20] = type_of(found);
    bytes
}

/// The error code of preview 1.
pub(super) fn code(error: TreeError) -> i32 {
    match error {
        TreeError::NotFound => errno::NOENT,
        TreeError::Exists => errno::EXIST,
        TreeError::NotFolder => errno::NOTDIR,
        TreeError::IsFolder => errno::ISDIR,
        TreeError::NotEmpty => errno::NOTEMPTY,
        TreeError::Invalid => errno::INVAL,
        TreeError::NameTooLong => errno::NAMETOOLONG,
        TreeError::Full => errno::NOSPC,
        TreeError::Busy => errno::BUSY,
        TreeError::Outside => errno::PERM,
        TreeError::ReadOnly => errno::ROFS,
        TreeError::OtherDevice => errno::XDEV,
    }
}
