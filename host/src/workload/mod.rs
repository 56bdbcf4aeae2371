//! Maelstrom's workloads: what clients do, and what counts as an answer.
//!
//! The checkers of their histories are in [`crate::check`]; the simulator knows
//! workloads only as [`Workload`]s.

mod answer;
mod broadcast;
mod counter;
mod echo;
mod g_set;
mod kafka;
mod last_reads;
mod lin_kv;
mod mops;
#[cfg(test)]
mod testing;
mod topology;
mod txn;
mod unique_ids;
mod writes_and_reads;

pub use mops::TxnShape;
pub use topology::Topology;

use crate::check::workload::Workload as Kind;
use crate::sim::{Cluster, Workload};

/// What a workload is made from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// The nodes that there are.
    pub cluster: Cluster,
    /// How many client workers there are.
    pub concurrency: usize,
    /// Who is whose neighbour, for broadcast.
    pub topology: Topology,
    /// What transactions are like; kafka's have one operation.
    pub txn: TxnShape,
    /// Mean time that a message between servers takes, which lin-kv's clients allow for.
    pub mean_latency_ms: u64,
}

/// The workload of that kind, at its beginning.
///
/// # Errors
/// Why it cannot be made from these settings, and what to change.
pub fn make(kind: Kind, settings: &Settings) -> Result<Box<dyn Workload>, String> {
    let concurrency = settings.concurrency;
    Ok(match kind {
        Kind::Echo => Box::new(echo::Echo::new()),
        Kind::UniqueIds => Box::new(unique_ids::UniqueIds::new()),
        Kind::Broadcast => Box::new(broadcast::Broadcast::workload(settings)),
        Kind::GSet => Box::new(g_set::GSet::workload(concurrency)),
        Kind::GCounter => Box::new(counter::Counter::growing(concurrency)),
        Kind::PnCounter => Box::new(counter::Counter::any(concurrency)),
        Kind::TxnListAppend => Box::new(txn::Txn::list_append(settings.txn)),
        Kind::TxnRwRegister => Box::new(txn::Txn::rw_register(settings.txn)),
        Kind::Kafka => Box::new(kafka::Kafka::new(settings)),
        Kind::LinKv => Box::new(lin_kv::LinKv::new(settings)?),
    })
}
