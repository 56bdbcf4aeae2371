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
    /// Kills nodes: their processes end, and are started again later. Their disks keep all that was
    /// written.
    Kill,
    /// Takes the power of nodes: as `kill`, but what was written and not synced may be lost.
    Power,
    /// Replaces nodes: as `kill`, but their disks are empty afterwards.
    Wipe,
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
    /// Makes the disks of nodes ten times slower, by at least 100 ms for each sync.
    DiskSlow,
    /// Fills the disks of nodes: nothing more can be written, and syncs fail.
    DiskFull,
    /// Has syncs fail. What they should have made durable is durable only in part.
    DiskError,
    /// Flips a bit of what is on a disk.
    BitRot,
    /// Draws among the aimed faults below, one bout after another.
    Hunt,
    /// Cuts off a node that has just done something.
    Isolate,
    /// Cuts off a node, and when another begins to speak to all, that one, and so on.
    Chain,
    /// Flips between two majorities that have as few nodes as possible in common.
    Flip,
    /// Cuts links often, for short times.
    Flap,
    /// Pauses a node that has just done something.
    Stall,
    /// Holds some messages back, until later.
    Hold,
    /// Loses exactly the next message of a link, or the next answer.
    LoseOne,
}

impl Fault {
    /// The faults that know nothing of the run: they start and stop at random times.
    pub const PLAIN: [Fault; 15] = [
        Fault::Partition,
        Fault::Kill,
        Fault::Power,
        Fault::Wipe,
        Fault::Pause,
        Fault::Loss,
        Fault::Duplicate,
        Fault::OneWay,
        Fault::Slow,
        Fault::ClockSkew,
        Fault::Swap,
        Fault::DiskSlow,
        Fault::DiskFull,
        Fault::DiskError,
        Fault::BitRot,
    ];

    /// The aimed faults that [`Fault::Hunt`] draws.
    pub const DRAWN_BY_HUNT: [Fault; 7] = [
        Fault::Isolate,
        Fault::Chain,
        Fault::Flip,
        Fault::Flap,
        Fault::Stall,
        Fault::Hold,
        Fault::LoseOne,
    ];

    /// Its place among the aimed faults that start or stop at one time.
    pub(crate) fn rank(self) -> u8 {
        self as u8
    }

    /// The name of the stream that it draws from: its own, but that `wipe` draws what `kill` drew before
    /// nodes had disks, so that a seed stays the same run.
    pub(crate) fn stream(self) -> &'static str {
        match self {
            Fault::Wipe => "kill",
            Fault::Kill => "process",
            _ => self.into(),
        }
    }

    /// The `:f` of its beginning in the history.
    #[must_use]
    pub fn start_f(self) -> &'static str {
        match self {
            Fault::Partition => "start-partition",
            Fault::Kill => "kill",
            Fault::Power => "power-off",
            Fault::Wipe => "wipe",
            Fault::Pause => "pause",
            Fault::Loss => "start-loss",
            Fault::Duplicate => "start-duplicate",
            Fault::OneWay => "start-one-way",
            Fault::Slow => "start-slow",
            Fault::ClockSkew => "start-clock-skew",
            Fault::Swap => "swap",
            Fault::DiskSlow => "start-disk-slow",
            Fault::DiskFull => "start-disk-full",
            Fault::DiskError => "start-disk-error",
            Fault::BitRot => "bit-rot",
            Fault::Hunt => "start-hunt",
            Fault::Isolate => "start-isolate",
            Fault::Chain => "start-chain",
            Fault::Flip => "start-flip",
            Fault::Flap => "start-flap",
            Fault::Stall => "start-stall",
            Fault::Hold => "start-hold",
            Fault::LoseOne => "start-lose-one",
        }
    }

    /// The `:f` of its end in the history.
    #[must_use]
    pub fn stop_f(self) -> &'static str {
        match self {
            Fault::Partition => "stop-partition",
            Fault::Kill => "start",
            Fault::Power => "power-on",
            Fault::Wipe => "start-wiped",
            Fault::Pause => "resume",
            Fault::Loss => "stop-loss",
            Fault::Duplicate => "stop-duplicate",
            Fault::OneWay => "stop-one-way",
            Fault::Slow => "stop-slow",
            Fault::ClockSkew => "stop-clock-skew",
            Fault::Swap => "stop-swap",
            Fault::DiskSlow => "stop-disk-slow",
            Fault::DiskFull => "stop-disk-full",
            Fault::DiskError => "stop-disk-error",
            Fault::BitRot => "stop-bit-rot",
            Fault::Hunt => "stop-hunt",
            Fault::Isolate => "stop-isolate",
            Fault::Chain => "stop-chain",
            Fault::Flip => "stop-flip",
            Fault::Flap => "stop-flap",
            Fault::Stall => "stop-stall",
            Fault::Hold => "stop-hold",
            Fault::LoseOne => "stop-lose-one",
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
