//! One state of all files: the one that the node sees, or the durable one.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::bytes::Bytes;
use crate::change::{Change, Entry, FileId};

/// Names and the bytes of files. Paths have no slash at either end; the root has no entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) names: BTreeMap<Box<str>, Entry>,
    pub(crate) files: BTreeMap<FileId, Bytes>,
    /// The length of all files together, in bytes.
    total_bytes: u64,
    /// The length of all paths together, in bytes.
    name_bytes: usize,
}

impl Image {
    /// The file of this name, if it is one.
    pub(crate) fn file(&self, path: &str) -> Option<FileId> {
        match self.names.get(path) {
            Some(Entry::File(file)) => Some(*file),
            Some(Entry::Folder) | None => None,
        }
    }

    /// The names in and below a folder, without itself.
    pub(crate) fn below<'a>(
        &'a self,
        folder: &'a str,
    ) -> impl Iterator<Item = (&'a str, Entry)> + 'a {
        let start = match folder {
            "" => String::new(),
            _ => format!("{folder}/"),
        };
        let from = (
            Bound::Included(start.clone().into_boxed_str()),
            Bound::Unbounded,
        );
        let names = self.names.range::<Box<str>, _>(from);
        let names = names.map(|(path, entry)| (&**path, *entry));
        names.take_while(move |(path, _)| path.starts_with(&start))
    }

    /// The length of all files together, in bytes.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// The length of all paths together, in bytes.
    pub(crate) fn name_bytes(&self) -> usize {
        self.name_bytes
    }

    /// Gives a path to something. Returns what had it.
    fn name(&mut self, path: Box<str>, entry: Entry) -> Option<Entry> {
        let bytes = path.len();
        let before = self.names.insert(path, entry);
        if before.is_none() {
            self.name_bytes += bytes;
        }
        before
    }

    /// Takes a path away. Returns what had it.
    fn unname(&mut self, path: &str) -> Option<Entry> {
        let before = self.names.remove(path)?;
        self.name_bytes -= path.len();
        Some(before)
    }

    /// Changes a file, if there is one.
    pub(crate) fn edit(&mut self, file: FileId, edit: impl FnOnce(&mut Bytes)) {
        if let Some(bytes) = self.files.get_mut(&file) {
            self.total_bytes -= bytes.len();
            edit(bytes);
            self.total_bytes += bytes.len();
        }
    }

    /// Replaces a file, or makes it.
    pub(crate) fn set(&mut self, file: FileId, bytes: Bytes) {
        self.remove(file);
        self.total_bytes += bytes.len();
        self.files.insert(file, bytes);
    }

    /// Removes a file, which has no name any more.
    pub(crate) fn remove(&mut self, file: FileId) {
        if let Some(bytes) = self.files.remove(&file) {
            self.total_bytes -= bytes.len();
        }
    }

    /// Makes a change. `data_max` is the most bytes of it that are written.
    pub(crate) fn apply(&mut self, change: &Change, data_max: usize) {
        match change {
            Change::Data { file, at, data } => {
                let data = &data[..data.len().min(data_max)];
                self.edit(*file, |bytes| bytes.write(*at, data));
            }
            Change::Length { file, len } => {
                self.edit(*file, |bytes| bytes.set_len(*len));
            }
            Change::Made { path, entry } => {
                let before = self.name(path.clone(), *entry);
                self.forget(before);
                if let Entry::File(file) = entry {
                    self.files.entry(*file).or_default();
                }
            }
            Change::Put { path, file, data } => {
                let before = self.name(path.clone(), Entry::File(*file));
                self.forget(before);
                let mut bytes = Bytes::default();
                bytes.write(0, data);
                self.set(*file, bytes);
            }
            Change::Removed { path } => {
                let before = self.unname(path);
                self.forget(before);
            }
            Change::Renamed { from, to } => self.rename(from, to),
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        if from == to {
            return;
        }
        let Some(entry) = self.unname(from) else {
            return;
        };
        let before = self.name(to.into(), entry);
        self.forget(before);
        if entry != Entry::Folder {
            return;
        }
        let below: Vec<Box<str>> = self.below(from).map(|(path, _)| path.into()).collect();
        for path in below {
            if let Some(entry) = self.unname(&path) {
                let rest = &path[from.len()..];
                self.name(format!("{to}{rest}").into(), entry);
            }
        }
    }

    /// A name stands for something else now: its file is gone, unless programs still have it open.
    fn forget(&mut self, entry: Option<Entry>) {
        if let Some(Entry::File(file)) = entry {
            self.remove(file);
        }
    }
}
