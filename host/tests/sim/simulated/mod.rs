//! The simulator from outside: whole runs of modules. Runs that need no module are tests of
//! host-sim.

mod broadcast;
mod check_cli;
mod cli;
mod clients;
mod compare;
mod determinism;
mod durable;
mod faults;
mod files;
mod heavy;
mod interpreters;
mod kafka;
mod languages;
mod large;
mod lin_kv;
mod misbehaviour;
mod mounts;
mod moves;
mod next;
mod raft;
pub(crate) mod runs;
mod schedule;
mod scripted;
mod sdks;
mod seeds;
mod shrink;
mod swap;
mod sweep;
mod sweep_resumed;
mod txn;
mod watch;
mod why;
