//! The consistency models that Maelstrom accepts, what each is called, which weaker ones it
//! includes, and which anomalies it forbids. The table is that of `elle.consistency-model` (0.2.2),
//! whose sources are Adya, Bailis, Bernstein, Cerone, Daudjee and others; anomalies that no checker
//! here can find are left out of it.

mod facts;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::anomaly::Anomaly;
use facts::{FACTS, Facts};

/// A consistency model, one of those in Elle's hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is called what it is, as FACTS has it")]
pub enum Model {
    ReadUncommitted,
    ReadCommitted,
    CursorStability,
    MonotonicView,
    MonotonicSnapshotRead,
    MonotonicAtomicView,
    ConsistentView,
    ForwardConsistentView,
    RepeatableRead,
    UpdateSerializable,
    ReadAtomic,
    UpdateAtomic,
    CausalCerone,
    Prefix,
    ParallelSnapshotIsolation,
    SnapshotIsolation,
    Serializable,
    ViewSerializable,
    OneCopySerializable,
    SessionSerializable,
    StrongSessionReadUncommitted,
    StrongSessionReadCommitted,
    StrongSessionSnapshotIsolation,
    StrongSessionSerializable,
    StrongReadUncommitted,
    StrongReadCommitted,
    StrongSnapshotIsolation,
    StrictSerializable,
    Linearizable,
    Sequential,
    Causal,
    WritesFollowReads,
    Pram,
    MonotonicReads,
    MonotonicWrites,
    ReadYourWrites,
}

impl Model {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        FACTS.iter().map(|facts| facts.model)
    }

    fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// The usual name, as in `--consistency-models`: `read-committed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().names[0]
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

    /// The name in the literature, if it has one of its own: `PL-2`.
    #[must_use]
    pub fn canonical_name(self) -> &'static str {
        self.facts().names.last().copied().unwrap_or_default()
    }

    /// The models that hold wherever this one does, by direct inclusion.
    pub(super) fn includes(self) -> &'static [Self] {
        self.facts().includes
    }

    /// What this model forbids and those it includes do not.
    pub(super) fn forbids(self) -> &'static [Anomaly] {
        self.facts().forbids
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// As in Elle's results: see [`Model::result_name`].
impl Serialize for Model {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.result_name())
    }
}

/// Any of Elle's names for it, as in `--consistency-models`.
impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        // Maelstrom has its list separated by " , ".
        let name = name.trim();
        let named = FACTS.iter().find(|facts| facts.names.contains(&name));
        named.map(|facts| facts.model).ok_or_else(|| {
            let names: Vec<&str> = FACTS.iter().map(|facts| facts.names[0]).collect();
            format!(
                "expected a consistency model ({}), found `{name}`",
                names.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_in_the_order_of_the_models() {
        for (at, facts) in FACTS.iter().enumerate() {
            assert_eq!(facts.model as usize, at, "{}", facts.names[0]);
            for name in facts.names {
                assert_eq!(name.parse(), Ok(facts.model));
            }
        }
    }
}
