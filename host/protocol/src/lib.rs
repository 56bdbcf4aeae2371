//! What a host and its guests agree on: Maelstrom's messages and the guest ABI.
//!
//! | module | job |
//! |---|---|
//! | [`message`] | the envelope of a message, the reserved fields of its body, the error codes |
//! | [`abi`] | events and effects, the exports of a guest |
//! | [`scan`] | finds fields in text that is known to be JSON |
//! | [`lines`] | a stream of bytes as checked lines, in batches |
//! | [`clock`] [`timers`] | what a driver keeps for a node: its clock and its outstanding timers |
//! | [`services`] | the names of Maelstrom's services |
//! | [`text`] | text of unknown origin, made safe to show |
//!
//! Nothing here knows a host, an engine or a guest.

pub mod abi;
#[cfg(not(target_family = "wasm"))]
pub mod clock;
pub mod json;
#[cfg(not(target_family = "wasm"))]
pub mod lines;
pub mod message;
pub mod scan;
pub mod services;
#[cfg(not(target_family = "wasm"))]
pub mod text;
#[cfg(not(target_family = "wasm"))]
pub mod timers;
