//! Invariants of workloads: what has to hold of what nodes hold, in each state.
//!
//! In a run a workload is shown each node after each event, and may remember what it has seen. In an exploration
//! states have no past: a copy of the workload that has seen nothing is shown all nodes of a state. So what it remembers
//! of earlier states breaks nothing here; the simulator, which replays a failure, asks it as in any run.

use std::sync::{Mutex, PoisonError};

use dashmap::DashSet;
use host_sim::WorkloadClient;

use crate::guests::Guests;
use crate::hash::BuildQuick;
use crate::nodes::Nodes;
use crate::participants::Messages;
use crate::wrong::Wrong;

/// What a known state of all nodes takes besides their numbers.
const KNOWN_BYTES: usize = 48;

/// The invariants of a workload.
pub(crate) struct Invariants {
    /// A workload that has seen no node.
    fresh: Mutex<Box<dyn WorkloadClient>>,
    /// The guests of all nodes, wherever nothing is broken.
    known: DashSet<Box<[Option<u32>]>, BuildQuick>,
    nodes: usize,
}

impl Invariants {
    /// Those of a workload; `None` if it has none.
    pub(crate) fn of(fresh: Box<dyn WorkloadClient>, nodes: usize) -> Option<Self> {
        fresh.observes().then(|| Invariants {
            fresh: Mutex::new(fresh),
            known: DashSet::default(),
            nodes,
        })
    }

    /// What the known states take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.known.len() * (KNOWN_BYTES + self.nodes * size_of::<Option<u32>>())
    }

    /// Looks at all nodes of a state, at this virtual time.
    ///
    /// # Errors
    /// What is broken, or that the workload has failed.
    pub(crate) fn look(
        &self,
        parts: &[u32],
        now_ns: u64,
        (nodes, guests, messages): (&Nodes, &Guests<'_>, &Messages),
    ) -> Result<(), Wrong> {
        let parts = parts.iter().map(|part| nodes.get(*part));
        let of_all: Box<[Option<u32>]> = parts.clone().map(|node| node.guest).collect();
        if self.known.contains(&of_all) {
            return Ok(());
        }
        let mut workload = {
            let fresh = self.fresh.lock();
            fresh.unwrap_or_else(PoisonError::into_inner).boxed_clone()
        };
        for (index, node) in parts.enumerate() {
            let state = match node.guest {
                None => None,
                Some(guest) => match guests.snapshot(guest, node.life(), messages) {
                    Some(state) => Some(state),
                    None => continue, // it shows nothing in a run either
                },
            };
            let observed = workload.observe(now_ns, index, state.as_deref());
            observed.map_err(Wrong::Invariant)?;
        }
        if let Some(why) = workload.failure() {
            return Err(Wrong::Workload(why));
        }
        self.known.insert(of_all);
        Ok(())
    }
}
