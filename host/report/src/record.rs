//! The second look at a run: the entries of a window, who caused them, and the nodes' states.
//!
//! A run is a function of its inputs, so it can be had again, and asking guests for their states
//! can be kept out of the run that is judged. What asking does to the guest shows: the journal of
//! this run must be that of the first (see `write`).

use std::collections::BTreeMap;
use std::io;

use serde::{Serialize, Serializer};

use super::states::{States, StatesPart};
use host_protocol::text::excerpt;
use host_sim::journal::{Entry, EntryKind, MessageEntry, Observer, Stepped};

/// The most entries of a page. 10,000 messages have some 20,000.
pub(super) const ENTRIES_MAX: usize = 30_000;

/// The most characters of a line that a node logs.
const LOG_CHARS_MAX: usize = 300;

/// What a page shows of a journal.
#[derive(Debug)]
pub(super) struct Record {
    /// How many entries come before the first.
    first: usize,
    seen: usize,
    pub(super) entries: Vec<Noted>,
    names: Vec<String>,
    name_ids: BTreeMap<String, usize>,
    messages: Vec<Message>,
    /// The messages that a later entry can be about, by their number in the run.
    open: BTreeMap<u64, Open>,
    handling: Option<Handling>,
    /// Which entry had a node set a timer, and for when.
    set_by: BTreeMap<(usize, u64), (u64, Option<usize>)>,
    fault_count: usize,
    states: Option<States>,
}

/// A message that may still arrive.
#[derive(Debug)]
enum Open {
    /// It was sent before the window: sender, receiver and body.
    Before(String, String, String),
    /// It is one of the page's messages.
    Within(usize),
}

/// What a participant handles at the moment.
#[derive(Debug)]
struct Handling {
    by: usize,
    at_ns: u64,
    entry: Option<usize>,
}

/// A message, in a page `[id, src, dest, body]`.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: u64,
    pub(super) src: usize,
    pub(super) dest: usize,
    pub(super) body: String,
}

/// An entry of the journal.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) at_ns: u64,
    pub(super) kind: NotedKind,
}

