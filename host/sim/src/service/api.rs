//! What all services have in common.

use host_protocol::message::Error;
use rand_chacha::ChaCha8Rng;

use super::reply::Reply;

/// A service of the simulated cluster: one request in, one response out.
pub trait Service: Send + Sync {
    /// The name that nodes send to: `lin-kv`.
    fn name(&self) -> &'static str;

    /// Handles the request that `client` (the name of a node) sent. `body` is the body of its
    /// message, a JSON object, whose `msg_id` is ignored. All random numbers come from `rng`, so
    /// that each service can have a stream of its own.
    ///
    /// The answer becomes a body by [`write_body`](super::write_body).
    ///
    /// # Errors
    /// The error that the request is answered with: 10 for a type that the service does not know,
    /// 12 for a malformed body, 14 when a store is full
    /// ([`STORE_BYTES_MAX`](super::STORE_BYTES_MAX)), 20 for a key that does not exist, 22 for a
    /// `cas` whose `from` is not the current value. All are definite: nothing has changed.
    fn handle(&mut self, client: &str, body: &str, rng: &mut ChaCha8Rng) -> Result<Reply, Error>;

    /// How many bytes it keeps.
    fn bytes(&self) -> usize;

    /// A copy, which goes on independently.
    fn boxed_clone(&self) -> Box<dyn Service>;

    /// Appends its state to `out`, as text. Two states of a service with the same text give the same
    /// answers to the same requests with the same random numbers, whatever led to them. What no
    /// answer can show is left out, such as how many requests there were.
    fn write_state(&self, out: &mut Vec<u8>);
}
