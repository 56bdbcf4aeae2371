//! How many operations ended in which way, in total and by kind. After `jepsen.checker/stats`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::history::{History, Kind};
use super::validity::Validity;
use super::value::Name;

/// Counts of completed client operations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Stats {
    /// False if some kind of operation never succeeded.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// All kinds together.
    #[serde(flatten)]
    pub counts: Counts,
    /// Each kind, by its `:f`.
    pub by_f: BTreeMap<String, FStats>,
}

/// The same of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FStats {
    /// Whether one at least succeeded.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// Of this kind alone.
    #[serde(flatten)]
    pub counts: Counts,
}

/// How many completions there are of each type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// All completions.
    pub count: u64,
    /// Of type `ok`.
    pub ok_count: u64,
    /// Of type `fail`.
    pub fail_count: u64,
    /// Of type `info`.
    pub info_count: u64,
}

/// Kafka's clients crash on purpose, and ask for what is only logged: Maelstrom does not expect
/// these ever to succeed.
const MAY_NEVER_SUCCEED: [&str; 2] = ["crash", "debug-topic-partitions"];

/// Counts the completions of a history.
pub(crate) fn stats(history: &History) -> Stats {
    let mut all = Counts::default();
    let mut by_f: BTreeMap<Name, Counts> = BTreeMap::new();
    for (_, op) in history
        .client_ops()
        .filter(|(_, op)| op.kind != Kind::Invoke)
    {
        all.add(op.kind);
        by_f.entry(op.f.clone()).or_default().add(op.kind);
    }
    let by_f: BTreeMap<String, FStats> = by_f
        .into_iter()
        .map(|(f, counts)| {
            (
                f.to_string(),
                FStats {
                    valid: Validity::from(counts.ok_count > 0),
                    counts,
                },
            )
        })
        .collect();
    let judged = by_f
        .iter()
        .filter(|(f, _)| !MAY_NEVER_SUCCEED.contains(&f.as_str()));
    Stats {
        valid: Validity::worst(judged.map(|(_, of_f)| of_f.valid)),
        counts: all,
        by_f,
    }
}

impl Counts {
    fn add(&mut self, kind: Kind) {
        self.count += 1;
        match kind {
            Kind::Ok => self.ok_count += 1,
            Kind::Fail => self.fail_count += 1,
            Kind::Info => self.info_count += 1,
            Kind::Invoke => {}
        }
    }
}
