//! Records a part of the journal during the second run: entries, their causes, and the states of
//! nodes.
//!
//! A run is a function of its inputs, so it can be repeated, and only the second run asks guests
//! for their states. If that changes what a guest does, the two runs have different journals (see
//! `run`).

use std::collections::BTreeMap;
use std::io;

use serde::{Serialize, Serializer};

use super::states::{States, StatesPart};
use host_protocol::text::excerpt;
use host_sim::journal::{DiskEvent, Entry, EntryKind, MessageEntry, Observer, Stepped};

/// The most characters of a log line.
const LOG_CHARS_MAX: usize = 300;

/// What stands in place of a level where something happened to a disk.
pub(super) const DISK: &str = "disk";

/// So many times as many messages as entries may have been in flight before the first entry.
const IN_FLIGHT_OF_ENTRIES: usize = 4;

/// The part of a journal that a page shows.
#[derive(Debug)]
pub(super) struct Record {
    /// The number of entries before the first that is kept.
    first: usize,
    entries_max: usize,
    /// The number of entries seen so far, kept or not.
    seen: usize,
    pub(super) entries: Vec<RecordedEntry>,
    names: Vec<String>,
    name_ids: BTreeMap<String, usize>,
    messages: Vec<Message>,
    /// Messages that a later entry may deliver or drop, by their number in the run.
    pending: BTreeMap<u64, Pending>,
    handling: Option<Handling>,
    /// By node and timer: when it is due, and the entry that set it.
    set_by: BTreeMap<(usize, u64), (u64, Option<usize>)>,
    fault_count: usize,
    states: Option<States>,
}

/// A message that may still be delivered.
#[derive(Debug)]
enum Pending {
    /// Sent before the window: sender, receiver and body.
    Before(String, String, String),
    /// The index of one of the page's messages.
    Within(usize),
}

/// The event that a participant is handling.
#[derive(Debug)]
struct Handling {
    by: usize,
    at_ns: u64,
    entry: Option<usize>,
}

/// A message. In a page `[id, src, dest, body]`, with names by index.
#[derive(Debug, PartialEq)]
pub(super) struct Message {
    pub(super) id: u64,
    pub(super) src: usize,
    pub(super) dest: usize,
    pub(super) body: String,
}

/// A journal entry.
#[derive(Debug, PartialEq)]
pub(super) struct RecordedEntry {
    pub(super) at_ns: u64,
    pub(super) kind: RecordedKind,
}

