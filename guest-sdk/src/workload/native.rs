//! A workload in the process of a host, instead of a module: the same requests, the same answers.

use super::runtime::Runtime;
use super::{Draws, Workload};

/// A workload that answers requests.
pub struct Native<W> {
    runtime: Runtime<W>,
    draws: Draws,
    output: Vec<u8>,
}

impl<W: Workload> Native<W> {
    /// One that has not begun, and draws from `draws`.
    #[must_use]
    pub fn new(draws: Draws) -> Self {
        Native {
            runtime: Runtime::new(),
            draws,
            output: Vec::new(),
        }
    }

    /// Answers a request, which is JSON; [`answered`](Self::answered) has the answer.
    ///
    /// # Panics
    /// If the host violates the interface, or the workload panics.
    pub fn answer(&mut self, request: &str) {
        self.output.clear();
        self.runtime
            .answer(request.as_bytes(), &mut self.draws, &mut self.output);
    }

    /// The last answer.
    #[must_use]
    pub fn answered(&self) -> &[u8] {
        &self.output
    }

    /// The state of the clients.
    ///
    /// # Panics
    /// If it cannot be written as JSON.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        self.runtime.snapshot()
    }

    /// Goes on from a snapshot.
    ///
    /// # Errors
    /// Why it is none.
    pub fn restore(&mut self, snapshot: &str) -> Result<(), String> {
        self.runtime.restore(snapshot)
    }
}
