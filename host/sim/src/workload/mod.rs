//! Maelstrom's workloads: what clients do, and what counts as an answer.
//!
//! The checkers of their histories are in [`host_check`]; the simulator knows
//! workloads only as [`WorkloadClient`]s.

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

use crate::{Cluster, WorkloadClient};
use host_check::workload::Workload;

/// What a workload is made from.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkloadOptions {
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
pub fn make(
    workload: Workload,
    settings: &WorkloadOptions,
) -> Result<Box<dyn WorkloadClient>, String> {
    let concurrency = settings.concurrency;
    Ok(match workload {
        Workload::Echo => Box::new(echo::Echo::new()),
        Workload::UniqueIds => Box::new(unique_ids::UniqueIds::new()),
        Workload::Broadcast => Box::new(broadcast::Broadcast::workload(settings)),
        Workload::GSet => Box::new(g_set::GSet::workload(concurrency)),
        Workload::GCounter => Box::new(counter::Counter::growing(concurrency)),
        Workload::PnCounter => Box::new(counter::Counter::any(concurrency)),
        Workload::TxnListAppend => Box::new(txn::Txn::list_append(settings.txn)),
        Workload::TxnRwRegister => Box::new(txn::Txn::rw_register(settings.txn)),
        Workload::Kafka => Box::new(kafka::Kafka::new(settings)),
        Workload::LinKv => Box::new(lin_kv::LinKv::new(settings)?),
    })
}
