//! How guests are started.

use std::fmt;
use std::sync::Arc;

use host_disk::{Disk, SharedDisk};

use crate::error::GuestError;
use crate::guest::Guest;
use crate::interrupt::Interrupt;
use crate::limits::Limits;

/// The options that a guest is started with.
#[derive(Debug, Clone)]
pub struct GuestOptions {
    /// Its limits.
    pub limits: Limits,
    /// Its arguments, without the program's name.
    pub args: Vec<String>,
    /// The seed of its random numbers.
    pub seed: u64,
    /// What is asked before it gets more memory, besides its own limits.
    pub growth: Option<Arc<dyn Growth>>,
    /// The node's disk, which it shares with its driver.
    pub disk: SharedDisk,
}

/// A guest with an empty disk.
impl Default for GuestOptions {
    fn default() -> Self {
        let limits = Limits::default();
        GuestOptions {
            limits,
            args: Vec::new(),
            seed: 0,
            growth: None,
            disk: Disk::shared(limits.disk()),
        }
    }
}

/// Says whether guests that share a bound may have more memory. A guest that may not fails in that
/// moment: it cannot go on as if it had reached its own limit, since what others hold is not a fact
/// that it may see.
pub trait Growth: fmt::Debug + Send + Sync {
    /// Whether a guest may have `bytes` more of linear memory.
    fn memory(&self, bytes: usize) -> bool;

    /// Whether a guest may have `bytes` more of tables.
    fn tables(&self, bytes: usize) -> bool;
}

/// Starts guests: a module, or a solution in this process.
pub trait Start: Sync {
    /// A run of a cluster begins, maybe another one than before: what guests of an earlier run shared
    /// is forgotten.
    fn begin_run(&self) {}

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
