//! The disk of a node under test.

use std::borrow::Cow;
use std::collections::BTreeMap;

use host_protocol::abi::Effect;
use host_protocol::disk::{Change, write_bytes};
use host_protocol::json::write_string;

use crate::disk::SyncFailure;

/// How a node under test crashes, in [`TestNode::restart`](super::TestNode::restart).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process is killed: the disk keeps all that was written. What was not synced still is not.
    Kill,
    /// The power is lost: the disk keeps what was synced, and nothing else.
    Power,
    /// The power is lost while the last change is made: the disk keeps the others, synced or not. Of bytes that were
    /// written or appended, the first half is there; any other change is missing.
    Torn,
}

type Files = BTreeMap<String, Vec<u8>>;

/// The disk of a node under test: its files as the node sees them, and what a power loss would leave.
#[derive(Debug, Clone, Default)]
pub struct TestDisk {
    files: Files,
    durable: Files,
    /// Changes since the last sync, in order.
    unsynced: Vec<Change<'static>>,
}

impl TestDisk {
    /// The names of the files that the node sees, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The bytes of a file, as the node sees it.
    #[must_use]
    pub fn bytes(&self, file: &str) -> Option<&[u8]> {
        self.files.get(file).map(Vec::as_slice)
    }

    /// The text of a file, as the node sees it; `None` too if it is not UTF-8.
    #[must_use]
    pub fn text(&self, file: &str) -> Option<&str> {
        str::from_utf8(self.bytes(file)?).ok()
    }

    /// The bytes of a file that would be there after a power loss.
    #[must_use]
    pub fn durable(&self, file: &str) -> Option<&[u8]> {
        self.durable.get(file).map(Vec::as_slice)
    }

    /// How many changes are not synced.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// Syncs, and replaces a file behind the node's back, durably: to prepare a disk, or to damage one.
    pub fn set(&mut self, file: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.sync();
        self.files.insert(file.to_owned(), bytes.clone());
        self.durable.insert(file.to_owned(), bytes);
    }

    /// Makes the change that an effect asks for, if it does.
    pub(super) fn perform(&mut self, effect: Effect<'_>) {
        let change = Change::of(effect).unwrap_or_else(|error| panic!("a wrong change: {error}"));
        if let Some(change) = change {
            apply(&mut self.files, &change)
                .unwrap_or_else(|file| panic!("there is no file {file:?} to rename"));
            self.unsynced.push(owned(change));
        }
    }

    pub(super) fn sync(&mut self) {
        let unsynced = std::mem::take(&mut self.unsynced);
        apply_all(&mut self.durable, &unsynced);
    }

    /// As on Linux, after an error the changes are not tried again: only the node sees them.
    pub(super) fn fail_sync(&mut self, reason: SyncFailure) {
        match reason {
            SyncFailure::Error => self.unsynced.clear(),
            SyncFailure::Full => {}
        }
    }

    pub(super) fn crash(&mut self, crash: Crash) {
        let kept = match crash {
            Crash::Kill => return,
            Crash::Power => Vec::new(),
            Crash::Torn => {
                let mut changes = self.unsynced.clone();
                let last = changes.pop().and_then(torn);
                changes.extend(last);
                changes
            }
        };
        self.unsynced.clear();
        apply_all(&mut self.durable, &kept);
        self.files.clone_from(&self.durable);
    }

    /// The member `disk` of the first event, if there are files.
    pub(super) fn member(&self) -> Option<String> {
        let mut out = Vec::new();
        for (name, bytes) in &self.files {
            out.push(if out.is_empty() { b'{' } else { b',' });
            write_string(&mut out, name);
            out.extend_from_slice(b":{");
            write_bytes(&mut out, bytes);
            out.push(b'}');
        }
        out.push(b'}');
        let is_some = !self.files.is_empty();
        is_some.then(|| String::from_utf8(out).expect("JSON is UTF-8"))
    }
}

fn apply_all(files: &mut Files, changes: &[Change<'_>]) {
    for change in changes {
        apply(files, change).unwrap_or_else(|file| panic!("the file {file:?} was not durable"));
    }
}

/// Makes a change.
///
/// # Errors
/// The name of the file to rename, if there is none.
fn apply(files: &mut Files, change: &Change<'_>) -> Result<(), String> {
    match change {
        Change::Write { file, at, data } => {
            let bytes = files.entry(file.to_string()).or_default();
            let start = usize::try_from(*at).expect("an offset in memory");
            let end = start + data.len();
            if !data.is_empty() {
                bytes.resize(bytes.len().max(end), 0);
                bytes[start..end].copy_from_slice(data);
            }
        }
        Change::Append { file, data } => {
            let bytes = files.entry(file.to_string()).or_default();
            bytes.extend_from_slice(data);
        }
        Change::Put { file, data } => {
            files.insert(file.to_string(), data.to_vec());
        }
        Change::Truncate { file, len } => {
            let len = usize::try_from(*len).expect("a length in memory");
            files.entry(file.to_string()).or_default().resize(len, 0);
        }
        Change::Rename { from, to } => {
            let bytes = files.remove(&**from).ok_or_else(|| from.to_string())?;
            files.insert(to.to_string(), bytes);
        }
        Change::Remove { file } => {
            files.remove(&**file);
        }
    }
    Ok(())
}

/// What a power loss leaves of a change while it is made.
fn torn(change: Change<'static>) -> Option<Change<'static>> {
    let half = |data: Cow<'static, [u8]>| Cow::Owned(data[..data.len() / 2].to_vec());
    match change {
        Change::Write { file, at, data } => Some(Change::Write {
            file,
            at,
            data: half(data),
        }),
        Change::Append { file, data } => Some(Change::Append {
            file,
            data: half(data),
        }),
        _ => None,
    }
}

fn owned(change: Change<'_>) -> Change<'static> {
    let name = |name: Cow<'_, str>| Cow::Owned(name.into_owned());
    let bytes = |data: Cow<'_, [u8]>| Cow::Owned(data.into_owned());
    match change {
        Change::Write { file, at, data } => Change::Write {
            file: name(file),
            at,
            data: bytes(data),
        },
        Change::Append { file, data } => Change::Append {
            file: name(file),
            data: bytes(data),
        },
        Change::Put { file, data } => Change::Put {
            file: name(file),
            data: bytes(data),
        },
        Change::Truncate { file, len } => Change::Truncate {
            file: name(file),
            len,
        },
        Change::Rename { from, to } => Change::Rename {
            from: name(from),
            to: name(to),
        },
        Change::Remove { file } => Change::Remove { file: name(file) },
    }
}
