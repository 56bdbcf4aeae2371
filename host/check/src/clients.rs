//! Who asked whom, if that is known: no history says it.

use super::history::Process;

/// The clients of a run and their nodes. Worker `i` talks to node `i` modulo the nodes; an operation
/// of unknown outcome adds the number of workers to its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clients {
    /// How many workers there are, at least one.
    pub workers: usize,
    /// How many nodes there are, at least one.
    pub nodes: usize,
    /// The number in the first node's name.
    pub first_node: usize,
}

impl Clients {
    /// The number of the node that a process talks to, counted from 0; `None` for the nemesis.
    pub(crate) fn node(&self, process: Process) -> Option<usize> {
        let Process::Client(process) = process else {
            return None;
        };
        let worker = usize::try_from(process).ok()? % self.workers.max(1);
        Some(worker % self.nodes.max(1))
    }

    /// The name of a node.
    pub(crate) fn name(&self, node: usize) -> String {
        format!("n{}", self.first_node + node)
    }
}
