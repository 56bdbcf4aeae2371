//! What a node must not forget: term, vote and log (paper, figure 2: persistent state), a snapshot (§7), and what it knows of
//! [lives](crate::recovery).
//!
//! All of it is in one file, a write-ahead log: the first record is the whole state at a moment, each later one a change.
//! An entry takes the place of an entry with the same index and of all behind it, so conflicts need no record of their own.
//! When the file has doubled, it is replaced by one that begins with the present state. Whatever a power loss leaves of what was
//! not synced, the records that are read back are a prefix of those that were written: the state of the node at some moment
//! after the last sync. No message depends on more than that, since the SDK puts a sync before each message that follows a change.
//! There is no second file that could be out of step.
//!
//! Fields are private here, so nothing changes without being written down.
//!
//! # Torn or damaged
//!
//! If the power is lost in the midst of a write, the last records may be torn. Nobody depends on them. But a record that was
//! synced and is damaged now may be one that a majority relied on; to cut it off would be to break a promise. So a
//! small second file says how much was synced. It is written behind each sync, and need not be durable itself: if it is old, it
//! claims less. If fewer records are valid than it says, the node has lost its memory, and recovers like one whose
//! disk was replaced. One case is left: the power is lost, the last mark with it, and a record of the last sync has been damaged,
//! too. That looks like a torn record.
//!
//! # After a failed sync
//!
//! An operating system may go on to show bytes that it could not write, and a later sync does not write them (Rebello et al.,
//! "Can applications recover from fsync failures?", 2020). So each start replaces the file by what it has read, which is then
//! durable as a whole.

use guest_sdk::disk;
use guest_sdk::prelude::*;

use crate::Raft;
use crate::election::Candidate;
use crate::log::{Entry, Log};
use crate::machine::{Machine, Process};
use crate::recovery::Lives;
use crate::replication::Snapshot;

const FILE: &str = "raft";
/// How much of that file was synced: its generation and its length.
const SYNCED: &str = "synced";

/// A file that is not longer is not replaced by a shorter one.
const FILE_BYTES_MIN: u64 = 32 << 10;

/// The persistent state of a node, in memory and on its disk.
#[derive(Serialize, Deserialize)]
pub(crate) struct Persistent {
    /// How often it was started in this life.
    start: u64,
    /// Whether the service knows of this life.
    is_counted: bool,
    lives: Lives,
    term: u64,
    voted_for: Option<Candidate>,
    log: Log,
    /// Empty until the node takes part.
    file: disk::Log<Record>,
    /// How often the file was replaced.
    generation: u64,
    /// How much of it is known to be synced.
    synced: u64,
    /// When it is this long, it is replaced.
    replace_at: u64,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    /// The first one, and only that.
    State(State),
    Term(u64, Option<Candidate>),
    Life(String, u64),
    /// With its index.
    Entry(u64, Entry),
}

#[derive(Serialize, Deserialize)]
struct State {
    generation: u64,
    start: u64,
    is_counted: bool,
    lives: Lives,
    term: u64,
    voted_for: Option<Candidate>,
    /// The last entry that the machine has done.
    index: u64,
    index_term: u64,
    machine: Machine,
}

/// What is read back besides the persistent state.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) commit: u64,
    pub(crate) machine: Machine,
}

impl Persistent {
    /// Reads the disk. `None` if it is empty, or what it had was lost.
    pub(crate) fn open(ctx: &mut Ctx<Raft>) -> (Self, Option<Done>) {
        let mut disk = ctx.disk();
        let is_empty = disk.bytes(FILE).is_none_or(|bytes| bytes.is_empty());
        let synced = disk.get::<(u64, u64)>(SYNCED);
        let (file, records) = disk.open_log(FILE);
        let mut persistent = Persistent {
            start: 1,
            is_counted: false,
            lives: Lives::new(),
            term: 0,
            voted_for: None,
            log: Log::default(),
            file,
            generation: 0,
            synced: 0,
            replace_at: 0,
        };
        let done = persistent.replay(records);
        let is_whole = match (&synced, &done) {
            (Err(_), _) | (Ok(Some(_)), None) => false,
            (Ok(None), None) => is_empty,
            (Ok(None), Some(_)) => true,
            (Ok(Some(synced)), Some(_)) => {
                (persistent.generation, persistent.file.file_bytes()) >= *synced
            }
        };
        match done {
            Some(done) if is_whole => {
                persistent.start += 1;
                persistent.replace(done.commit, &done.machine, ctx);
                (persistent, Some(done))
            }
            _ => (persistent.forget(is_whole, ctx), None),
        }
    }

    fn replay(&mut self, records: Vec<Record>) -> Option<Done> {
        self.is_counted = records.len() > 1;
        let mut records = records.into_iter();
        let Some(Record::State(state)) = records.next() else {
            return None;
        };
        self.generation = state.generation;
        self.start = state.start;
        self.is_counted |= state.is_counted;
        self.lives = state.lives;
        (self.term, self.voted_for) = (state.term, state.voted_for);
        self.log = Log::after(state.index, state.index_term);
        for record in records {
            match record {
                Record::State(_) => panic!("the file {FILE:?} has a state behind a record"),
                Record::Term(term, voted_for) => (self.term, self.voted_for) = (term, voted_for),
                Record::Life(node, life) => _ = self.lives.note(&node, life),
                Record::Entry(index, entry) => self.log.put(index, entry),
            }
        }
        Some(Done {
            commit: state.index,
            machine: state.machine,
        })
    }

