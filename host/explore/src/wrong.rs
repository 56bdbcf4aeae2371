//! Why a step has no result.

use host_guest::{ErrorKind, GuestError};

use crate::bounds::Spent;

/// What states consist of, as far as the guest decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mode {
    /// The guest's steps depend on the clock, so time is a part of states. Its first step, with which a life begins, may read
    /// it without that: what it keeps of it is in its snapshot.
    pub reads_clock: bool,
    /// It is known by what it was told, not by its snapshot.
    pub by_replay: bool,
}

impl Mode {
    /// For guests whose snapshots are not all of their state.
    pub(crate) const BY_REPLAY: Mode = Mode {
        reads_clock: true,
        by_replay: true,
    };
}

/// Why a step has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Wrong {
    /// The guest has failed.
    #[error("{0}")]
    Guest(Box<GuestError>),
    /// It has sent a message to nobody.
    #[error("a node sends to {0:?}, and there is nobody of this name")]
    UnknownDestination(String),
    /// States have to consist of something else.
    #[error("the guest's steps depend on more than its state: {0:?}")]
    Mode(Mode),
    /// It has not answered `init`, or what prepares it for the workload.
    #[error(
        "a node does not answer `init` or the request that prepares it, and no message is in flight"
    )]
    NoAnswer,
    /// Its answer to that is wrong.
    #[error("a node answers wrongly before clients begin: {0}")]
    BadAnswer(String),
    /// Messages follow on messages without end.
    #[error("messages follow on messages without end, while no time passes")]
    Standstill,
    /// The program was asked to end while a step ran.
    #[error("interrupted")]
    Interrupted,
    /// The exploration has used up what it may use.
    #[error("the budget is used up: {0:?}")]
    Spent(Spent),
    /// It is to go on from states that it does not reach.
    #[error("the states that were kept are not those of this exploration")]
    OtherStates,
    /// An invariant of the workload does not hold.
    #[error("an invariant of the workload is broken: {0}")]
    Invariant(String),
    /// The workload has failed, not the nodes.
    #[error("the workload failed, not the nodes: {0}")]
    Workload(String),
    /// Nodes are not alike, and were said to be.
    #[error("--symmetric: {0}; leave --symmetric out")]
    Asymmetric(String),
    /// A fault of the explorer.
    #[error("{0}")]
    Internal(String),
}

impl From<Box<GuestError>> for Wrong {
    fn from(error: Box<GuestError>) -> Self {
        match error.kind {
            ErrorKind::Interrupted => Wrong::Interrupted,
            ErrorKind::Host(_) => Wrong::Internal(error.to_string()),
            _ => Wrong::Guest(error),
        }
    }
}

impl From<Spent> for Wrong {
    fn from(spent: Spent) -> Self {
        Wrong::Spent(spent)
    }
}

impl Wrong {
    /// Whether it says nothing about the guest.
    pub(crate) fn is_no_failure(&self) -> bool {
        matches!(
            self,
            Wrong::Mode(_)
                | Wrong::Interrupted
                | Wrong::Spent(_)
                | Wrong::OtherStates
                | Wrong::Workload(_)
                | Wrong::Asymmetric(_)
                | Wrong::Internal(_)
        )
    }

    pub(crate) fn internal(why: impl std::fmt::Display) -> Self {
        Wrong::Internal(why.to_string())
    }

    /// Its name among anomalies.
    pub(crate) fn name(&self) -> String {
        match self {
            Wrong::Guest(error) => <&'static str>::from(&error.kind).to_owned(),
            Wrong::UnknownDestination(_) => "unknown-destination".to_owned(),
            Wrong::NoAnswer => "no-answer".to_owned(),
            Wrong::BadAnswer(_) => "bad-answer".to_owned(),
            Wrong::Standstill => "standstill".to_owned(),
            Wrong::Invariant(_) => "broken-invariant".to_owned(),
            Wrong::Mode(_)
            | Wrong::Interrupted
            | Wrong::Spent(_)
            | Wrong::OtherStates
            | Wrong::Workload(_)
            | Wrong::Asymmetric(_)
            | Wrong::Internal(_) => "internal".to_owned(),
        }
    }
}
