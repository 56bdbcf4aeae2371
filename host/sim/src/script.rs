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

use super::client::Operation;
use super::nemesis::{Fault, FaultAction};

/// The operations and the faults of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// In the order in which they begin.
    pub operations: Vec<Invocation>,
    /// In the order in which they start. Those of one kind do not overlap.
    pub faults: Vec<Episode>,
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
    /// Returns the kinds of its faults, in their order.
    #[must_use]
    pub fn kinds(&self) -> Vec<Fault> {
        let mut kinds: Vec<Fault> = self.faults.iter().map(|it| it.action.fault()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
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
