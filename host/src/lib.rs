//! Runs distributed-systems nodes as WebAssembly guests.
//!
//! Imports point one way: `text` and the protocol of `guest-sdk` at the bottom,
//! [`guest`] on them, the drivers ([`node`] for real time, [`sim`] for virtual time) on
//! that, then what runs in the simulator ([`workload`]) and its judgement ([`trial`]), pages about it
//! ([`report`]), the command line outermost.
//! The checkers ([`check`]) know histories only, whoever recorded them; the services
//! that nodes may call ([`service`]) know requests only, whoever delivers them. Unit tests of
//! solutions have the simulator as a library in [`testing`].

pub mod check;
pub mod cli;
#[doc(hidden)]
pub mod fuzz;
pub mod grade;
pub mod guest;
pub mod node;
pub mod report;
pub mod schedule;
pub mod service;
pub mod shrink;
pub mod sim;
pub mod testing;
pub mod text;
pub mod trial;
pub mod workload;
