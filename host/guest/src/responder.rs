//! What answers requests: a module that is no node, such as a workload.

use rand_chacha::ChaCha8Rng;

use crate::error::GuestError;

/// A running module that answers requests one by one.
pub trait Responder: Send {
    /// Answers a request. The module draws random numbers from `random` and from nothing else.
    ///
    /// # Errors
    /// If the module fails; then it is not asked again.
    fn respond(
        &mut self,
        request: &[u8],
        random: &mut ChaCha8Rng,
    ) -> Result<&[u8], Box<GuestError>>;

    /// Its whole state; `None` if it cannot tell.
    ///
    /// # Errors
    /// If the module fails.
    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Box<GuestError>>;

    /// Goes on from a state that [`snapshot`](Responder::snapshot) returned.
    ///
    /// # Errors
    /// If the module refuses the state, or fails.
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), Box<GuestError>>;
}

/// What starts such a module.
pub trait StartResponder: Send + Sync {
    /// Starts one that may use so much fuel for a request.
    ///
    /// # Errors
    /// If its start fails.
    fn start(&self, fuel: u64) -> Result<Box<dyn Responder>, Box<GuestError>>;
}
