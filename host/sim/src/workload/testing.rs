//! Workloads under test: turns without a simulator around them.

use crate::client::{Next, Operation, Turn, WorkloadClient};
use crate::random::{Stream, Streams};

/// Workers that are all free, and random streams.
#[derive(Clone)]
pub(super) struct Turns {
    pub(super) now_ns: u64,
    pub(super) free: Vec<usize>,
    pub(super) processes: Vec<i64>,
    choices: Stream,
    turn: usize,
}

impl Turns {
    pub(super) fn new(workers: usize) -> Self {
        let streams = Streams::new(1);
        Turns {
            now_ns: 0,
            free: (0..workers).collect(),
            processes: (0..).take(workers).collect(),
            choices: streams.stream("operations"),
            turn: 0,
        }
    }

    /// Asks for something in a turn.
    pub(super) fn ask(&mut self, ask: impl FnOnce(&mut Turn<'_>) -> Next) -> Next {
        ask(&mut Turn::new(
            self.now_ns,
            &self.free,
            &self.processes,
            &mut self.choices,
            self.turn,
        ))
    }

    /// The next operation, which there has to be.
    pub(super) fn invoke(&mut self, workload: &mut dyn WorkloadClient) -> (usize, Operation) {
        match self.ask(|turn| workload.next(turn)) {
            Next::Invoke { worker, operation } => {
                self.turn = (self.turn + 1) % (self.processes.len() + 1);
                (worker, operation)
            }
            other => panic!("there is no operation: {other:?}"),
        }
    }
}
