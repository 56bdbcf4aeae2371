//! The journal: everything that happens in a run, for observers to see.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use host_protocol::abi::Level;
use host_protocol::disk::SyncFailure;
use host_protocol::message::write_string;
use host_protocol::text::fit_json;
use host_protocol::timers::Timers;

use super::address::{Addr, Names};
use super::clock::Clock;
use super::packets::Packet;
use host_check::net::{NetEvent, NetStats};
use host_disk::SharedDisk;
use host_guest::Guest;
use strum::{Display, IntoStaticStr};

/// An entry of the journal.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The virtual time, in nanoseconds.
    pub at_ns: u64,
    /// What happened.
    pub kind: EntryKind<'a>,
}

/// What an [`Entry`] says.
#[derive(Debug, Clone, Copy)]
pub enum EntryKind<'a> {
    /// A message was given to the network.
    Send(MessageEntry<'a>),
    /// A message reached its receiver.
    Recv(MessageEntry<'a>),
    /// A message will not reach its receiver (or one copy of it will not).
    Drop(MessageEntry<'a>, DropReason),
    /// A node's timer fired.
    Timer {
        /// The node.
        node: &'a str,
        /// The timer.
        id: u64,
    },
    /// The nemesis did something.
    Fault {
        /// Its `:f`, such as `start-partition`.
        f: &'a str,
        /// The nodes and what was done to them, as JSON.
        value: &'a str,
    },
    /// A node wrote to its log.
    Log {
        /// The node.
        node: &'a str,
        /// The level.
        level: Level,
        /// The line.
        text: &'a str,
    },
    /// Something happened to a node's disk.
    Disk {
        /// The node.
        node: &'a str,
        /// What.
        what: DiskEvent<'a>,
    },
}

/// What happened to a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskEvent<'a> {
    /// A file or folder was changed, in words: `12 bytes written at 40`.
    Changed {
        /// The file or folder.
        path: &'a str,
        /// The change.
        change: &'a str,
    },
    /// So many more changes were made at the same time.
    MoreChanged(u64),
    /// A sync began.
    Sync,
    /// It is done: what was changed before is durable.
    Synced,
    /// It failed.
    SyncFailed(SyncFailure),
    /// A change was lost that was not durable.
    Lost {
        /// The file or folder.
        path: &'a str,
        /// The change.
        change: &'a str,
    },
    /// So many more changes were lost at the same time.
    MoreLost(u64),
    /// A bit of a file has flipped.
    Rotten {
        /// The file.
        path: &'a str,
        /// The byte that it is in.
        at: u64,
    },
    /// All files are gone.
    Wiped,
}

/// What a fault has done to a disk.
#[derive(Debug)]
pub(super) enum Harm {
    /// [`DiskEvent::Lost`].
    Lost { path: String, change: String },
    /// [`DiskEvent::MoreLost`].
    MoreLost(u64),
    /// [`DiskEvent::Rotten`].
    Rotten { path: String, at: u64 },
    /// [`DiskEvent::Wiped`].
    Wiped,
}

impl Harm {
    pub(super) fn event(&self) -> DiskEvent<'_> {
        match self {
            Harm::Lost { path, change } => DiskEvent::Lost { path, change },
            Harm::MoreLost(more) => DiskEvent::MoreLost(*more),
            Harm::Rotten { path, at } => DiskEvent::Rotten { path, at: *at },
            Harm::Wiped => DiskEvent::Wiped,
        }
    }
}

impl DiskEvent<'_> {
    /// Whether a fault has done it.
    #[must_use]
    pub fn is_harm(self) -> bool {
        match self {
            DiskEvent::Changed { .. }
            | DiskEvent::MoreChanged(_)
            | DiskEvent::Sync
            | DiskEvent::Synced => false,
            DiskEvent::SyncFailed(_)
            | DiskEvent::Lost { .. }
            | DiskEvent::MoreLost(_)
            | DiskEvent::Rotten { .. }
            | DiskEvent::Wiped => true,
        }
    }
}

