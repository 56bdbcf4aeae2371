//! Starts guests of both kinds.

use std::sync::Arc;

use host_guest::{
    ErrorKind, Guest, GuestError, GuestOptions, Interrupt, Limits, Responder, Start, StartResponder,
};

use crate::abi_guest::AbiGuest;
use crate::facts::Facts;
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

/// A workload that has passed all checks and is compiled.
#[derive(Clone)]
pub struct WorkloadFile {
    pub(crate) module: GuestModule,
    pub(crate) limits: Limits,
}

impl WorkloadFile {
    /// What vetting has found out about the module.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.module.facts
    }
}

impl StartResponder for WorkloadFile {
    fn start(&self, fuel: u64) -> Result<Box<dyn Responder>, Box<GuestError>> {
        let limits = Limits {
            fuel,
            ..self.limits
        };
        let options = GuestOptions {
            limits,
            ..GuestOptions::default()
        };
        let mut state = GuestState::new(&self.module.name, options);
        state.watch = Watch::new(self.module.interrupt.clone());
        match &self.module.linked {
            Linked::Abi(pre) => Ok(Box::new(AbiGuest::start(pre, state, limits)?)),
            Linked::Program(_) => {
                let kind = ErrorKind::Denied("a program is no workload".into());
                Err(GuestError::refusal(kind, "its start", &String::new, b""))
            }
        }
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
        state.mounts = Arc::clone(&self.mounts);
        Ok(match &self.linked {
            Linked::Abi(pre) => Box::new(AbiGuest::start(pre, state, limits)?),
            Linked::Program(code) => {
                let built_by_go = self.facts.built_by_go;
                Box::new(ProgramGuest::new(code, state, limits, seed, built_by_go))
            }
        })
    }
}
