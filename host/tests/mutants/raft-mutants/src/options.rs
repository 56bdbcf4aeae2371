//! The designs and bugs; the tables in `lib.rs` say what each is.

use guest_sdk::prelude::*;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) bug: Bug,
    pub(crate) design: Design,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Design {
    #[default]
    Log,
    ReadIndex,
    Lease,
    Forwarding,
    PreVote,
    Compaction,
    FollowerReads,
    Everything,
}

impl Design {
    /// Whether other nodes than the leader take operations in.
    pub(crate) fn forwards(self) -> bool {
        !matches!(self, Design::Log | Design::ReadIndex | Design::Lease)
    }

    pub(crate) fn reads_by_index(self) -> bool {
        use Design::{Everything, FollowerReads, Lease, ReadIndex};
        matches!(self, ReadIndex | Lease | FollowerReads | Everything)
    }

    pub(crate) fn pre_votes(self) -> bool {
        matches!(self, Design::PreVote | Design::Everything)
    }

    pub(crate) fn compacts(self) -> bool {
        matches!(self, Design::Compaction | Design::Everything)
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bug {
    #[default]
    None,
    AcksEarly,
    AnyLog,
    AppliesEarly,
    CommitsAlone,
    CommitsUnmatched,
    CountsOldTerms,
    DedupAtLeader,
    DedupLost,
    FollowerReads,
    ForgetsVote,
    Half,
    HeartbeatCommits,
    KeepsConflicts,
    KeepsTail,
    LeaseInTicks,
    LeaseTooLong,
    LeaseVotes,
    MatchFromFailure,
    MatchOwnLast,
    MixesUp,
    NoLogCheck,
    NoStepDown,
    NoTermCheck,
    OldVotes,
    PreVoteCounts,
    PrevWithoutTerm,
    ReadJoinsRound,
    ReadsBeforeCommit,
    ReadsUnapplied,
    RetriesTwice,
    SameTimeout,
    SnapshotGoesBack,
    StaleAnswers,
    StaleLeader,
    TermNotAdopted,
    TimerAlwaysReset,
    TimerNeverReset,
    TruncatesMatches,
    VoteByLength,
    VoteByTerm,
    VoteReset,
    VotesTwice,
}
