//! Looking for operations by what they wrote and showed.

use crate::history::{History, Kind, Op};
use crate::value::Value;
use crate::workload::Workload;

use super::{AGAINST_MAX, Contradiction};

/// A history to look in.
pub(super) struct Look<'a> {
    pub(super) history: &'a History,
}

impl Look<'_> {
    pub(super) fn op(&self, at: usize) -> &Op {
        &self.history.ops()[at]
    }

    /// The position of the operation with this index.
    pub(super) fn at(&self, index: u64) -> Option<usize> {
        let ops = self.history.ops();
        ops.binary_search_by_key(&index, |op| op.index).ok()
    }

    /// The positions of the completions of clients that are like this.
    pub(super) fn completions(&self, is_one: impl Fn(&Op) -> bool) -> impl Iterator<Item = usize> {
        let ops = self.history.client_ops();
        ops.filter(move |(_, op)| op.kind != Kind::Invoke && is_one(op))
            .map(|(at, _)| at)
    }

    /// The positions of the operations that wrote a value, where there are keys to this one: their
    /// completions, or their invocations if they have none.
    pub(super) fn writers(
        &self,
        key: Option<&Value>,
        value: &Value,
    ) -> impl Iterator<Item = usize> {
        let pairs = self.history.pairs();
        let ops = self.history.client_ops();
        ops.filter(move |(at, op)| {
            let is_end = op.kind != Kind::Invoke || pairs.partner(*at).is_none();
            is_end && wrote(op, key, value)
        })
        .map(|(at, _)| at)
    }

    /// Whether the operations are those of logs.
    pub(super) fn has_logs(&self) -> bool {
        let mut ops = self.history.client_ops();
        ops.any(|(_, op)| matches!(&*op.f, "send" | "poll"))
    }

    pub(super) fn contradiction(
        &self,
        shown_by: usize,
        against: impl IntoIterator<Item = usize>,
    ) -> Contradiction {
        let mut against: Vec<usize> = against.into_iter().filter(|it| *it != shown_by).collect();
        against.sort_unstable();
        against.dedup();
        against.truncate(AGAINST_MAX);
        Contradiction {
            shown_by,
            against,
            keys: Vec::new(),
        }
    }
}

/// Whether a list has an element.
pub(super) fn has(list: &Value, element: &Value) -> bool {
    match (list, element) {
        (Value::Vector(list), Value::Int(n)) if list.as_ints().is_some() => {
            list.as_ints().is_some_and(|ints| ints.contains(n))
        }
        (Value::Vector(list), _) => list.cows().any(|it| *it == *element),
        _ => false,
    }
}

/// Whether an operation writes a value.
fn wrote(op: &Op, key: Option<&Value>, value: &Value) -> bool {
    let pair = |value: &Value| {
        let items = value.items()?;
        <[Value; 2]>::try_from(items).ok()
    };
    let is_key = |it: &Value| key.is_none_or(|key| key == it);
    match &*op.f {
        "add" | "broadcast" => op.value == *value,
        "write" => pair(&op.value).is_some_and(|[k, v]| is_key(&k) && v == *value),
        "cas" => pair(&op.value).is_some_and(|[k, change]| {
            is_key(&k) && pair(&change).is_some_and(|[_, to]| to == *value)
        }),
        "txn" | "send" | "poll" => mops(&op.value).any(|[f, k, v]| {
            let is_write = matches!(f.as_name(), Some("append" | "w" | "send"));
            // An acknowledged send has the offset too.
            let sent = || pair(&v).is_some_and(|[_, message]| message == *value);
            is_write && is_key(&k) && (v == *value || sent())
        }),
        _ => false,
    }
}

/// The parts of an operation's value that have three parts: what, which key, which value.
pub(super) fn mops(value: &Value) -> impl Iterator<Item = [Value; 3]> {
    let parts = value.items().unwrap_or_default().into_iter();
    parts.filter_map(|part| <[Value; 3]>::try_from(part.items()?).ok())
}

/// The keys that an operation names when it is invoked: none in a workload without keys, and none
/// where it means all of them.
#[must_use]
pub fn keys(workload: Workload, f: &str, value: &Value) -> Vec<Value> {
    match workload {
        Workload::LinKv => value.items().into_iter().flatten().take(1).collect(),
        Workload::Kafka if f == "assign" => value.items().unwrap_or_default(),
        Workload::Kafka | Workload::TxnListAppend | Workload::TxnRwRegister => {
            mops(value).map(|[_, key, _]| key).collect()
        }
        _ => Vec::new(),
    }
}
