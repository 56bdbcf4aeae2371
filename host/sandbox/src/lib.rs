//! The sandbox: loads WebAssembly modules and runs them as guests.
//!
//! There are two kinds of guests. A guest of the ABI is a library that is called with each
//! event. A *program* reads its messages from stdin and writes its own to stdout, and is
//! suspended while it waits.
//!
//! [`Sandbox::load`] reads a module, passes it through [`vet`](vet::vet) (what the module is,
//! what it imports, how large it is), compiles it or takes it from the [`Cache`], and links it.
//! [`GuestModule::start`] starts a guest, which runs under [`Limits`](host_guest::Limits). All of
//! it is deterministic: the same module, limits, seed and events give the same effects.
//!
//! | module | contents |
//! |---|---|
//! | `sandbox` | [`Sandbox`]: reads, vets, compiles and links a module |
//! | [`vet`] [`facts`] | checks a module before it is compiled, and collects facts about it |
//! | `compile` | compiles a module in this process |
//! | [`compiler`] | compiles an untrusted module in a separate process, under limits |
//! | `rewrite` | changes programs before they are compiled: threads, and Go's wait for signals |
//! | `cache` | [`Cache`]: a directory of compiled modules |
//! | `shared` | [`SharedCache`]: compiled modules that many machines share |
//! | `functions` | machine code of functions, which modules share |
//! | `engine` | the engine's configuration, the watchdog |
//! | `mappings` | [`guests_max`]: how many guests the system has memory mappings for |
//! | `cost` | what is paid for in fuel |
//! | `start` | starts a guest of a loaded module |
//! | `abi_guest` | guests of the ABI |
//! | `program` | programs: fiber, standard streams, waiting |
//! | `wasi` | WASI for both kinds of guests, and the fuel that its calls cost |
//! | `state` | what the host keeps for a running guest |
//! | `watch` | what ends a step early: its wall time, or the request to end all work |
//! | `failure` | turns errors of the engine into errors of the guest |
//! | `limits` | [`ModuleLimits`], [`CompileLimits`] |
//! | `load_error` | [`LoadError`] |
//! | [`mount`] | reads folders that are to be mounted |
//! | `module_file` | [`read_module`]: opens and reads files that may become others |

mod abi_guest;
mod cache;
mod compile;
pub mod compiler;
mod cost;
mod engine;
pub mod facts;
mod failure;
mod functions;
mod limits;
mod load_error;
mod mappings;
mod module_file;
pub mod mount;
mod program;
mod rewrite;
mod sandbox;
mod shared;
mod start;
mod state;
mod this_program;
pub mod vet;
mod wasi;
mod watch;

pub use cache::Cache;
pub use compile::InvalidModule;
pub use compiler::Compiler;
pub use cost::{COST_TABLE, cost_table};
pub use engine::{ENGINE, EngineError};
pub use limits::{CHOSEN_BYTES_MAX, CompileLimits, ModuleLimits};
pub use load_error::LoadError;
pub use mappings::{TooManyGuests, guests_max};
pub use module_file::{Links, open_regular, read_module, read_regular};
pub use mount::{MountError, MountLimits};
pub use sandbox::{GuestModule, Sandbox};
pub use shared::{KeyError, SharedCache, SharedKey};
pub use start::WorkloadFile;
