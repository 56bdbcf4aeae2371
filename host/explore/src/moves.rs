//! What can happen next, and what of it commutes.

/// A move: one thing that happens in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Move {
    /// A worker begins its next operation.
    Invoke(u16),
    /// A message is delivered.
    Deliver(u32),
    /// A message is late from now on.
    Delay(u32),
    /// A node's sync is done.
    Synced(u8),
    /// A node's timer fires; the timer by its place among all that were met.
    Fire(u8, u32),
    /// A worker waits no longer.
    TimeOut(u16),
    /// A message is lost.
    Lose(u32),
    /// A message is delivered, and again later.
    Copy(u32),
    /// A node's process ends.
    Kill(u8),
    /// A node's power fails.
    Power(u8),
    /// A node starts again.
    Start(u8),
    /// The network splits: the nodes with these bits from the others.
    Cut(u16),
    /// It is whole again.
    Heal,
}

/// Parts of a state that a move reads and writes, a bit for each, and what else decides whether its order matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Footprint {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    /// Whether an operation begins.
    pub(crate) begins: bool,
    /// Whether one ends.
    pub(crate) ends: bool,
    /// The message that it takes.
    pub(crate) takes: Option<u32>,
}

/// The first of the bits of nodes.
pub(crate) const NODES: u32 = 0;
/// The first of the bits of services.
pub(crate) const SERVICES: u32 = 32;
/// How the network is split.
pub(crate) const SPLIT: u64 = 1 << 41;
/// Budgets of faults, and the numbers of clients.
pub(crate) const FAULTS: u64 = 1 << 42;
/// Virtual time, and when which timer is due.
pub(crate) const TIME: u64 = 1 << 43;
/// The last timer that may still fire.
pub(crate) const LAST_FIRE: u64 = 1 << 44;
/// The operation that any client may begin next.
pub(crate) const PLAN: u64 = 1 << 45;

impl Footprint {
    /// That of a move which commutes with none.
    pub(crate) const ALL: Footprint = Footprint {
        reads: u64::MAX,
        writes: u64::MAX,
        begins: true,
        ends: true,
        takes: None,
    };

    /// Whether the order of two moves does not matter: none writes what the other touches, they
    /// take different messages, and no operation ends in one and begins in the other. Then each is
    /// possible after the other, and both orders end in the same state.
    pub(crate) fn commutes_with(self, other: Footprint) -> bool {
        self.writes & (other.reads | other.writes) == 0
            && other.writes & self.reads == 0
            && !(self.begins && other.ends)
            && !(self.ends && other.begins)
            && (self.takes.is_none() || self.takes != other.takes)
    }
}
