//! Moves a node's state from one guest to the next, between two events.

use super::{Guest, GuestError};

/// What the new guest has of the old one's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// All of it: this many bytes of snapshot.
    State {
        /// The size of the snapshot.
        bytes: usize,
    },
    /// Nothing, and why: it must be started with the stored `init`, as after a restart.
    Nothing(&'static str),
}

/// Why the new guest cannot take the old one's place.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// The old guest could not hand out its state.
    #[error("the running module cannot hand out its state: {0}")]
    Snapshot(Box<GuestError>),
    /// The new guest did not take the state.
    #[error(
        "the new module does not take over the state; keep reading what the old one writes \
         (#[serde(default)], #[serde(alias)]), or raise STATE_VERSION and restart the node: {0}"
    )]
    Restore(Box<GuestError>),
    /// State is mandatory, and there is none to be had.
    #[error("{0}, and --require-state forbids to start without")]
    NoState(&'static str),
}

/// Gives `new` the state of `old`, if both can. `old` goes on as it was whatever
/// comes of it; only `new` changes.
///
/// # Errors
/// When the state cannot be carried over although both guests know how, or
/// `state_required` and one of them does not.
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
