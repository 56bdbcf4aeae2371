//! The same solution as a native Maelstrom node: for a debugger, and as the
//! yardstick that the sandbox is measured against.

mod run;

pub use run::run;