/// In words that follow the name of the node.
impl fmt::Display for DiskEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiskEvent::Changed { path, change } => write!(f, "writes to disk: {path}, {change}"),
            DiskEvent::MoreChanged(count) => {
                write!(f, "writes to disk: {count} more changes at the same time")
            }
            DiskEvent::Sync => f.write_str("begins a sync"),
            DiskEvent::Synced => f.write_str("has synced its disk"),
            DiskEvent::SyncFailed(reason) => write!(f, "is told that the sync failed: {reason}"),
            DiskEvent::Lost { path, change } => {
                write!(f, "loses what it had not synced: {path}, {change}")
            }
            DiskEvent::MoreLost(count) => {
                write!(f, "loses what it had not synced: {count} more changes")
            }
            DiskEvent::Rotten { path, at } => write!(f, "has a flipped bit: {path}, byte {at}"),
            DiskEvent::Wiped => f.write_str("has an empty disk now"),
        }
    }
}

/// A message, as the journal has it.
#[derive(Debug, Clone, Copy)]
pub struct MessageEntry<'a> {
    /// Its number in the run, from 0.
    pub id: u64,
    /// The sender.
    pub src: &'a str,
    /// The receiver.
    pub dest: &'a str,
    /// The body, a JSON object.
    pub body: &'a str,
}

/// Why a message does not arrive, under its name in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum DropReason {
    /// The link is cut.
    Partition,
    /// The network lost it.
    Loss,
    /// The node is down.
    Down,
    /// The client has given up and gone.
    Gone,
}

/// Sees everything that happens.
pub trait Observer {
    /// Something happened.
    ///
    /// # Errors
    /// When the entry cannot be written; the run stops then.
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()>;

    /// A node has handled an event, and all its effects are noted. For observers that look inside
    /// nodes.
    ///
    /// # Errors
    /// As for [`note`](Observer::note).
    fn stepped(&mut self, _step: Stepped<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// A node between two events.
pub struct Stepped<'a> {
    /// The virtual time, in nanoseconds.
    pub at_ns: u64,
    /// The node's name.
    pub node: &'a str,
    /// The guest. To ask it for its state is to call it, and it may behave differently from then
    /// on: an observer that asks must not trust the rest of the run.
    pub guest: &'a mut (dyn Guest + Send),
    /// Its disk.
    pub disk: &'a SharedDisk,
    timers: &'a Timers,
    clock: &'a Clock,
}

impl Stepped<'_> {
    /// Returns the outstanding timers: their ids and their deadlines, in virtual nanoseconds if
    /// the clock keeps its rate. The next to fire comes first.
    #[must_use]
    pub fn timers(&self) -> Vec<(u64, u64)> {
        let due = |(id, deadline_ns)| (id, self.clock.when_ns(deadline_ns));
        self.timers.iter().map(due).collect()
    }
}

/// What happens to a message.
#[derive(Debug, Clone, Copy)]
enum MessageEvent {
    Sent,
    Received,
    Dropped(DropReason),
}

/// Counts messages, and calls the observers.
pub(super) struct Journal<'a> {
    observers: Vec<&'a mut (dyn Observer + 'a)>,
    stats: NetStats,
    broken: Option<io::Error>,
    src: String,
    dest: String,
}

