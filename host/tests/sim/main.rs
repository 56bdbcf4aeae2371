//! The simulator and the grader, from the outside and as a library.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fuzz;
mod grade;
mod hostile;
mod report;
mod simulated;
mod zoo;
