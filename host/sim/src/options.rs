//! The options of a run.

use std::sync::Arc;

use super::bounds::Bounds;
use super::hop::{Hops, Pace};
use super::latency::Latency;
use super::nemesis::Fault;
use super::network::NetworkModel;
use super::random::Streams;
use super::regions::Regions;
use super::time::{MS, SECOND};
use host_guest::Limits;

/// The options of a run. Together with the program, the workload and the seed they determine it.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The nodes.
    pub cluster: Cluster,
    /// How many client workers there are; worker `i` talks to node `i` modulo the nodes.
    pub concurrency: usize,
    /// Operations a second, over all workers; 0 for none.
    pub rate: f64,
    /// How long clients invoke operations, in nanoseconds.
    pub time_limit_ns: u64,
    /// The latency of messages between servers.
    pub latency: Latency,
    /// Where nodes are, and what is between them. Their latencies are added to the mean of `latency`.
    pub regions: Option<Arc<Regions>>,
    /// The latency of a sync of a node's disk.
    pub disk_latency: Latency,
    /// What messages take from one process to another besides their latency. `None` for what it is
    /// under Maelstrom at this rate, or none in an ideal network. If hops take no time, the generator
    /// takes none either.
    pub hops: Option<Hops>,
    /// How receivers take messages in.
    pub network: NetworkModel,
    /// The faults to inject, each kind at most once.
    pub faults: Vec<Fault>,
    /// Mean time between the starts and stops of a fault, in nanoseconds.
    pub nemesis_interval_ns: u64,
    /// How long after the beginning of the main phase the nodes are upgraded to the next version,
    /// one a second, in nanoseconds; `None` for never.
    pub swap_after_ns: Option<u64>,
    /// The limits of each guest.
    pub limits: Limits,
    /// The arguments of each guest.
    pub guest_args: Vec<String>,
    /// Whether the guests of all nodes draw the same random numbers: nodes are alike then, but for their names.
    pub same_draws: bool,
    /// The bounds of the run.
    pub bounds: Bounds,
}

impl RunOptions {
    /// The mean latency of messages between servers, in milliseconds: between those that are furthest from each other.
    #[must_use]
    pub fn mean_latency_ms(&self) -> u64 {
        let regions_ns = self.regions.as_ref().map_or(0, |it| it.latency_ns_max());
        self.latency.mean_ms + regions_ns.div_ceil(MS)
    }

    /// The medians of hops in the run that these streams belong to.
    #[must_use]
    pub fn hops(&self, streams: &Streams) -> Hops {
        match (self.hops, self.network) {
            (Some(hops), _) => hops,
            (None, NetworkModel::Ideal) => Hops::default(),
            (None, NetworkModel::Maelstrom) => Hops::measured(self.rate, Pace::draw(streams)),
        }
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            cluster: Cluster::default(),
            concurrency: Cluster::default().count,
            rate: 5.0,
            time_limit_ns: 60 * SECOND,
            latency: Latency::default(),
            regions: None,
            disk_latency: Latency::default(),
            hops: None,
            network: NetworkModel::default(),
            faults: Vec::new(),
            nemesis_interval_ns: 10 * SECOND,
            swap_after_ns: None,
            limits: Limits::default(),
            guest_args: Vec::new(),
            same_draws: false,
            bounds: Bounds::default(),
        }
    }
}

/// The nodes: `n0`, `n1` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cluster {
    /// How many there are.
    pub count: usize,
    /// The number in the first one's name.
    pub first: usize,
}

impl Cluster {
    /// What `--node-count` asks for: `n0` to `n{count - 1}`.
    #[must_use]
    pub fn of(count: usize) -> Self {
        Cluster { count, first: 0 }
    }

    /// The most guests that a run has at a time: those of all nodes, and one more while a node changes its version.
    #[must_use]
    pub fn guests_max(self) -> usize {
        self.count + 1
    }

    /// The name of a node, by its position from 0 on.
    #[must_use]
    pub fn node_name(self, node: usize) -> String {
        format!("n{}", self.first + node)
    }

    /// The names of all nodes.
    #[must_use]
    pub fn node_names(self) -> Vec<String> {
        (0..self.count).map(|node| self.node_name(node)).collect()
    }

    /// The position of the node of this name, if there is one.
    #[must_use]
    pub fn find_node(self, name: &str) -> Option<usize> {
        let number: usize = name.strip_prefix('n')?.parse().ok()?;
        let node = number.checked_sub(self.first)?;
        // `n01` is no name.
        (node < self.count && self.node_name(node) == name).then_some(node)
    }

    /// The node that a process of the history talks to, where there are so many workers.
    #[must_use]
    pub fn node_of(self, process: i64, workers: usize) -> usize {
        let process = usize::try_from(process).unwrap_or(0);
        process % workers.max(1) % self.count.max(1)
    }
}

/// Jepsen's own: `n1` to `n5`.
impl Default for Cluster {
    fn default() -> Self {
        Cluster { count: 5, first: 1 }
    }
}