/// See [`Noted`]. In a page an array that begins with the nanoseconds since the entry before and a
/// number for the kind.
#[derive(Debug)]
pub(super) enum NotedKind {
    /// 0: a message; the entry that had it sent.
    Send(usize, Option<usize>),
    /// 1: a message.
    Recv(usize),
    /// 2: a message, and why.
    Drop(usize, &'static str),
    /// 3: a node, its timer, and the entry that set it.
    Timer(usize, u64, Option<usize>),
    /// 4: which of the run's faults.
    Fault(usize),
    /// 5: a node, level and text.
    Log(usize, &'static str, String),
}

impl Record {
    /// Keeps entries from the one at `first` on, [`ENTRIES_MAX`] at most; with states if there is
    /// a place for them.
    pub(super) fn new(first: usize, states: Option<States>) -> Self {
        Record {
            first,
            seen: 0,
            entries: Vec::new(),
            names: Vec::new(),
            name_ids: BTreeMap::new(),
            messages: Vec::new(),
            open: BTreeMap::new(),
            handling: None,
            set_by: BTreeMap::new(),
            fault_count: 0,
            states,
        }
    }

    /// How many entries of the run come before the first that is kept.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The messages that were on their way when the window began, by position.
    pub(super) fn before(&self) -> Vec<usize> {
        let mut sent = vec![false; self.messages.len()];
        for entry in &self.entries {
            if let NotedKind::Send(message, _) = entry.kind {
                sent[message] = true;
            }
        }
        (0..sent.len()).filter(|message| !sent[*message]).collect()
    }

    pub(super) fn states(&self) -> Option<StatesPart<'_>> {
        self.states.as_ref().map(States::part)
    }

    fn is_kept(&self) -> bool {
        self.seen > self.first && self.entries.len() < ENTRIES_MAX
    }

    fn name(&mut self, name: &str) -> usize {
        if let Some(id) = self.name_ids.get(name) {
            return *id;
        }
        self.names.push(name.to_owned());
        self.name_ids.insert(name.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }

    fn message(&mut self, id: u64, src: &str, dest: &str, body: &str) -> usize {
        let (src, dest) = (self.name(src), self.name(dest));
        self.messages.push(Message {
            id,
            src,
            dest,
            body: body.to_owned(),
        });
        self.messages.len() - 1
    }

    /// The page's message for a letter, whenever it was sent.
    fn of_letter(&mut self, letter: MessageEntry<'_>) -> usize {
        match self.open.get(&letter.id) {
            Some(Open::Within(message)) => *message,
            _ => {
                let MessageEntry {
                    id,
                    src,
                    dest,
                    body,
                } = letter;
                let message = self.message(id, src, dest, body);
                self.open.insert(id, Open::Within(message));
                message
            }
        }
    }

    /// Messages sent before the window may arrive within it, or never.
    fn note_before(&mut self, what: &EntryKind<'_>) {
        match what {
            EntryKind::Send(letter) => {
                let [src, dest, body] = [letter.src, letter.dest, letter.body].map(str::to_owned);
                self.open.insert(letter.id, Open::Before(src, dest, body));
            }
            EntryKind::Recv(letter) | EntryKind::Drop(letter, _) => {
                self.open.remove(&letter.id);
            }
            EntryKind::Fault { .. } => self.fault_count += 1,
            EntryKind::Timer { .. } | EntryKind::Log { .. } => {}
        }
    }

    fn note_within(&mut self, at_ns: u64, what: &EntryKind<'_>) {
        let entry = self.entries.len();
        let what = match *what {
            EntryKind::Send(letter) => {
                let message = self.of_letter(letter);
                let src = self.messages[message].src;
                NotedKind::Send(message, self.cause(src, at_ns))
            }
            EntryKind::Recv(letter) => {
                let message = self.of_letter(letter);
                self.handling = Some(Handling {
                    by: self.messages[message].dest,
                    at_ns,
                    entry: Some(entry),
                });
                NotedKind::Recv(message)
            }
            EntryKind::Drop(letter, why) => NotedKind::Drop(self.of_letter(letter), why.into()),
            EntryKind::Timer { node, id } => {
                let node = self.name(node);
                self.handling = Some(Handling {
                    by: node,
                    at_ns,
                    entry: Some(entry),
                });
                let set_by = self.set_by.remove(&(node, id));
                NotedKind::Timer(node, id, set_by.and_then(|(_, entry)| entry))
            }
            EntryKind::Fault { .. } => {
                self.fault_count += 1;
                NotedKind::Fault(self.fault_count - 1)
            }
            EntryKind::Log { node, level, text } => {
                let text = excerpt(text, LOG_CHARS_MAX).into_owned();
                NotedKind::Log(self.name(node), level.name(), text)
            }
        };
        self.entries.push(Noted { at_ns, kind: what });
    }

    /// The entry that has `src` send something now. Clients send of their own accord.
    fn cause(&self, src: usize, at_ns: u64) -> Option<usize> {
        let handling = self.handling.as_ref()?;
        let is_client = self.names[src].starts_with('c');
        (handling.by == src && handling.at_ns == at_ns && !is_client).then_some(handling.entry)?
    }

    /// The window begins: what is on its way becomes part of it.
    fn begin(&mut self) {
        for (id, open) in std::mem::take(&mut self.open) {
            if let Open::Before(src, dest, body) = open {
                let message = self.message(id, &src, &dest, &body);
                self.open.insert(id, Open::Within(message));
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

/// An entry, relative to the time of the one before.
pub(super) struct Since<'a>(pub(super) u64, pub(super) &'a NotedKind);

impl Serialize for Since<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Since(since_ns, what) = self;
        match what {
            NotedKind::Send(message, None) => (since_ns, 0, message).serialize(serializer),
            NotedKind::Send(message, cause) => (since_ns, 0, message, cause).serialize(serializer),
            NotedKind::Recv(message) => (since_ns, 1, message).serialize(serializer),
            NotedKind::Drop(message, why) => (since_ns, 2, message, why).serialize(serializer),
            NotedKind::Timer(node, id, set_by) => {
                (since_ns, 3, node, id, set_by).serialize(serializer)
            }
            NotedKind::Fault(index) => (since_ns, 4, index).serialize(serializer),
            NotedKind::Log(node, level, text) => {
                (since_ns, 5, node, level, text).serialize(serializer)
            }
        }
    }
}
