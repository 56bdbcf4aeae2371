//! The next operation of a worker.

use std::time::Duration;

use super::Draws;

/// What a workload knows when it generates an operation.
pub struct Turn<'a> {
    /// The virtual time since the beginning of the run.
    pub now: Duration,
    /// The worker, counted from 0.
    pub worker: usize,
    /// The process that the worker is at the moment: another after each operation of unknown outcome.
    pub process: i64,
    /// Random choices.
    pub draws: &'a mut Draws,
}

/// The next operation of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<Operation> {
    /// The worker invokes this.
    Invoke(Operation),
    /// There is nothing for this worker: ask for another one.
    Pass,
    /// There is nothing for any worker that is free: ask when another is.
    Wait,
    /// There is nothing before this time since the beginning of the run.
    Later(Duration),
    /// There are no more operations in this phase.
    Done,
}
