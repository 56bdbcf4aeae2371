//! The `host` binary from the outside: arguments and stdin in; stdout, stderr and exit
//! code out. The guests are in `tests/guests`, in the text format, so that nothing here
//! depends on an SDK.
//!
//! `UPDATE_EXPECT=1 cargo test -p host --test cli` writes what is into what is expected.

mod cache;
mod command_line;
mod conversation;
mod effects;
mod faults;
mod golden;
mod harness;
mod modules;
mod wasi;
