//! The interface between a driver and a guest: a step function with state.
//!
//! A driver passes an [`Event`] to a guest and performs the [`Effect`]s that it returns.
//! If the guest returns a [`GuestError`] instead, none of its effects is performed. Drivers
//! (the live node, the simulator) own time and I/O; this crate depends on no clock, no network
//! and no WebAssembly engine. A guest is started from a [`Start`]: a module in the sandbox, or
//! a solution in the same process.
//!
//! | module | contents |
//! |---|---|
//! | `event` | [`Event`]: a message arrives, a timer fires |
//! | [`effects`] | [`Effect`]: what a guest asks its driver to do, decoded and checked |
//! | `error` `reason` | [`GuestError`]: how a step fails |
//! | `interrupt` | [`Interrupt`]: the request to end all work early |
//! | `limits` | [`Limits`]: how much a guest may use |
//! | `guest` | [`Guest`]: the step function |
//! | `start` | [`Start`]: what starts guests |
//! | `responder` | [`Responder`]: what answers requests, and is no node |
//! | `swap` | [`carry_state`]: moves the state of one guest to another |

pub mod effects;
mod error;
mod event;
mod guest;
mod interrupt;
mod limits;
mod reason;
mod responder;
mod start;
mod swap;

pub use effects::{Effect, SendMessage, check_disk, check_timers};
pub use error::{ErrorKind, GuestError, STDERR_SHOWN_MAX};
pub use event::{Event, EventKind};
pub use guest::Guest;
pub use interrupt::Interrupt;
pub use limits::Limits;
pub use reason::of_runtime as reason_of_runtime;
pub use responder::{Responder, StartResponder};
pub use start::{Growth, GuestOptions, Start};
pub use swap::{Carried, SwapError, carry_state};
