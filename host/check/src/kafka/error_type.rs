//! The kinds of errors, under Jepsen's names, and which of them a run may have.

use serde::{Serialize, Serializer};
use strum::{Display, IntoStaticStr, VariantArray};

/// What can be wrong with a run, in the order in which Jepsen sorts the names.
#[derive(
    Clone, Copy, Debug, Display, Eq, Hash, IntoStaticStr, Ord, PartialEq, PartialOrd, VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorType {
    /// A successful poll shows a message whose send failed.
    #[strum(to_string = "G1a")]
    G1a,
    /// Operations poll each other's sends, all the way round.
    #[strum(to_string = "G1c")]
    G1c,
    /// The same, if real time is taken into account.
    #[strum(to_string = "G1c-realtime")]
    G1cRealtime,
    /// Read committed is ruled out by a cycle.
    #[strum(to_string = "PL-2-cycle-exists")]
    Pl2CycleExists,
    /// A message is at more than one offset.
    Duplicate,
    /// No operation depends on another: there is nothing to judge.
    EmptyTransactionGraph,
    /// More than one message is at an offset.
    InconsistentOffsets,
    /// Within an operation, polls go back in the log, or stay.
    IntNonmonotonicPoll,
    /// Within an operation, sends go back in the log.
    IntNonmonotonicSend,
    /// Within an operation, polls leave out messages.
    IntPollSkip,
    /// Within an operation, sends have others in between.
    IntSendSkip,
    /// A message is polled by nobody, though one after it is.
    LostWrite,
    /// A poll shows a message that nobody sent. Jepsen's checker throws an exception of this name.
    NoWriterOfValue,
    /// A process's poll begins at or before where its last one ended.
    NonmonotonicPoll,
    /// A process's send is put before its last one.
    NonmonotonicSend,
    /// A process's poll begins further than next to where its last one ended.
    PollSkip,
    /// An operation polls what it sends itself.
    PrecommittedRead,
    /// Read committed in real time is ruled out by a cycle.
    #[strum(to_string = "strong-PL-2-cycle-exists")]
    StrongPl2CycleExists,
    /// An acknowledged message is polled by nobody.
    Unseen,
}

impl ErrorType {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Jepsen's name, without its colon.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether a valid run may have it. Sends of several clients mix in a log, so what one sends at
    /// once need not stay together. Jepsen allows cycles of writes too (`G0` and its likes), which
    /// Maelstrom does not look for.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Self::IntSendSkip
    }

    /// How Jepsen shortens a list of such errors.
    pub(super) fn shown(self) -> Shown {
        match self {
            Self::Duplicate | Self::InconsistentOffsets => Shown::First(32),
            Self::G1c
            | Self::G1cRealtime
            | Self::IntNonmonotonicPoll
            | Self::IntNonmonotonicSend
            | Self::NonmonotonicPoll
            | Self::NonmonotonicSend => Shown::First(8),
            Self::IntPollSkip | Self::IntSendSkip | Self::PollSkip => Shown::Last(8),
            Self::G1a
            | Self::Pl2CycleExists
            | Self::EmptyTransactionGraph
            | Self::LostWrite
            | Self::NoWriterOfValue
            | Self::PrecommittedRead
            | Self::StrongPl2CycleExists
            | Self::Unseen => Shown::All,
        }
    }
}

/// Its name.
impl Serialize for ErrorType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Which of the errors of a kind a result lists, once they are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    First(usize),
    Last(usize),
    All,
}

#[cfg(test)]
mod tests {
    use super::ErrorType;

    #[test]
    fn error_types_sort_as_their_names_do() {
        let types = ErrorType::ALL;
        assert!(types.is_sorted());
        assert!(types.is_sorted_by_key(|it| it.name()));
    }
}
