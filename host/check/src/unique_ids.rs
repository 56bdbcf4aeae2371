//! Unique ids: no two answers are the same. After `jepsen.checker/unique-ids`, which gives up on
//! ids that Clojure cannot compare (maps, mixed types); equality needs no order, so here they are
//! judged.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::{Serialize, Serializer};

use super::history::{History, Kind};
use super::json::json_key;
use super::validity::Validity;
use super::value::Value;

/// The most ids that [`UniqueIds::duplicated`] lists. Jepsen's number.
pub const DUPLICATED_MAX: usize = 48;

/// The ids given more than once.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UniqueIds {
    /// False if there is a duplicate.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// Ids asked for.
    pub attempted_count: usize,
    /// Ids given.
    pub acknowledged_count: usize,
    /// Different ids given more than once.
    pub duplicated_count: usize,
    /// The most frequent [`DUPLICATED_MAX`] of them, sorted, with how often each was given. In JSON
    /// an object.
    #[serde(serialize_with = "as_object")]
    pub duplicated: Vec<(Value, usize)>,
    /// The least and the greatest id; nil if none was given.
    pub range: (Value, Value),
}

fn as_object<S: Serializer>(entries: &[(Value, usize)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(id, count)| (json_key(id), count)))
}

/// Counts the ids of a history.
#[must_use]
pub fn unique_ids(history: &History) -> UniqueIds {
    let ops = || {
        history
            .client_ops()
            .map(|(_, op)| op)
            .filter(|op| op.f == "generate")
    };
    let mut counts: HashMap<&Value, usize> = HashMap::new();
    let mut range: Option<(&Value, &Value)> = None;
    let mut repeated = Vec::new();
    for op in ops().filter(|op| op.kind == Kind::Ok) {
        let id = &op.value;
        match counts.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(1);
                range = Some(range.map_or((id, id), |(least, greatest)| {
                    (least.min(id), greatest.max(id))
                }));
            }
            Entry::Occupied(mut entry) => {
                if *entry.get() == 1 {
                    repeated.push(id);
                }
                *entry.get_mut() += 1;
            }
        }
    }
    let mut duplicated: Vec<(Value, usize)> = repeated
        .iter()
        .map(|&id| (id.clone(), counts[id]))
        .collect();
    // The most frequent ones; of as frequent ones, those that sort last.
    duplicated.sort_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then_with(|| b.cmp(a)));
    duplicated.truncate(DUPLICATED_MAX);
    duplicated.sort();
    UniqueIds {
        valid: Validity::from(repeated.is_empty()),
        attempted_count: ops().filter(|op| op.kind == Kind::Invoke).count(),
        acknowledged_count: ops().filter(|op| op.kind == Kind::Ok).count(),
        duplicated_count: repeated.len(),
        duplicated,
        range: range.map_or((Value::Nil, Value::Nil), |(least, greatest)| {
            (least.clone(), greatest.clone())
        }),
    }
}
