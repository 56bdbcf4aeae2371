//! Maelstrom's services: key-value stores and a timestamp oracle that nodes send requests to.
//!
//! A service is a pure state machine: a request and random numbers in, an answer out. It knows no
//! network and no clock; whoever drives it delivers its messages, late and in any order if it
//! pleases. The same requests and the same random numbers give the same answers.
//!
//! ```text
//!     body ─▶ kv::Request ─▶ lin_kv | seq_kv | lww_kv ─▶ Reply or Error ─▶ write_body ─▶ body
//! ```
//!
//! The three stores agree on what a request does to a key (`kv`) and differ in which state of the
//! key it meets. What is different from Maelstrom is listed in `docs/differences.md`.
//!
//! Source: Maelstrom's `doc/services.md` and `service.clj`.

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

pub use json::{DEPTH_MAX, Json};
pub use lin_kv::LinKv;
pub use lin_tso::LinTso;
pub use lww_kv::{LwwKv, REPLICAS};
pub use reply::{Reply, write_body};
pub use seq_kv::{STATES_MAX, SeqKv};
pub use store::STORE_BYTES_MAX;

use host_protocol::message::Error;
use rand_chacha::ChaCha8Rng;

/// A service of the simulated cluster: one request in, one answer out.
pub trait Service: Send {
    /// The name that nodes send to: `lin-kv`.
    fn name(&self) -> &'static str;

    /// Handles the request that `client` (the name of a node) sent. `body` is the body of its
    /// message, a JSON object; the `msg_id` in it does not matter here. All randomness comes from
    /// `rng`, so that each service can have a stream of its own.
    ///
    /// The answer becomes a body by [`write_body`].
    ///
    /// # Errors
    /// What the request is answered with instead of a reply: 10 for a type that the service does
    /// not know, 12 for a body that makes no sense, 14 when a store is full
    /// ([`STORE_BYTES_MAX`]), 20 for a key that does not exist, 22 for a `cas` whose `from` is not
    /// there. All of them are definite: the request has changed nothing.
    fn handle(&mut self, client: &str, body: &str, rng: &mut ChaCha8Rng) -> Result<Reply, Error>;
}

/// The services of every cluster, as new: lin-kv, seq-kv, lww-kv and lin-tso, in this order.
#[must_use]
pub fn all() -> Vec<Box<dyn Service>> {
    vec![
        Box::<LinKv>::default(),
        Box::<SeqKv>::default(),
        Box::<LwwKv>::default(),
        Box::<LinTso>::default(),
    ]
}
