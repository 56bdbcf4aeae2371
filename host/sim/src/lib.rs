//! The simulator: a cluster of guests, its network, clients and faults, in virtual time.
//!
//! A run is one loop over a queue of events ordered by (virtual time, sequence). A run is a
//! function of the program, the [`RunOptions`] and the seed, because time comes from the queue,
//! every random choice comes from a [`random::Stream`] of its own purpose, nothing iterates over
//! a hash map, and a run has one thread.
//!
//! | files | job |
//! |---|---|
//! | `options` `bounds` `script` `moves` | what a run is made from |
//! | `time` `random` `queue` `scheduled` `address` | virtual time, random streams, names |
//! | `world` `meter` `cost` `memory` `processor_time` `progress` | what all parts of a run share |
//! | `packets` `pool` `latency` `regions` `places` `links` `network` | messages in flight |
//! | `clock` `programs` `node` `nodes` `services` | the cluster |
//! | `client` `clients` `exception` `ending` `workers` `generator` | clients and their operations |
//! | `nemesis` `nemeses` `faults` | faults: which, when, and how they are injected |
//! | `traffic` `hunter` `ends` | aimed faults: what they know, and when they act |
//! | `journal` `recorder` `outcome` `coverage` `growth` `logged` `silence` | what comes out of a run |
//! | `goal` | what nodes can come to hold, as workloads declare it |
//! | `phase` `run` | the loop |
//!
//! The network, the clients and the faults behave as Maelstrom's; where they do not,
//! `docs/differences.md` says so.

mod address;
mod bounds;
mod client;
mod clients;
mod clock;
mod concurrency;
mod cost;
mod coverage;
pub mod ending;
mod ends;
mod exception;
mod faults;
mod generator;
mod goal;
mod growth;
mod hop;
mod hunter;
pub mod journal;
mod latency;
mod links;
mod logged;
mod memory;
mod meter;
mod moment;
mod moves;
mod nemeses;
pub mod nemesis;
mod network;
mod node;
mod nodes;
mod options;
mod outcome;
mod packets;
mod phase;
mod places;
mod pool;
mod processor_time;
mod programs;
mod progress;
mod queue;
pub mod random;
pub mod ranges;
mod recorder;
mod regions;
mod run;
mod scheduled;
mod script;
mod seeds;
pub mod service;
mod services;
mod silence;
mod time;
mod touch;
mod traffic;
mod workers;
pub mod workload;
mod world;

pub use bounds::{Bound, Bounds, ResourceUsage};
pub use client::{
    Completion, ErrorHandling, Malformed, Next, Operation, Step, Turn, WorkloadClient, with_msg_id,
};
pub use clock::begins_ns;
pub use concurrency::{Concurrency, InvalidConcurrency, TooManyWorkers};
pub use coverage::{Coverage, Touched};
pub use goal::{GOALS_MAX, Goal, GoalKind, GoalOf, GoalSet, Held, Shown, shown};
pub use growth::MemoryGrowth;
pub use hop::Hops;
pub use host_disk::Survival;
pub use latency::{Distribution, Latency};
pub use logged::{LogLine, LoggedWarnings};
pub use memory::MemoryGrant;
pub use moment::{Act, Hand, Moment};
pub use moves::{MessageRef, Move, MoveKind};
pub use network::NetworkModel;
pub use options::{Cluster, RunOptions};
pub use outcome::{Outcome, StopReason, Stopped, UNREACHED_GOAL};
pub use phase::Phase;
pub use processor_time::ProcessorTime;
pub use regions::{InvalidRegions, Regions, presets};
pub use run::{Simulation, run};
pub use script::{Episode, Invocation, Script};
pub use seeds::{InvalidSeedRange, SeedRange};
pub use silence::{Instead, Silence};
pub use time::{MS, SECOND, brief_seconds, nanoseconds, seconds, short_seconds};
pub use touch::{InFlightMessage, NodeNow, Touch, TouchKind, TouchOutcome, WorkerNow};
