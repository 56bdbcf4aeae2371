//! Write a Maelstrom node in Rust and run it as a WebAssembly guest.
//!
//! A solution is a [`Node`]: a struct, an enum of the requests that it understands, and
//! handlers that take `&mut self` and a [`Ctx`]. It needs no threads, no locks and no async
//! runtime, and its whole state is serde data. Challenge 1 in full:
//!
//! ```
//! use guest_sdk::prelude::*;
//!
//! #[derive(Deserialize)]
//! #[serde(rename_all = "snake_case")]
//! enum Request { Echo { echo: Box<RawValue> } }
//!
//! #[derive(Serialize)]
//! #[serde(rename_all = "snake_case")]
//! enum Reply { EchoOk { echo: Box<RawValue> } }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Echo;
//!
//! impl Node for Echo {
//!     type Request = Request;
//!     type Call = ();
//!     type Timer = ();
//!
//!     fn init(_ctx: &mut Ctx<Self>) -> Self { Echo }
//!
//!     fn request(&mut self, request: Request, from: Caller, ctx: &mut Ctx<Self>) -> Result<(), Error> {
//!         let Request::Echo { echo } = request;
//!         ctx.reply(from, &Reply::EchoOk { echo });
//!         Ok(())
//!     }
//! }
//!
//! guest_sdk::export!(Echo);
//! ```
//!
//! In a library crate with `crate-type = ["cdylib", "rlib"]`, [`export!`] makes
//! this a guest when it is built for `wasm32-wasip1`, and gives the crate a
//! `main()` that runs it as a native node otherwise.
//!
//! | task | item |
//! |---|---|
//! | send a message | [`Ctx::send`] |
//! | send a request, with a timeout and retries | [`Ctx::call`], [`Retry`]; [`Node::response`] receives the reply |
//! | reply, or reply with an error | [`Ctx::reply`], [`Ctx::reply_error`], [`Error`], [`ErrorCode`] |
//! | use Maelstrom's key-value stores and timestamp oracle | module [`service`] |
//! | set timers, read the clock | [`Ctx::set_timer`], [`Node::timer`], [`Ctx::now`] |
//! | keep values and logs on the disk | module [`disk`] |
//! | draw random numbers | [`Ctx::rng`] |
//! | read arguments, which are the same for all nodes | [`Ctx::options`] |
//! | keep a small map, in a small module | [`SortedMap`] |
//! | write to the log | [`Ctx::log`], [`Level`] |
//! | test a node, and what it recovers after a crash | module [`testing`] |
//! | run a node in a simulator without WebAssembly | module [`step`] |
//! | write a workload of your own: what clients do, and what is right | module [`workload`] |

mod body;
mod ctx;
pub mod disk;
mod name;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod native;
mod node;
mod numbered;
mod options;
mod outbox;
mod retry;
mod runtime;
pub mod service;
mod sorted;
#[cfg(not(target_family = "wasm"))]
pub mod step;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod wasm;
pub mod workload;

pub use ctx::{Ctx, TimerId};
pub use host_protocol::abi::Level;
pub use host_protocol::data::JsonError;
pub use host_protocol::error::{Error, ErrorCode};
pub use node::{Caller, Node, Response};
pub use retry::Retry;
pub use runtime::RestoreError;
pub use sorted::SortedMap;

/// What most solutions need: `use guest_sdk::prelude::*;`.
pub mod prelude {
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::value::RawValue;

    pub use crate::{Caller, Ctx, Error, ErrorCode, Level, Node, Response, Retry, TimerId};
}

/// What a module exports that answers with bytes to bytes: its `marker`, and the functions of `$module`.
#[doc(hidden)]
#[macro_export]
macro_rules! __exports {
    ($marker:ident, $module:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            use ::std::cell::RefCell;

            ::std::thread_local! {
                static MODULE: RefCell<$module> = const { RefCell::new(<$module>::new()) };
            }

            unsafe extern "C" {
                safe fn __wasm_call_ctors();
            }

            // Without this the linker takes the module for a command and runs all
            // constructors and destructors around every single call.
            #[unsafe(no_mangle)]
            extern "C" fn _initialize() {
                __wasm_call_ctors();
            }

            #[unsafe(no_mangle)]
            extern "C" fn $marker() {}

            #[unsafe(no_mangle)]
            extern "C" fn alloc(len: u32) -> u32 {
                MODULE.with_borrow_mut(|module| module.alloc(len))
            }

            #[unsafe(no_mangle)]
            extern "C" fn handle(_ptr: u32, len: u32) -> u64 {
                MODULE.with_borrow_mut(|module| module.handle(len))
            }

            #[unsafe(no_mangle)]
            extern "C" fn snapshot() -> u64 {
                MODULE.with_borrow_mut(|module| module.snapshot())
            }

            #[unsafe(no_mangle)]
            extern "C" fn restore(_ptr: u32, len: u32) -> u32 {
                MODULE.with_borrow_mut(|module| module.restore(len))
            }
        };
    };
}

/// Makes a [`Node`] the solution of its crate: the exports of a guest when built
/// for WebAssembly, and a `main` that runs it natively when not.
#[macro_export]
macro_rules! export {
    ($node:ty) => {
        $crate::__exports!(maelstrom_abi_v1, $crate::wasm::Guest<$node>);

        /// Runs this node natively, on stdin and stdout.
        #[cfg(not(target_family = "wasm"))]
        pub fn main() -> ::std::process::ExitCode {
            $crate::native::run::<$node>($crate::native::Writes::Each)
        }

        /// Runs this node natively like [`main`], but gathers what it sends, as a host does.
        #[cfg(not(target_family = "wasm"))]
        #[doc(hidden)]
        pub fn gathering() -> ::std::process::ExitCode {
            $crate::native::run::<$node>($crate::native::Writes::Gathered)
        }

        /// A WebAssembly guest has no main of its own: the host drives it.
        #[cfg(target_family = "wasm")]
        pub fn main() -> ::std::process::ExitCode {
            ::std::eprintln!("load the library of this crate as the module, not its program");
            ::std::process::ExitCode::FAILURE
        }
    };
}
