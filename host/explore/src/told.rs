//! What guests are told, and what they ask for.

use host_disk::Scope;
use host_protocol::disk::Change;

/// What a guest asks for, resolved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    Send(u32),
    Set { id: u64, after_ns: u64 },
    Cancel(u64),
    Disk(Change<'static>),
    Sync(Scope),
}

/// A step of a guest.
#[derive(Debug)]
pub(crate) struct GuestStep {
    pub(crate) next: u32,
    pub(crate) acts: Vec<Act>,
    /// The disk, if the guest has changed it itself.
    pub(crate) disk: Option<u32>,
}

/// What a guest is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Message(u32),
    Timer(u64),
    Synced(Scope),
}

/// Which guest is started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    pub(crate) node: u8,
    /// How often its node was started before.
    pub(crate) lives: u32,
    /// The disk that it finds.
    pub(crate) disk: u32,
}
