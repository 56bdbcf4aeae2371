//! The disk: changes, syncs and crashes.

mod stored;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_protocol::disk::{self, SyncFailure};

use crate::bytes::Bytes;
use crate::change::{Change, Entry, FileId};
use crate::image::Image;
use crate::survival::{Fate, Survival};

/// A disk that a guest and its driver share. Only one of them uses it at a time.
pub type SharedDisk = Arc<Mutex<Disk>>;

/// The disk, for as long as the result lives. A panic of another user is no reason to lose it.
pub fn lock(disk: &SharedDisk) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much a disk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskLimits {
    /// The bytes of all files together.
    pub bytes: u64,
    /// Files and folders.
    pub files: usize,
}

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// There is no such file.
    #[error("there is no file {0:?} on the node's disk")]
    NotFound(String),
    /// All files together would be too large.
    #[error("more than {limit} bytes on the node's disk (--max-disk-bytes)")]
    Bytes {
        /// The limit.
        limit: u64,
    },
    /// There would be too many files.
    #[error("more than {limit} files on the node's disk")]
    Files {
        /// The limit.
        limit: usize,
    },
}

impl DiskError {
    /// Whether the disk would hold more than it may.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self, DiskError::Bytes { .. } | DiskError::Files { .. })
    }
}

/// What a sync makes durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// A file: its bytes, and that it was made.
    File(u64),
    /// The names in a folder.
    Folder(String),
}

/// The disk of a node.
#[derive(Debug, Clone)]
pub struct Disk {
    limits: DiskLimits,
    pub(crate) visible: Image,
    pub(crate) durable: Image,
    pub(crate) unsynced: VecDeque<Change>,
    unsynced_bytes: usize,
    /// How many changes there ever were.
    changes: u64,
    /// Whether changes have become durable by themselves, which a store has not seen.
    has_written_back: bool,
    next_file: FileId,
    /// The files that programs have open.
    open: BTreeMap<FileId, Open>,
    /// Whether nothing can be written, for as long as a fault lasts.
    is_full: bool,
    /// Which changes survive syncs that fail, for as long as a fault lasts.
    failing: Option<Survival>,
}

/// A file that programs have open.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    /// How often.
    count: usize,
    /// Whether its name is gone: then the last one who closes it ends it.
    is_nameless: bool,
}

/// The most that may wait for a sync, in bytes and in changes. Beyond that the oldest becomes
/// durable by itself, as the page cache of an operating system is written back.
const UNSYNCED_BYTES_MAX: usize = 16 << 20;
const UNSYNCED_MAX: usize = 100_000;

/// How many changes are described at a time. The rest are only counted.
pub const TOLD_MAX: usize = 100;

/// What a power loss has taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    /// How many changes.
    pub count: usize,
    /// The first of them, [`TOLD_MAX`] at the most: the paths, and what was changed.
    pub first: Vec<(String, String)>,
}

/// What a name and its file take besides their bytes, in bytes.
const NAME_BYTES: usize = 256;

impl Disk {
    /// An empty disk.
    #[must_use]
    pub fn new(limits: DiskLimits) -> Self {
        Disk {
            limits,
            visible: Image::default(),
            durable: Image::default(),
            unsynced: VecDeque::new(),
            unsynced_bytes: 0,
            changes: 0,
            has_written_back: false,
            next_file: 1,
            open: BTreeMap::new(),
            is_full: false,
            failing: None,
        }
    }

    /// An empty disk that a guest and its driver share.
    #[must_use]
    pub fn shared(limits: DiskLimits) -> SharedDisk {
        Arc::new(Mutex::new(Disk::new(limits)))
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> DiskLimits {
        self.limits
    }

    /// Whether it has neither a file nor a folder.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.visible.names.is_empty()
    }

