//! The simulator and the grader, as processes and as libraries.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod clusters;
mod deploy;
mod explored;
mod fuzz;
mod grade;
mod hostile;
mod new;
mod outputs;
mod play;
mod report;
mod serve;
mod simulated;
mod workloads;
mod zoo;
