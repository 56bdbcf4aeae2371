//! What guests are started from, and with.

use super::Guest;
use super::error::GuestError;
use super::limits::Limits;

/// What a guest is started with.
#[derive(Debug, Clone, Default)]
pub struct GuestOptions {
    /// Its bounds.
    pub limits: Limits,
    /// Its arguments, the program's name not counted.
    pub args: Vec<String>,
    /// Where its random numbers come from.
    pub seed: u64,
}

/// What a node can be started from.
pub trait Start: Sync {
    /// Starts a guest.
    ///
    /// # Errors
    /// When it fails before its first event.
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>>;
}
