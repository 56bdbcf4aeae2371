//! What workloads are made from, and why one may not be made.

use super::mops::TxnShape;
use super::topology::Topology;
use crate::options::Cluster;
use host_check::Checks;

/// What a workload is made from.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkloadOptions {
    /// The nodes.
    pub cluster: Cluster,
    /// How many client workers there are.
    pub concurrency: usize,
    /// The topology of broadcast.
    pub topology: Topology,
    /// The shape of transactions; kafka's have one operation.
    pub txn: TxnShape,
    /// The mean latency of messages between servers, which the timeout of lin-kv's clients
    /// depends on.
    pub mean_latency_ms: u64,
    /// Whose rules decide: under strict ones clients inspect the cluster at the end, and record more.
    pub checks: Checks,
}

impl WorkloadOptions {
    pub(super) fn is_strict(&self) -> bool {
        self.checks == Checks::Strict
    }
}

/// The most processes that may work on one key of lin-kv.
pub(super) const LIN_KV_PROCESSES_MAX: usize = 20;

/// How many clients of each node work on one key of lin-kv.
pub(super) const LIN_KV_CLIENTS_PER_NODE: usize = 2;

/// Options that a workload does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsuitableOptions {
    /// Lin-kv has so many clients at a key for each node that there are too many.
    #[error(
        "lin-kv has at most {LIN_KV_PROCESSES_MAX} clients at a key, {LIN_KV_CLIENTS_PER_NODE} for \
         each node: it cannot have {nodes} nodes, {} at most (--node-count)",
        LIN_KV_PROCESSES_MAX / LIN_KV_CLIENTS_PER_NODE
    )]
    LinKvNodes {
        /// How many nodes there are.
        nodes: usize,
    },
    /// The clients of lin-kv do not form whole groups.
    #[error(
        "lin-kv has {LIN_KV_CLIENTS_PER_NODE} clients for each node at every key: it needs a \
         multiple of {group} clients, and there are {clients}; try --concurrency {}n",
        LIN_KV_CLIENTS_PER_NODE * clients.div_ceil(*group)
    )]
    LinKvClients {
        /// How many clients a group has.
        group: usize,
        /// How many clients there are.
        clients: usize,
    },
}
