//! Starts guests of either kind.

use host_guest::{Guest, GuestError, GuestOptions, Start};

use crate::abi_guest::AbiGuest;
use crate::program::ProgramGuest;
use crate::sandbox::{GuestModule, Linked};
use crate::state::Common;

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
