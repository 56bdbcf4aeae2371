//! The live node, from the outside: modules, programs, faults, hot swap.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod program;
mod swap;
