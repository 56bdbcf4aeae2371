//! The error for an unknown name.

use std::fmt::Display;

/// A name that is not one of those expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
#[non_exhaustive]
pub struct UnknownName {
    /// What was expected: `a workload (echo, unique-ids, …)`.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl UnknownName {
    /// `found` is none of `all` the names of a kind of things.
    pub(crate) fn of(kind: &str, all: &[impl Display], found: &str) -> Self {
        let names: Vec<String> = all.iter().map(ToString::to_string).collect();
        Self {
            expected: format!("{kind} ({})", names.join(", ")),
            found: found.to_owned(),
        }
    }
}
