//! What a system owes besides right answers: that it answers, and that its nodes come to agree.
//! Maelstrom asks none of it.

use std::collections::BTreeMap;

use serde::Serialize;
use strum::{Display, IntoStaticStr};

/// The most shortfalls of a kind that a result lists.
pub const SHORTFALLS_MAX: usize = 8;

/// Shortfalls in the order they were found. In JSON the fields are absent when there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Shortfalls {
    /// The first [`SHORTFALLS_MAX`] of each kind.
    #[serde(rename = "shortfalls", skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<Shortfall>,
    /// How many there are of each kind.
    #[serde(
        rename = "shortfall-counts",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub counts: BTreeMap<ShortfallKind, usize>,
}

/// One thing that a system owes and did not do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shortfall {
    /// The kind.
    pub what: ShortfallKind,
    /// The `index` of the completion that shows it; of several, the last.
    pub op: u64,
    /// It in words: what happened, and what was to be.
    pub text: String,
}

/// The kinds of shortfalls.
#[derive(
    Clone, Copy, Debug, Display, Eq, Hash, IntoStaticStr, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum ShortfallKind {
    /// A key is said not to exist after a write of it was acknowledged.
    DeniedKey,
    /// After recovery nodes show different values of a key.
    NodesDisagree,
    /// After recovery a key shows no value, although a write of it was acknowledged.
    ValueVanished,
    /// After recovery a key shows a value that no transaction wrote which may have taken place.
    NeverWritten,
    /// Some time after the last fault no client gets what it asks for.
    NoProgress,
    /// The same of the clients of one node.
    NodeNeverRecovers,
    /// In quiet times a node answers none of its clients' requests, or refuses all.
    NodeNeverServes,
    /// In quiet times operations of a kind succeed less often than any right program's.
    SeldomSucceeds,
    /// Adds of one sign fail although others succeed.
    SignRefused,
}

impl ShortfallKind {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether it is that something did not happen, and not that an answer was wrong.
    #[must_use]
    pub fn is_absence(self) -> bool {
        !matches!(
            self,
            Self::DeniedKey | Self::NodesDisagree | Self::ValueVanished | Self::NeverWritten
        )
    }
}

impl Shortfalls {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Adds one that the completion with the index `op` shows.
    pub(crate) fn push(&mut self, what: ShortfallKind, op: u64, text: impl FnOnce() -> String) {
        let count = self.counts.entry(what).or_insert(0);
        *count += 1;
        if *count <= SHORTFALLS_MAX {
            self.list.push(Shortfall {
                what,
                op,
                text: text(),
            });
        }
    }
}
