//! Verdicts, with the names that programming contests use.

use serde::{Deserialize, Serialize};
use strum::EnumMessage;

use host_guest::ErrorKind;
use host_sim::{Bound, StopReason};

/// The verdict on a submission's module for a challenge. Its `Display` is the abbreviation.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumMessage,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum Verdict {
    /// Accepted: every run passed.
    #[serde(rename = "AC")]
    #[strum(serialize = "AC", message = "accepted")]
    Accepted,
    /// Wrong answer: the checkers found an anomaly, or it missed a target.
    #[serde(rename = "WA")]
    #[strum(serialize = "WA", message = "wrong answer")]
    WrongAnswer,
    /// Presentation error: it broke the protocol.
    #[serde(rename = "PE")]
    #[strum(serialize = "PE", message = "protocol error")]
    Presentation,
    /// Time limit exceeded: it used up its fuel, or the run had too many events.
    #[serde(rename = "TLE")]
    #[strum(serialize = "TLE", message = "out of fuel")]
    TimeLimit,
    /// Idleness limit exceeded: it never replied, or reached the limit of wall time.
    #[serde(rename = "IL")]
    #[strum(serialize = "IL", message = "no answer")]
    Idle,
    /// Memory limit exceeded.
    #[serde(rename = "MLE")]
    #[strum(serialize = "MLE", message = "out of memory")]
    MemoryLimit,
    /// Output limit exceeded: messages, effects, timers, log.
    #[serde(rename = "OLE")]
    #[strum(serialize = "OLE", message = "too much output")]
    OutputLimit,
    /// Runtime error: a trap, a stack overflow, an exit.
    #[serde(rename = "RTE")]
    #[strum(serialize = "RTE", message = "runtime error")]
    Runtime,
    /// Compile error: the module was rejected.
    #[serde(rename = "CE")]
    #[strum(serialize = "CE", message = "module rejected")]
    Compile,
    /// Internal error: the fault is ours, and costs the submission no points.
    #[serde(rename = "IE")]
    #[strum(serialize = "IE", message = "internal error")]
    Internal,
}

impl Verdict {
    /// The usual abbreviation, as in JSON.
    #[must_use]
    pub fn abbreviation(self) -> &'static str {
        self.into()
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }

    /// The verdict on a run that stopped early.
    #[must_use]
    pub fn of_stop(reason: &StopReason) -> Self {
        match reason {
            StopReason::Guest(error) => Self::of_error(&error.kind),
            StopReason::UnknownDestination { .. } | StopReason::BadAnswer { .. } => {
                Self::Presentation
            }
            StopReason::NoAnswer { .. } => Self::Idle,
            StopReason::Standstill { .. } => Self::TimeLimit,
            StopReason::Bound(bound) => match bound {
                Bound::Steps(_) | Bound::Fuel(_) => Self::TimeLimit,
                Bound::Memory(_) => Self::MemoryLimit,
                Bound::InFlight(_) | Bound::InFlightBytes(_) | Bound::AnswerBytes(_) => {
                    Self::OutputLimit
                }
            },
            StopReason::ProcessorTime { .. } => Self::Idle,
            StopReason::Invariant(_) | StopReason::Goal(_) => Self::WrongAnswer,
            StopReason::Interrupted
            | StopReason::Workload(_)
            | StopReason::NoRoom
            | StopReason::Journal(_)
            | StopReason::Internal(_) => Self::Internal,
        }
    }

    fn of_error(kind: &ErrorKind) -> Self {
        match kind {
            ErrorKind::Interrupted => Self::Internal,
            ErrorKind::Fuel { .. } => Self::TimeLimit,
            ErrorKind::Wall { .. } | ErrorKind::Unread { .. } => Self::Idle,
            ErrorKind::Memory { .. } | ErrorKind::Table { .. } => Self::MemoryLimit,
            ErrorKind::Output { .. }
            | ErrorKind::Effects { .. }
            | ErrorKind::Timers { .. }
            | ErrorKind::Log { .. } => Self::OutputLimit,
            ErrorKind::Disk(error) if error.is_limit() => Self::OutputLimit,
            ErrorKind::Host(_) => Self::Internal,
            ErrorKind::Trap(_)
            | ErrorKind::Stack
            | ErrorKind::Deadlock(_)
            | ErrorKind::Exit(_)
            | ErrorKind::Denied(_)
            | ErrorKind::Refused(_) => Self::Runtime,
            ErrorKind::Range { .. }
            | ErrorKind::BadEffect { .. }
            | ErrorKind::BadLine { .. }
            | ErrorKind::Disk(_) => Self::Presentation,
        }
    }
}
