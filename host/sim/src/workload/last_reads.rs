//! The last operations of most workloads: every worker reads once.

use crate::client::{Next, Operation};
use host_check::value::{Name, Value};

/// Counts the workers that have read.
#[derive(Clone)]
pub(super) struct LastReads {
    f: Name,
    workers: usize,
    done: usize,
}

impl LastReads {
    pub(super) fn new(workers: usize) -> Self {
        LastReads {
            f: "read".into(),
            workers,
            done: 0,
        }
    }

    /// Returns the next read. All workers are free when the first is asked for.
    pub(super) fn next(&mut self) -> Next {
        if self.done == self.workers {
            return Next::Done;
        }
        self.done += 1;
        Next::Invoke {
            worker: self.done - 1,
            operation: Operation::new(&self.f, Value::Nil).with("final?", Value::Bool(true)),
        }
    }
}
