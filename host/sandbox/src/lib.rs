//! The sandbox: loads, checks, caches and steps a WebAssembly module.
//!
//! There are two kinds of guests. A guest of the ABI is a library that is called with each
//! event; a *program* reads its messages from stdin and writes its answers to stdout,
//! and is suspended where it waits.
//!
//! A module passes [`vet`] (what it is, what it imports, how large it is) before
//! it is compiled, and runs under [`Limits`](host_guest::Limits) afterwards. All of it is
//! deterministic: the same module, limits, seed and events give the same effects.

mod abi_guest;
mod cache;
pub mod compile;
pub mod facts;
mod failure;
mod limits;
mod load_error;
mod program;
mod sandbox;
mod start;
mod state;
pub mod vet;
mod wasi;

pub use cache::Cache;
pub use compile::Compiler;
pub use limits::{CompileLimits, ModuleLimits};
pub use load_error::LoadError;
pub use sandbox::{ENGINE, GuestModule, Sandbox, cost_table, read_module};
