//! The consistency models that transactions are judged by, and their names.

use serde::{Serialize, Serializer};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use crate::names::UnknownName;

/// A consistency model, one of those in Elle's hierarchy that forbid something. It is parsed from any of Elle's names for
/// it, as in `--consistency-models`, and printed as the usual one.
#[derive(
    Clone,
    Copy,
    Debug,
    Display,
    EnumMessage,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    Ord,
    PartialEq,
    PartialOrd,
    VariantArray,
)]
#[strum(parse_err_ty = UnknownName, parse_err_fn = unknown)]
#[expect(missing_docs, reason = "the names are those of the literature")]
pub enum Model {
    #[strum(to_string = "read-uncommitted", serialize = "PL-1")]
    ReadUncommitted,
    #[strum(to_string = "read-committed", serialize = "PL-2")]
    ReadCommitted,
    #[strum(to_string = "cursor-stability", serialize = "PL-CS")]
    CursorStability,
    #[strum(to_string = "monotonic-view", serialize = "PL-2L")]
    MonotonicView,
    #[strum(to_string = "monotonic-snapshot-read", serialize = "PL-MSR")]
    MonotonicSnapshotRead,
    #[strum(to_string = "monotonic-atomic-view")]
    MonotonicAtomicView,
    #[strum(to_string = "consistent-view", serialize = "PL-2+")]
    ConsistentView,
    #[strum(to_string = "forward-consistent-view", serialize = "PL-FCV")]
    ForwardConsistentView,
    #[strum(to_string = "repeatable-read", serialize = "PL-2.99")]
    RepeatableRead,
    #[strum(to_string = "update-serializable", serialize = "PL-3U")]
    UpdateSerializable,
    #[strum(to_string = "read-atomic")]
    ReadAtomic,
    #[strum(to_string = "update-atomic")]
    UpdateAtomic,
    #[strum(to_string = "causal-cerone")]
    CausalCerone,
    #[strum(to_string = "prefix")]
    Prefix,
    #[strum(to_string = "parallel-snapshot-isolation")]
    ParallelSnapshotIsolation,
    #[strum(to_string = "snapshot-isolation", serialize = "PL-SI")]
    SnapshotIsolation,
    #[strum(
        to_string = "serializable",
        serialize = "conflict-serializable",
        serialize = "PL-3"
    )]
    Serializable,
    #[strum(
        to_string = "strong-session-read-uncommitted",
        serialize = "strong-session-PL-1"
    )]
    StrongSessionReadUncommitted,
    #[strum(
        to_string = "strong-session-read-committed",
        serialize = "strong-session-PL-2"
    )]
    StrongSessionReadCommitted,
    #[strum(to_string = "strong-session-snapshot-isolation")]
    StrongSessionSnapshotIsolation,
    #[strum(to_string = "strong-session-serializable")]
    StrongSessionSerializable,
    #[strum(to_string = "strong-read-uncommitted", serialize = "strong-PL-1")]
    StrongReadUncommitted,
    #[strum(to_string = "strong-read-committed", serialize = "strong-PL-2")]
    StrongReadCommitted,
    #[strum(to_string = "strong-snapshot-isolation")]
    StrongSnapshotIsolation,
    #[strum(
        to_string = "strict-serializable",
        serialize = "strong-serializable",
        serialize = "PL-SS"
    )]
    StrictSerializable,
}

/// Models in Elle's hierarchy that forbid nothing which can be found in transactions, each with one
/// that includes it and does. Judged by them, every history would be valid.
const NOT_JUDGED: &[(&str, Model)] = &[
    ("view-serializable", Model::Serializable),
    ("1SR", Model::Serializable),
    ("session-serializable", Model::StrongSessionSerializable),
    ("linearizable", Model::StrictSerializable),
    ("sequential", Model::StrongSessionSerializable),
    ("causal", Model::StrongSessionSnapshotIsolation),
    ("writes-follow-reads", Model::StrongSessionSnapshotIsolation),
    ("PRAM", Model::StrongSessionSnapshotIsolation),
    ("monotonic-reads", Model::StrongSessionSnapshotIsolation),
    ("monotonic-writes", Model::StrongSessionReadUncommitted),
    ("read-your-writes", Model::StrongSessionSnapshotIsolation),
];

fn unknown(name: &str) -> UnknownName {
    match NOT_JUDGED.iter().find(|(it, _)| *it == name) {
        Some((_, instead)) => UnknownName {
            expected: format!(
                "a consistency model that forbids something which transactions show (use {instead})"
            ),
            found: name.to_owned(),
        },
        None => UnknownName::of("a consistency model", Model::ALL, name),
    }
}

impl Model {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The usual name, as in `--consistency-models`: `read-committed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The name that Elle's results have: the usual one, except that they call strict
    /// serializability strong.
    #[must_use]
    pub fn result_name(self) -> &'static str {
        match self {
            Self::StrictSerializable => "strong-serializable",
            _ => self.name(),
        }
    }

    /// The name in the literature, if it has one of its own, otherwise the usual one: `PL-2`. It is
    /// the last of a model's names.
    #[must_use]
    pub fn canonical_name(self) -> &'static str {
        // The usual name comes after all others.
        let names = self.get_serializations();
        names[names.len().saturating_sub(2)]
    }
}

/// As in Elle's results: see [`Model::result_name`].
impl Serialize for Model {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.result_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read() {
        for &model in Model::ALL {
            assert_eq!(model.get_serializations().last(), Some(&model.name()));
            for name in model.get_serializations() {
                assert_eq!(name.parse(), Ok(model));
            }
        }
        assert_eq!(Model::StrictSerializable.canonical_name(), "PL-SS");
        assert_eq!(Model::Prefix.canonical_name(), "prefix");
    }
}
