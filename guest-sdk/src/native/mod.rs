//! Runs a solution as a native Maelstrom node: for a debugger, and as the baseline of the
//! sandbox's benchmarks.

mod run;

pub use run::{Writes, run};
