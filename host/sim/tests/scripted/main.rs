//! Whole runs of guests that are written in Rust, so that no test links the engine.
//!
//! Most guests do what a script says, whatever they are told: the smallest way to have a node
//! that is right, wrong or hostile at a known event.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod aimed;
mod clients;
mod coverage;
mod determinism;
mod disk;
mod guest;
mod misbehaviour;
mod moves;
mod runs;
mod services;
mod standstill;
mod touches;
mod turns;
