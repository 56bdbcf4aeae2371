//! What happens to a node.

use std::fmt;

use host_protocol::disk::SyncFailure;
use host_protocol::text::{excerpt, printable};

/// Something that happens to a node.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// The driver's clock, in nanoseconds; it never goes backwards.
    pub now_ns: u64,
    /// The node's name, the only `src` of its messages.
    pub node: &'a str,
    /// What happens.
    pub kind: EventKind<'a>,
}

/// What happens in an [`Event`].
#[derive(Debug, Clone, Copy)]
pub enum EventKind<'a> {
    /// A message arrives: its JSON text, which has been checked.
    Message(&'a str),
    /// The timer with this id fires.
    Timer(u64),
    /// The sync that it asked for has ended. If it failed, the effects behind it have not happened.
    Synced(Result<(), SyncFailure>),
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            EventKind::Message(text) => write!(f, "message {}", printable(&excerpt(text, 400))),
            EventKind::Timer(id) => write!(f, "timer {id}"),
            EventKind::Synced(Ok(())) => f.write_str("end of a sync"),
            EventKind::Synced(Err(reason)) => write!(f, "failure of a sync ({reason})"),
        }
    }
}