impl<'a> Journal<'a> {
    pub(super) fn new(observers: Vec<&'a mut (dyn Observer + 'a)>) -> Self {
        Journal {
            observers,
            stats: NetStats::default(),
            broken: None,
            src: String::new(),
            dest: String::new(),
        }
    }

    pub(super) fn sent(&mut self, at_ns: u64, names: &Names, packet: &Packet) {
        self.count(packet, NetEvent::Sent);
        self.message(at_ns, names, packet, MessageEvent::Sent);
    }

    pub(super) fn received(&mut self, at_ns: u64, names: &Names, packet: &Packet) {
        self.count(packet, NetEvent::Received);
        self.message(at_ns, names, packet, MessageEvent::Received);
    }

    pub(super) fn dropped(&mut self, at_ns: u64, names: &Names, packet: &Packet, why: DropReason) {
        self.message(at_ns, names, packet, MessageEvent::Dropped(why));
    }

    pub(super) fn fault(&mut self, at_ns: u64, f: &str, value: &str) {
        self.note(&Entry {
            at_ns,
            kind: EntryKind::Fault { f, value },
        });
    }

    pub(super) fn timer(&mut self, at_ns: u64, node: &str, id: u64) {
        self.note(&Entry {
            at_ns,
            kind: EntryKind::Timer { node, id },
        });
    }

    /// A node has handled an event.
    pub(super) fn stepped(
        &mut self,
        at_ns: u64,
        node: &str,
        guest: &mut (dyn Guest + Send + 'static),
        disk: &SharedDisk,
        timers: &Timers,
        clock: &Clock,
    ) {
        for observer in &mut self.observers {
            let step = Stepped {
                at_ns,
                node,
                guest: &mut *guest,
                disk,
                timers,
                clock,
            };
            if let Err(error) = observer.stepped(step) {
                self.broken.get_or_insert(error);
            }
        }
    }

    pub(super) fn log(&mut self, at_ns: u64, node: &str, level: Level, text: &str) {
        self.note(&Entry {
            at_ns,
            kind: EntryKind::Log { node, level, text },
        });
    }

    /// Whether anybody sees what happens.
    pub(super) fn is_seen(&self) -> bool {
        !self.observers.is_empty()
    }

    pub(super) fn disk(&mut self, at_ns: u64, node: &str, what: DiskEvent<'_>) {
        self.note(&Entry {
            at_ns,
            kind: EntryKind::Disk { node, what },
        });
    }

    /// The message counts so far.
    pub(super) fn stats(&self) -> &NetStats {
        &self.stats
    }

    /// What an observer failed with, once.
    pub(super) fn take_broken(&mut self) -> Option<io::Error> {
        self.broken.take()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    fn count(&mut self, packet: &Packet, event: NetEvent) {
        // Whose name it is does not matter here, only whether it is a client's.
        let kind = |addr: Addr| if addr.is_client() { "c" } else { "n" };
        self.stats
            .record(kind(packet.src), kind(packet.dest), event);
    }

    fn message(&mut self, at_ns: u64, names: &Names, packet: &Packet, event: MessageEvent) {
        if self.observers.is_empty() {
            return;
        }
        let mut src = std::mem::take(&mut self.src);
        let mut dest = std::mem::take(&mut self.dest);
        src.clear();
        dest.clear();
        names.write(&mut src, packet.src);
        names.write(&mut dest, packet.dest);
        let message = MessageEntry {
            id: packet.id,
            src: &src,
            dest: &dest,
            body: packet.body(),
        };
        let kind = match event {
            MessageEvent::Sent => EntryKind::Send(message),
            MessageEvent::Received => EntryKind::Recv(message),
            MessageEvent::Dropped(why) => EntryKind::Drop(message, why),
        };
        self.note(&Entry { at_ns, kind });
        (self.src, self.dest) = (src, dest);
    }

    fn note(&mut self, entry: &Entry<'_>) {
        for observer in &mut self.observers {
            if let Err(error) = observer.note(entry) {
                self.broken.get_or_insert(error);
            }
        }
    }
}

/// Writes a journal as JSON lines; `docs/simulator.md` has the format.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
    line: Vec<u8>,
    bytes: u64,
    bytes_max: u64,
}

impl<W: Write> JsonLines<W> {
    /// Writes to `out`, at most `bytes_max` bytes.
    pub fn new(out: W, bytes_max: u64) -> Self {
        JsonLines {
            out,
            line: Vec::new(),
            bytes: 0,
            bytes_max,
        }
    }

    /// Flushes the output.
    ///
    /// # Errors
    /// Those of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Flushes the output, and returns it.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Observer for JsonLines<W> {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.line.clear();
        write_entry(&mut self.line, entry)?;
        if !self.line.is_ascii()
            && let Cow::Owned(fit) = fit_json(&String::from_utf8_lossy(&self.line))
        {
            self.line = fit.into_bytes();
        }
        self.bytes += self.line.len() as u64;
        if self.bytes > self.bytes_max {
            let text = format!("the journal has more than {} bytes", self.bytes_max);
            return Err(io::Error::other(text));
        }
        self.out.write_all(&self.line)
    }
}

fn write_entry(out: &mut Vec<u8>, entry: &Entry<'_>) -> io::Result<()> {
    write!(out, "{{\"at_ns\":{},\"event\":", entry.at_ns)?;
    match entry.kind {
        EntryKind::Send(message) => {
            write_message(out, "send", message)?;
            out.extend_from_slice(b",\"body\":");
            out.extend_from_slice(message.body.as_bytes());
        }
        EntryKind::Recv(message) => write_message(out, "recv", message)?,
        EntryKind::Drop(message, why) => {
            write_message(out, "drop", message)?;
            write!(out, ",\"why\":\"{why}\"")?;
        }
        EntryKind::Timer { node, id } => {
            write!(out, "\"timer\",\"node\":\"{node}\",\"id\":{id}")?;
        }
        EntryKind::Fault { f, value } => {
            write!(out, "\"fault\",\"f\":\"{f}\",\"value\":{value}")?;
        }
        EntryKind::Log { node, level, text } => {
            write!(
                out,
                "\"log\",\"node\":\"{node}\",\"level\":\"{}\",\"text\":",
                level.name()
            )?;
            write_string(out, text);
        }
        EntryKind::Disk { node, what } => write_disk(out, node, what)?,
    }
    out.extend_from_slice(b"}\n");
    Ok(())
}

