//! The anomalies of transactions, in words.

use std::fmt::{self, Write};

use crate::history::Op;
use crate::txn::Transactions;
use crate::txn::anomaly::Anomaly;
use crate::txn::findings::Case;
use crate::txn::model::Model;

/// The most characters of a transaction that a line shows.
const TXN_CHARS_MAX: usize = 160;

/// Writes how many transactions there were, what was asked of them, and what is ruled out.
pub(super) fn render(found: &Transactions, out: &mut String) -> fmt::Result {
    let names = |models: &[Model]| {
        let names: Vec<&str> = models.iter().map(|model| model.name()).collect();
        names.join(", ")
    };
    writeln!(
        out,
        "transactions  {} begun; asked for {}",
        found.txn_count,
        names(&found.models)
    )?;
    if !found.not.is_empty() {
        writeln!(out, "not           {}", names(&found.not))?;
    }
    if !found.also_not.is_empty() {
        writeln!(out, "also not      {}", names(&found.also_not))?;
    }
    Ok(())
}

/// For each anomaly that Maelstrom lets pass its first case and how many more there are.
pub(super) fn missed(found: &Transactions) -> Vec<String> {
    let anomalies = found.anomaly_types.iter();
    let missed = anomalies.filter(|anomaly| found.missed.contains(anomaly));
    missed.map(|anomaly| of_anomaly(found, anomaly)).collect()
}

/// The same of all others, and how many anomalies.
pub(super) fn problems(found: &Transactions) -> (Vec<String>, usize) {
    let anomalies = found.anomaly_types.iter();
    let mut problems: Vec<String> = anomalies
        .filter(|anomaly| !found.missed.contains(anomaly))
        .map(|anomaly| of_anomaly(found, anomaly))
        .collect();
    if !found.unsearched.is_empty() {
        let names: Vec<String> = found.unsearched.iter().map(|it| it.name()).collect();
        problems.push(format!(
            "too many cycles to search them all; not known: {}",
            names.join(", ")
        ));
    }
    let count = problems.len();
    (problems, count)
}

fn of_anomaly(found: &Transactions, anomaly: &Anomaly) -> String {
    let name = anomaly.name();
    let cases = found.anomalies.get(&name).map_or(&[][..], Vec::as_slice);
    let left_out = found.left_out.get(&name).copied().unwrap_or(0);
    let more = (cases.len() + left_out).saturating_sub(1);
    let mut text = name;
    if more > 0 {
        text.push_str(&format!(" (and {more} more)"));
    }
    if let Some(case) = cases.first() {
        text.push_str(&in_words(case));
    }
    text
}

/// One line, or for a cycle one for each transaction and one for each reason.
fn in_words(case: &Case) -> String {
    let mut text = format!(": {}", case.words);
    if case.steps.is_empty() {
        return text;
    }
    for (step, op) in case.steps.iter().zip(&case.txns) {
        text.push_str(&format!("\n    {} = {}", step.from, transaction(op)));
    }
    for (at, step) in case.steps.iter().enumerate() {
        let but = if at + 1 == case.steps.len() {
            "but "
        } else {
            ""
        };
        text.push_str(&format!(
            "\n    {but}{} < {}: {}",
            step.from, step.to, step.because
        ));
    }
    text
}

fn transaction(op: &Op) -> String {
    let mut text = op.value.to_string();
    if let Some((cut, _)) = text.char_indices().nth(TXN_CHARS_MAX) {
        text.truncate(cut);
        text.push('…');
    }
    format!("{op} {text}")
}
