//! The same solution as a native Maelstrom node: for a debugger, and as the
//! yardstick that the sandbox is measured against.

mod clock;
mod lines;
mod run;

pub use clock::Clock;
pub use lines::{Batch, LineText, read_batches};
pub use run::run;

/// The longest input line that a node takes by default, in bytes: 4 MiB.
pub const LINE_BYTES_MAX: usize = 4 << 20;
