//! Derives the verdict from anomalies, and the checks that lists and registers share. After
//! `elle.txn/result-map`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::history::Op;
use crate::validity::Validity;
use crate::value::Value;

use super::anomaly::Anomaly;
use super::cycles::Cycles;
use super::findings::{Case, Cases, Findings, shortened, shortened_list};
use super::lattice::{Asked, Boundary};
use super::parse::{KeyId, Mop, TxnId, Txns};
use super::search::Walk;

/// What is to be said of a history.
pub(super) struct Judged {
    pub(super) txn_count: usize,
    /// By Maelstrom's rules.
    pub(super) maelstrom: Verdict,
    /// By strict ones, if these were asked for.
    pub(super) strict: Option<Verdict>,
}

/// What was found, as far as it matters for what was asked.
pub(super) struct Verdict {
    pub(super) valid: Validity,
    pub(super) reported: BTreeMap<Anomaly, Cases>,
    pub(super) boundary: Boundary,
    /// Anomalies that were asked about and that nothing is known of: the steps were spent.
    pub(super) unsearched: BTreeSet<Anomaly>,
}

impl Verdict {
    /// What nobody asked about is not reported, though it counts for what is ruled out as soon as
    /// anything is.
    pub(super) fn of(
        asked: &Asked,
        mut found: Findings,
        cycles: &Cycles,
        explain: impl Fn(&Walk) -> Case,
    ) -> Self {
        for (&anomaly, walks) in &cycles.found {
            for walk in walks {
                found.push(anomaly, || explain(walk));
            }
        }
        for (&model, &size) in &cycles.exist {
            found.push(Anomaly::CycleExists(model), || Case {
                words: format!("among {size} transactions there is a cycle that {model} forbids"),
                ..Case::default()
            });
        }
        let boundary = Boundary::of(found.types());
        let is_reported = |it: Anomaly| asked.forbids(it) || it == Anomaly::EmptyTransactionGraph;
        let reported: BTreeMap<Anomaly, Cases> = found
            .0
            .into_iter()
            .filter(|&(anomaly, _)| is_reported(anomaly))
            .collect();
        let mut unsearched = cycles.unsearched.clone();
        unsearched.retain(|it| asked.forbids(*it) && !reported.contains_key(it));
        let valid = if reported.keys().any(|&anomaly| asked.forbids(anomaly)) {
            Validity::False
        } else if reported.is_empty() && unsearched.is_empty() {
            Validity::True
        } else {
            Validity::Unknown
        };
        let boundary = if reported.is_empty() {
            Boundary::default()
        } else {
            boundary
        };
        Self {
            valid,
            reported,
            boundary,
            unsearched,
        }
    }
}

/// That nothing relates any two transactions.
pub(super) fn unrelated() -> Case {
    Case {
        words: "no transaction read or overwrote what another wrote, so there is nothing to judge"
            .to_owned(),
        ..Case::default()
    }
}

/// Transactions that read the same version of a key and then wrote the key: at least one of them
/// built on what another had replaced. Two of them cannot both come right after the version.
pub(super) fn lost_updates(txns: &Txns<'_>, found: &mut Findings) {
    // In the order of the first such transaction.
    let mut updates: HashMap<(KeyId, &Value), usize> = HashMap::new();
    let mut cases: Vec<(KeyId, &Value, Vec<TxnId>)> = Vec::new();
    for txn in txns.oks() {
        for (key, value) in updated(txns.mops(txn)) {
            let at = *updates.entry((key, value)).or_insert_with(|| {
                cases.push((key, value, Vec::new()));
                cases.len() - 1
            });
            cases[at].2.push(txn);
        }
    }
    for (key, value, updaters) in cases
        .into_iter()
        .filter(|(.., updaters)| updaters.len() > 1)
    {
        found.push(Anomaly::LostUpdate, || {
            let key = txns.key(key);
            let value = shortened_list(value.clone());
            let shown = || updaters.iter().take(SHOWN_MAX);
            let names: Vec<String> = shown()
                .map(|&txn| format!("op {}", txns.op(txn).index))
                .collect();
            let more = match updaters.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Case {
                words: format!(
                    "{}{more} all read key {key} as {value} and wrote to it",
                    names.join(", ")
                ),
                key: Some(key.clone()),
                values: vec![value],
                txns: shown().map(|&txn| shortened(txns.op(txn))).collect(),
                ..Case::default()
            }
        });
    }
}

/// The most transactions that a case of a lost update shows.
const SHOWN_MAX: usize = 32;

/// The keys that a transaction first read and later wrote, with what it read.
fn updated<'h>(mops: &[Mop<'h>]) -> Vec<(KeyId, &'h Value)> {
    // The first read of each key; `None` once the key was written.
    let mut first: HashMap<KeyId, Option<&'h Value>> = HashMap::new();
    let updates = mops.iter().filter_map(|mop| match *mop {
        Mop::Read { key, value } => {
            first.entry(key).or_insert(Some(value));
            None
        }
        Mop::Write { key, .. } => Some((key, first.insert(key, None)??)),
    });
    updates.collect()
}

/// Answers whose micro-operations are not those that were asked for.
pub(super) fn wrong_replies(txns: &Txns<'_>, found: &mut Findings) {
    for &txn in &txns.wrongly_answered {
        found.push(Anomaly::WrongReply, || {
            let asked: &Op = &txns.history.ops()[txns.txn(txn).invocation];
            let answered = txns.op(txn);
            Case {
                words: format!(
                    "op {} asked for {} and got the answer {}",
                    asked.index,
                    shortened(asked).value,
                    shortened(answered).value
                ),
                txns: vec![shortened(asked), shortened(answered)],
                ..Case::default()
            }
        });
    }
}
