//! What a host and its guests agree on: Maelstrom's messages and the guest ABI.
//!
//! | module | contents |
//! |---|---|
//! | [`message`] | the envelope of a message, the reserved fields of its body, `init` |
//! | [`error`] | error codes, and the body of an error message |
//! | [`services`] | the names of Maelstrom's services |
//! | [`abi`] | events and effects, and the exports of a guest |
//! | [`workload`] | what a workload module and its host say to each other |
//! | [`schema`] | the notation for the messages of a workload |
//! | [`disk`] | changes to the disk of a node, and its files in the first event |
//! | [`draw`] | random numbers in a range |
//! | [`scan`] | finds the fields of an object in JSON |
//! | [`fields`] | the fields that were found |
//! | `grammar` | JSON values of which nothing is kept |
//! | `words` | looks at eight bytes at a time |
//! | [`json`] | writes numbers and strings as JSON |
//! | [`data`] | serde data to and from JSON, in little code |
//! | [`lines`] | splits a stream of bytes into lines, in batches |
//! | [`line_kind`] | tells whether a line is a message |
//! | [`clock`] | the clock of a live node |
//! | [`timers`] | the outstanding timers of a node |
//! | [`text`] | makes text of unknown origin safe to print |
//!
//! The crate depends on no host, engine or guest. WebAssembly guests use `message`,
//! `error`, `services`, `abi`, `disk`, `draw`, `scan`, `fields`, `json`, `data` and `workload`; the other modules are for drivers
//! of nodes and are not compiled for WebAssembly.

pub mod abi;
#[cfg(not(target_family = "wasm"))]
pub mod clock;
pub mod data;
pub mod disk;
pub mod draw;
pub mod error;
pub mod fields;
mod grammar;
pub mod json;
#[cfg(not(target_family = "wasm"))]
pub mod line_kind;
#[cfg(not(target_family = "wasm"))]
pub mod lines;
pub mod message;
pub mod scan;
#[cfg(not(target_family = "wasm"))]
pub mod schema;
pub mod services;
#[cfg(not(target_family = "wasm"))]
pub mod text;
#[cfg(not(target_family = "wasm"))]
pub mod timers;
mod words;
pub mod workload;
