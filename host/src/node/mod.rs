//! The live node: a guest on stdin and stdout, in real time.
//!
//! A reader thread splits the input into lines and checks them; everything else
//! happens in one loop, in order: handle what has arrived, fire the timers that are
//! due, and when nothing is left to do, write out what has gathered and wait.

mod input;
mod run;

pub use run::{NodeError, NodeOptions, run};
