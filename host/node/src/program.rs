//! The guest that a live node runs, and the change from one to the next.

use std::time::Instant;

use host_guest::{Carried, Effect, Guest, GuestError, SwapError, carry_state};
use host_protocol::text::printable;
use tracing::{error, info};

use crate::version::{Version, short};

/// The guest of a live node, and the version of its module.
pub(super) struct Program {
    /// `None` after a crash, until the next version comes.
    guest: Option<Box<dyn Guest + Send>>,
    sha256: String,
    state_required: bool,
}

/// The outcome of a swap.
pub(super) enum Swapped {
    /// The new version runs with the state of the old one; timers stay.
    Continues,
    /// The new version runs without state: timers are cancelled, and it needs `init`.
    Afresh,
    /// The old version still runs.
    Refused,
    /// The old version failed when it was asked for its state; the new one does not run yet.
    Crashed(Box<GuestError>, Version),
}

impl Program {
    pub(super) fn new(guest: Box<dyn Guest + Send>, sha256: String, state_required: bool) -> Self {
        Program {
            guest: Some(guest),
            sha256,
            state_required,
        }
    }

    /// The guest, unless it has crashed.
    pub(super) fn guest(&mut self) -> Option<&mut (dyn Guest + Send + 'static)> {
        self.guest.as_deref_mut()
    }

    /// Drops the guest, which has failed and must not be called again.
    pub(super) fn crash(&mut self) {
        self.guest = None;
    }

    /// Replaces the guest with `next`, and carries its state over.
    pub(super) fn swap(&mut self, mut next: Version) -> Swapped {
        let begin = Instant::now();
        let change = format!("{} -> {}", short(&self.sha256), short(&next.sha256));
        let (swapped, state) = match self.guest.as_deref_mut() {
            None => (
                Swapped::Afresh,
                "no state: the old module had crashed".to_owned(),
            ),
            Some(old) => match carry_state(old, next.guest.as_mut(), self.state_required) {
                Ok(Carried::State { bytes }) => {
                    (Swapped::Continues, format!("{bytes} bytes of state"))
                }
                Ok(Carried::Nothing(why)) => (
                    Swapped::Afresh,
                    format!("no state: {why}; as after a restart"),
                ),
                Err(SwapError::Snapshot(error)) => return Swapped::Crashed(error, next),
                Err(problem) => {
                    let problem = problem.to_string();
                    error!(
                        "{change}: the running module goes on: {}",
                        printable(&problem)
                    );
                    return Swapped::Refused;
                }
            },
        };
        self.guest = Some(next.guest);
        self.sha256 = next.sha256;
        info!("swapped {change}: gap {:.1?}, {state}", begin.elapsed());
        swapped
    }
}

/// Whether an effect answers the node's `init`.
pub(super) fn is_init_ok(effect: &Effect<'_>) -> bool {
    let Effect::Send(send) = effect else {
        return false;
    };
    (send.header.as_ref()).is_some_and(|header| header.kind == "init_ok")
}
