//! Moves a node's state from one guest to the next, between two events.

use crate::error::GuestError;
use crate::guest::Guest;

/// How much of the old guest's state the new one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// All of it.
    State {
        /// The size of the snapshot, in bytes.
        bytes: usize,
    },
    /// Nothing, and why: the new guest needs the stored `init`, as after a restart.
    Nothing(&'static str),
}

/// Why the new guest cannot replace the old one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// The new guest fails at its start.
    #[error("the new module fails at its start: {0}")]
    Start(Box<GuestError>),
    /// The snapshot of the old guest failed. This is a crash: the old guest must not be called
    /// again. All other errors leave it running.
    #[error("the running module cannot hand out its state: {0}")]
    Snapshot(Box<GuestError>),
    /// The restore of the new guest failed.
    #[error(
        "the new module does not take over the state; keep reading what the old one writes \
         (#[serde(default)], #[serde(alias)]), or raise STATE_VERSION and restart the node: {0}"
    )]
    Restore(Box<GuestError>),
    /// The state is required, and one of the guests cannot carry it over; says which.
    #[error("{0}, and --require-state forbids to start without")]
    NoState(&'static str),
}

/// Carries the state of `old` over to `new`, if both support it. Only `new` changes.
///
/// # Errors
/// If the snapshot or the restore fails, or if `state_required` and one of the guests
/// does not support it.
pub fn carry_state(
    old: &mut dyn Guest,
    new: &mut dyn Guest,
    state_required: bool,
) -> Result<Carried, SwapError> {
    let nothing = |reason| match state_required {
        true => Err(SwapError::NoState(reason)),
        false => Ok(Carried::Nothing(reason)),
    };
    if !new.keeps_state() {
        return nothing("the new module has no restore");
    }
    let Some(snapshot) = old.snapshot().map_err(SwapError::Snapshot)? else {
        return nothing("the running module has no snapshot");
    };
    new.restore(&snapshot).map_err(SwapError::Restore)?;
    Ok(Carried::State {
        bytes: snapshot.len(),
    })
}
