//! A node's disk in a file of the real one.
//!
//! The guest's files are not files of the machine. One file, `DIR/NODE/disk`, has them all: an image of
//! the disk at some moment, and behind it the changes since then, in order. Names that a guest chooses
//! are data in it, so none leads anywhere.
//!
//! [`Store::write`] appends what has changed, as one record, and [`Store::sync`] makes what was
//! written durable. If the process is killed, what was written is there; if the power fails, what was
//! synced. A record that is incomplete or damaged ends the file, and is cut off ([`Cut`]), unless it
//! is known to have been durable: then the file is damaged, and refused.
//!
//! A file that has become twice as long as an image of the disk is replaced by one with the image, which
//! is synced before it gets the name.
//!
//! What a failed sync was to make durable may be lost, and a second sync does not tell: Linux reports the
//! failure once and takes the pages for clean (Rebello et al., "Can Applications Recover from fsync
//! Failures?", USENIX ATC 2020). So a store that has failed once does nothing more, and one that is
//! opened writes again what it cannot know to be durable.

mod coding;
mod folder;
mod record;
mod recovery;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::bytes::Bytes;
use crate::change::Entry;
use crate::disk::{Disk, DiskLimits};
use crate::image::Image;

use self::folder::Folder;
use self::record::{BadHeader, HEADER_BYTES, Header};
use self::recovery::{Problem, Recovered, recover};

/// Why a disk cannot be kept, or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The name of the node is too long for that of a folder.
    #[error("the name of the node {node:?} is too long for a folder of --data-dir")]
    Name {
        /// The name.
        node: String,
    },
    /// The machine refuses something.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was to be done, as a verb.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// It is a link, or a file.
    #[error("{} is not a folder (links are not followed)", path.display())]
    NotFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Another node has it.
    #[error("{} is in use by another process: each node has a disk of its own", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// It is a link, or a file of something else.
    #[error("{} is not the disk of a node (links are not followed); nothing was changed", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this program has made it.
    #[error("{} has format {version}, which only a newer version of this program reads", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u32,
    },
    /// What was durable cannot be read.
    #[error(
        "{} is damaged at byte {at}: what was durable there cannot be read. Nothing was changed; \
         take the file from a backup, or remove it to start with an empty disk",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The offset of the first record that cannot be read.
        at: u64,
    },
    /// The disk that it has exceeds the limits.
    #[error(
        "{} has, or had, more than {} bytes (--max-disk-bytes) or {} files",
        path.display(), limits.bytes, limits.files
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limits.
        limits: DiskLimits,
    },
    /// It has failed before.
    #[error("the disk has failed before")]
    Failed,
}

impl StoreError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| StoreError::Io {
            doing,
            path,
            source,
        }
    }

    fn of(problem: Problem, path: PathBuf, limits: DiskLimits) -> Self {
        match problem {
            Problem::Header(BadHeader::Foreign) => StoreError::Foreign { path },
            Problem::Header(BadHeader::Newer(version)) => StoreError::Newer { path, version },
            Problem::Header(BadHeader::Damaged) => StoreError::Damaged { path, at: 0 },
            Problem::Damaged { at } => StoreError::Damaged { path, at },
            Problem::TooLarge => StoreError::TooLarge { path, limits },
        }
    }
}

/// Bytes at the end of the file that were being written when the process was killed or the power
/// failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The file.
    pub path: PathBuf,
    /// How many bytes.
    pub bytes: u64,
}

/// The file that keeps a node's disk.
#[derive(Debug)]
pub struct Store {
    folder: Folder,
    file: File,
    salt: u64,
    /// How much of the file has been written.
    len: u64,
    /// How much of it is durable.
    durable: u64,
    /// Beyond this length, it is asked whether an image would be shorter.
    image_at: u64,
    /// The record in the making.
    record: Vec<u8>,
    has_failed: bool,
}

/// Files that are shorter are not replaced by images, in bytes.
const IMAGE_AT_MIN: u64 = 1 << 20;

/// Changes that take more are not appended: an image is written, in bytes.
const RECORD_MAX: usize = 256 << 20;

/// How many bytes of a file a record of an image has at the most.
const IMAGE_RECORD_BYTES: usize = 1 << 20;

/// The buffer that is kept for the next record, in bytes.
const RECORD_KEPT_MAX: usize = 1 << 20;

