//! What is explored.

use host_guest::Start;
use host_sim::Operation;
use host_trial::Scenario;

use crate::bounds::{Bounds, Budget};

/// What is explored.
pub struct Exploration<'a> {
    /// The program of every node.
    pub module: &'a dyn Start,
    /// The workload, the cluster, its clients, its limits.
    pub scenario: &'a Scenario,
    /// What is tried.
    pub bounds: &'a Bounds,
    /// When to stop.
    pub budget: Budget,
    /// Decides what guests draw, and the operations if none are given.
    pub seed: u64,
    /// The operations and their workers; as many as the bounds say are drawn if there is no list.
    pub operations: Option<&'a [(usize, Operation)]>,
}
