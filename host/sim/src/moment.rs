//! Moments: a run that stands still between two events, for whoever touches it.
//!
//! A hand may take as long as it likes.

use host_check::history::Op;

use super::address::{Addr, Names};
use super::network::Network;
use super::nodes::Nodes;
use super::phase::Phase;
use super::queue::Queue;
use super::scheduled::Scheduled;
use super::script::Script;
use super::touch::{InFlightMessage, NodeNow, Touch, TouchKind, TouchOutcome, WorkerNow};
use super::workers::Workers;

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
    /// What came of the script's touches so far.
    pub touched: &'a [TouchOutcome],
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
