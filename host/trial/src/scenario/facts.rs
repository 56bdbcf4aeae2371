//! The facts of a scenario.

use host_check::Clients;
use host_check::workload::{CheckOptions, Workload};
use host_sim::RunOptions;
use host_sim::workload::{AnyWorkload, Topology, TxnShape, WorkloadOptions};

/// What a run is made from, except its program and its seed. Options that are not set have the
/// defaults of `host sim`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Scenario {
    /// What clients do.
    pub workload: AnyWorkload,
    /// The neighbours that broadcast tells each node.
    pub topology: Topology,
    /// How large transactions are, and how many keys they use.
    pub txn: TxnShape,
    /// The cluster, its clients, its network, its faults and its limits.
    pub options: RunOptions,
    /// How the history is judged.
    pub checks: CheckOptions,
}

/// A workload that cannot be made in this scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Impossible(String);

impl Scenario {
    /// A workload, with every option at its default.
    #[must_use]
    pub fn of(workload: impl Into<AnyWorkload>) -> Self {
        Scenario {
            workload: workload.into(),
            topology: Topology::default(),
            txn: TxnShape::default(),
            options: RunOptions::default(),
            checks: CheckOptions::default(),
        }
    }

    /// A workload in a run with these options, and everything else at its default.
    #[must_use]
    pub fn with(workload: impl Into<AnyWorkload>, options: RunOptions) -> Self {
        Scenario {
            options,
            ..Scenario::of(workload)
        }
    }

    /// Checks what single options cannot: whether the workload can be made from all of them.
    ///
    /// # Errors
    /// Why it cannot, and what to change.
    pub fn verify(&self) -> Result<(), Impossible> {
        match self.workload.client(&self.workload_options()) {
            Ok(_) => Ok(()),
            Err(why) => Err(Impossible(why)),
        }
    }

    /// How the history of a run is judged: the same, and who asked whom.
    #[must_use]
    pub fn check_options(&self) -> CheckOptions {
        let cluster = self.options.cluster;
        CheckOptions {
            clients: Some(Clients {
                workers: self.options.concurrency,
                nodes: cluster.count,
                first_node: cluster.first,
            }),
            ..self.checks.clone()
        }
    }

    /// What the workload's client is made from.
    #[must_use]
    pub fn workload_options(&self) -> WorkloadOptions {
        WorkloadOptions {
            cluster: self.options.cluster,
            concurrency: self.options.concurrency,
            topology: self.topology,
            txn: self.txn,
            mean_latency_ms: self.options.mean_latency_ms(),
            checks: self.checks.checks,
        }
    }
}

/// The workload echo: `host sim` has no default workload.
impl Default for Scenario {
    fn default() -> Self {
        Scenario::of(Workload::Echo)
    }
}
