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
#[derive(Debug)]
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

/// What a name takes besides its bytes, in bytes.
const NAME_BYTES: usize = 128;

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

    /// The last `count` changes that are not durable: the paths, and what was changed.
    #[must_use]
    pub fn last_changes(&self, count: u64) -> Vec<(String, String)> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let first = self.unsynced.len().saturating_sub(count);
        let last = self.unsynced.range(first..);
        let paths = self.paths();
        last.map(|change| describe(change, Fate::Lost, &paths))
            .collect()
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
                self.make(Change::Length { file, len: *len });
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
        let changes = self.take(scope);
        if changes.is_empty() {
            return Ok(());
        }
        if self.is_full && *scope == Scope::All {
            self.put_back(changes);
            return Err(SyncFailure::Full);
        }
        if let Some(survival) = self.failing {
            let fates = survival.fates(changes.iter());
            for (change, fate) in changes.iter().zip(fates) {
                self.settle(change, fate);
            }
            return Err(SyncFailure::Error);
        }
        for change in &changes {
            self.make_durable(change);
        }
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

    fn put_back(&mut self, changes: Vec<Change>) {
        self.unsynced_bytes += changes.iter().map(Change::held_bytes).sum::<usize>();
        self.unsynced = changes.into();
    }

    /// Makes a change durable that the node sees: the blocks of both states are the same then.
    fn make_durable(&mut self, change: &Change) {
        let shared = match change {
            Change::Data { file, at, data } => Some((*file, *at, data.len() as u64)),
            Change::Length { file, len } => Some((*file, *len, u64::MAX)),
            Change::Put { file, .. } => Some((*file, 0, u64::MAX)),
            _ => None,
        };
        let seen = shared.and_then(|(file, at, len)| {
            let bytes = self.visible.files.get(&file)?;
            Some((file, at, len, bytes))
        });
        match seen {
            Some((file, at, len, bytes)) if change.changes_file().is_some() => {
                self.durable.edit(file, |it| it.share(bytes, at, len));
            }
            _ => self.durable.apply(change, usize::MAX),
        }
    }

    fn settle(&mut self, change: &Change, fate: Fate) {
        match fate {
            Fate::Kept => self.durable.apply(change, usize::MAX),
            Fate::Torn(bytes) => self.durable.apply(change, bytes),
            Fate::Lost => {}
        }
    }

    /// The process ends. All that was written is still there; files that are open no more.
    pub fn kill(&mut self) {
        self.open.clear();
        self.visible.forget_nameless();
    }

    /// The power fails: what was not durable survives or not. Returns the changes that are lost:
    /// the paths, and what was changed.
    pub fn lose_power(&mut self, survival: Survival) -> Vec<(String, String)> {
        let changes = std::mem::take(&mut self.unsynced);
        self.unsynced_bytes = 0;
        let fates = survival.fates(changes.iter());
        let paths = self.paths();
        let lost = changes.iter().zip(&fates);
        let lost = lost.filter(|(_, fate)| **fate != Fate::Kept);
        let lost = lost.map(|(change, fate)| describe(change, *fate, &paths));
        let lost = lost.collect();
        for (change, fate) in changes.iter().zip(fates) {
            self.settle(change, fate);
        }
        self.open.clear();
        self.durable.forget_nameless();
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
        let total: u64 = files_by_name(&self.durable).map(|(_, _, len)| len).sum();
        let mut at = at.checked_rem(total)?;
        let found = files_by_name(&self.durable).find(|(_, _, len)| {
            let is_here = at < *len;
            at -= if is_here { 0 } else { *len };
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

    /// The path of each file that has one.
    fn paths(&self) -> BTreeMap<FileId, &str> {
        let names = self.visible.names.iter();
        let files = names.filter_map(|(path, entry)| match entry {
            Entry::File(file) => Some((*file, &**path)),
            Entry::Folder => None,
        });
        files.collect()
    }
}

/// The path of a change and what is changed, in words.
fn describe(change: &Change, fate: Fate, paths: &BTreeMap<FileId, &str>) -> (String, String) {
    let path_of = |file: FileId| paths.get(&file).copied().unwrap_or("(removed)");
    let (path, what) = match change {
        Change::Data { file, at, data } => {
            let what = match fate {
                Fate::Torn(bytes) => {
                    let lost = data.len() - bytes;
                    format!("the last {lost} of {} bytes written at {at}", data.len())
                }
                _ => format!("{} bytes written at {at}", data.len()),
            };
            (path_of(*file), what)
        }
        Change::Length { file, len } => (path_of(*file), format!("its length set to {len}")),
        Change::Made { path, .. } => (&**path, "made".to_owned()),
        Change::Put { path, data, .. } => (&**path, format!("replaced by {} bytes", data.len())),
        Change::Removed { path } => (&**path, "removed".to_owned()),
        Change::Renamed { from, to } => (&**from, format!("renamed {to}")),
    };
    (path.to_owned(), what)
}

fn files_by_name(image: &Image) -> impl Iterator<Item = (&str, FileId, u64)> {
    image.names.iter().filter_map(|(path, entry)| match entry {
        Entry::File(file) => Some((&**path, *file, image.files.get(file)?.len())),
        Entry::Folder => None,
    })
}

fn files_of(image: &Image) -> impl Iterator<Item = (&str, Vec<u8>)> {
    files_by_name(image).map(|(path, file, _)| {
        let bytes = image.files.get(&file);
        (path, bytes.map(Bytes::to_vec).unwrap_or_default())
    })
}

/// A change of an effect, which owns what it is made of.
#[must_use]
pub fn owned(change: &disk::Change<'_>) -> disk::Change<'static> {
    let text = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
    let bytes = |data: &Cow<'_, [u8]>| Cow::Owned(data.clone().into_owned());
    match change {
        disk::Change::Write { file, at, data } => disk::Change::Write {
            file: text(file),
            at: *at,
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
            len: *len,
        },
        disk::Change::Rename { from, to } => disk::Change::Rename {
            from: text(from),
            to: text(to),
        },
        disk::Change::Remove { file } => disk::Change::Remove { file: text(file) },
    }
}
