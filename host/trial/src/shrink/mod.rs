//! Shrinking: the search for the shortest run that fails in the same way as a given one.
//!
//! A [`Schedule`](crate::schedule::Schedule) is made smaller step by step: only the operations
//! around the evidence, fewer nodes, fewer clients, no upgrade, a simpler network, fewer faults,
//! fewer operations, shorter transactions, fewer targets of each fault, less time.
//! Each candidate is played. Parts of lists are left out in chunks that get smaller (`ddmin`). All
//! passes are repeated until none succeeds: then no single node, fault, target, operation or
//! part of a transaction can be left out. Of a schedule with moves only moves are left out, and with touches
//! nodes and times stay.
//!
//! **What is kept is the kind of evidence** ([`Evidence`](host_check::evidence::Evidence)). Where
//! operations contradict each other, the same anomaly has to be shown by operations again. Where
//! something did not happen ("no cas succeeded"), a shorter run says less: a right program may have
//! no success in it either. Then nodes, faults, time and all attempts stay, and only other kinds of
//! operations are left out. If a run has both kinds of anomalies, the first that operations show is
//! kept.
//!
//! **No schedule is kept that a right program fails.** Each candidate with the anomaly is also
//! played by a [`Reference`](crate::reference::Reference). Only the main phase of a run shrinks.
//! The workload still ends every fault, waits for the cluster to recover, and has every client read
//! once more, so that programs that need to recover can.
//!
//! The search is a function of the schedule, the module and the [`Budget`], which counts what runs
//! use, never time. No run of the search may cost more than a third of what is left of the budget,
//! so that a run that is too dear does not end the search. How dear the original was does not
//! matter: the first candidates are the smallest parts of it. When the budget is spent, the result
//! says that there may be a shorter run.
//!
//! | files | job |
//! |---|---|
//! | `budget` `shrunk` | what a search may cost, and what it finds |
//! | `passes` | the search: all that can be left out, in turn |
//! | `search` | the smallest schedule so far, and the candidates that were tried |
//! | `lead` `cut` | where the anomaly comes from, and parts around that |
//! | `chunks` | which elements of a list can be left out |
//! | `nodes` `faults` `time` `moves` | the smaller schedules |
//!
//! Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002).

mod budget;
mod chunks;
mod cut;
mod faults;
mod lead;
mod moves;
mod nodes;
mod passes;
mod search;
mod shrunk;
mod time;

pub use budget::{Budget, cost, cost_of};
pub use passes::shrink;
pub use shrunk::{Kept, Shrunk, size};
