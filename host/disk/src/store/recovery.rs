//! Makes a disk of its file again.

use crate::change::{Change, Entry, FileId};
use crate::disk::DiskLimits;
use crate::image::Image;
use crate::path::PATH_BYTES_MAX;

use super::coding::decode;
use super::record::{BadHeader, HEADER_BYTES, Header, Record};

/// What a file holds.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) image: Image,
    /// The number for the next file.
    pub(super) next_file: FileId,
    pub(super) header: Header,
    /// Where the last valid record ends. What is behind it was being written when the process or the
    /// machine stopped, and was never durable.
    pub(super) end: u64,
    /// How much of the file is known to have been durable.
    pub(super) durable: u64,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Header(BadHeader),
    /// What was durable cannot be read from this offset on.
    Damaged {
        at: u64,
    },
    /// It has, or had, more than the limits allow.
    TooLarge,
}

/// Reads a file.
///
/// A record that is not valid ends it: it was being written when the process was killed or the power
/// failed. If that cannot be, since it is in the image, or since a later record was written after it
/// was durable, the file is damaged.
pub(super) fn recover(file: &[u8], limits: DiskLimits) -> Result<Recovered, Problem> {
    let header = Header::decode(file).map_err(Problem::Header)?;
    let mut recovered = Recovered {
        image: Image::default(),
        next_file: 1,
        header,
        end: HEADER_BYTES as u64,
        durable: header.image_len,
    };
    let mut at = HEADER_BYTES;
    while let Some(record) = Record::read(file, at, header.salt) {
        recovered.apply(&record, limits)?;
        at += record.len();
        recovered.end = at as u64;
        recovered.durable = recovered.durable.max(record.durable);
    }
    let end = recovered.end;
    if end < header.image_len || was_durable(file, at, header.salt) {
        return Err(Problem::Damaged { at: end });
    }
    Ok(recovered)
}

/// Whether a valid record says that the file was durable beyond `at`, which has none.
fn was_durable(file: &[u8], at: usize, salt: u64) -> bool {
    let mut later = (at..file.len()).filter_map(|later| Record::read(file, later, salt));
    later.any(|record| record.durable > at as u64)
}

impl Recovered {
    fn apply(&mut self, record: &Record<'_>, limits: DiskLimits) -> Result<(), Problem> {
        let mut payload = record.payload;
        while !payload.is_empty() {
            let damaged = Problem::Damaged { at: self.end };
            let change = decode(&mut payload).ok_or(damaged)?;
            if end_of(&change).is_none_or(|end| end > limits.bytes) {
                return Err(Problem::TooLarge);
            }
            // None is written that is longer; renamed folders would multiply it.
            if new_path(&change).is_some_and(|path| path.len() > PATH_BYTES_MAX) {
                return Err(damaged);
            }
            if let Some(file) = new_file(&change) {
                let next_file = file.checked_add(1).ok_or(damaged)?;
                self.next_file = self.next_file.max(next_file);
            }
            self.image.apply(&change, usize::MAX);
            let (bytes, names) = (self.image.total_bytes(), self.image.names.len());
            if self.image.name_bytes() > names * PATH_BYTES_MAX {
                return Err(damaged);
            }
            if bytes > limits.bytes || names > limits.files {
                return Err(Problem::TooLarge);
            }
        }
        Ok(())
    }
}

/// How long a file is after a change at least.
fn end_of(change: &Change) -> Option<u64> {
    match change {
        Change::Data { at, data, .. } => at.checked_add(data.len() as u64),
        Change::Length { len, .. } => Some(*len),
        Change::Put { data, .. } => Some(data.len() as u64),
        Change::Made { .. } | Change::Removed { .. } | Change::Renamed { .. } => Some(0),
    }
}

/// The path that a change gives to something.
fn new_path(change: &Change) -> Option<&str> {
    match change {
        Change::Made { path, .. } | Change::Put { path, .. } => Some(path),
        Change::Renamed { to, .. } => Some(to),
        Change::Data { .. } | Change::Length { .. } | Change::Removed { .. } => None,
    }
}

/// The file that a change makes.
fn new_file(change: &Change) -> Option<FileId> {
    match change {
        Change::Made {
            entry: Entry::File(file),
            ..
        }
        | Change::Put { file, .. } => Some(*file),
        _ => None,
    }
}
