//! Write a Maelstrom node in Rust and run it as a WebAssembly guest.
//!
//! A solution is a [`Node`]: a plain struct, an enum of the requests it
//! understands, and handlers that take `&mut self` and a [`Ctx`]. There is no
//! thread, no lock and no async runtime, and everything a node knows is serde
//! data. Challenge 1 in full:
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
//! - Messages to others: [`Ctx::send`], and [`Ctx::call`] for an answer, with a
//!   timeout and retries; the answer comes to [`Node::response`].
//! - Maelstrom's key-value stores and timestamp oracle: [`service`].
//! - Time: [`Ctx::set_timer`] and [`Node::timer`]. Randomness: [`Ctx::rng`].
//! - Arguments, the same for all nodes: [`Ctx::options`].
//! - Unit tests: [`testing`].

mod body;
mod ctx;
#[cfg(not(target_family = "wasm"))]
pub mod native;
mod node;
mod numbered;
mod options;
mod outbox;
mod retry;
mod runtime;
pub mod service;
#[cfg(not(target_family = "wasm"))]
pub mod step;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod wasm;

pub use ctx::{Ctx, TimerId};
pub use host_protocol::message::{Error, ErrorCode};
pub use node::{Caller, Node, Response};
pub use retry::Retry;

/// All that a solution usually needs: `use guest_sdk::prelude::*;`.
pub mod prelude {
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::value::RawValue;

    pub use host_protocol::abi::Level;

    pub use crate::{Caller, Ctx, Error, ErrorCode, Node, Response, Retry, TimerId};
}

/// Makes a [`Node`] the solution of its crate: the exports of a guest when built
/// for WebAssembly, and a `main` that runs it natively when not.
#[macro_export]
macro_rules! export {
    ($node:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            use ::std::cell::RefCell;
            use $crate::wasm::Guest;

            ::std::thread_local! {
                static GUEST: RefCell<Guest<$node>> = const { RefCell::new(Guest::new()) };
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
            extern "C" fn maelstrom_abi_v1() {}

            #[unsafe(no_mangle)]
            extern "C" fn alloc(len: u32) -> u32 {
                GUEST.with_borrow_mut(|guest| guest.alloc(len))
            }

            #[unsafe(no_mangle)]
            extern "C" fn handle(_ptr: u32, len: u32) -> u64 {
                GUEST.with_borrow_mut(|guest| guest.handle(len))
            }

            #[unsafe(no_mangle)]
            extern "C" fn snapshot() -> u64 {
                GUEST.with_borrow_mut(Guest::snapshot)
            }

            #[unsafe(no_mangle)]
            extern "C" fn restore(_ptr: u32, len: u32) -> u32 {
                GUEST.with_borrow_mut(|guest| guest.restore(len))
            }
        };

        /// Runs this node natively, on stdin and stdout.
        #[cfg(not(target_family = "wasm"))]
        pub fn main() -> ::std::process::ExitCode {
            $crate::native::run::<$node>()
        }

        /// A WebAssembly guest has no main of its own: the host drives it.
        #[cfg(target_family = "wasm")]
        pub fn main() -> ::std::process::ExitCode {
            ::std::eprintln!("load the library of this crate as the module, not its program");
            ::std::process::ExitCode::FAILURE
        }
    };
}
