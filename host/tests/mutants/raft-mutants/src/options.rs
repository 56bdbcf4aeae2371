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
    Durable,
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
        matches!(
            self,
            Design::Compaction | Design::Everything | Design::Durable
        )
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
    CommitFromDisk,
    CommitsAlone,
    CommitsUnmatched,
    CountsOldTerms,
    CutsFirst,
    DedupAtLeader,
    DedupLost,
    EntriesUnsynced,
    FollowerReads,
    ForgetsVote,
    Half,
    HeartbeatCommits,
    InstallLost,
    KeepsConflicts,
    KeepsOverwritten,
    KeepsTail,
    KeepsTorn,
    LeaseInTicks,
    LeaseTooLong,
    LeaseVotes,
    LogLost,
    MatchFromFailure,
    MatchOwnLast,
    MixesUp,
    NoDisk,
    NoLogCheck,
    NoStepDown,
    NoTermCheck,
    NumbersAgain,
    OldVotes,
    PreVoteCounts,
    PrevWithoutTerm,
    ReadJoinsRound,
    ReadsBeforeCommit,
    ReadsUnapplied,
    RetriesTwice,
    SameTimeout,
    SkipsReplay,
    SnapshotForgets,
    SnapshotGoesBack,
    SnapshotLate,
    StaleAnswers,
    StaleLeader,
    SyncsAnyway,
    TermLost,
    TermNotAdopted,
    TimerAlwaysReset,
    TimerNeverReset,
    TruncatesMatches,
    TruncatesUnsynced,
    VoteByLength,
    VoteByTerm,
    VoteLost,
    VoteReset,
    VoteUnsynced,
    VotesTwice,
}
