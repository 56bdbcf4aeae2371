//! Whole runs of the simulator, with real guests and scripted ones.

mod broadcast;
mod check_cli;
mod cli;
mod clients;
mod determinism;
mod faults;
mod kafka;
mod languages;
mod lin_kv;
mod misbehaviour;
pub(crate) mod runs;
mod schedule;
mod scripted;
mod services;
mod shrink;
mod swap;
mod txn;
