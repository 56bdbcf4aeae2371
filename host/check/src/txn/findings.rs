//! Findings: bounded lists of the cases of each anomaly, in words and with the transactions involved.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::history::Op;
use crate::value::{Name, Value};

use super::anomaly::Anomaly;
use super::graph::Labels;

/// The most cases of an anomaly that a result lists.
pub const CASES_MAX: usize = 32;

/// The most elements of a list, and the most micro-operations of a transaction, that a case shows:
/// the last ones.
pub(super) const ELEMENTS_MAX: usize = 32;

/// One case of an anomaly.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Case {
    /// What is wrong. Transactions are called by the `index` of their completions, or in a cycle
    /// T1, T2 and so on.
    pub words: String,
    /// The key it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Value>,
    /// The values it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// The transactions, as their completions; lists read are shortened to their last elements. In
    /// a cycle T1, T2 and so on.
    pub txns: Vec<Op>,
    /// In a cycle, why each transaction comes before the next, and the last before the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// Why one transaction of a cycle comes before another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// `T1`.
    pub from: String,
    /// `T2`.
    pub to: String,
    /// `ww`, `wr`, `rw`, `process` or `realtime`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The key that relates them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Value>,
    /// The reason: "T1 appended 3 to key 5 and T2 read it".
    pub because: String,
    /// The order of the versions was inferred from the order of transactions in time: otherwise this
    /// anomaly had occurred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<Anomaly>,
}

/// Cases of one anomaly.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cases {
    /// The first [`CASES_MAX`].
    pub(super) list: Vec<Case>,
    /// How many there are.
    pub(super) count: usize,
}

/// Everything found so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Findings(pub(super) BTreeMap<Anomaly, Cases>);

impl Findings {
    /// Adds a case; the words for it are made only if it will be listed.
    pub(super) fn push(&mut self, anomaly: Anomaly, case: impl FnOnce() -> Case) {
        let cases = self.0.entry(anomaly).or_default();
        cases.count += 1;
        if cases.list.len() < CASES_MAX {
            cases.list.push(case());
        }
    }

    pub(super) fn types(&self) -> impl Iterator<Item = Anomaly> + '_ {
        self.0.keys().copied()
    }
}

/// What results call the reason for an edge.
pub(super) fn label_name(label: Labels) -> &'static str {
    match label {
        Labels::WW => "ww",
        Labels::WR => "wr",
        Labels::RW => "rw",
        Labels::PROCESS => "process",
        _ => "realtime",
    }
}

/// The operation with the lists it read, and its list of micro-operations, shortened to their last
/// elements, after `...`.
pub(super) fn shortened(op: &Op) -> Op {
    let short_mop = |mop: Value| match mop.items() {
        Some(parts) => Value::from(parts.into_iter().map(shortened_list).collect::<Vec<_>>()),
        None => mop,
    };
    let value = match op.value.items() {
        Some(mops) => shortened_list(mops.into_iter().map(short_mop).collect::<Vec<_>>().into()),
        None => op.value.clone(),
    };
    Op {
        value,
        ..op.clone()
    }
}

/// The value, unless it is a long list.
pub(super) fn shortened_list(value: Value) -> Value {
    match &value {
        Value::Vector(list) if list.len() > ELEMENTS_MAX => {
            let dots = std::iter::once(Value::Symbol(Name::from("...")));
            let last = (list.len() - ELEMENTS_MAX..list.len()).filter_map(|at| list.get(at));
            Value::Vector(dots.chain(last.map(std::borrow::Cow::into_owned)).collect())
        }
        _ => value,
    }
}
