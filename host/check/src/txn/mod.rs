//! Transactions: which anomalies a history has, and which consistency models that rules out. After
//! Elle (Kingsbury and Alvaro, "Elle: inferring isolation anomalies from experimental observations",
//! VLDB 2020) as Maelstrom uses it (version 0.2.2), and Adya's "Weak consistency".
//!
//! ```text
//!     history ─▶ parse ─▶ list_append | rw_register ─▶ graph ─▶ cycles ─▶ judge ─▶ Transactions
//!                              anomalies of reads and versions ─────────────┘
//! ```
//!
//! | files | job |
//! |---|---|
//! | `model` `anomaly` `hierarchy` `lattice` | the models, what each forbids, what rules out what |
//! | `parse` | transactions and their micro-operations, numbered |
//! | `list_append` `rw_register` | what reads show, the order of versions, dependencies |
//! | `order` `graph` | other edges; graphs |
//! | `spec` `search` `cycles` `explain` | cycles by class, shortest ones, in words |
//! | `findings` `judge` | cases and verdicts |
//!
//! Invariants: everything before the search for cycles takes time and memory near linear in the
//! history, whatever is wrong with it, and a history without cycles is not searched. The search is
//! bounded in steps, not in time, so a verdict does not depend on the machine; when the steps are
//! spent, that some cycle breaks a model is still known, though not which, and what is not known is
//! never valid.

pub mod anomaly;
mod cycles;
mod explain;
pub mod findings;
mod graph;
mod hierarchy;
mod judge;
mod lattice;
mod list_append;
pub mod model;
mod order;
mod parse;
mod rw_register;
mod search;
mod spec;

use std::collections::BTreeMap;

use serde::Serialize;

use super::history::History;
use super::unexpected::UnexpectedOperation;
use super::validity::{Checks, Validity};
use anomaly::{Anomaly, Class, Reach};
use findings::Case;
use judge::{Judged, Verdict};
use lattice::Asked;
use model::Model;

/// What is wrong with a history of transactions. Its JSON has Elle's fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Transactions {
    /// False if there is an anomaly that the models asked for forbid. Unknown if nothing relates the
    /// transactions, if the search for cycles was given up before it was known, or if no model was
    /// asked for.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// The anomalies that the models forbid, sorted by name.
    pub anomaly_types: Vec<Anomaly>,
    /// For each of these, the first cases ([`CASES_MAX`](findings::CASES_MAX)).
    pub anomalies: BTreeMap<String, Vec<Case>>,
    /// The weakest models that do not hold. Empty if no anomaly is reported.
    pub not: Vec<Model>,
    /// The models that do not hold since they include one of these.
    pub also_not: Vec<Model>,
    /// Anomalies that the models forbid and nothing is known of: the search was given up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsearched: Vec<Anomaly>,
    /// The anomalies that Maelstrom would not have reported.
    #[serde(
        rename = "maelstrom-missed-types",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub missed: Vec<Anomaly>,
    /// How many transactions were begun.
    #[serde(skip)]
    pub txn_count: usize,
    /// What was asked for.
    #[serde(skip)]
    pub models: Vec<Model>,
    /// For each anomaly, how many cases are not listed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, usize>,
}

/// Judges transactions `[[:r key list] [:append key element]]`.
///
/// # Errors
/// An operation that is no such transaction, or an element appended to a key twice.
pub fn list_append(
    history: &History,
    models: &[Model],
    checks: Checks,
) -> Result<Transactions, UnexpectedOperation> {
    let asked = Asked::of(models);
    let judged = list_append::judge(history, &asked, reach(&asked), checks)?;
    Ok(Transactions::of(judged, models))
}

/// Judges transactions `[[:r key value] [:w key value]]`.
///
/// # Errors
/// An operation that is no such transaction, or a value written to a key twice.
pub fn rw_register(
    history: &History,
    models: &[Model],
    checks: Checks,
) -> Result<Transactions, UnexpectedOperation> {
    let asked = Asked::of(models);
    let judged = rw_register::judge(history, &asked, reach(&asked), checks)?;
    Ok(Transactions::of(judged, models))
}

/// Which edges beyond dependencies matter for what is asked. Real time covers the order of each
/// process.
fn reach(asked: &Asked) -> Reach {
    let matters = |reach| {
        Class::ALL
            .iter()
            .any(|&class| asked.forbids(Anomaly::Cycle(class, reach)))
    };
    match Reach::ALL
        .iter()
        .copied()
        .rev()
        .find(|&reach| matters(reach))
    {
        Some(reach) => reach,
        None => Reach::Data,
    }
}

impl Transactions {
    fn of(judged: Judged, models: &[Model]) -> Self {
        let Judged {
            txn_count,
            maelstrom,
            strict,
        } = judged;
        let mut missed: Vec<Anomaly> = strict
            .iter()
            .flat_map(|strict| strict.reported.keys())
            .filter(|anomaly| !maelstrom.reported.contains_key(anomaly))
            .copied()
            .collect();
        missed.sort_by_key(|anomaly| anomaly.name());
        let Verdict {
            valid,
            reported,
            boundary,
            unsearched,
        } = strict.unwrap_or(maelstrom);
        let valid = if models.is_empty() {
            Validity::Unknown
        } else {
            valid
        };
        let mut anomaly_types: Vec<Anomaly> = reported.keys().copied().collect();
        anomaly_types.sort_by_key(|anomaly| anomaly.name());
        let mut anomalies = BTreeMap::new();
        let mut left_out = BTreeMap::new();
        for (anomaly, cases) in reported {
            let more = cases.count - cases.list.len();
            if more > 0 {
                left_out.insert(anomaly.name(), more);
            }
            anomalies.insert(anomaly.name(), cases.list);
        }
        Self {
            valid,
            anomaly_types,
            anomalies,
            not: boundary.not,
            also_not: boundary.also_not,
            unsearched: unsearched.into_iter().collect(),
            missed,
            txn_count,
            models: models.to_vec(),
            left_out,
        }
    }
}
