//! What the reader wants to know of a heavy run.

use host_guest::ErrorKind;
use host_sim::{Bound, StopReason, Stopped};

/// What the reader wants to know of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Why it took too many events or too much fuel.
    Work,
    /// Why it sent, logged or answered too much.
    Output,
    /// Why it took too much memory.
    Memory,
    /// Why servers sent each other so many messages.
    Messages,
    /// Why a value was seen so late.
    Latency(Since),
}

/// Since when a value should be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Since a client was told that it is there.
    Acknowledged,
    /// Since a client sent it.
    Sent,
}

impl Focus {
    /// What is to be known of a run that stopped; `None` if its reason says all.
    #[must_use]
    pub fn of_stop(stopped: &Stopped) -> Option<Self> {
        match &stopped.reason {
            StopReason::Bound(Bound::Steps(_) | Bound::Fuel(_)) | StopReason::Standstill { .. } => {
                Some(Focus::Work)
            }
            StopReason::Bound(Bound::Memory(_)) => Some(Focus::Memory),
            StopReason::Bound(_) => Some(Focus::Output),
            StopReason::Guest(error) => match error.kind {
                ErrorKind::Fuel { .. } => Some(Focus::Work),
                ErrorKind::Memory { .. } | ErrorKind::Table { .. } => Some(Focus::Memory),
                ErrorKind::Output { .. }
                | ErrorKind::Effects { .. }
                | ErrorKind::Timers { .. }
                | ErrorKind::Log { .. } => Some(Focus::Output),
                _ => None,
            },
            _ => None,
        }
    }
}
