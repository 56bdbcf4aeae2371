//! The `host` binary as a process: arguments and stdin in; stdout, stderr and exit code
//! out. The guests are in `tests/guests`, in the text format, so that these tests do not
//! depend on an SDK.
//!
//! `UPDATE_EXPECT=1 cargo nextest run -p host --test live cli::` writes the outputs that
//! it finds into the expectations.

mod cache;
mod called;
mod colours;
mod command_line;
mod conversation;
mod effects;
mod faults;
mod golden;
mod manual;
mod memory;
mod modules;
mod panics;
mod shared_cache;
mod shown;
mod sizes;
mod version;
mod wasi;
