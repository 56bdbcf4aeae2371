//! What goes wrong: the faults, what each draws, and when they come and go.
//!
//! Every fault has a stream of its own. It starts at once, and from then on stops and
//! starts again after gaps of 0 to twice the interval. Drawing is apart from doing: a
//! [`Plan`] says what will be done to whom, and the run does it.

mod partition;
mod plan;

use std::fmt;
use std::str::FromStr;

pub use partition::{Grudges, PartitionKind};
pub(super) use plan::each;
pub use plan::{Group, Plan, Skew};

/// A kind of fault, under the name that `--nemesis` knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Links between nodes are cut, as Maelstrom draws it.
    Partition,
    /// Nodes lose all they know and stay down until they are started again.
    Kill,
    /// Nodes do nothing for a while and then go on.
    Pause,
    /// Some messages between nodes are lost.
    Loss,
    /// Some messages between nodes arrive twice.
    Duplicate,
    /// Some nodes are heard by nobody, or hear nobody.
    OneWay,
    /// Half of the links between nodes take ten times as long, and 100 ms at least.
    Slow,
    /// Clocks jump ahead, and run too fast or too slow.
    ClockSkew,
    /// Nodes change to another version of the program while they run, in turn.
    Swap,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 9] = [
        Fault::Partition,
        Fault::Kill,
        Fault::Pause,
        Fault::Loss,
        Fault::Duplicate,
        Fault::OneWay,
        Fault::Slow,
        Fault::ClockSkew,
        Fault::Swap,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fault::Partition => "partition",
            Fault::Kill => "kill",
            Fault::Pause => "pause",
            Fault::Loss => "loss",
            Fault::Duplicate => "duplicate",
            Fault::OneWay => "one-way",
            Fault::Slow => "slow",
            Fault::ClockSkew => "clock-skew",
            Fault::Swap => "swap",
        }
    }

    /// The `:f` of its beginning in the history.
    #[must_use]
    pub fn start_f(self) -> &'static str {
        match self {
            Fault::Partition => "start-partition",
            Fault::Kill => "kill",
            Fault::Pause => "pause",
            Fault::Loss => "start-loss",
            Fault::Duplicate => "start-duplicate",
            Fault::OneWay => "start-one-way",
            Fault::Slow => "start-slow",
            Fault::ClockSkew => "start-clock-skew",
            Fault::Swap => "swap",
        }
    }

    /// The `:f` of its end in the history.
    #[must_use]
    pub fn stop_f(self) -> &'static str {
        match self {
            Fault::Partition => "stop-partition",
            Fault::Kill => "start",
            Fault::Pause => "resume",
            Fault::Loss => "stop-loss",
            Fault::Duplicate => "stop-duplicate",
            Fault::OneWay => "stop-one-way",
            Fault::Slow => "stop-slow",
            Fault::ClockSkew => "stop-clock-skew",
            Fault::Swap => "stop-swap",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Fault::ALL.map(Fault::name).join(", ");
        let mut all = Fault::ALL.into_iter();
        all.find(|fault| fault.name() == name)
            .ok_or_else(|| format!("expected a fault ({}), found `{name}`", names()))
    }
}
