//! The live node: modules, programs, failures of guests, hot swap.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod disk;
mod program;
mod sdks;
mod swap;
