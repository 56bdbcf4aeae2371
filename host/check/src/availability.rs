//! The fraction of operations that succeeded, and whether it is enough. After Maelstrom's
//! `checker.clj`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::history::{History, Kind, Op};
use super::validity::{Checks, Validity};

/// What `--availability` asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// `total`: every operation succeeds.
    Total,
    /// A fraction from 0 to 1: at least this part of the operations succeeds.
    AtLeast(f64),
}

/// As in `--availability`.
impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Total => f.write_str("total"),
            Self::AtLeast(fraction) => write!(f, "{fraction}"),
        }
    }
}

/// `total` or a fraction, as in `--availability`.
impl FromStr for Goal {
    type Err = InvalidGoal;

    fn from_str(text: &str) -> Result<Self, InvalidGoal> {
        match (text, text.parse::<f64>()) {
            ("total", _) => Ok(Self::Total),
            (_, Ok(fraction)) if (0.0..=1.0).contains(&fraction) => Ok(Self::AtLeast(fraction)),
            _ => Err(InvalidGoal {
                found: text.to_owned(),
            }),
        }
    }
}

/// A text that is no [`Goal`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected total or a number from 0 to 1, found `{found}`")]
#[non_exhaustive]
pub struct InvalidGoal {
    /// What was found.
    pub found: String,
}

/// The fraction of operations that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Availability {
    /// Whether the goal is reached; true if there is none.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// Successes among invocations, from 0 to 1; 1 if there was no invocation. Of 32 bits, as
    /// Maelstrom prints it.
    pub ok_fraction: f32,
}

/// Measures a history against a goal.
///
/// Maelstrom compares its 32-bit fraction with a 64-bit goal, so 24 of 25 misses 0.96 there; under
/// [`Checks::Strict`] it is met.
#[must_use]
pub fn availability(history: &History, goal: Option<Goal>, checks: Checks) -> Availability {
    availability_of(history, goal, checks, |_| true)
}

/// The same, of the operations that count.
pub(crate) fn availability_of(
    history: &History,
    goal: Option<Goal>,
    checks: Checks,
    counts: impl Fn(&Op) -> bool,
) -> Availability {
    let (mut oks, mut invokes) = (0, 0);
    for op in history.ops().iter().filter(|op| counts(op)) {
        oks += usize::from(op.kind == Kind::Ok);
        invokes += usize::from(op.kind == Kind::Invoke);
    }
    let fraction = ratio(oks, invokes);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "Maelstrom's figure has 32 bits"
    )]
    let ok_fraction = fraction as f32;
    let judged = match checks {
        Checks::Strict => fraction,
        Checks::Maelstrom => f64::from(ok_fraction),
    };
    let reached = match goal {
        None => true,
        Some(Goal::Total) => judged >= 1.0,
        Some(Goal::AtLeast(fraction)) => judged >= fraction,
    };
    Availability {
        valid: Validity::from(reached),
        ok_fraction,
    }
}

/// Counts are far below 2^53, so the quotient is the nearest float to the exact one.
#[expect(clippy::cast_precision_loss)]
fn ratio(oks: usize, invokes: usize) -> f64 {
    if invokes == 0 {
        1.0
    } else {
        oks as f64 / invokes as f64
    }
}
