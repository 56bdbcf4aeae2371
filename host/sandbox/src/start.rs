//! Starts guests of both kinds.

use host_guest::{Guest, GuestError, GuestOptions, Interrupt, Start};

use crate::abi_guest::AbiGuest;
use crate::program::ProgramGuest;
use crate::sandbox::{GuestModule, Linked};
use crate::state::GuestState;
use crate::watch::Watch;

impl Start for GuestModule {
    fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        GuestModule::start(self, options)
    }

    fn interrupt(&self) -> Option<&Interrupt> {
        self.interrupt.as_ref()
    }
}

impl GuestModule {
    /// Starts a guest: an instance of the module with its own memory. A guest of the ABI
    /// runs its start function and `_initialize`, if it has them. A program does not run
    /// before its first event, because only events tell the time.
    ///
    /// # Errors
    /// If one of those functions fails.
    pub fn start(&self, options: GuestOptions) -> Result<Box<dyn Guest + Send>, Box<GuestError>> {
        let (limits, seed) = (options.limits, options.seed);
        let mut state = GuestState::new(&self.name, options);
        state.watch = Watch::new(self.interrupt.clone());
        Ok(match &self.linked {
            Linked::Abi(pre) => Box::new(AbiGuest::start(pre, state, limits)?),
            Linked::Program(code) => {
                let built_by_go = self.facts.built_by_go;
                Box::new(ProgramGuest::new(code, state, limits, seed, built_by_go))
            }
        })
    }
}