    /// Whether a power loss would take nothing.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// How many changes are not durable.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// How many changes there ever were.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The first of the last `count` changes that are not durable, [`TOLD_MAX`] at the most: the
    /// paths, and what was changed.
    #[must_use]
    pub fn last_changes(&self, count: u64) -> Vec<(String, String)> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let first = self.unsynced.len().saturating_sub(count);
        let last = self.unsynced.range(first..).take(TOLD_MAX);
        self.describe(last.map(|change| (change, Fate::Lost)))
    }

    /// The files as the node sees them: their paths and their bytes, in the order of paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        files_of(&self.visible)
    }

    /// The same of what is durable.
    pub fn durable_files(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        files_of(&self.durable)
    }

    /// What it takes in memory at the most, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let bytes = self.visible.total_bytes() + self.durable.total_bytes();
        let names = self.visible.names.len() + self.durable.names.len();
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        bytes
            .saturating_add(names * NAME_BYTES)
            .saturating_add(self.visible.name_bytes() + self.durable.name_bytes())
            .saturating_add(self.unsynced_bytes)
    }

    /// Makes a change that [`check`](Disk::check) has allowed.
    pub fn apply(&mut self, change: &disk::Change<'_>) {
        match change {
            disk::Change::Write { file, at, data } => {
                let file = self.made(file);
                self.write_data(file, *at, data);
            }
            disk::Change::Append { file, data } => {
                let file = self.made(file);
                let at = self.visible.files.get(&file).map_or(0, Bytes::len);
                self.write_data(file, at, data);
            }
            disk::Change::Put { file, data } => {
                let id = self.new_file();
                self.make(Change::Put {
                    path: file.as_ref().into(),
                    file: id,
                    data: Arc::from(data.as_ref()),
                });
            }
            disk::Change::Truncate { file, len } => {
                let file = self.made(file);
                if self.file_len(file) != *len {
                    self.make(Change::Length { file, len: *len });
                }
            }
            disk::Change::Rename { from, to } => self.make(Change::Renamed {
                from: from.as_ref().into(),
                to: to.as_ref().into(),
            }),
            disk::Change::Remove { file } => {
                if self.visible.names.contains_key(file.as_ref()) {
                    self.make(Change::Removed {
                        path: file.as_ref().into(),
                    });
                }
            }
        }
    }

    /// The file of this name, which is made if there is none.
    fn made(&mut self, name: &str) -> FileId {
        match self.visible.file(name) {
            Some(file) => file,
            None => {
                let file = self.new_file();
                self.make(Change::Made {
                    path: name.into(),
                    entry: Entry::File(file),
                });
                file
            }
        }
    }

    pub(crate) fn new_file(&mut self) -> FileId {
        let file = self.next_file;
        self.next_file += 1;
        file
    }

    pub(crate) fn write_data(&mut self, file: FileId, at: u64, data: &[u8]) {
        if !data.is_empty() {
            let data = Arc::from(data);
            self.make(Change::Data { file, at, data });
        }
    }

    /// Makes a change visible.
    pub(crate) fn make(&mut self, change: Change) {
        let replaced = match &change {
            Change::Put { path, .. } | Change::Removed { path } | Change::Made { path, .. } => {
                self.visible.file(path)
            }
            Change::Renamed { from, to } if from != to => self.visible.file(to),
            _ => None,
        };
        // A program that has it open still sees it.
        let kept = replaced.and_then(|file| {
            self.open.get_mut(&file)?.is_nameless = true;
            Some((file, self.visible.files.get(&file)?.clone()))
        });
        self.visible.apply(&change, usize::MAX);
        if let Some((file, bytes)) = kept {
            self.visible.set(file, bytes);
        }
        self.changes += 1;
        self.unsynced_bytes += change.held_bytes();
        self.unsynced.push_back(change);
        while self.unsynced_bytes > UNSYNCED_BYTES_MAX || self.unsynced.len() > UNSYNCED_MAX {
            let Some(oldest) = self.unsynced.pop_front() else {
                break;
            };
            self.unsynced_bytes -= oldest.held_bytes();
            self.durable.apply(&oldest, usize::MAX);
            self.has_written_back = true;
        }
    }

    /// A program opens a file, which it sees from now on even without a name.
    pub(crate) fn hold(&mut self, file: FileId) {
        self.open.entry(file).or_default().count += 1;
    }

    /// A program closes a file.
    pub(crate) fn release(&mut self, file: FileId) {
        let Some(open) = self.open.get_mut(&file) else {
            return;
        };
        open.count -= 1;
        if open.count == 0 {
            if open.is_nameless {
                self.visible.remove(file);
            }
            self.open.remove(&file);
        }
    }

    /// Makes changes durable, once the time that it takes is over.
    ///
    /// # Errors
    /// If a fault makes it fail.
    pub fn sync(&mut self, scope: &Scope) -> Result<(), SyncFailure> {
        if self.is_full && *scope == Scope::All && !self.unsynced.is_empty() {
            return Err(SyncFailure::Full);
        }
        let changes = self.take(scope);
        if changes.is_empty() {
            return Ok(());
        }
        if let Some(survival) = self.failing {
            let fates = survival.fates(changes.iter());
            for (change, fate) in changes.iter().zip(fates) {
                self.settle(change, fate);
            }
            return Err(SyncFailure::Error);
        }
        self.make_durable(&changes);
        Ok(())
    }

    /// Takes the changes that a sync makes durable.
    fn take(&mut self, scope: &Scope) -> Vec<Change> {
        let last = self.last_name(scope);
        let all = std::mem::take(&mut self.unsynced);
        let (mut taken, mut left) = (Vec::new(), VecDeque::new());
        for (index, change) in all.into_iter().enumerate() {
            let is_taken = match (scope, change.changes_file()) {
                (Scope::All, _) => true,
                (Scope::File(file), Some(changed)) => *file == changed,
                (Scope::Folder(_), Some(_)) => false,
                (_, None) => last.is_some_and(|last| index <= last),
            };
            if is_taken {
                self.unsynced_bytes -= change.held_bytes();
                taken.push(change);
            } else {
                left.push_back(change);
            }
        }
        self.unsynced = left;
        taken
    }

    /// Makes changes durable that the node sees: the blocks of both states are the same then.
    fn make_durable(&mut self, changes: &[Change]) {
        // Each length means all that is behind it, so the shortest of a file stands for all.
        let mut shortest: BTreeMap<FileId, u64> = BTreeMap::new();
        for change in changes {
            match change {
                Change::Data { file, at, data } if self.visible.files.contains_key(file) => {
                    self.share(*file, *at, data.len() as u64);
                }
                Change::Length { file, len } if self.visible.files.contains_key(file) => {
                    let known = shortest.entry(*file).or_insert(*len);
                    *known = (*known).min(*len);
                }
                _ => self.durable.apply(change, usize::MAX),
            }
        }
        for (file, len) in shortest {
            self.share(file, len, u64::MAX);
        }
    }

    /// Makes `len` bytes of a file durable, and its length.
    fn share(&mut self, file: FileId, at: u64, len: u64) {
        if let Some(bytes) = self.visible.files.get(&file) {
            self.durable.edit(file, |it| it.share(bytes, at, len));
        }
    }

    fn settle(&mut self, change: &Change, fate: Fate) {
        match fate {
            Fate::Kept => self.durable.apply(change, usize::MAX),
            Fate::Torn(bytes) => self.durable.apply(change, bytes),
            Fate::Lost => {}
        }
    }

    /// Appends a text of all that a node may see of it, now or after a crash: disks with the same text
    /// are the same to it.
    pub fn write_state(&self, out: &mut Vec<u8>) {
        let (visible, durable) = (&self.visible, &self.durable);
        let faults = (self.is_full, self.failing);
        let text = format!("{visible:?} {durable:?} {:?} {faults:?}", self.unsynced);
        out.extend_from_slice(text.as_bytes());
    }

    /// The process ends. All that was written is still there; files that are open no more.
    pub fn kill(&mut self) {
        for (file, open) in std::mem::take(&mut self.open) {
            if open.is_nameless {
                self.visible.remove(file);
            }
        }
    }

    /// The power fails: what was not durable survives or not. Returns the changes that are lost.
    pub fn lose_power(&mut self, survival: Survival) -> Losses {
        let changes = std::mem::take(&mut self.unsynced);
        self.unsynced_bytes = 0;
        let fates = survival.fates(changes.iter());
        let lost = changes.iter().zip(fates.iter().copied());
        let lost = lost.filter(|(_, fate)| *fate != Fate::Kept);
        let lost = Losses {
            count: lost.clone().count(),
            first: self.describe(lost.take(TOLD_MAX)),
        };
        for (change, fate) in changes.iter().zip(fates) {
            self.settle(change, fate);
        }
        self.open.clear();
        self.visible = self.durable.clone();
        lost
    }

    /// The disk is replaced by an empty one.
    pub fn wipe(&mut self) {
        *self = Disk {
            is_full: self.is_full,
            failing: self.failing,
            changes: self.changes,
            ..Disk::new(self.limits)
        };
    }

    /// Flips a bit of the durable bytes of all files, counted from the first file on. Returns the file
    /// and the offset in it, if there are any bytes.
    pub fn rot(&mut self, at: u64, bit: u8) -> Option<(String, u64)> {
        let mut at = at.checked_rem(self.durable.total_bytes())?;
        let found = files_by_name(&self.durable).find(|(_, _, bytes)| {
            let is_here = at < bytes.len();
            at -= if is_here { 0 } else { bytes.len() };
            is_here
        });
        let (path, file, _) = found?;
        let path = path.to_owned();
        for image in [&mut self.durable, &mut self.visible] {
            image.edit(file, |bytes| {
                let mut byte = [0];
                if bytes.read(at, &mut byte) == 1 {
                    bytes.write(at, &[byte[0] ^ (1 << (bit % 8))]);
                }
            });
        }
        Some((path, at))
    }

    /// Whether nothing can be written from now on.
    pub fn set_full(&mut self, is_full: bool) {
        self.is_full = is_full;
    }

    /// Whether a fault lets nothing be written.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Has syncs fail from now on, and what they should have made durable survive in part; or not.
    pub fn set_failing(&mut self, failing: Option<Survival>) {
        self.failing = failing;
    }

    /// Changes in words: the paths, and what was changed.
    fn describe<'a>(
        &self,
        changes: impl Iterator<Item = (&'a Change, Fate)> + Clone,
    ) -> Vec<(String, String)> {
        let files = changes.clone().filter_map(|(it, _)| it.changes_file());
        let mut paths: BTreeMap<FileId, &str> = files.map(|file| (file, "(removed)")).collect();
        if !paths.is_empty() {
            for (path, entry) in &self.visible.names {
                if let Entry::File(file) = entry
                    && let Some(known) = paths.get_mut(file)
                {
                    *known = path;
                }
            }
        }
        let in_words = |(change, fate): (&Change, Fate)| {
            let (own, what) = change_in_words(change, fate);
            let file = change.changes_file();
            let path = file.and_then(|file| paths.get(&file).copied());
            (path.or(own).unwrap_or_default().to_owned(), what)
        };
        changes.map(in_words).collect()
    }
}

