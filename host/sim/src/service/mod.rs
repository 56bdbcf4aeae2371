//! Maelstrom's services: key-value stores and a timestamp oracle that nodes send requests to.
//!
//! A service is a pure state machine: a request and random numbers in, a response out. It knows no
//! network and no clock: its driver delivers the messages, late and in any order. The same requests
//! and the same random numbers give the same responses.
//!
//! ```text
//!     body ─▶ kv::Request ─▶ lin_kv | seq_kv | lww_kv ─▶ Reply or Error ─▶ write_body ─▶ body
//! ```
//!
//! The three stores agree on what a request does to a key (`kv`) and differ in which state of the
//! key it meets. What is different from Maelstrom is listed in `docs/differences.md`.
//!
//! Source: Maelstrom's `doc/services.md` and `service.clj`.

mod api;
mod draw;
mod json;
mod kv;
mod lin_kv;
mod lin_tso;
mod lww_kv;
mod reply;
mod seq_kv;
mod store;
#[cfg(test)]
mod testing;

pub use api::Service;
pub use draw::draws;
pub use json::{DEPTH_MAX, Json, UnreadableJson};
pub use lin_kv::LinKv;
pub use lin_tso::LinTso;
pub use lww_kv::{LwwKv, REPLICAS};
pub use reply::{Reply, write_body};
pub use seq_kv::{STATES_MAX, SeqKv};
pub use store::STORE_BYTES_MAX;

/// Makes the services of a cluster: lin-kv, seq-kv, lww-kv and lin-tso, in this order.
#[must_use]
pub fn all() -> Vec<Box<dyn Service>> {
    vec![
        Box::<LinKv>::default(),
        Box::<SeqKv>::default(),
        Box::<LwwKv>::default(),
        Box::<LinTso>::default(),
    ]
}
