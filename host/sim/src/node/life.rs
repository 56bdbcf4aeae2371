//! Whether a node runs.

use host_guest::Guest;

/// Where a node is in its life.
pub(super) enum Life {
    /// It does not run.
    Down,
    /// It runs, and the first message that it gets will be `init`.
    Starting(Box<dyn Guest + Send>),
    /// It has been given `init`.
    Running(Box<dyn Guest + Send>),
}

impl Life {
    /// The guest, if there is one.
    pub(super) fn guest(&mut self) -> Option<&mut (dyn Guest + Send + 'static)> {
        match self {
            Life::Down => None,
            Life::Starting(guest) | Life::Running(guest) => Some(guest.as_mut()),
        }
    }

    /// Its first message has arrived.
    pub(super) fn run(&mut self) {
        *self = match std::mem::replace(self, Life::Down) {
            Life::Starting(guest) | Life::Running(guest) => Life::Running(guest),
            Life::Down => Life::Down,
        };
    }
}