impl Store {
    /// Opens the disk of a node in `dir`, or makes an empty one. Until the store is dropped, no other
    /// process can open it.
    ///
    /// # Errors
    /// If it cannot be used. The file is as before then.
    pub fn open(
        dir: &Path,
        node: &str,
        limits: DiskLimits,
    ) -> Result<(Self, Disk, Option<Cut>), StoreError> {
        let folder = Folder::open(dir, node)?;
        let Some(file) = folder.open_file()? else {
            let (file, header) = write_image(&folder, &Image::default())?;
            let store = Store::of(folder, file, header);
            return Ok((store, Disk::new(limits), None));
        };
        let path = folder.file_path();
        let bytes = read_file(&file, &path, limits)?;
        let Recovered {
            image,
            next_file,
            header,
            end,
            durable,
        } = recover(&bytes, limits).map_err(|it| StoreError::of(it, path.clone(), limits))?;
        let cut = bytes.len() as u64 - end;
        // What is not known to be durable may be so only in memory.
        let unknown = usize::try_from(durable).ok().zip(usize::try_from(end).ok());
        let unknown = unknown.and_then(|(from, to)| bytes.get(from..to));
        file.set_len(end)
            .and_then(|()| file.write_all_at(unknown.unwrap_or_default(), durable))
            .and_then(|()| file.sync_data())
            .map_err(StoreError::io("recover", &path))?;
        folder.remove_next()?;
        // It may have got its name just before the process was killed.
        folder.sync()?;
        let cut = (cut > 0).then_some(Cut { path, bytes: cut });
        let mut store = Store::of(folder, file, header);
        (store.len, store.durable) = (end, end);
        Ok((store, Disk::restored(limits, image, next_file), cut))
    }

    fn of(folder: Folder, file: File, header: Header) -> Self {
        Store {
            folder,
            file,
            salt: header.salt,
            len: header.image_len,
            durable: header.image_len,
            image_at: IMAGE_AT_MIN.max(2 * header.image_len),
            record: Vec::new(),
            has_failed: false,
        }
    }

    /// Writes what has changed since the last time. A process that is killed afterwards does not take
    /// it along.
    ///
    /// # Errors
    /// If it cannot be written. What has not been synced may be lost, and nothing more is written.
    pub fn write(&mut self, disk: &mut Disk) -> Result<(), StoreError> {
        if self.has_failed {
            return Err(StoreError::Failed);
        }
        if disk.is_stored() {
            return Ok(());
        }
        let written = self.write_changes(disk);
        self.has_failed = written.is_err();
        written
    }

    /// Makes durable what was written.
    ///
    /// # Errors
    /// As [`write`](Store::write).
    pub fn sync(&mut self) -> Result<(), StoreError> {
        if self.has_failed {
            return Err(StoreError::Failed);
        }
        if self.durable == self.len {
            return Ok(());
        }
        let path = self.folder.file_path();
        let synced = self.file.sync_data().map_err(StoreError::io("sync", &path));
        self.has_failed = synced.is_err();
        synced?;
        self.durable = self.len;
        Ok(())
    }

    fn write_changes(&mut self, disk: &mut Disk) -> Result<(), StoreError> {
        if disk.has_written_back() || disk.unsynced_bytes() > RECORD_MAX {
            return self.replace(disk);
        }
        record::begin(&mut self.record);
        for change in &disk.unsynced {
            coding::encode(&mut self.record, change);
        }
        if record::seal(&mut self.record, self.len, self.durable, self.salt).is_none() {
            return self.replace(disk);
        }
        let written = self.file.write_all_at(&self.record, self.len);
        written.map_err(StoreError::io("write to", &self.folder.file_path()))?;
        self.len += self.record.len() as u64;
        if self.record.capacity() > RECORD_KEPT_MAX {
            self.record = Vec::new();
        }
        disk.set_stored();
        if self.len > self.image_at {
            let image_len = image_len_max(&disk.visible);
            self.image_at = IMAGE_AT_MIN.max(2 * image_len);
            if self.len > self.image_at {
                self.replace(disk)?;
            }
        }
        Ok(())
    }

    /// Replaces the file by one with an image of the disk.
    fn replace(&mut self, disk: &mut Disk) -> Result<(), StoreError> {
        let (file, header) = write_image(&self.folder, &disk.visible)?;
        self.file = file;
        self.salt = header.salt;
        (self.len, self.durable) = (header.image_len, header.image_len);
        self.image_at = IMAGE_AT_MIN.max(2 * header.image_len);
        disk.set_stored();
        Ok(())
    }
}

