//! Touches: what a person does to a run by hand, between two of its events.
//!
//! A run that is touched is otherwise any run: operations and faults come from the seed or from its script, and
//! messages take their time. A touch has one thing happen now, and what follows from it follows. Where a run may be
//! touched is a *moment*: after an event, when all that it had to do is done, from the beginning of the main
//! phase on. A touch names its moment by the virtual time and by how many entries the journal has at that very time.
//! So the same program comes to the same moment again, and another version of it to one like it.
//!
//! A [`Hand`] is asked at each moment what to do, and may take as long as it likes: a run stands still meanwhile.

use host_check::history::Op;
use host_check::value::Name;

use super::address::{Addr, Names};
use super::moves::{MessageRef, MoveKind};
use super::network::Network;
use super::nodes::Nodes;
use super::phase::Phase;
use super::queue::Queue;
use super::scheduled::Scheduled;
use super::script::Script;
use super::workers::Workers;

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

/// Decides at each moment of a run what is done to it.
pub trait Hand {
    /// Is asked at each moment, and again after each touch.
    fn next(&mut self, moment: &Moment<'_>) -> Act;

    /// Whether the main phase goes on until [`TouchKind::Finish`], though its script has ended.
    fn holds(&self) -> bool {
        false
    }
}

/// What a [`Hand`] does.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Let the next event happen.
    GoOn,
    /// Do this now. The hand is asked again afterwards.
    Touch(TouchKind),
    /// End the run here, as an interrupt does.
    Stop,
}

/// A run that stands still between two events.
pub struct Moment<'a> {
    /// The virtual time, in nanoseconds.
    pub at_ns: u64,
    /// How many entries the journal has.
    pub entries: u64,
    /// How many it has at this very time, as in [`Touch::after`].
    pub after: u64,
    /// When the main phase began, if it has.
    pub main_ns: Option<u64>,
    /// Where the run is.
    pub phase: Phase,
    /// Whether nothing is left to happen unless it is touched.
    pub idle: bool,
    /// How many of the script's moves have been made or skipped.
    pub moves: usize,
    /// The history so far.
    pub ops: &'a [Op],
    /// The operations and faults that were drawn so far, if the run is recorded.
    pub script: Option<&'a Script>,
    /// What came of the touch that was asked for just before, if there was one: why it was not possible.
    pub done: Option<Result<(), String>>,
    pub(super) parts: Parts<'a>,
}

/// What a moment looks at.
pub(super) struct Parts<'a> {
    pub(super) names: &'a Names,
    pub(super) queue: &'a Queue<Scheduled>,
    pub(super) network: &'a Network,
    pub(super) nodes: &'a Nodes<'a>,
    pub(super) workers: &'a Workers,
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

impl Moment<'_> {
    /// What is done now, for a script; `None` before the main phase.
    #[must_use]
    pub fn touch(&self, what: TouchKind) -> Option<Touch> {
        Some(Touch {
            at_ns: self.at_ns - self.main_ns?,
            after: self.after,
            what,
        })
    }

    /// The messages on their way, in the order of sending.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlightMessage> {
        let Parts {
            names,
            queue,
            network,
            nodes,
            ..
        } = &self.parts;
        let is_held = |dest: Addr, slot| match dest {
            Addr::Node(node) => nodes.get(node).holds(slot),
            _ => false,
        };
        network.on_their_way(names, queue, is_held)
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeNow> {
        let nodes = self.parts.nodes;
        let nodes = (0..nodes.len()).map(|node| nodes.get(node));
        nodes
            .map(|node| NodeNow {
                is_up: !node.is_down(),
                is_paused: node.is_paused(),
                is_syncing: node.is_syncing(),
            })
            .collect()
    }

    /// The links on which all messages are lost, each as receiver and sender.
    #[must_use]
    pub fn cuts(&self) -> Vec<(usize, usize)> {
        let nodes = self.parts.nodes.len();
        let pairs = (0..nodes).flat_map(|dest| (0..nodes).map(move |src| (dest, src)));
        let network = self.parts.network;
        let is_cut = |&(dest, src): &(usize, usize)| dest != src && network.is_cut(src, dest);
        pairs.filter(is_cut).collect()
    }

    /// The workers; none before the main phase.
    #[must_use]
    pub fn workers(&self) -> Vec<WorkerNow> {
        let Parts { names, workers, .. } = &self.parts;
        workers.now(|client| names.name(Addr::Client(client)))
    }
}

/// What the queue says of messages: when each is handed over.
pub(super) fn due_ns(scheduled: (u64, &Scheduled)) -> Option<(super::packets::Slot, u64)> {
    match scheduled {
        (at_ns, Scheduled::Leave { slot, latency_ns }) => Some((*slot, at_ns + latency_ns)),
        (at_ns, Scheduled::Deliver(slot)) => Some((*slot, at_ns)),
        _ => None,
    }
}

/// Whether two parties are nodes and not one.
pub(super) fn is_between_nodes(names: &Names, message: &MessageRef) -> bool {
    let node = |name| matches!(names.find(name), Some(Addr::Node(_)));
    node(&message.src) && node(&message.dest) && message.src != message.dest
}
