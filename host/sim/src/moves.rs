//! Moves: what happens next in a run whose script says the order of everything.
//!
//! A script with moves *directs* its run. Nothing happens by itself then: no message arrives, no timer
//! fires, no sync ends and no client times out but by a move. So a script holds one order out of all that
//! a network and clocks could bring about, such as the one in which a search found a failure.
//!
//! A move that is not possible is skipped, and changes nothing. So moves can be left out of a script,
//! and what is left is a script.

use host_disk::Survival;

use super::client::Operation;
use super::nemesis::{Fault, Grudges};

/// Something that happens at a virtual time.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// When, in nanoseconds since the beginning of the main phase. A time before that of the move before
    /// is taken for the same.
    pub at_ns: u64,
    /// What happens.
    pub what: MoveKind,
}

/// What happens in a [`Move`]. Workers and nodes are numbers from 0 on.
#[derive(Debug, Clone, PartialEq)]
pub enum MoveKind {
    /// A worker invokes an operation; not possible while it is busy.
    Invoke {
        /// The worker.
        worker: usize,
        /// The operation.
        operation: Operation,
    },
    /// A message reaches its receiver; not while that waits for a sync. One over a cut link or to a
    /// node that is down is lost.
    Deliver {
        /// The message.
        message: MessageRef,
    },
    /// A message between nodes is lost.
    Lose {
        /// The message.
        message: MessageRef,
    },
    /// A copy of a message between nodes reaches its receiver, as in `Deliver`. The message itself is
    /// still on its way.
    Copy {
        /// The message.
        message: MessageRef,
    },
    /// A timer that is set fires, whether it is due or not; not while its node waits for a sync.
    Fire {
        /// The node.
        node: usize,
        /// The timer's id.
        timer: u64,
    },
    /// The sync that a node waits for is done.
    Synced {
        /// The node.
        node: usize,
    },
    /// A worker that waits for a response gives up.
    TimeOut {
        /// The worker.
        worker: usize,
    },
    /// A node's process ends; not if it is down. What it has sent is still on its way.
    Kill {
        /// The node.
        node: usize,
    },
    /// A node's power fails; not if it is down.
    Power {
        /// The node.
        node: usize,
        /// What survives of what it has written and not synced.
        survival: Survival,
    },
    /// A node that is down starts, and gets its `init` at once.
    Start {
        /// The node.
        node: usize,
    },
    /// Links are cut; not while others are.
    Cut {
        /// Which links.
        grudges: Grudges,
    },
    /// The links that are cut work again.
    Heal,
}

/// A message on its way, by its link: in a run, the `number`-th that `src` has sent to `dest`, counted
/// from 1. Copies do not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageRef {
    /// The sender's name: `n1`, `c7`, `lin-kv`.
    pub src: String,
    /// The receiver's name.
    pub dest: String,
    /// Which of the link's messages, from 1.
    pub number: u64,
}

impl MoveKind {
    /// The fault that it starts, if it starts one.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            MoveKind::Lose { .. } => Some(Fault::LoseOne),
            MoveKind::Copy { .. } => Some(Fault::Duplicate),
            MoveKind::Kill { .. } => Some(Fault::Kill),
            MoveKind::Power { .. } => Some(Fault::Power),
            MoveKind::Cut { .. } => Some(Fault::Partition),
            _ => None,
        }
    }
}
