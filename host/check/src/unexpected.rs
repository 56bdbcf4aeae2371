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
        let mut what = what.into();
        what.push_str(advice(op));
        Self {
            op: op.to_string(),
            what,
        }
    }
}

/// What to do with operations that are known from elsewhere.
fn advice(op: &Op) -> &'static str {
    match &*op.f {
        "get" | "put" | "append" if op.extra("key").is_some() => {
            "; with a :key beside the value it is of the store of Porcupine's kv logs. Porcupine judges \
             its append; where there is none, write read for get, write for put, and [key value] for \
             the value, and check it as lin-kv"
        }
        "transfer" => "; bank histories have no checker here, elle-cli has one",
        _ => "",
    }
}
