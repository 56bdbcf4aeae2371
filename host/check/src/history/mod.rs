//! Jepsen's histories: what the clients and the nemesis did, in the order it happened.
//!
//! A [`History`] is valid by construction: its operations are in order, every completion has its
//! invocation, and no process does two things at once. So checkers never meet invalid input: an
//! invalid history is an error of its reader, with a line and a column, and never a verdict. The
//! model is that of [jepsen.history](https://github.com/jepsen-io/history).

mod edn;
mod json;
mod log;
mod op;
mod ops;
mod options;
mod pairs;
mod parts;
mod read;
mod validated;

pub use edn::{read_edn, read_op, write_edn};
pub use json::{read_json, write_json};
pub(crate) use op::brief_seconds;
pub(super) use op::seconds;
pub use op::{Kind, Op, Process};
pub use options::{HISTORY_BYTES_MAX, ReadOptions};
pub use pairs::{Broken, Pairs};
pub use read::{read, read_with};
pub use validated::History;
