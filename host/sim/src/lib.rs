//! The simulator: a cluster of guests, its network, clients and faults, in virtual time.
//!
//! A run is one loop over a queue of events ordered by (virtual time, sequence). Whatever
//! happens is a function of the module, the [`RunOptions`] and the seed. What keeps it so:
//! time is the queue's; every random choice comes from a [`random::Stream`] of its own
//! purpose; nothing iterates over a hash map; a run has one thread.
//!
//! | files | job |
//! |---|---|
//! | `options` `bounds` | the facts that a run is made from |
//! | `random` `queue` `address` | streams of chance, the queue of events, who is who |
//! | `packets` `latency` `links` `network` | messages on their way |
//! | `clock` `node` | guests, their timers and clocks |
//! | `nemesis` | what goes wrong, and when |
//! | `script` | what clients begin and what goes wrong, spelled out instead of drawn |
//! | `rpc` `workload` `workers` `exception` | clients and what they do |
//! | `journal` | everything that happens, for whoever wants to see |
//! | `run` `deliver` `phases` `faults` `swap` `outcome` | the loop, and what comes out |
//!
//! The network, the clients and the faults behave as Maelstrom's; where they do not,
//! `docs/differences.md` says so.

mod address;
mod bounds;
mod client;
mod clock;
mod concurrency;
mod deliver;
mod exception;
mod faults;
pub mod journal;
mod latency;
mod links;
pub mod nemesis;
mod network;
mod node;
mod options;
mod outcome;
mod packets;
mod phases;
mod queue;
pub mod random;
pub mod ranges;
mod rpc;
mod run;
mod script;
mod seeds;
pub mod service;
mod swap;
mod workers;
pub mod workload;

pub use bounds::{Bound, Bounds, Used};
pub use client::{
    Completion, ErrorHandling, Malformed, Next, Operation, Step, Turn, WorkloadClient,
};
pub use concurrency::Concurrency;
pub use latency::{Distribution, Latency};
pub use network::NetworkModel;
pub use options::{Cluster, RunOptions};
pub use outcome::seconds;
pub use outcome::{Outcome, Reason, Stopped};
pub use run::{Simulation, run};
pub use script::{Episode, Invocation, Script};
pub use seeds::SeedRange;

/// Nanoseconds in a millisecond.
pub const MS: u64 = 1_000_000;
/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

/// Seconds, at most [`ranges::SECONDS_MAX`] of them, as nanoseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is positive and at most a day"
)]
#[must_use]
pub fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}