    /// Empties the disk. If something was lost, the mark that says so goes last: until all else is gone, every start finds
    /// the loss again.
    fn forget(mut self, is_whole: bool, ctx: &mut Ctx<Raft>) -> Self {
        if !is_whole {
            let text =
                "the disk has lost what was synced: this node recovers as one with an empty disk";
            ctx.log(Level::Warn, text);
            self.file.truncate(0, ctx.disk());
            ctx.disk().sync();
            ctx.disk().remove(SYNCED);
        }
        Persistent {
            start: 1,
            is_counted: false,
            lives: Lives::new(),
            term: 0,
            voted_for: None,
            log: Log::default(),
            generation: 0,
            ..self
        }
    }

    /// Has the disk remember this node from now on.
    pub(crate) fn begin(&mut self, ctx: &mut Ctx<Raft>) {
        self.replace(0, &Machine::default(), ctx);
    }

    /// Replaces the file by the present state; the machine has done all up to `commit`.
    fn replace(&mut self, commit: u64, machine: &Machine, ctx: &mut Ctx<Raft>) {
        self.generation += 1;
        let state = Record::State(State {
            generation: self.generation,
            start: self.start,
            is_counted: self.is_counted,
            lives: self.lives.clone(),
            term: self.term,
            voted_for: self.voted_for.clone(),
            index: commit,
            index_term: self.log.term_at(commit).unwrap_or_default(),
            machine: machine.clone(),
        });
        let entries = records(&self.log, commit + 1);
        self.file
            .replace([state].into_iter().chain(entries), ctx.disk());
        self.synced = 0;
        self.replace_at = FILE_BYTES_MIN.max(2 * self.file.file_bytes());
    }

    /// Ends a step: replaces a file that has become long, and marks what was synced.
    pub(crate) fn end_step(&mut self, commit: u64, machine: &Machine, ctx: &mut Ctx<Raft>) {
        let len = self.file.file_bytes();
        if self.synced < len && ctx.disk().is_synced() {
            self.synced = len;
            ctx.disk()
                .without_sync()
                .put(SYNCED, &(self.generation, len));
        }
        if !self.file.is_empty() && len > self.replace_at {
            self.replace(commit, machine, ctx);
        }
    }

    fn write(&mut self, record: &Record, ctx: &mut Ctx<Raft>) {
        // A node that has not taken part has promised nothing.
        if !self.file.is_empty() {
            self.file.append(record, ctx.disk());
        }
    }
}

/// Changes, each written down.
impl Persistent {
    /// Enters a term, or votes in it.
    pub(crate) fn set_term(
        &mut self,
        term: u64,
        voted_for: Option<Candidate>,
        ctx: &mut Ctx<Raft>,
    ) {
        if (self.term, &self.voted_for) == (term, &voted_for) {
            return;
        }
        (self.term, self.voted_for) = (term, voted_for.clone());
        self.write(&Record::Term(term, voted_for), ctx);
    }

    /// Learns of the latest life of a node.
    pub(crate) fn note_life(&mut self, node: &str, life: u64, ctx: &mut Ctx<Raft>) {
        if self.lives.note(node, life) {
            self.write(&Record::Life(node.to_owned(), life), ctx);
        }
    }

    /// Learns of the lives that another node knows of.
    pub(crate) fn learn_lives(&mut self, others: &Lives, ctx: &mut Ctx<Raft>) {
        for (node, life) in others.all() {
            self.note_life(node, life, ctx);
        }
    }

    /// Appends an entry of the leader's own.
    pub(crate) fn propose(&mut self, entry: Entry, ctx: &mut Ctx<Raft>) {
        let record = Record::Entry(self.log.last() + 1, entry);
        self.write(&record, ctx);
        if let Record::Entry(index, entry) = record {
            self.log.put(index, entry);
        }
    }

    /// Takes over a leader's entries behind `prev`, which both logs have; see [`Log::merge`].
    pub(crate) fn merge(
        &mut self,
        prev: u64,
        entries: Vec<Entry>,
        commit: u64,
        ctx: &mut Ctx<Raft>,
    ) {
        if let Some(first) = self.log.merge(prev, entries, commit) {
            self.file.extend(records(&self.log, first), ctx.disk());
        }
    }

    /// Takes over a snapshot instead of the log. Returns its machine.
    pub(crate) fn install(&mut self, snapshot: Snapshot, ctx: &mut Ctx<Raft>) -> Machine {
        self.log = Log::after(snapshot.index, snapshot.term);
        for (index, entry) in (snapshot.index + 1..).zip(snapshot.entries) {
            self.log.put(index, entry);
        }
        self.replace(snapshot.index, &snapshot.machine, ctx);
        snapshot.machine
    }

    /// The service knows of this life. A later record says so, too, so this needs none.
    pub(crate) fn set_counted(&mut self) {
        self.is_counted = true;
    }

    /// Forgets the entries up to `index`, in memory.
    pub(crate) fn cut(&mut self, index: u64) {
        self.log.cut(index);
    }
}

/// What there is.
impl Persistent {
    pub(crate) fn is_counted(&self) -> bool {
        self.is_counted
    }

    pub(crate) fn term(&self) -> u64 {
        self.term
    }

    pub(crate) fn voted_for(&self) -> Option<&Candidate> {
        self.voted_for.as_ref()
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn lives(&self) -> &Lives {
        &self.lives
    }

    /// The process that this is, of the node `id`.
    pub(crate) fn process(&self, id: &str) -> Process {
        Process {
            life: self.lives.of(id),
            start: self.start,
        }
    }
}

/// The entries from `first` on.
fn records(log: &Log, first: u64) -> impl Iterator<Item = Record> {
    let entries = (first..).zip(log.behind(first - 1));
    entries.map(|(index, entry)| Record::Entry(index, entry.clone()))
}
