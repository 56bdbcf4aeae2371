//! Records a run while it is made: a page that is open gets what is new, in the form that pages of whole
//! runs have.
//!
//! A run that begins as another one did, up to an entry, need not ask its guests for states until then:
//! it is given those of the other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::figures::{Operation, process, value};
use super::record::{DISK, Message, Record, RecordedKind, TimedEntry};
use super::run_page::{FaultValue, fault_value};
use super::states::{StateStep, States};
use host_check::history::{Kind, Op};
use host_protocol::text::excerpt;
use host_sim::journal::{Entry, Observer, Stepped};

/// The longest body of a message, and the longest value of an operation, in characters.
const CHARS_MAX: usize = 4096;

/// What an entry takes besides the bodies of messages, in bytes, about.
const ENTRY_BYTES: usize = 160;

/// The journal of a run from its beginning on, and the states of its nodes.
#[derive(Debug)]
pub struct LiveRecord {
    record: Record,
    /// With which entry each message comes, and which of its link's it is, from 1.
    came: Vec<(usize, u64)>,
    /// How many messages each link has had: sender and receiver, by the positions of their names.
    links: BTreeMap<(usize, usize), u64>,
    bodies_bytes: usize,
}

/// What a record says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveEvent<'a> {
    /// A message was sent.
    Send(LiveMessage<'a>),
    /// A message reached its receiver.
    Recv(LiveMessage<'a>),
    /// A message will not.
    Drop(LiveMessage<'a>),
    /// A timer of this node fired.
    Timer(&'a str),
    /// A fault began or ended.
    Fault,
    /// This node wrote to its log.
    Log(&'a str),
    /// Something happened to the disk of this node.
    Disk(&'a str),
}

/// A message of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveMessage<'a> {
    /// Its number in the run, from 0.
    pub id: u64,
    /// The sender.
    pub src: &'a str,
    /// The receiver.
    pub dest: &'a str,
    /// The body, a JSON object.
    pub body: &'a str,
}

/// What is new in a record from an entry on.
#[derive(Debug, Serialize)]
pub struct LivePart<'a> {
    from: usize,
    messages_from: usize,
    names: &'a [String],
    messages: Vec<NumberedMessage<'a>>,
    entries: Vec<TimedEntry<'a>>,
    states: Vec<&'a StateStep>,
    states_until: Option<usize>,
}

/// `[id, src, dest, body, number]`.
#[derive(Debug)]
struct NumberedMessage<'a>(&'a Message, u64);

impl Serialize for NumberedMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let NumberedMessage(message, number) = self;
        let body = excerpt(&message.body, CHARS_MAX);
        (message.id, message.src, message.dest, body, number).serialize(serializer)
    }
}

impl LiveRecord {
    /// Of a run whose guests are asked for their states.
    #[must_use]
    pub fn with_states() -> Self {
        LiveRecord::of(Some(States::live()))
    }

    /// Of a run that is left alone.
    #[must_use]
    pub fn without_states() -> Self {
        LiveRecord::of(None)
    }

    /// Of a run that begins as this one, up to so many entries: until then its guests are not asked for
    /// their states.
    #[must_use]
    pub fn again(&self, entries: usize) -> Self {
        let states = self.record.kept_states();
        LiveRecord::of(states.map(|states| states.beginning(entries)))
    }

    fn of(states: Option<States>) -> Self {
        LiveRecord {
            record: Record::new(0, usize::MAX, states),
            came: Vec::new(),
            links: BTreeMap::new(),
            bodies_bytes: 0,
        }
    }

