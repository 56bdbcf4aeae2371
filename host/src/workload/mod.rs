//! Maelstrom's workloads: what clients do, and what counts as an answer.
//!
//! The checkers of their histories are in [`crate::check`]; the simulator knows
//! workloads only as [`Workload`](crate::sim::Workload)s.

mod answer;
mod broadcast;
mod counter;
mod echo;
mod g_set;
mod last_reads;
mod topology;
mod unique_ids;

pub use topology::Topology;

use crate::check::workload::Workload as Kind;
use crate::sim::{Cluster, Workload};

/// What a workload is made from.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The nodes that there are.
    pub cluster: Cluster,
    /// How many client workers there are.
    pub concurrency: usize,
    /// Who is whose neighbour, for broadcast.
    pub topology: Topology,
}

/// The workloads that the simulator has clients for.
pub const SIMULATED: [Kind; 6] = [
    Kind::Echo,
    Kind::UniqueIds,
    Kind::Broadcast,
    Kind::GSet,
    Kind::GCounter,
    Kind::PnCounter,
];

/// The workload of that kind, at its beginning, if it is one of [`SIMULATED`].
#[must_use]
pub fn make(kind: Kind, settings: &Settings) -> Option<Box<dyn Workload>> {
    let concurrency = settings.concurrency;
    Some(match kind {
        Kind::Echo => Box::new(echo::Echo::new()),
        Kind::UniqueIds => Box::new(unique_ids::UniqueIds::new()),
        Kind::Broadcast => Box::new(broadcast::Broadcast::new(settings)),
        Kind::GSet => Box::new(g_set::GSet::new(concurrency)),
        Kind::GCounter => Box::new(counter::Counter::growing(concurrency)),
        Kind::PnCounter => Box::new(counter::Counter::any(concurrency)),
        Kind::Kafka | Kind::TxnListAppend | Kind::TxnRwRegister => return None,
    })
}
