//! What all services have in common.

use host_protocol::message::Error;
use rand_chacha::ChaCha8Rng;

use super::reply::Reply;

/// A service of the simulated cluster: one request in, one answer out.
pub trait Service: Send {
    /// The name that nodes send to: `lin-kv`.
    fn name(&self) -> &'static str;

    /// Handles the request that `client` (the name of a node) sent. `body` is the body of its
    /// message, a JSON object; the `msg_id` in it does not matter here. All randomness comes from
    /// `rng`, so that each service can have a stream of its own.
    ///
    /// The answer becomes a body by [`write_body`](super::write_body).
    ///
    /// # Errors
    /// What the request is answered with instead of a reply: 10 for a type that the service does
    /// not know, 12 for a body that makes no sense, 14 when a store is full
    /// ([`STORE_BYTES_MAX`](super::STORE_BYTES_MAX)), 20 for a key that does not exist, 22 for a `cas` whose `from` is not
    /// there. All of them are definite: the request has changed nothing.
    fn handle(&mut self, client: &str, body: &str, rng: &mut ChaCha8Rng) -> Result<Reply, Error>;
}