    /// The number of entries so far.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.record.entries.len()
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let states = self.record.kept_states().map_or(0, States::bytes);
        self.bodies_bytes + states + ENTRY_BYTES * self.entries()
    }

    /// What is new from an entry on, without what came from the entry `until` on.
    #[must_use]
    pub fn since(&self, from: usize, until: usize) -> LivePart<'_> {
        let until = until.min(self.entries());
        let from = from.min(until);
        let first_of = |limit: usize| self.came.partition_point(|(entry, _)| *entry < limit);
        let (messages_from, messages_until) = (first_of(from), first_of(until));
        let messages = self.record.messages()[messages_from..messages_until].iter();
        let numbers = self.came[messages_from..messages_until].iter();
        let mut last_ns = from
            .checked_sub(1)
            .map_or(0, |before| self.record.entries[before].at_ns);
        let entries = self.record.entries[from..until].iter().map(|entry| {
            let since_ns = entry.at_ns - std::mem::replace(&mut last_ns, entry.at_ns);
            TimedEntry(since_ns, &entry.kind)
        });
        let states = self.record.kept_states();
        LivePart {
            from,
            messages_from,
            names: self.record.names(),
            messages: messages
                .zip(numbers)
                .map(|(message, (_, number))| NumberedMessage(message, *number))
                .collect(),
            entries: entries.collect(),
            states: states.map_or_else(Vec::new, |states| states.between(from, until).collect()),
            states_until: states.and_then(States::until),
        }
    }

    /// What an entry says, if it is there.
    #[must_use]
    pub fn event(&self, entry: usize) -> Option<LiveEvent<'_>> {
        let name = |id: usize| self.record.names()[id].as_str();
        let message = |index: usize| self.message_at(index);
        Some(match self.record.entries.get(entry)?.kind {
            RecordedKind::Send(index, _) => LiveEvent::Send(message(index)),
            RecordedKind::Recv(index) => LiveEvent::Recv(message(index)),
            RecordedKind::Drop(index, _) => LiveEvent::Drop(message(index)),
            RecordedKind::Timer(node, ..) => LiveEvent::Timer(name(node)),
            RecordedKind::Fault(_) => LiveEvent::Fault,
            RecordedKind::Log(node, DISK, _) => LiveEvent::Disk(name(node)),
            RecordedKind::Log(node, ..) => LiveEvent::Log(name(node)),
        })
    }

    /// The virtual time of an entry, in nanoseconds, if it is there.
    #[must_use]
    pub fn at_ns(&self, entry: usize) -> Option<u64> {
        Some(self.record.entries.get(entry)?.at_ns)
    }

    /// The number of entries up to this virtual time, in nanoseconds.
    #[must_use]
    pub fn entries_until(&self, at_ns: u64) -> usize {
        let entries = &self.record.entries;
        entries.partition_point(|entry| entry.at_ns <= at_ns)
    }

    /// Of the first `entries` entries, how many are of the time of the last of them, without those about disks.
    #[must_use]
    pub fn marks_at(&self, entries: usize) -> u64 {
        let Some(last_ns) = entries.checked_sub(1).and_then(|last| self.at_ns(last)) else {
            return 0;
        };
        let of_then = (0..entries).rev();
        let of_then = of_then.take_while(|entry| self.at_ns(*entry) == Some(last_ns));
        let is_mark = |entry: &usize| !matches!(self.event(*entry), Some(LiveEvent::Disk(_)));
        of_then.filter(is_mark).count() as u64
    }

    /// The message with this number in the run, if it has been sent.
    #[must_use]
    pub fn message(&self, id: u64) -> Option<LiveMessage<'_>> {
        let messages = self.record.messages();
        let index = messages.binary_search_by_key(&id, |message| message.id);
        index.ok().map(|index| self.message_at(index))
    }

    /// The `number`-th message of a link, from 1, if it has been sent.
    #[must_use]
    pub fn message_of_link(&self, src: &str, dest: &str, number: u64) -> Option<LiveMessage<'_>> {
        let link = (self.record.id_of(src)?, self.record.id_of(dest)?);
        let mut messages = self.record.messages().iter().zip(&self.came);
        let is_it = |(message, (_, its)): (&Message, &(usize, u64))| {
            *its == number && (message.src, message.dest) == link
        };
        let index = messages.position(is_it)?;
        Some(self.message_at(index))
    }

    fn message_at(&self, index: usize) -> LiveMessage<'_> {
        let message = &self.record.messages()[index];
        let name = |id: usize| self.record.names()[id].as_str();
        LiveMessage {
            id: message.id,
            src: name(message.src),
            dest: name(message.dest),
            body: &message.body,
        }
    }

    /// The state of a node as the page shows it: `{"state": …, "timers": [[id, due]], "disk": …}`.
    #[must_use]
    pub fn state(&self, node: &str) -> Option<&Json> {
        let id = self.record.id_of(node)?;
        self.record.kept_states()?.now(id)
    }

    /// The nodes that have handled an event since an entry.
    pub fn stepped_since(&self, entry: usize) -> impl Iterator<Item = &str> {
        let steps = self.record.kept_states().into_iter();
        let steps = steps.flat_map(move |states| states.between(entry, usize::MAX));
        steps.map(|step| self.record.names()[step.node()].as_str())
    }

    /// The first of so many entries that is another in `other`.
    #[must_use]
    pub fn first_difference(&self, other: &LiveRecord, entries: usize) -> Option<usize> {
        fn told_by(record: &LiveRecord, entry: usize) -> Option<&str> {
            match record.event(entry)? {
                LiveEvent::Timer(node) | LiveEvent::Log(node) | LiveEvent::Disk(node) => Some(node),
                _ => None,
            }
        }
        let are_alike = |entry: &usize| {
            self.record.entries.get(*entry) == other.record.entries.get(*entry)
                && told_by(self, *entry) == told_by(other, *entry)
        };
        // Entries say which message it is; each message is compared once.
        let is_another = |index: &usize| {
            *index >= other.came.len() || self.message_at(*index) != other.message_at(*index)
        };
        let entry = (0..entries).find(|entry| !are_alike(entry));
        let messages = self.came.partition_point(|(entry, _)| *entry < entries);
        let message = (0..messages).find(is_another);
        let came = message.map(|index| self.came[index].0);
        entry.into_iter().chain(came).min()
    }
}