fn write_disk(out: &mut Vec<u8>, node: &str, what: DiskEvent<'_>) -> io::Result<()> {
    write!(out, "\"disk\",\"node\":\"{node}\",\"what\":")?;
    let change = |out: &mut Vec<u8>, what: &str, path: &str, change: &str| {
        out.extend_from_slice(format!("\"{what}\",\"path\":").as_bytes());
        write_string(out, path);
        out.extend_from_slice(b",\"change\":");
        write_string(out, change);
    };
    match what {
        DiskEvent::Changed { path, change: it } => change(out, "changed", path, it),
        DiskEvent::Lost { path, change: it } => change(out, "lost", path, it),
        DiskEvent::MoreChanged(count) => write!(out, "\"changed\",\"more\":{count}")?,
        DiskEvent::MoreLost(count) => write!(out, "\"lost\",\"more\":{count}")?,
        DiskEvent::Sync => out.extend_from_slice(b"\"sync\""),
        DiskEvent::Synced => out.extend_from_slice(b"\"synced\""),
        DiskEvent::SyncFailed(reason) => {
            write!(out, "\"sync-failed\",\"reason\":\"{reason}\"")?;
        }
        DiskEvent::Rotten { path, at } => {
            out.extend_from_slice(b"\"rotten\",\"path\":");
            write_string(out, path);
            write!(out, ",\"at\":{at}")?;
        }
        DiskEvent::Wiped => out.extend_from_slice(b"\"wiped\""),
    }
    Ok(())
}

fn write_message(out: &mut Vec<u8>, event: &str, message: MessageEntry<'_>) -> io::Result<()> {
    let MessageEntry { id, src, dest, .. } = message;
    write!(
        out,
        "\"{event}\",\"id\":{id},\"src\":\"{src}\",\"dest\":\"{dest}\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(entries: &[EntryKind<'_>]) -> String {
        let mut journal = JsonLines::new(Vec::new(), 1000);
        for what in entries {
            let entry = Entry {
                at_ns: 7,
                kind: *what,
            };
            journal.note(&entry).unwrap();
        }
        String::from_utf8(journal.finish().unwrap()).unwrap()
    }

    #[test]
    fn entries_are_written_as_the_page_says() {
        let message = MessageEntry {
            id: 3,
            src: "n0",
            dest: "c1",
            body: r#"{"type":"echo_ok"}"#,
        };
        let expected = concat!(
            r#"{"at_ns":7,"event":"send","id":3,"src":"n0","dest":"c1","body":{"type":"echo_ok"}}"#,
            "\n",
            r#"{"at_ns":7,"event":"recv","id":3,"src":"n0","dest":"c1"}"#,
            "\n",
            r#"{"at_ns":7,"event":"drop","id":3,"src":"n0","dest":"c1","why":"gone"}"#,
            "\n",
            r#"{"at_ns":7,"event":"timer","node":"n1","id":4}"#,
            "\n",
            r#"{"at_ns":7,"event":"fault","f":"kill","value":["n1"]}"#,
            "\n",
            r#"{"at_ns":7,"event":"log","node":"n1","level":"warn","text":"a\"b"}"#,
            "\n",
        );
        let written = lines(&[
            EntryKind::Send(message),
            EntryKind::Recv(message),
            EntryKind::Drop(message, DropReason::Gone),
            EntryKind::Timer { node: "n1", id: 4 },
            EntryKind::Fault {
                f: "kill",
                value: r#"["n1"]"#,
            },
            EntryKind::Log {
                node: "n1",
                level: Level::Warn,
                text: "a\"b",
            },
        ]);
        assert_eq!(written, expected);
    }

    #[test]
    fn a_journal_that_grows_too_long_is_an_error() {
        let mut journal = JsonLines::new(Vec::new(), 100);
        let entry = Entry {
            at_ns: 7,
            kind: EntryKind::Fault {
                f: "kill",
                value: "null",
            },
        };
        journal.note(&entry).unwrap();
        let error = journal.note(&entry).unwrap_err();
        assert_eq!(error.to_string(), "the journal has more than 100 bytes");
    }
}
