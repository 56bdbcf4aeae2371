//! Invariants and goals of workloads: what has to hold of what nodes hold, in each state, and what they can come to hold.
//!
//! In a run a workload is shown each node after each event, and may remember what it has seen. In an exploration
//! states have no past: a copy of the workload that has seen nothing is shown all nodes of a state. So what it remembers
//! of earlier states breaks nothing here; the simulator, which replays a failure, asks it as in any run.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use dashmap::DashMap;
use host_sim::{Goal, GoalSet, Held, Shown, WorkloadClient, shown};

use crate::goals::Sighted;
use crate::guests::Guests;
use crate::hash::BuildQuick;
use crate::nodes::Nodes;
use crate::participants::Messages;
use crate::wrong::Wrong;

/// What a known state of all nodes takes besides their numbers.
const KNOWN_BYTES: usize = 56;

/// The invariants and goals of a workload.
pub(crate) struct Invariants {
    /// A workload that has seen no node.
    fresh: Mutex<Box<dyn WorkloadClient>>,
    /// Whether it has invariants.
    observes: bool,
    pub(crate) goals: Vec<Goal>,
    /// The guests of all nodes, wherever nothing is broken, and the goals that they show.
    known: DashMap<Box<[Option<u32>]>, GoalSet, BuildQuick>,
    nodes: usize,
    /// The goals that some state has shown, a bit for each.
    seen: AtomicU32,
    /// Whether some node was up and said nothing about goals.
    is_untold: AtomicBool,
}

impl Invariants {
    /// Those of a workload; `None` if it has none, and no goals.
    pub(crate) fn of(fresh: Box<dyn WorkloadClient>, nodes: usize) -> Option<Self> {
        let (observes, goals) = (fresh.observes(), fresh.goals().to_vec());
        (observes || !goals.is_empty()).then(|| Invariants {
            fresh: Mutex::new(fresh),
            observes,
            goals,
            known: DashMap::default(),
            nodes,
            seen: AtomicU32::new(0),
            is_untold: AtomicBool::new(false),
        })
    }

    /// What the known states take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.known.len() * (KNOWN_BYTES + self.nodes * size_of::<Option<u32>>())
    }

    /// The goals that were shown so far.
    pub(crate) fn sighted(&self) -> Sighted {
        Sighted {
            seen: GoalSet::from_bits(self.seen.load(Ordering::Relaxed)),
            is_untold: self.is_untold.load(Ordering::Relaxed),
        }
    }

    /// Looks at all nodes of a state, at this virtual time. Returns the goals that they show.
    ///
    /// # Errors
    /// What is broken, or that the workload has failed.
    pub(crate) fn look(
        &self,
        parts: &[u32],
        now_ns: u64,
        (nodes, guests, messages): (&Nodes, &Guests<'_>, &Messages),
    ) -> Result<GoalSet, Wrong> {
        let parts = parts.iter().map(|part| nodes.get(*part));
        let of_all: Box<[Option<u32>]> = parts.clone().map(|node| node.guest).collect();
        if let Some(goals) = self.known.get(&of_all) {
            return Ok(*goals);
        }
        let mut workload = {
            let fresh = self.fresh.lock();
            fresh.unwrap_or_else(PoisonError::into_inner).boxed_clone()
        };
        let states = parts.map(|node| {
            let snapshot = |guest| guests.snapshot(guest, node.life(), messages);
            node.guest.map(snapshot)
        });
        let states: Vec<_> = states.collect();
        let held = states.iter().map(|state| match state {
            None => Held::Down,
            Some(None) => Held::Hidden, // it shows nothing in a run either
            Some(Some(state)) => Held::State(state),
        });
        let looked = shown(workload.as_mut(), now_ns, held);
        if let Some(why) = workload.failure() {
            return Err(Wrong::Workload(why));
        }
        let Shown { goals, is_told } = looked.map_err(|broken| match self.observes {
            true => Wrong::Invariant(broken),
            false => Wrong::Workload(format!(
                "it says that an invariant does not hold, and declares none: {broken}"
            )),
        })?;
        self.seen.fetch_or(goals.bits(), Ordering::Relaxed);
        if !is_told {
            self.is_untold.store(true, Ordering::Relaxed);
        }
        self.known.insert(of_all, goals);
        Ok(goals)
    }
}
