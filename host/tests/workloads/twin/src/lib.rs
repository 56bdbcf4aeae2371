//! The built-in workload broadcast, as a module: a run has the same journal and the same verdict.

use std::collections::{BTreeMap, BTreeSet};

use guest_sdk::workload::prelude::*;

/// What clients do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "f", content = "value", rename_all = "kebab-case")]
pub enum Operation {
    /// Tells a node a value.
    Broadcast(i64),
    /// Reads all values.
    Read,
}

/// Requests. Their fields are written in the order in which the built-in workload writes them.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Request {
    /// A value.
    Broadcast {
        /// The value.
        message: i64,
        /// The type.
        r#type: &'static str,
    },
    /// All values.
    Read {
        /// The type.
        r#type: &'static str,
    },
    /// The neighbours of all nodes.
    Topology {
        /// By name.
        topology: BTreeMap<String, Vec<String>>,
        /// The type.
        r#type: &'static str,
    },
}

/// The clients of a run.
#[derive(Serialize, Deserialize)]
pub struct Broadcast {
    told: i64,
    has_read: BTreeSet<usize>,
    topology: BTreeMap<String, Vec<String>>,
}

impl Workload for Broadcast {
    const NAME: &'static str = "broadcast";
    const ABOUT: &'static str = "A value that one node is told reaches all nodes.";
    const OPERATIONS: &'static [OperationKind] = &[changes("broadcast"), reads("read")];
    const MESSAGES: &'static [&'static str] = &[
        "topology {topology: {[string]}} -> topology_ok {}",
        "broadcast {message: any} -> broadcast_ok {}",
        "read {} -> read_ok {messages: [any]}",
    ];
    const HAS_LAST: bool = true;
    const CHECKERS: &'static [&'static str] = &["broadcast"];

    type Options = ();
    type Operation = Operation;
    type Outcome = Value;
    type Request = Request;
    type Answer = ();
    type Specification = ();

    fn new(cluster: &Cluster, (): ()) -> Result<Self, String> {
        Ok(Broadcast {
            told: 0,
            has_read: BTreeSet::new(),
            topology: cluster.topology.clone(),
        })
    }

    fn set_up(&self, _node: usize) -> Option<Request> {
        Some(Request::Topology {
            topology: self.topology.clone(),
            r#type: "topology",
        })
    }

    fn next(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        Next::Invoke(match turn.draws.below(2) {
            0 => {
                self.told += 1;
                Operation::Broadcast(self.told - 1)
            }
            _ => Operation::Read,
        })
    }

    fn last(&mut self, turn: &mut Turn<'_>) -> Next<Operation> {
        match self.has_read.insert(turn.worker) {
            true => Next::Invoke(Operation::Read),
            false => Next::Pass,
        }
    }

    fn begin(&mut self, _worker: usize, operation: &Operation) -> Step<Self> {
        match *operation {
            Operation::Broadcast(message) => Step::call(Request::Broadcast {
                message,
                r#type: "broadcast",
            })
            .completes_as_invoked(),
            Operation::Read => {
                Step::call(Request::Read { r#type: "read" }).completes_with("messages")
            }
        }
    }
}

guest_sdk::export_workload!(Broadcast);
