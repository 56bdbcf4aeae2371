//! What happens in a run, spelled out: the operations that clients begin and the faults that
//! come and go, in the place of a generator and a nemesis that draw them.
//!
//! A run that is given none can write its own down: played with the same seed and options, it
//! gives the same run again, to the byte. What a script does not hold is what follows from
//! it: how long messages take, which of them are lost while one in five is, and the last
//! operations, which a workload chooses by what it has seen.
//!
//! Times count from the beginning of the main phase. Operations begin in the order of the
//! script, each when it is due and its worker is free: while that one is busy, those behind
//! it wait too, as the generator's do when nobody is free. From the time limit on nothing
//! begins, and whatever was still to come is left out.

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

/// An operation that a worker begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// When it is due, in nanoseconds.
    pub at_ns: u64,
    /// Who does it.
    pub worker: usize,
    /// What.
    pub operation: Operation,
}

/// A fault from its start to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// When it starts, in nanoseconds.
    pub from_ns: u64,
    /// When it ends, in nanoseconds; with the main phase if there is no time.
    pub until_ns: Option<u64>,
    /// What it does to whom.
    pub plan: FaultAction,
}

impl Script {
    /// The kinds of faults that it has.
    #[must_use]
    pub fn kinds(&self) -> Vec<Fault> {
        let mut kinds: Vec<Fault> = self.faults.iter().map(|it| it.plan.fault()).collect();
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
            .find(|it| it.plan.fault() == fault);
        if let Some(episode) = last {
            episode.until_ns = Some(at_ns);
        }
    }
}