impl Observer for LiveRecord {
    fn note(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let position = self.entries();
        self.record.note(entry)?;
        if let Some(message) = self.record.messages().get(self.came.len()) {
            let number = self.links.entry((message.src, message.dest)).or_default();
            *number += 1;
            self.came.push((position, *number));
            self.bodies_bytes += message.body.len();
        }
        Ok(())
    }

    fn stepped(&mut self, step: Stepped<'_>) -> io::Result<()> {
        self.record.stepped(step)
    }
}

/// The history of a run while it is made.
#[derive(Debug, Clone, Default)]
pub struct LiveHistory {
    ops: Vec<Op>,
    /// How many entries the journal had before the event of each.
    at: Vec<usize>,
    rows: Vec<LiveRow>,
    /// The operations that have not completed, by process: their rows.
    open: BTreeMap<i64, usize>,
    /// What the nemesis has done, by position.
    faults: Vec<usize>,
    nemesis_ops: usize,
    completed: usize,
}

/// An operation, by the positions of its invocation and its completion.
#[derive(Debug, Clone, Copy)]
struct LiveRow {
    invoked: usize,
    completed: Option<usize>,
}

/// `[index, process, f, begun, took or null, end, asked, answered or null, completed or -1]`: times in
/// nanoseconds, values as text, and the index of the completion.
#[derive(Debug)]
pub struct LiveOperation<'a> {
    invoked: &'a Op,
    completed: Option<&'a Op>,
}

impl LiveHistory {
    /// Takes the operations that are new in the history `ops`, of an event before which the journal had so
    /// many entries.
    pub fn take(&mut self, ops: &[Op], entries: usize) {
        for op in ops.get(self.ops.len()..).unwrap_or_default() {
            let position = self.ops.len();
            match (op.is_client(), op.kind) {
                (false, _) => {
                    // The nemesis writes each twice: as requested, and as done.
                    self.nemesis_ops += 1;
                    if self.nemesis_ops.is_multiple_of(2) {
                        self.faults.push(position);
                    }
                }
                (true, Kind::Invoke) => {
                    self.open.insert(process(op), self.rows.len());
                    self.rows.push(LiveRow {
                        invoked: position,
                        completed: None,
                    });
                }
                (true, _) => {
                    self.completed += 1;
                    if let Some(row) = self.open.remove(&process(op)) {
                        self.rows[row].completed = Some(position);
                    }
                }
            }
            self.ops.push(op.clone());
            self.at.push(entries);
        }
    }

    /// All operations so far.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// How many operations of clients have completed.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.completed
    }

    /// The entry with which the operation at a position came, if there is one.
    #[must_use]
    pub fn entry_of(&self, position: usize) -> Option<usize> {
        self.at.get(position).copied()
    }

    /// The operations of clients that begun or ended with an entry from `entry` on.
    #[must_use]
    pub fn operations_since(&self, entry: usize) -> Vec<LiveOperation<'_>> {
        let is_new = |position: usize| self.at[position] >= entry;
        let rows = self
            .rows
            .iter()
            .filter(|row| is_new(row.invoked) || row.completed.is_some_and(is_new));
        rows.map(|row| LiveOperation {
            invoked: &self.ops[row.invoked],
            completed: row.completed.map(|position| &self.ops[position]),
        })
        .collect()
    }

    /// The faults so far: time, `:f` and value of each.
    #[must_use]
    pub fn faults(&self) -> Vec<impl Serialize + use<>> {
        let faults = self.faults.iter();
        faults
            .map(|position| -> (i64, String, FaultValue) { fault_value(&self.ops[*position]) })
            .collect()
    }
}

