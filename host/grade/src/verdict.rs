//! Verdicts, named as judges of programming contests name them.

use std::fmt;

use serde::{Deserialize, Serialize};

use host_guest::ErrorKind;
use host_sim::{Bound, Reason};

/// What is said of a submission's answer to a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Accepted: every seed is right.
    #[serde(rename = "AC")]
    Accepted,
    /// Wrong answer: the checkers found an anomaly, or a target was missed.
    #[serde(rename = "WA")]
    WrongAnswer,
    /// Presentation error: it broke the protocol.
    #[serde(rename = "PE")]
    Presentation,
    /// Time limit exceeded: it used up its fuel, or handled events without end.
    #[serde(rename = "TLE")]
    TimeLimit,
    /// Idleness limit exceeded: it never answered, or the wall clock had to stop it.
    #[serde(rename = "IL")]
    Idle,
    /// Memory limit exceeded.
    #[serde(rename = "MLE")]
    MemoryLimit,
    /// Output limit exceeded: messages, effects, timers, log.
    #[serde(rename = "OLE")]
    OutputLimit,
    /// Runtime error: a trap, a stack overflow, an exit.
    #[serde(rename = "RTE")]
    Runtime,
    /// Compile error: the module was rejected.
    #[serde(rename = "CE")]
    Compile,
    /// Internal error: ours, and never held against a submission.
    #[serde(rename = "IE")]
    Internal,
}

impl Verdict {
    /// Its usual abbreviation, as in JSON.
    #[must_use]
    pub fn abbreviation(self) -> &'static str {
        match self {
            Self::Accepted => "AC",
            Self::WrongAnswer => "WA",
            Self::Presentation => "PE",
            Self::TimeLimit => "TLE",
            Self::Idle => "IL",
            Self::MemoryLimit => "MLE",
            Self::OutputLimit => "OLE",
            Self::Runtime => "RTE",
            Self::Compile => "CE",
            Self::Internal => "IE",
        }
    }

    /// What it means, in words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::WrongAnswer => "wrong answer",
            Self::Presentation => "protocol error",
            Self::TimeLimit => "out of fuel",
            Self::Idle => "no answer",
            Self::MemoryLimit => "out of memory",
            Self::OutputLimit => "too much output",
            Self::Runtime => "runtime error",
            Self::Compile => "module rejected",
            Self::Internal => "internal error",
        }
    }

    /// The verdict on a run that had to stop.
    #[must_use]
    pub fn of_stop(reason: &Reason) -> Self {
        match reason {
            Reason::Guest(error) => Self::of_error(&error.kind),
            Reason::UnknownDestination { .. } | Reason::BadAnswer { .. } => Self::Presentation,
            Reason::NoAnswer { .. } => Self::Idle,
            Reason::Bound(bound) => match bound {
                Bound::Steps(_) | Bound::Fuel(_) => Self::TimeLimit,
                Bound::Memory(_) => Self::MemoryLimit,
                Bound::InFlight(_) | Bound::InFlightBytes(_) | Bound::AnswerBytes(_) => {
                    Self::OutputLimit
                }
            },
            Reason::Journal(_) | Reason::Internal(_) => Self::Internal,
        }
    }

    fn of_error(kind: &ErrorKind) -> Self {
        match kind {
            ErrorKind::Fuel { .. } => Self::TimeLimit,
            ErrorKind::Wall { .. } | ErrorKind::Unread { .. } => Self::Idle,
            ErrorKind::Memory { .. } | ErrorKind::Table { .. } => Self::MemoryLimit,
            ErrorKind::Output { .. }
            | ErrorKind::Effects { .. }
            | ErrorKind::Timers { .. }
            | ErrorKind::Log { .. } => Self::OutputLimit,
            ErrorKind::Trap(_)
            | ErrorKind::Stack
            | ErrorKind::Exit(_)
            | ErrorKind::Denied(_)
            | ErrorKind::Refused(_) => Self::Runtime,
            ErrorKind::Range { .. } | ErrorKind::BadEffect { .. } | ErrorKind::BadLine { .. } => {
                Self::Presentation
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.abbreviation())
    }
}
