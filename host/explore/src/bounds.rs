//! What an exploration tries: how much of what.

use std::sync::Arc;

use host_sim::MemoryGrant;
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
    /// Whether nodes are alike: states that differ only in which node is which are met once.
    pub symmetric: bool,
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
            symmetric: false,
            tries_ends: true,
        }
    }
}

/// When an exploration stops before it is complete.
#[derive(Debug, Clone)]
pub struct Budget {
    /// The most states that are met.
    pub states: usize,
    /// The most fuel that is used, by guests and for the work that they make, in units.
    pub fuel: u64,
    /// The most memory that guests and states take together, in bytes.
    pub bytes: usize,
    /// Says how much of that may be held beside other work; none if there is no other.
    pub room: Option<Arc<dyn MemoryGrant>>,
    /// Whether the exploration is on one thread, and processor time is a net below its fuel, as it is below that of a run:
    /// [`ProcessorTime`](host_sim::ProcessorTime).
    pub has_net: bool,
}

impl Default for Budget {
    /// A million states, whatever they take.
    fn default() -> Self {
        Budget {
            states: 1_000_000,
            fuel: u64::MAX,
            bytes: usize::MAX,
            room: None,
            has_net: false,
        }
    }
}

/// What of a budget is used up besides states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// The fuel.
    Fuel,
    /// The memory.
    Memory,
    /// The processor time.
    Time,
    /// The memory that other work leaves: it may be enough without that.
    Room,
}

impl Spent {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Spent::Fuel => "fuel",
            Spent::Memory | Spent::Room => "memory",
            Spent::Time => "time",
        }
    }
}

/// How far an exploration has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// States that were met, each once.
    pub states: usize,
    /// Moves that were tried.
    pub transitions: u64,
    /// The length of the schedules that were all tried.
    pub depth: u32,
    /// States whose moves were not tried yet.
    pub frontier: usize,
}
