//! Scripts: the operations and the faults of a run, written down instead of drawn.
//!
//! A run without a script can record one. With the same seed and options, that script gives the
//! same run again, to the byte. A script does not hold what follows from it: the latency of
//! messages, which of them are lost while a fault loses some, and the last operations, which a
//! workload chooses by what it has seen.
//!
//! Times count from the beginning of the main phase. Operations begin in the order of the
//! script, each when it is due and its worker is free. While its worker is busy, those behind it
//! wait too, as the generator's do when no worker is free. From the time limit on nothing
//! begins, and the rest of the script is ignored.
//!
//! A script with [moves](Move) has no operations and faults besides. It says what happens in which
//! order, up to the end of the main phase, which is that of its last move. The time limit does not
//! matter.
//!
//! [Touches](Touch) may be beside either.

use super::client::Operation;
use super::moves::{Move, MoveKind};
use super::nemesis::{Fault, FaultAction};
use super::touch::{Touch, TouchKind};

/// The operations and the faults of a run, or all its moves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// In the order in which they begin. None if there are moves.
    pub operations: Vec<Invocation>,
    /// In the order in which they start. Those of one kind do not overlap. None if there are moves.
    pub faults: Vec<Episode>,
    /// For how long nodes run before the first move, in nanoseconds from the beginning of the main
    /// phase: messages arrive at once, in the order of sending, and timers that are due by then fire
    /// when they are due. Only with moves.
    pub warm_up_ns: u64,
    /// In their order.
    pub moves: Vec<Move>,
    /// A goal of the workload that is out of reach after the last move, or from the beginning if there are no moves. If
    /// nodes do not show it until the cluster has had time to recover, the run is invalid.
    pub goal: Option<String>,
    /// What is done by hand besides, in its order; after all moves.
    pub touches: Vec<Touch>,
}

/// An operation that a worker invokes.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// When it is due, in nanoseconds.
    pub at_ns: u64,
    /// The worker.
    pub worker: usize,
    /// The operation.
    pub operation: Operation,
}

/// A fault from its start to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// When it starts, in nanoseconds.
    pub from_ns: u64,
    /// When it ends, in nanoseconds; `None` for the end of the main phase.
    pub until_ns: Option<u64>,
    /// What it does to which nodes.
    pub action: FaultAction,
}

impl Script {
    /// Whether it says the order of everything.
    #[must_use]
    pub fn is_directed(&self) -> bool {
        !self.moves.is_empty()
    }

    /// Returns the kinds of its faults, in their order. Those of moves are not among them: whether
    /// one is possible is not known before.
    #[must_use]
    pub fn kinds(&self) -> Vec<Fault> {
        let mut kinds: Vec<Fault> = self.faults.iter().map(|it| it.action.fault()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// How many operations clients invoke by it, and how many faults there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let touches = self.touches.iter().map(|it| &it.what);
        let by_hand = touches.clone().filter_map(|what| match what {
            TouchKind::Move(what) => Some(what),
            _ => None,
        });
        let moves = self.moves.iter().map(|it| &it.what).chain(by_hand);
        let is_invoke = |it: &&MoveKind| matches!(it, MoveKind::Invoke { .. });
        let invoked = moves.clone().filter(is_invoke).count();
        let faults = moves.filter(|it| it.fault().is_some()).count();
        let paused = touches.filter(|it| matches!(it, TouchKind::Pause { .. }));
        let faults = self.faults.len() + faults + paused.count();
        (self.operations.len() + invoked, faults)
    }

    /// Notes that a fault ends.
    pub(super) fn end(&mut self, fault: Fault, at_ns: u64) {
        let last = self
            .faults
            .iter_mut()
            .rev()
            .find(|it| it.action.fault() == fault);
        if let Some(episode) = last {
            episode.until_ns = Some(at_ns);
        }
    }
}
