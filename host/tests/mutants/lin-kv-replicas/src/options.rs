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
    Primary,
    PrimaryRetries,
    Owners,
    Paxos,
    Chain,
    TwoPhase,
    // These are wrong however they are written.
    #[serde(skip)]
    Copies,
    #[serde(skip)]
    Quorum,
    #[serde(skip)]
    Gossip,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bug {
    #[default]
    None,
    AcksFirst,
    CasCreates,
    CasRetry,
    FailedCasOk,
    Late,
    MissingAsZero,
    RefusesCas,
    StopsAfterFault,
    TimeoutAsFailure,
    AsyncBackup,
    LowestReachable,
    NoFencing,
    ReadsAnywhere,
    AcceptsUnpromised,
    AcksAtOne,
    EqualBallots,
    FirstPromise,
    HalfQuorum,
    NoWriteBack,
    RetriesAccept,
    ChainHead,
    ChainReadsAnywhere,
    TwoPhaseBreaksLocks,
    TwoPhaseNoRecovery,
    TwoPhaseReadsLocked,
    Quorum,
    QuorumNoRepair,
    LastWriterWins,
}

impl Bug {
    /// The design that has the bug.
    pub(crate) fn design(self) -> Option<Design> {
        let design = match self {
            Bug::None => return None,
            Bug::AcksFirst
            | Bug::CasCreates
            | Bug::CasRetry
            | Bug::FailedCasOk
            | Bug::Late
            | Bug::MissingAsZero
            | Bug::RefusesCas
            | Bug::StopsAfterFault
            | Bug::TimeoutAsFailure => Design::Primary,
            Bug::AsyncBackup | Bug::LowestReachable | Bug::NoFencing | Bug::ReadsAnywhere => {
                Design::Copies
            }
            Bug::AcceptsUnpromised
            | Bug::AcksAtOne
            | Bug::EqualBallots
            | Bug::FirstPromise
            | Bug::HalfQuorum
            | Bug::NoWriteBack
            | Bug::RetriesAccept => Design::Paxos,
            Bug::ChainHead | Bug::ChainReadsAnywhere => Design::Chain,
            Bug::TwoPhaseBreaksLocks | Bug::TwoPhaseNoRecovery | Bug::TwoPhaseReadsLocked => {
                Design::TwoPhase
            }
            Bug::Quorum | Bug::QuorumNoRepair => Design::Quorum,
            Bug::LastWriterWins => Design::Gossip,
        };
        Some(design)
    }
}
