//! Runs distributed-systems nodes as WebAssembly guests.
//!
//! Imports point one way: `text` and the protocol of `guest-sdk` at the bottom,
//! [`guest`] on them, the drivers ([`node`] for real time, [`sim`] for virtual time) on
//! that, then what runs in the simulator ([`workload`]) and its judgement ([`trial`]), the
//! command line outermost.
//! The checkers ([`check`]) know histories only, whoever recorded them; the services
//! that nodes may call ([`service`]) know requests only, whoever delivers them.

pub mod check;
pub mod cli;
#[doc(hidden)]
pub mod fuzz;
pub mod guest;
pub mod node;
pub mod service;
pub mod sim;
pub mod text;
pub mod trial;
pub mod workload;
