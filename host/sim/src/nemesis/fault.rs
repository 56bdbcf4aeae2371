//! The kinds of faults.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of fault, under the name that `--nemesis` knows it by.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(
    serialize_all = "kebab-case",
    parse_err_ty = UnknownFault,
    parse_err_fn = UnknownFault::new
)]
pub enum Fault {
    /// Cuts links between nodes, in the shapes of Maelstrom's partitions.
    Partition,
    /// Kills nodes: they lose their state, and stay down until they are started again.
    Kill,
    /// Pauses nodes, which then go on.
    Pause,
    /// Loses some messages between nodes.
    Loss,
    /// Delivers some messages between nodes twice.
    Duplicate,
    /// Cuts links between nodes in one direction.
    OneWay,
    /// Makes half of the links between nodes ten times slower, by at least 100 ms.
    Slow,
    /// Sets clocks ahead, and runs them too fast or too slow.
    ClockSkew,
    /// Swaps the program of one node after the other for another version while they run.
    Swap,
}

impl Fault {
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

/// A name that no fault has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a fault ({}), found `{name}`", Fault::names())]
pub struct UnknownFault {
    name: String,
}

impl UnknownFault {
    fn new(name: &str) -> Self {
        UnknownFault {
            name: name.to_owned(),
        }
    }
}

impl Fault {
    fn names() -> String {
        let names: Vec<&str> = Fault::VARIANTS.iter().map(Into::into).collect();
        names.join(", ")
    }
}
