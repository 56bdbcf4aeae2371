//! Runs distributed-systems nodes as WebAssembly guests.
//!
//! Imports point one way: `text` and the protocol of `guest-sdk` at the bottom,
//! [`guest`] on them, the drivers ([`node`]) on that, the command line outermost.
//! The checkers ([`check`]) know histories only, whoever recorded them; the services
//! that nodes may call ([`service`]) know requests only, whoever delivers them.

pub mod check;
pub mod cli;
pub mod guest;
pub mod node;
pub mod service;
pub mod text;
