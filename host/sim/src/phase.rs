//! The phases of a run: nodes start, are prepared, work; then, for workloads that look
//! at the end once more, faults stop, the cluster recovers, and the last operations run. Under
//! strict checks clients of some workloads inspect the cluster then.

use strum::IntoStaticStr;

/// Where a run is, by a name for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Phase {
    /// Nodes still have to respond to `init`.
    Init {
        /// How many.
        left: usize,
    },
    /// Nodes still have to respond to the workload's own preparation.
    Setup {
        /// How many.
        left: usize,
    },
    /// Clients do operations and faults come and go.
    Main,
    /// Faults have ended.
    Recovery,
    /// Clients do their last operations.
    Last,
    /// Clients inspect the cluster.
    Inspection,
    /// It is over.
    Over,
}

impl Phase {
    /// A node has responded to what it was asked before the operations begin.
    pub(super) fn one_less(&mut self) {
        if let Phase::Init { left } | Phase::Setup { left } = self {
            *left -= 1;
        }
    }
}

/// The main phase: operations and faults begin in it, and none from its end on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MainPhase {
    /// When it begins.
    pub(super) from_ns: u64,
    /// When it ends.
    pub(super) until_ns: u64,
}

impl MainPhase {
    /// The virtual time `after_ns` after its beginning.
    pub(super) fn at(self, after_ns: u64) -> u64 {
        self.from_ns.saturating_add(after_ns)
    }
}
