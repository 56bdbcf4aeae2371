//! A file that is appended to.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::record::{self, End};
use super::{Disk, cannot_write};
use host_protocol::abi::Level;

/// A log of records on the disk: what grows, and is never written again as a whole.
///
/// [`Disk::open_log`] opens it. It belongs into the node's state, beside the records themselves or what became of them: it knows
/// where in the file each record ends, and no record. Each change is one effect.
///
/// Each record has a checksum over itself and all before it. When the log is opened, the records before the first invalid
/// one count.
///
/// If a sync fails and the node [goes on](crate::Node::sync_failed), the records on the disk may be others than those that
/// were appended: all logs if the disk has failed, and if it was full, those that were changed behind the sync in its step. Such a log
/// has to be [replaced](Log::replace); to change it in another way panics.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Log<T> {
    file: String,
    ends: Vec<End>,
    /// How many syncs the disk had failed when the log was opened or replaced.
    #[serde(default, skip_serializing_if = "is_zero")]
    errors: u64,
    #[serde(skip)]
    records: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> Log<T> {
    pub(super) fn open(file: &str, disk: &mut Disk<'_>) -> (Self, Vec<T>) {
        let bytes = disk.bytes(file).unwrap_or_default();
        let mut log = Log::empty(file, disk);
        let mut records = Vec::new();
        loop {
            let start = index(log.end().at);
            let Some((json, sum)) = record::read(&bytes[start..], log.end().sum) else {
                log.cut_rest(bytes.len(), disk);
                return (log, records);
            };
            match host_protocol::data::from_str(json) {
                Ok(record) => records.push(record),
                Err(error) => unfit(file, records.len() + 1, &error.to_string()),
            }
            let at = (start + record::len(json)) as u64;
            log.ends.push(End { at, sum });
        }
    }

    pub(super) fn put<R: Borrow<T>>(
        file: &str,
        records: impl IntoIterator<Item = R>,
        disk: &mut Disk<'_>,
    ) -> Self {
        let mut log = Log::empty(file, disk);
        let lines = log.write(records);
        disk.doubts.remove(file);
        disk.note_log(file);
        disk.put_lines(file, &lines);
        log
    }

    /// Appends a record.
    ///
    /// # Panics
    /// If JSON cannot express it, or a failed sync has left the end of the log in doubt.
    pub fn append(&mut self, record: &T, disk: Disk<'_>) {
        self.extend([record], disk);
    }

    /// Appends records, with one effect for all. If a power loss tears it, the first of them may be there and the others
    /// not.
    ///
    /// # Panics
    /// If JSON cannot express one, or a failed sync has left the end of the log in doubt.
    pub fn extend<R: Borrow<T>>(
        &mut self,
        records: impl IntoIterator<Item = R>,
        mut disk: Disk<'_>,
    ) {
        self.assert_end_is_known(&disk);
        let lines = self.write(records);
        if !lines.is_empty() {
            disk.note_log(&self.file);
            disk.append_lines(&self.file, &lines);
        }
    }

    /// Replaces all records: compaction. After a crash the log has all of the new records, or all of the old ones.
    ///
    /// # Panics
    /// If JSON cannot express one.
    pub fn replace<R: Borrow<T>>(
        &mut self,
        records: impl IntoIterator<Item = R>,
        mut disk: Disk<'_>,
    ) {
        *self = Log::put(&self.file, records, &mut disk);
    }

    /// The lines of records, which count from now on.
    fn write<R: Borrow<T>>(&mut self, records: impl IntoIterator<Item = R>) -> Vec<u8> {
        let start = self.end().at;
        let mut lines = Vec::new();
        for record in records {
            match record::write(&mut lines, self.end().sum, record.borrow()) {
                Ok(sum) => self.ends.push(End {
                    at: start + lines.len() as u64,
                    sum,
                }),
                Err(error) => cannot_write(&self.file, &error),
            }
        }
        lines
    }
}

impl<T> Log<T> {
    fn empty(file: &str, disk: &Disk<'_>) -> Self {
        Log {
            file: file.to_owned(),
            ends: Vec::new(),
            errors: disk.doubts.errors(),
            records: PhantomData,
        }
    }

    /// Keeps the first `len` records. Has no effect if there are not more.
    ///
    /// # Panics
    /// If a failed sync has left the end of the log in doubt.
    pub fn truncate(&mut self, len: usize, mut disk: Disk<'_>) {
        self.assert_end_is_known(&disk);
        if len < self.ends.len() {
            disk.note_log(&self.file);
            self.ends.truncate(len);
            disk.truncate(&self.file, self.end().at);
        }
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The length of the file, in bytes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.end().at
    }

    /// What stands behind a record that is missing is lost, and may be acknowledged.
    fn assert_end_is_known(&self, disk: &Disk<'_>) {
        if disk.doubts.concern(&self.file, self.errors) {
            in_doubt(&self.file);
        }
    }

    fn end(&self) -> End {
        self.ends.last().copied().unwrap_or(End { at: 0, sum: 0 })
    }

    /// Cuts off what is behind the last valid record in a file of `len` bytes, so that the next one follows it.
    fn cut_rest(&self, len: usize, disk: &mut Disk<'_>) {
        let (file, kept, end) = (&self.file, self.len(), self.end().at);
        if end < len as u64 {
            let text = format!(
                "the log {file:?} is torn or damaged behind record {kept}: {end} of {len} bytes are kept"
            );
            disk.log(Level::Warn, &text);
            disk.note_log(file);
            disk.truncate(file, end);
        }
    }
}

impl<T> fmt::Debug for Log<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, records) = (&self.file, self.len());
        write!(
            f,
            "Log({file:?}, {records} records, {} bytes)",
            self.end().at
        )
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A file in a guest's memory is not longer than that.
fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// To go on without the record would lose what may have been acknowledged.
#[cold]
#[inline(never)]
fn unfit(file: &str, number: usize, error: &str) -> ! {
    panic!("record {number} of the log {file:?} does not fit: {error}")
}

#[cold]
#[inline(never)]
fn in_doubt(file: &str) -> ! {
    panic!(
        "the log {file:?} is changed after a sync that failed, which leaves its end in doubt: Log::replace comes first"
    )
}
