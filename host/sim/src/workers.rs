//! Client workers: each does one operation at a time.

use super::client::Operation;
use super::rpc::{Clients, Owner};

/// A worker of the run.
#[derive(Debug)]
pub(super) struct Worker {
    /// The client that it uses at the moment.
    pub(super) client: usize,
    /// What it is doing.
    pub(super) operation: Option<Operation>,
}

/// All workers, and the processes that they are.
#[derive(Debug, Default)]
pub(super) struct Workers {
    pub(super) workers: Vec<Worker>,
    /// The process of each: grows by their number whenever an operation stays open.
    pub(super) processes: Vec<i64>,
    busy: usize,
}

impl Workers {
    pub(super) fn new(count: usize, clients: &mut Clients) -> Self {
        let workers = (0..count).map(|worker| Worker {
            client: clients.open(Owner::Worker(worker)),
            operation: None,
        });
        Workers {
            workers: workers.collect(),
            processes: (0..).take(count).collect(),
            busy: 0,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.busy == 0
    }

    /// Writes the workers that do nothing into `free`, in ascending order.
    pub(super) fn free(&self, free: &mut Vec<usize>) {
        free.clear();
        let idle = self.workers.iter().enumerate();
        free.extend(idle.filter_map(|(i, worker)| worker.operation.is_none().then_some(i)));
    }

    pub(super) fn begin(&mut self, worker: usize, operation: Operation) {
        self.workers[worker].operation = Some(operation);
        self.busy += 1;
    }

    /// Ends what the worker is doing.
    pub(super) fn end(&mut self, worker: usize) -> Option<Operation> {
        let operation = self.workers[worker].operation.take()?;
        self.busy -= 1;
        Some(operation)
    }

    /// The worker goes on as another process: nobody knows how its operation ended.
    pub(super) fn crash(&mut self, worker: usize) {
        self.processes[worker] += i64::try_from(self.workers.len()).unwrap_or(i64::MAX);
    }
}
