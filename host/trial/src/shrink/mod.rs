//! Shrinking: the search for the shortest run that fails in the same way as a given one.
//!
//! A [`Schedule`](crate::schedule::Schedule) is made smaller step by step: fewer nodes, fewer
//! clients, no upgrade, a simpler network, fewer faults, fewer operations, shorter transactions,
//! fewer targets of each fault, less time.
//! Each candidate is played; the first of the original's anomalies has to show again, or the
//! candidate is dropped. Parts of lists are left out in chunks that get smaller (`ddmin`). All
//! passes are repeated until none succeeds: then no single node, fault, target, operation or
//! part of a transaction can be left out.
//!
//! Only the main phase of a run shrinks. The workload still ends every fault, waits for the
//! cluster to recover, and has every client read once more, so a correct program passes the
//! small run as well.
//!
//! The search is a function of the schedule, the module and the [`Budget`], which counts what runs
//! use, never time. No run of the search may cost more than what is left of the budget. When it is
//! spent, the result says that there may be a shorter run.
//!
//! | files | job |
//! |---|---|
//! | `budget` `shrunk` | what a search may cost, and what it finds |
//! | `passes` | the search: all that can be left out, in turn |
//! | `search` | the smallest schedule so far, and the candidates that were tried |
//! | `chunks` | which elements of a list can be left out |
//! | `nodes` `faults` `time` | the smaller schedules |
//!
//! Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002).

mod budget;
mod chunks;
mod faults;
mod nodes;
mod passes;
mod search;
mod shrunk;
mod time;

pub use budget::{Budget, cost, cost_of};
pub use passes::shrink;
pub use shrunk::{Shrunk, size};
