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
    /// Decides what guests draw, and which operations are drawn.
    pub seed: u64,
    /// What clients do.
    pub operations: Operations<'a>,
}

/// What clients do.
#[derive(Debug, Clone, Copy, Default)]
pub enum Operations<'a> {
    /// As many operations as the bounds say, drawn from the workload. They begin in this order, each by any worker.
    #[default]
    Drawn,
    /// These operations, in this order, each by any worker.
    OfAny(&'a [Operation]),
    /// These operations, each by the worker that stands with it. Those of one worker begin in this order.
    OfEach(&'a [(usize, Operation)]),
}
