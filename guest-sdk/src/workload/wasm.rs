//! The exports of a workload module, as [`export_workload!`](crate::export_workload) uses them.

use super::runtime::Runtime;
use super::{Draws, Workload};
use crate::wasm::{address, packed};

/// What is behind the exports of a module.
#[doc(hidden)]
pub struct Module<W> {
    runtime: Runtime<W>,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl<W: Workload> Module<W> {
    #[must_use]
    pub const fn new() -> Self {
        Module {
            runtime: Runtime::new(),
            input: Vec::new(),
            output: Vec::new(),
        }
    }

    /// Reserves memory for the next input.
    pub fn alloc(&mut self, len: u32) -> u32 {
        if self.input.len() < len as usize {
            self.input.resize(len as usize, 0);
        }
        address(&self.input)
    }

    /// Answers the request in the first `len` bytes of the input.
    ///
    /// # Panics
    /// If the host violates the interface, or the workload panics.
    pub fn handle(&mut self, len: u32) -> u64 {
        self.output.clear();
        let request = &self.input[..len as usize];
        self.runtime
            .answer(request, &mut Draws::of_host(), &mut self.output);
        packed(&self.output)
    }

    /// Returns the state of the clients.
    pub fn snapshot(&mut self) -> u64 {
        self.output = self.runtime.snapshot();
        packed(&self.output)
    }

    /// Goes on from the snapshot in the first `len` bytes of the input. Returns 0, or 1 if it refuses it.
    pub fn restore(&mut self, len: u32) -> u32 {
        let text = str::from_utf8(&self.input[..len as usize]).unwrap_or_default();
        match self.runtime.restore(text) {
            Ok(()) => 0,
            Err(why) => {
                eprintln!("snapshot refused: {why}");
                1
            }
        }
    }
}

impl<W: Workload> Default for Module<W> {
    fn default() -> Self {
        Module::new()
    }
}
