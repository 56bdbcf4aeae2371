//! Cycles in words: why each transaction precedes the next.

use crate::history::seconds;
use crate::value::Value;

use super::anomaly::Anomaly;
use super::findings::{Case, Step, label_name, shortened};
use super::graph::Labels;
use super::parse::{TxnId, Txns};
use super::search::Walk;

/// Why one transaction comes before another, by what both did to a key.
pub(super) struct Reason {
    pub(super) key: Value,
    /// With the names that the two were given: "T1 appended 3 to key 5 and T2 read it".
    pub(super) words: String,
    /// What would have happened instead if this were no reason.
    pub(super) unless: Option<Anomaly>,
}

/// A transaction and what it is called.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) id: TxnId,
    pub(super) name: &'a str,
}

/// Knows the reasons for ww, wr and rw edges.
pub(super) trait Explain {
    /// Why `a` comes before `b` for the reason `label`.
    fn reason(&self, a: Named<'_>, b: Named<'_>, label: Labels) -> Option<Reason>;
}

/// A cycle in words.
pub(super) fn cycle(walk: &Walk, txns: &Txns<'_>, explain: &impl Explain) -> Case {
    let names: Vec<String> = (1..=walk.len()).map(|n| format!("T{n}")).collect();
    let named = |at: usize| Named {
        id: walk[at % walk.len()].0,
        name: &names[at % walk.len()],
    };
    let steps = walk.iter().enumerate().map(|(at, &(_, label))| {
        let (a, b) = (named(at), named(at + 1));
        let reason = match label {
            Labels::PROCESS | Labels::REALTIME => None,
            _ => explain.reason(a, b, label),
        };
        let (key, because, unless) = match reason {
            Some(reason) => (Some(reason.key), reason.words, reason.unless),
            None => (None, in_order(txns, a, b, label), None),
        };
        Step {
            from: a.name.to_owned(),
            to: b.name.to_owned(),
            kind: label_name(label),
            key,
            because,
            unless,
        }
    });
    let steps: Vec<Step> = steps.collect();
    let around = names.iter().chain(names.first()).map(String::as_str);
    Case {
        words: around.collect::<Vec<_>>().join(" < "),
        txns: walk.iter().map(|&(id, _)| shortened(txns.op(id))).collect(),
        steps,
        ..Case::default()
    }
}

/// Why one comes before the other whatever they did.
fn in_order(txns: &Txns<'_>, a: Named<'_>, b: Named<'_>, label: Labels) -> String {
    let (a_name, b_name) = (a.name, b.name);
    let (a, b) = (txns.txn(a.id), txns.txn(b.id));
    if label == Labels::PROCESS {
        return format!("process {} did {a_name} before {b_name}", a.process);
    }
    let (end, begin) = (
        &txns.history.ops()[a.at()],
        &txns.history.ops()[b.invocation],
    );
    // The order is that of the history, whatever several clocks said.
    let between = match begin.time_ns.saturating_sub(end.time_ns) {
        ns @ 0.. => format!("{} s ", seconds(ns)),
        _ => String::new(),
    };
    format!(
        "{a_name} completed (op {}) {between}before {b_name} was invoked (op {})",
        end.index, begin.index
    )
}
