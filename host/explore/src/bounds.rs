//! What an exploration tries: how much of what.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The most nodes of a cluster that is explored.
pub const NODES_MAX: usize = 16;

/// The most nodes of one whose network splits: there are 127 ways to split eight.
pub const PARTITIONED_NODES_MAX: usize = 8;

/// Which timers may fire next, under its name in `--timers`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum TimerOrder {
    /// Any that is set: a timer may be late by any time, since a node may be slow. What a clock
    /// measures says nothing then.
    Any,
    /// As any, in bursts: the timers of a node fire, one after the other as they are due, until it sends
    /// something. For guests that count ticks: an election is a move then, and not forty. What
    /// happens between two timers that send nothing is left out.
    Bursts,
    /// The one that is due first: no timer is late, and messages take no time unless a timer
    /// overtakes them. Of those that are due at the same time, any.
    #[default]
    Ordered,
    /// One that may be due first if each is late by no more than a part of the time that it was set
    /// for: clocks drift.
    Bounded,
}

impl TimerOrder {
    /// All of them.
    pub const ALL: &'static [TimerOrder] = TimerOrder::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The bounds of an exploration. Faults are budgets: each use takes one away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// How many operations clients begin.
    pub operations: usize,
    /// How many timers fire, or bursts of timers.
    pub fires: u32,
    /// How many messages between nodes are lost.
    pub drops: u8,
    /// How many messages between nodes are delivered twice.
    pub duplicates: u8,
    /// How many times a node is killed.
    pub kills: u8,
    /// How many times the power of a node fails.
    pub power: u8,
    /// How many times the network splits.
    pub partitions: u8,
    /// How many times a client gives up to wait.
    pub timeouts: u8,
    /// How many messages are late: if set, all others are delivered in the order in which they were sent and before
    /// time passes, and operations and faults come when no message is in flight but late ones. Schedules are
    /// long then, and few.
    pub delays: Option<u32>,
    /// How many moves a schedule has at most; none for as many as there are.
    pub depth: Option<u32>,
    /// Which timers may fire next.
    pub timers: TimerOrder,
    /// For [`TimerOrder::Bounded`]: by how much of its time a timer is late, in millionths.
    pub drift_ppm: u32,
    /// How long the cluster runs by fair rules before the exploration begins, in nanoseconds of virtual time.
    pub warm_up_ns: u64,
    /// Whether states that need not be met are left out.
    pub reduces: bool,
    /// Whether each state is also tried to its end: all faults over, every message delivered.
    pub tries_ends: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            operations: 3,
            fires: 4,
            drops: 0,
            duplicates: 0,
            kills: 0,
            power: 0,
            partitions: 0,
            timeouts: 0,
            delays: None,
            depth: None,
            timers: TimerOrder::default(),
            drift_ppm: 0,
            warm_up_ns: 0,
            reduces: true,
            tries_ends: true,
        }
    }
}