/// Reads the disk that is kept in `folder`, as it is: a process that has it open goes on.
///
/// # Errors
/// If there is none, or it cannot be used.
pub fn read(folder: &Path, limits: DiskLimits) -> Result<(Disk, Option<Cut>), StoreError> {
    let (file, path) = folder::open_to_read(folder)?;
    let bytes = read_file(&file, &path, limits)?;
    read_bytes(&bytes, &path, limits)
}

/// Reads the disk that the bytes of a file keep. `path` is that of the file.
///
/// # Errors
/// If they cannot be used.
pub fn read_bytes(
    bytes: &[u8],
    path: &Path,
    limits: DiskLimits,
) -> Result<(Disk, Option<Cut>), StoreError> {
    let path = path.to_owned();
    let recovered =
        recover(bytes, limits).map_err(|it| StoreError::of(it, path.clone(), limits))?;
    let cut = bytes.len() as u64 - recovered.end;
    let cut = (cut > 0).then_some(Cut { path, bytes: cut });
    let disk = Disk::restored(limits, recovered.image, recovered.next_file);
    Ok((disk, cut))
}

/// Reads all of the file, if it is not longer than one of such a disk can be.
fn read_file(file: &File, path: &Path, limits: DiskLimits) -> Result<Vec<u8>, StoreError> {
    let most = limits.bytes.saturating_mul(4).saturating_add(1 << 30);
    let mut bytes = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut bytes);
    read.map_err(StoreError::io("read", path))?;
    if bytes.len() as u64 > most {
        let path = path.to_owned();
        return Err(StoreError::TooLarge { path, limits });
    }
    Ok(bytes)
}

/// How long a file with this image is at the most.
fn image_len_max(image: &Image) -> u64 {
    let names = image.names.keys();
    let names: usize = names
        .map(|path| path.len() + 2 * coding::OVERHEAD_BYTES)
        .sum();
    let records = image.total_bytes() / IMAGE_RECORD_BYTES as u64 + 1;
    let of_records = (record::RECORD_BYTES + coding::OVERHEAD_BYTES) as u64 * records;
    HEADER_BYTES as u64 + names as u64 + image.total_bytes() + of_records
}

/// Writes a file with this image, makes it durable and gives it its name. Files without a name are
/// left out: nothing can give them one again.
fn write_image(folder: &Folder, image: &Image) -> Result<(File, Header), StoreError> {
    let file = folder.make_next()?;
    let mut out = ImageWriter {
        file: &file,
        salt: RandomState::new().hash_one(0_u8),
        len: HEADER_BYTES as u64,
        record: Vec::new(),
    };
    let header = out.write(image).and_then(|header| {
        file.sync_all()?;
        Ok(header)
    });
    let header = header.map_err(StoreError::io("write", &folder.file_path()))?;
    folder.take_next()?;
    Ok((file, header))
}

struct ImageWriter<'a> {
    file: &'a File,
    salt: u64,
    len: u64,
    record: Vec<u8>,
}

impl ImageWriter<'_> {
    fn write(&mut self, image: &Image) -> io::Result<Header> {
        record::begin(&mut self.record);
        for (path, entry) in &image.names {
            coding::encode_made(&mut self.record, path, *entry);
            if let Entry::File(id) = entry
                && let Some(bytes) = image.files.get(id)
            {
                self.write_bytes(*id, bytes)?;
            }
            self.write_if_longer_than(IMAGE_RECORD_BYTES)?;
        }
        self.write_if_longer_than(record::RECORD_BYTES)?;
        let header = Header {
            salt: self.salt,
            image_len: self.len,
        };
        self.file.write_all_at(&header.encode(), 0)?;
        Ok(header)
    }

    fn write_bytes(&mut self, id: u64, bytes: &Bytes) -> io::Result<()> {
        let len = usize::try_from(bytes.len()).unwrap_or(IMAGE_RECORD_BYTES);
        let mut part = vec![0; len.min(IMAGE_RECORD_BYTES)];
        let mut at = 0;
        while at < bytes.len() {
            let count = bytes.read(at, &mut part);
            coding::encode_data(&mut self.record, id, at, &part[..count]);
            at += count as u64;
            self.write_if_longer_than(IMAGE_RECORD_BYTES)?;
        }
        Ok(())
    }

    /// Writes the record in the making, if it has become so long.
    fn write_if_longer_than(&mut self, len: usize) -> io::Result<()> {
        if self.record.len() <= len {
            return Ok(());
        }
        // It is far shorter than a record may be.
        record::seal(&mut self.record, self.len, 0, self.salt)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        self.file.write_all_at(&self.record, self.len)?;
        self.len += self.record.len() as u64;
        record::begin(&mut self.record);
        Ok(())
    }
}