/// What was changed, in words, and the path if the change has it.
fn change_in_words(change: &Change, fate: Fate) -> (Option<&str>, String) {
    match change {
        Change::Data { at, data, .. } => {
            let what = match fate {
                Fate::Torn(bytes) => {
                    let lost = data.len() - bytes;
                    format!("the last {lost} of {} bytes written at {at}", data.len())
                }
                _ => format!("{} bytes written at {at}", data.len()),
            };
            (None, what)
        }
        Change::Length { len, .. } => (None, format!("its length set to {len}")),
        Change::Made { path, .. } => (Some(path), "made".to_owned()),
        Change::Put { path, data, .. } => (Some(path), format!("replaced by {} bytes", data.len())),
        Change::Removed { path } => (Some(path), "removed".to_owned()),
        Change::Renamed { from, to } => (Some(from), format!("renamed {to}")),
    }
}

fn files_by_name(image: &Image) -> impl Iterator<Item = (&str, FileId, &Bytes)> {
    image.names.iter().filter_map(|(path, entry)| match entry {
        Entry::File(file) => Some((&**path, *file, image.files.get(file)?)),
        Entry::Folder => None,
    })
}

fn files_of(image: &Image) -> impl Iterator<Item = (&str, Vec<u8>)> {
    files_by_name(image).map(|(path, _, bytes)| (path, bytes.to_vec()))
}

