//! Starts guests of either kind.

use super::Guest;
use super::abi_guest::AbiGuest;
use super::error::GuestError;
use super::limits::Limits;
use super::program::ProgramGuest;
use super::sandbox::{GuestModule, Linked};
use super::state::Common;

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

impl Start for GuestModule {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        GuestModule::start(self, options)
    }
}

impl GuestModule {
    /// Starts a guest: an instance of the module with a memory of its own. One of the
    /// ABI runs its start function and `_initialize`, if it has them; a program does
    /// not run before its first event, because only events tell the time.
    ///
    /// # Errors
    /// When what runs fails.
    pub fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let limits = options.limits;
        let common = Common::new(&self.name, options);
        Ok(match &self.linked {
            Linked::Abi(pre) => Box::new(AbiGuest::start(pre, common, limits)?),
            Linked::Program(pre) => {
                let stdin_blocks = !self.facts.built_by_go;
                Box::new(ProgramGuest::new(pre, common, limits, stdin_blocks))
            }
        })
    }
}
