//! What the queue of a run holds.

use super::packets::Slot;

/// Something that will happen at a known virtual time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scheduled {
    /// A message has left its sender's process, and takes its latency from now on.
    Leave {
        /// The message.
        slot: Slot,
        /// Its latency.
        latency_ns: u64,
    },
    /// A receiver may have a message to hand over.
    Ready(usize),
    /// A message reaches its deadline.
    Deliver(Slot),
    /// A node's next timer is due.
    Wake(usize),
    /// The sync of a node's disk is over.
    Synced(usize),
    /// A node has crashed by itself.
    Crashed(usize),
    /// A node that has crashed by itself is started again.
    Restart(usize),
    /// The generator is asked for the next operation, unless its epoch is over.
    NextOperation(u8),
    /// A client stops waiting for the response to its request.
    TimeOut {
        /// The client.
        client: usize,
        /// The request.
        msg_id: u64,
    },
    /// A node is upgraded to the next version of its program.
    Upgrade(usize),
    /// A nemesis starts or stops its fault.
    Nemesis(usize),
    /// A hunter starts or stops an aimed fault, or goes on to the next one.
    Hunt(usize),
    /// The recovery time is over.
    Recovered,
}