impl Serialize for LiveOperation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let LiveOperation { invoked, completed } = *self;
        let operation = Operation { invoked, completed };
        let short =
            |op: &Op| -> Cow<'static, str> { excerpt(&value(op), CHARS_MAX).into_owned().into() };
        let row = (
            invoked.index,
            process(invoked),
            &*invoked.f,
            invoked.time_ns,
            operation.latency_ns(),
            operation.end() as u8,
            short(invoked),
            completed.map(short),
            completed.map_or(-1, |op| i128::from(op.index)),
        );
        row.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_check::history::read;
    use host_sim::journal::{DropReason, EntryKind, MessageEntry};
    use serde_json::json;

    #[test]
    fn operations_come_with_the_entries_that_they_begin_and_end_with() {
        let read = read(
            br#"{:type :invoke, :f :read, :value nil, :process 0, :time 0, :index 0}
{:type :invoke, :f :add, :value 1, :process 1, :time 1000000, :index 1}
{:type :info, :f :start-kill, :value :majority, :process :nemesis, :time 2000000, :index 2}
{:type :info, :f :start-kill, :value ["n1"], :process :nemesis, :time 2000000, :index 3}
{:type :ok, :f :read, :value [], :process 0, :time 3000000, :index 4}
{:type :info, :f :add, :value 1, :process 1, :time 5000000, :error :net-timeout, :index 5}
{:type :invoke, :f :read, :value nil, :process 0, :time 5000000, :index 6}
"#,
        )
        .unwrap();
        let ops = read.ops();
        let mut history = LiveHistory::default();
        for (count, entries) in [(1, 4), (2, 5), (4, 7), (5, 9), (7, 12)] {
            history.take(&ops[..count], entries);
        }
        let since = |entry| serde_json::to_value(history.operations_since(entry)).unwrap();
        let first = json!([0, 0, "read", 0, 3_000_000, 0, "nil", "[]", 4]);
        let second = json!([
            1,
            1,
            "add",
            1_000_000,
            4_000_000,
            2,
            "1",
            "1 :net-timeout",
            5
        ]);
        let third = json!([6, 0, "read", 5_000_000, null, 3, "nil", null, -1]);
        assert_eq!(since(0), json!([first, second, third]));
        assert_eq!(since(9), json!([first, second, third]));
        assert_eq!(since(10), json!([second, third]));
        assert_eq!(since(13), json!([]));
        assert_eq!(history.completed(), 2);
        assert_eq!(history.entry_of(4), Some(9));
        let faults = serde_json::to_value(history.faults()).unwrap();
        assert_eq!(faults, json!([[2_000_000, "start-kill", ["n1"]]]));
    }

    fn recorded(kinds: &[(u64, EntryKind<'_>)]) -> LiveRecord {
        let mut record = LiveRecord::without_states();
        for (at_ns, kind) in kinds {
            let entry = Entry {
                at_ns: *at_ns,
                kind: *kind,
            };
            record.note(&entry).unwrap();
        }
        record
    }

    #[test]
    fn what_is_new_begins_at_an_entry_and_numbers_the_messages_of_links() {
        let message = |id, body| MessageEntry {
            id,
            src: "n1",
            dest: "n2",
            body,
        };
        let (one, two) = (message(0, "{\"a\":1}"), message(1, "{\"a\":2}"));
        let timer = EntryKind::Timer { node: "n2", id: 7 };
        let kinds = [
            (5, EntryKind::Send(one)),
            (5, EntryKind::Send(two)),
            (9, EntryKind::Recv(two)),
            (9, EntryKind::Drop(one, DropReason::Loss)),
            (12, timer),
        ];
        let record = recorded(&kinds);
        let part = |from, until| serde_json::to_value(record.since(from, until)).unwrap();
        assert_eq!(
            part(0, 2),
            json!({
                "from": 0, "messages_from": 0, "names": ["n1", "n2"],
                "messages": [[0, 0, 1, "{\"a\":1}", 1], [1, 0, 1, "{\"a\":2}", 2]],
                "entries": [[5, 0, 0], [0, 0, 1]],
                "states": [], "states_until": null,
            })
        );
        assert_eq!(
            part(1, 9),
            json!({
                "from": 1, "messages_from": 1, "names": ["n1", "n2"],
                "messages": [[1, 0, 1, "{\"a\":2}", 2]],
                "entries": [[0, 0, 1], [4, 1, 1], [0, 2, 0, "loss"], [3, 3, 1, 7, null]],
                "states": [], "states_until": null,
            })
        );
        assert_eq!(record.event(4), Some(LiveEvent::Timer("n2")));
        assert_eq!((record.entries_until(9), record.marks_at(4)), (4, 2));
        let other = recorded(&kinds[..4]);
        assert_eq!(record.first_difference(&other, 4), None);
        assert_eq!(record.first_difference(&other, 5), Some(4));
    }
}
