//! The `host` program: its commands, as a library so that `main` is one line.
//!
//! The floors below it are crates of their own: ARCHITECTURE.md has the map.

pub mod cli;
