//! The error for a history that is well formed but does not belong to the workload.

use super::history::Op;

/// Which operation does not belong to the workload, and why. There is no verdict then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{op}: {what}")]
#[non_exhaustive]
pub struct UnexpectedOperation {
    /// The operation, as [`Op`] displays it.
    pub op: String,
    /// What was expected, and what was found.
    pub what: String,
}

impl UnexpectedOperation {
    pub(super) fn new(op: &Op, what: impl Into<String>) -> Self {
        Self {
            op: op.to_string(),
            what: what.into(),
        }
    }
}
