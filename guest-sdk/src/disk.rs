//! The disk of a node: files that outlive its process.
//!
//! [`Ctx::disk`](crate::Ctx::disk) gives a [`Disk`]. A value is kept with [`Disk::put`]; what grows, such as the log of Raft
//! or of a queue, is a [`Log`], which is appended to and never written again as a whole. [`Node::init`](crate::Node::init)
//! reads what is there, with [`Disk::get`] and [`Disk::open_log`]. From then on the node's own state is the truth, and the
//! disk is only written.
//!
//! ```
//! use guest_sdk::disk::Log;
//! use guest_sdk::prelude::*;
//!
//! #[derive(Deserialize)]
//! #[serde(rename_all = "snake_case")]
//! enum Request { Add { element: u64 } }
//!
//! #[derive(Serialize)]
//! #[serde(rename_all = "snake_case")]
//! enum Reply { AddOk }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Set { elements: Vec<u64>, log: Log<u64> }
//!
//! impl Node for Set {
//!     type Request = Request;
//!     type Call = ();
//!     type Timer = ();
//!
//!     fn init(ctx: &mut Ctx<Self>) -> Self {
//!         let (log, elements) = ctx.disk().open_log("elements");
//!         Set { elements, log }
//!     }
//!
//!     fn request(&mut self, request: Request, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
//!         let Request::Add { element } = request;
//!         self.elements.push(element);
//!         self.log.append(&element, ctx.disk());
//!         ctx.reply(from, &Reply::AddOk); // goes out when the element is durable
//!         Ok(())
//!     }
//! }
//! ```
//!
//! # Durability
//!
//! A change is visible at once, and durable after a sync. If the process is killed, the disk keeps all changes. If the machine
//! loses its power, changes that were not synced may be lost, each of its own, and one may be torn: only a part of its bytes is
//! there. A value that was put is never torn; a log finds a torn record when it is opened, by its checksum, and cuts it off.
//!
//! **A node does not speak of what it may forget.** While there are changes that are not synced, the SDK puts a sync before
//! every message: a send, a call, a reply, in this step or a later one. This is write-ahead logging. What comes behind a sync in
//! a step happens when the disk has answered. So to have one sync for many requests, gather them: change the disk for each,
//! and reply to all at once.
//!
//! A node that wants to answer before that has to say so: changes through [`Disk::without_sync`] do not count. They are for
//! what may be lost.
//!
//! What a node reads when it starts counts as a change: a node that was killed finds what it had not synced yet. So the reply
//! to `init` of a node that has recovered something is preceded by a sync.
//!
//! If a sync fails, [`Node::sync_failed`](crate::Node::sync_failed) is called. It panics unless the node says otherwise.
//! After it the next start may find what is not durable, and no later sync makes it so: an operating system takes bytes that
//! it could not write for written. So a node that is to survive failing disks writes again, in `init`, what it has read: a
//! value with [`Disk::put`], a log with [`Log::replace`]. A node that goes on does so too: until it is replaced, a log is
//! not changed whose end on the disk is in doubt.

mod checksum;
mod doubts;
mod log;
mod record;
mod survived;

use std::borrow::Borrow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::outbox::Outbox;
use host_protocol::abi::Level;
use host_protocol::data::JsonError;
use host_protocol::disk::write_bytes;
use host_protocol::json::{write_number, write_string};

pub(crate) use doubts::Doubts;
pub use host_protocol::disk::SyncFailure;
pub use log::Log;
pub use survived::ReadError;
pub(crate) use survived::Survived;

/// The disk of a node, as its handlers use it. [`Ctx::disk`](crate::Ctx::disk) makes it.
///
/// A name of a file has 1 to 255 bytes, is neither `.` nor `..`, and has no `/` and no NUL. Other names, and a disk that
/// outgrows the limits of the host, fail the step.
#[derive(Debug)]
pub struct Disk<'a> {
    pub(crate) outbox: &'a mut Outbox,
    /// The name of the node, for its log.
    pub(crate) node: &'a str,
    /// How many changes have to be durable before the next message, among them what was read.
    pub(crate) unsynced: &'a mut u64,
    /// Whether those to come have to be.
    pub(crate) syncs: bool,
    pub(crate) doubts: &'a mut Doubts,
    /// What was there when the node was started; only while it is.
    pub(crate) survived: Option<&'a mut Survived>,
}

impl<'a> Disk<'a> {
    /// The same disk, for changes that messages need not wait for: they are durable some time later, or lost.
    #[must_use]
    pub fn without_sync(self) -> Self {
        Disk {
            syncs: false,
            ..self
        }
    }

    /// Makes all changes durable: what comes behind it in this step happens when they are. If the disk fails, it does not
    /// happen, and [`Node::sync_failed`](crate::Node::sync_failed) is called.
    pub fn sync(&mut self) {
        self.outbox.sync();
        *self.unsynced = 0;
    }

