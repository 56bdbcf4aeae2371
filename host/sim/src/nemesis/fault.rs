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
