//! How guests are started.

use crate::error::GuestError;
use crate::guest::Guest;
use crate::interrupt::Interrupt;
use crate::limits::Limits;

/// The options that a guest is started with.
#[derive(Debug, Clone, Default)]
pub struct GuestOptions {
    /// Its limits.
    pub limits: Limits,
    /// Its arguments, without the program's name.
    pub args: Vec<String>,
    /// The seed of its random numbers.
    pub seed: u64,
}

/// Starts guests: a module, or a solution in this process.
pub trait Start: Sync {
    /// Starts a guest.
    ///
    /// # Errors
    /// If the guest fails before its first event.
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>>;

    /// The request that ends all work for its guests, if one can be made.
    fn interrupt(&self) -> Option<&Interrupt> {
        None
    }
}