    /// Whether no message has to wait: every change so far is durable, or behind it in this step stands a sync.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        *self.unsynced == 0
    }

    /// Keeps a value: replaces the file by it. After a crash the file has all of the new value, or is as before.
    ///
    /// The file is a line: a checksum, and the value as JSON.
    ///
    /// # Panics
    /// If JSON cannot express the value.
    pub fn put<T: Serialize + ?Sized>(&mut self, file: &str, value: &T) {
        let mut line = Vec::new();
        if let Err(error) = record::write(&mut line, 0, value) {
            cannot_write(file, &error);
        }
        self.put_lines(file, &line);
    }

    /// Replaces a file.
    pub fn put_bytes(&mut self, file: &str, bytes: &[u8]) {
        self.change("put", file, |out| content(out, bytes));
    }

    /// Writes bytes to the end of a file, which is made if there is none.
    pub fn append_bytes(&mut self, file: &str, bytes: &[u8]) {
        self.change("append", file, |out| content(out, bytes));
    }

    /// Writes bytes to a file from the offset `at` on. The file is made if there is none, and filled with zeros up to the
    /// offset.
    pub fn write_bytes(&mut self, file: &str, at: u64, bytes: &[u8]) {
        self.change("write", file, |out| {
            out.extend_from_slice(b",\"at\":");
            write_number(out, at);
            content(out, bytes);
        });
    }

    /// Cuts a file to `len` bytes, or fills it with zeros up to there. It is made if there is none.
    pub fn truncate(&mut self, file: &str, len: u64) {
        self.change("truncate", file, |out| {
            out.extend_from_slice(b",\"len\":");
            write_number(out, len);
        });
    }

    /// Renames a file. One that has the new name is replaced. To rename a file that does not exist fails the step.
    pub fn rename(&mut self, from: &str, to: &str) {
        self.begin("rename", "from", from, |out| {
            out.extend_from_slice(b",\"to\":");
            write_string(out, to);
        });
    }

    /// Removes a file, if there is one.
    pub fn remove(&mut self, file: &str) {
        self.change("remove", file, |_| ());
    }

    /// The names of all files that survived, sorted.
    ///
    /// # Panics
    /// If [`Node::init`](crate::Node::init) has returned.
    #[must_use]
    pub fn files(&mut self) -> Vec<String> {
        let names = self.survived().names();
        self.rely_on(!names.is_empty());
        names
    }

    /// The bytes of a file as they survived; `None` if there is no such file. What the node has written since is not in
    /// them.
    ///
    /// # Panics
    /// If [`Node::init`](crate::Node::init) has returned.
    #[must_use]
    pub fn bytes(&mut self, file: &str) -> Option<Vec<u8>> {
        let bytes = self.survived().bytes(file);
        self.rely_on(bytes.is_some());
        bytes
    }

    /// A value that [`put`](Disk::put) has kept; `None` if there is no such file.
    ///
    /// # Errors
    /// If the file is damaged, or is not that of a `T`.
    ///
    /// # Panics
    /// If [`Node::init`](crate::Node::init) has returned.
    pub fn get<T: DeserializeOwned>(&mut self, file: &str) -> Result<Option<T>, ReadError> {
        let Some(bytes) = self.bytes(file) else {
            return Ok(None);
        };
        survived::value(file, &bytes).map(Some)
    }

    /// Opens a log: the handle to append to it, which belongs into the node's state, and the records that survived. A file that
    /// does not exist is an empty log.
    ///
    /// The records are those before the first one that is torn or damaged. If there is more, it is cut off, and the node's log
    /// says so.
    ///
    /// # Panics
    /// If a record is whole but not a `T`, or [`Node::init`](crate::Node::init) has returned.
    #[must_use]
    pub fn open_log<T: Serialize + DeserializeOwned>(&mut self, file: &str) -> (Log<T>, Vec<T>) {
        Log::open(file, self)
    }

    /// A log of these records, which replaces the file: for a node that has the log since a hot swap, when the disk is not
    /// read. It belongs into an `Option` with `#[serde(default)]`, and the records are all that the node knows, since what it
    /// learned without the log is in no file yet.
    ///
    /// # Panics
    /// If JSON cannot express one.
    pub fn put_log<T: Serialize + DeserializeOwned, R: Borrow<T>>(
        &mut self,
        file: &str,
        records: impl IntoIterator<Item = R>,
    ) -> Log<T> {
        Log::put(file, records, self)
    }

    fn survived(&mut self) -> &mut Survived {
        match &mut self.survived {
            Some(survived) => survived,
            None => panic!(
                "the disk is read in Node::init only: keep in the node's state what it has to know"
            ),
        }
    }

    /// A node that was killed finds what it had not synced yet, and a power loss can still take it.
    fn rely_on(&mut self, has_read: bool) {
        *self.unsynced += u64::from(has_read && self.syncs);
    }

    fn log(&mut self, level: Level, text: &str) {
        self.outbox.log(level, self.node, text);
    }

    /// A log is about to change. What it knows of its end is wrong if a sync before that in this step fails.
    fn note_log(&mut self, file: &str) {
        if self.outbox.has_synced() {
            self.doubts.add(file);
        }
    }

    /// Replaces a file by records.
    fn put_lines(&mut self, file: &str, lines: &[u8]) {
        self.change("put", file, |out| text(out, lines));
    }

    /// Appends records to a file.
    fn append_lines(&mut self, file: &str, lines: &[u8]) {
        self.change("append", file, |out| text(out, lines));
    }

    fn change(&mut self, kind: &str, file: &str, rest: impl FnOnce(&mut Vec<u8>)) {
        self.begin(kind, "file", file, rest);
    }

    fn begin(&mut self, kind: &str, key: &str, file: &str, rest: impl FnOnce(&mut Vec<u8>)) {
        *self.unsynced += u64::from(self.syncs);
        self.outbox.change(kind, key, file, rest);
    }
}

/// Writes bytes, as text if they are UTF-8.
fn content(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b',');
    write_bytes(out, bytes);
}

/// Writes bytes that are UTF-8.
fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b",\"text\":");
    write_string(out, str::from_utf8(bytes).expect("JSON is UTF-8"));
}

#[cold]
#[inline(never)]
fn cannot_write(file: &str, error: &JsonError) -> ! {
    panic!("cannot write to the file {file:?}: {error}")
}