/// The kind of a journal entry. In a page an array that begins with the nanoseconds since the
/// previous entry and the number of the kind.
#[derive(Debug, PartialEq)]
pub(super) enum RecordedKind {
    /// 0: the message, and the entry that caused it.
    Send(usize, Option<usize>),
    /// 1: the message.
    Recv(usize),
    /// 2: the message, and the reason.
    Drop(usize, &'static str),
    /// 3: the node, its timer, and the entry that set it.
    Timer(usize, u64, Option<usize>),
    /// 4: the number of the fault in the run.
    Fault(usize),
    /// 5: the node, level and text.
    Log(usize, &'static str, String),
}

impl Record {
    /// Keeps at most `entries_max` entries, from the one at `first` on, and the states of nodes
    /// in `states`.
    pub(super) fn new(first: usize, entries_max: usize, states: Option<States>) -> Self {
        Record {
            first,
            entries_max,
            seen: 0,
            entries: Vec::new(),
            names: Vec::new(),
            name_ids: BTreeMap::new(),
            messages: Vec::new(),
            pending: BTreeMap::new(),
            handling: None,
            set_by: BTreeMap::new(),
            fault_count: 0,
            states,
        }
    }

    /// The number of entries before the first that is kept.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The messages that were in flight when the window began, by index.
    pub(super) fn before(&self) -> Vec<usize> {
        let mut sent = vec![false; self.messages.len()];
        for entry in &self.entries {
            if let RecordedKind::Send(message, _) = entry.kind {
                sent[message] = true;
            }
        }
        (0..sent.len()).filter(|message| !sent[*message]).collect()
    }

    pub(super) fn states(&self) -> Option<StatesPart<'_>> {
        self.states.as_ref().map(States::part)
    }

    /// The states themselves.
    pub(super) fn kept_states(&self) -> Option<&States> {
        self.states.as_ref()
    }

    /// The position of a name, if it has come.
    pub(super) fn id_of(&self, name: &str) -> Option<usize> {
        self.name_ids.get(name).copied()
    }

    fn is_kept(&self) -> bool {
        self.seen > self.first && self.entries.len() < self.entries_max
    }

    fn name(&mut self, name: &str) -> usize {
        if let Some(id) = self.name_ids.get(name) {
            return *id;
        }
        self.names.push(name.to_owned());
        self.name_ids.insert(name.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }

    /// Adds a message to those of the page.
    fn add_message(&mut self, id: u64, src: &str, dest: &str, body: &str) -> usize {
        let (src, dest) = (self.name(src), self.name(dest));
        self.messages.push(Message {
            id,
            src,
            dest,
            body: body.to_owned(),
        });
        self.messages.len() - 1
    }

    /// The index of a message among those of the page, to which it is added if need be.
    fn message_index(&mut self, message: MessageEntry<'_>) -> usize {
        match self.pending.get(&message.id) {
            Some(Pending::Within(index)) => *index,
            _ => {
                let MessageEntry {
                    id,
                    src,
                    dest,
                    body,
                } = message;
                let index = self.add_message(id, src, dest, body);
                self.pending.insert(id, Pending::Within(index));
                index
            }
        }
    }

    /// Notes an entry before the window: its message may be delivered within the window.
    fn note_before(&mut self, kind: &EntryKind<'_>) {
        match kind {
            EntryKind::Send(message) => {
                let [src, dest, body] =
                    [message.src, message.dest, message.body].map(str::to_owned);
                self.pending
                    .insert(message.id, Pending::Before(src, dest, body));
            }
            EntryKind::Recv(message) | EntryKind::Drop(message, _) => {
                self.pending.remove(&message.id);
            }
            EntryKind::Fault { .. } => self.fault_count += 1,
            EntryKind::Timer { .. } | EntryKind::Log { .. } | EntryKind::Disk { .. } => {}
        }
    }

    fn note_within(&mut self, at_ns: u64, kind: &EntryKind<'_>) {
        let entry = self.entries.len();
        let kind = match *kind {
            EntryKind::Send(message) => {
                let index = self.message_index(message);
                let src = self.messages[index].src;
                RecordedKind::Send(index, self.cause(src, at_ns))
            }
            EntryKind::Recv(message) => {
                let index = self.message_index(message);
                self.handling = Some(Handling {
                    by: self.messages[index].dest,
                    at_ns,
                    entry: Some(entry),
                });
                RecordedKind::Recv(index)
            }
            EntryKind::Drop(message, why) => {
                RecordedKind::Drop(self.message_index(message), why.into())
            }
            EntryKind::Timer { node, id } => {
                let node = self.name(node);
                self.handling = Some(Handling {
                    by: node,
                    at_ns,
                    entry: Some(entry),
                });
                let set_by = self.set_by.remove(&(node, id));
                RecordedKind::Timer(node, id, set_by.and_then(|(_, entry)| entry))
            }
            EntryKind::Fault { .. } => {
                self.fault_count += 1;
                RecordedKind::Fault(self.fault_count - 1)
            }
            EntryKind::Disk { node, what } => {
                if let DiskEvent::Synced | DiskEvent::SyncFailed(_) = what {
                    // What stood behind it follows.
                    self.handling = Some(Handling {
                        by: self.name(node),
                        at_ns,
                        entry: Some(entry),
                    });
                }
                let text = what.to_string();
                let text = excerpt(&text, LOG_CHARS_MAX).into_owned();
                RecordedKind::Log(self.name(node), DISK, text)
            }
            EntryKind::Log { node, level, text } => {
                let text = excerpt(text, LOG_CHARS_MAX).into_owned();
                RecordedKind::Log(self.name(node), level.name(), text)
            }
        };
        self.entries.push(RecordedEntry { at_ns, kind });
    }

    /// The entry that `src` is handling when it sends. Clients send without one.
    fn cause(&self, src: usize, at_ns: u64) -> Option<usize> {
        let handling = self.handling.as_ref()?;
        let is_client = self.names[src].starts_with('c');
        (handling.by == src && handling.at_ns == at_ns && !is_client).then_some(handling.entry)?
    }

    /// Begins the window: messages in flight become part of it.
    fn begin(&mut self) {
        // Of very many the last: the others become part of it when they arrive.
        let most = IN_FLIGHT_OF_ENTRIES.saturating_mul(self.entries_max);
        let early = self.pending.len().saturating_sub(most);
        let last = self.pending.iter().skip(early).map(|(id, _)| *id).next();
        let Some(last) = last else { return };
        for (id, pending) in self.pending.split_off(&last) {
            if let Pending::Before(src, dest, body) = pending {
                let index = self.add_message(id, &src, &dest, &body);
                self.pending.insert(id, Pending::Within(index));
            }
        }
    }
}

impl Observer for Record {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.seen += 1;
        if self.seen == self.first + 1 {
            self.begin();
        }
        if self.seen <= self.first {
            self.note_before(&entry.kind);
        } else if self.is_kept() {
            self.note_within(entry.at_ns, &entry.kind);
        }
        Ok(())
    }

    fn stepped(&mut self, step: Stepped<'_>) -> io::Result<()> {
        if !self.is_kept() {
            return Ok(());
        }
        let handled = self.handling.take().and_then(|handling| handling.entry);
        let node = self.name(step.node);
        let timers = step.timers();
        let set_by = &mut self.set_by;
        for (id, due_ns) in &timers {
            let before = set_by.get(&(node, *id)).map(|(due_ns, _)| *due_ns);
            if before != Some(*due_ns) {
                set_by.insert((node, *id), (*due_ns, handled));
            }
        }
        if let (Some(states), Some(last)) = (&mut self.states, self.entries.len().checked_sub(1)) {
            states.note(handled.unwrap_or(last), node, timers, step);
        }
        Ok(())
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.id, self.src, self.dest, &self.body).serialize(serializer)
    }
}

/// An entry with the nanoseconds since the previous one.
#[derive(Debug)]
pub(super) struct TimedEntry<'a>(pub(super) u64, pub(super) &'a RecordedKind);

impl Serialize for TimedEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TimedEntry(since_ns, kind) = self;
        match kind {
            RecordedKind::Send(message, None) => (since_ns, 0, message).serialize(serializer),
            RecordedKind::Send(message, cause) => {
                (since_ns, 0, message, cause).serialize(serializer)
            }
            RecordedKind::Recv(message) => (since_ns, 1, message).serialize(serializer),
            RecordedKind::Drop(message, why) => (since_ns, 2, message, why).serialize(serializer),
            RecordedKind::Timer(node, id, set_by) => {
                (since_ns, 3, node, id, set_by).serialize(serializer)
            }
            RecordedKind::Fault(index) => (since_ns, 4, index).serialize(serializer),
            RecordedKind::Log(node, level, text) => {
                (since_ns, 5, node, level, text).serialize(serializer)
            }
        }
    }
}