/// How many bytes a change of an effect writes.
#[must_use]
pub fn data_len(change: &disk::Change<'_>) -> usize {
    match change {
        disk::Change::Write { data, .. }
        | disk::Change::Append { data, .. }
        | disk::Change::Put { data, .. } => data.len(),
        disk::Change::Truncate { .. }
        | disk::Change::Rename { .. }
        | disk::Change::Remove { .. } => 0,
    }
}

/// A change of an effect, which owns what it is made of.
#[must_use]
pub fn owned(change: disk::Change<'_>) -> disk::Change<'static> {
    let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    let bytes = |data: Cow<'_, [u8]>| Cow::Owned(data.into_owned());
    match change {
        disk::Change::Write { file, at, data } => disk::Change::Write {
            file: text(file),
            at,
            data: bytes(data),
        },
        disk::Change::Append { file, data } => disk::Change::Append {
            file: text(file),
            data: bytes(data),
        },
        disk::Change::Put { file, data } => disk::Change::Put {
            file: text(file),
            data: bytes(data),
        },
        disk::Change::Truncate { file, len } => disk::Change::Truncate {
            file: text(file),
            len,
        },
        disk::Change::Rename { from, to } => disk::Change::Rename {
            from: text(from),
            to: text(to),
        },
        disk::Change::Remove { file } => disk::Change::Remove { file: text(file) },
    }
}
