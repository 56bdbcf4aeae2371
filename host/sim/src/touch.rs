//! Touches: what a person does to a run by hand, between two of its events.
//!
//! A run that is touched is otherwise any run: operations and faults come from the seed or from its script, and
//! messages take their time. A touch has one thing happen now, and what follows from it follows. Where a run may be
//! touched is a *moment*: after an event, when all that it had to do is done, from the beginning of the main
//! phase on. A touch names its moment by the virtual time and by how many entries the journal has at that very time.
//! So the same program comes to the same moment again, and another version of it to one like it.
//!
//! A [`Hand`](super::moment::Hand) is asked at each moment what to do.

use host_check::value::Name;

use super::moves::{MessageRef, MoveKind};

/// What is done to a run by hand, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Touch {
    /// When, in nanoseconds since the beginning of the main phase.
    pub at_ns: u64,
    /// After so many entries of the journal at that very time. Those about disks do not count: a journal has them only if
    /// somebody reads it.
    pub after: u64,
    /// What.
    pub what: TouchKind,
}

/// What is done in a [`Touch`]. Nodes and workers are numbers from 0 on.
#[derive(Debug, Clone, PartialEq)]
pub enum TouchKind {
    /// The same as in a script's moves, now. A timer that fires and a request that times out have time pass until
    /// then, and all else that was due is late. A cut takes the place of the cut that there is. Syncs end by
    /// themselves.
    Move(MoveKind),
    /// A message arrives so long after now.
    Delay {
        /// The message.
        message: MessageRef,
        /// In nanoseconds.
        by_ns: u64,
    },
    /// A node stops to handle events.
    Pause {
        /// The node.
        node: usize,
    },
    /// A node that was paused goes on.
    Resume {
        /// The node.
        node: usize,
    },
    /// A client that does nothing else sends a node this message.
    Send {
        /// The node.
        node: usize,
        /// The body, a JSON object with a `type`.
        body: String,
    },
    /// The main phase ends: clients begin nothing more, and when they have their answers, all faults end, the cluster
    /// recovers and the workload looks once more.
    Finish,
}

/// What came of a touch of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchOutcome {
    /// How many entries the journal had before it.
    pub entries: u64,
    /// Why it was not possible, if it was not.
    pub why: Option<String>,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlightMessage {
    /// Its number in the journal.
    pub id: u64,
    /// Its link and its number there.
    pub message: MessageRef,
    /// When it arrives if nothing else happens, in virtual nanoseconds; `None` if it waits for something else.
    pub due_ns: Option<u64>,
    /// Whether it has arrived at a node that is paused, or waits for a sync.
    pub is_held: bool,
}

/// What a worker is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerNow {
    /// Its client's name.
    pub client: String,
    /// The node that it talks to.
    pub node: usize,
    /// The process that it is in the history.
    pub process: i64,
    /// The `:f` of its operation; `None` if it is free.
    pub doing: Option<Name>,
}

/// How a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeNow {
    /// Whether its process runs.
    pub is_up: bool,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Whether it waits for a sync.
    pub is_syncing: bool,
}
