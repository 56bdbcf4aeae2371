//! What is wrong with a history.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::workload::prelude::*;

use crate::{Operation, View};

/// An answer: the operation, when it began and ended, and what the node said.
struct Seen<'a> {
    op: u64,
    invoked: Duration,
    completed: Duration,
    is_last: bool,
    view: &'a View,
}

/// Whether all of `nodes` nodes name one leader of one term.
pub(crate) fn agree<'a>(views: impl Iterator<Item = &'a View>, nodes: usize) -> bool {
    let views: Vec<&View> = views.collect();
    let Some(first) = views.first() else {
        return false;
    };
    let is_same = |view: &&View| (view.term, &view.leader) == (first.term, &first.leader);
    first.leader.is_some() && views.len() == nodes && views.iter().all(is_same)
}

pub(crate) fn check(history: &[Record<Operation, Option<View>>]) -> Findings {
    let seen = history.iter().filter_map(|record| {
        Some(Seen {
            op: record.index,
            invoked: record.invoked,
            completed: record.completed?,
            is_last: record.operation == Operation::WhoAtLast,
            view: record.outcome()?.as_ref()?,
        })
    });
    let seen: Vec<Seen<'_>> = seen.collect();
    let mut findings = Findings::default();
    if seen.is_empty() {
        findings.unknown("no node has said who leads");
        return findings;
    }
    let leaders = leaders(&seen, &mut findings);
    terms_at_nodes(&seen, &mut findings);
    agreement(history, &seen, &mut findings);

    let leaderless = seen.iter().filter(|it| it.view.leader.is_none()).count();
    findings.figure("terms", count(leaders));
    findings.figure("leaderless", count(leaderless) / count(seen.len()));
    findings
}

/// One leader in a term. Returns how many terms had one.
fn leaders(seen: &[Seen<'_>], findings: &mut Findings) -> usize {
    let mut first_of: BTreeMap<u64, &Seen<'_>> = BTreeMap::new();
    let mut told = Vec::new();
    for it in seen.iter().filter(|it| it.view.leader.is_some()) {
        let term = it.view.term;
        let first = *first_of.entry(term).or_insert(it);
        if first.view.leader != it.view.leader && !told.contains(&term) {
            told.push(term);
            let text = format!(
                "term {term} has two leaders: {} names {}, {} names {}",
                first.view.node,
                name(first.view),
                it.view.node,
                name(it.view)
            );
            findings.problem("two-leaders", text, &[first.op, it.op]);
        }
    }
    first_of.len()
}

/// At each node an answer that begins when another has ended has no lower term. One problem a node.
fn terms_at_nodes(seen: &[Seen<'_>], findings: &mut Findings) {
    let mut by_node: BTreeMap<&str, Vec<&Seen<'_>>> = BTreeMap::new();
    for it in seen {
        by_node.entry(&it.view.node).or_default().push(it);
    }
    for (node, views) in by_node {
        let mut ended = views.clone();
        ended.sort_by_key(|it| it.completed);
        let mut ended = ended.into_iter().peekable();
        let mut highest: Option<&Seen<'_>> = None;
        // They are in the order in which they began.
        for it in views {
            while let Some(before) = ended.next_if(|before| before.completed < it.invoked) {
                if highest.is_none_or(|highest| highest.view.term < before.view.term) {
                    highest = Some(before);
                }
            }
            if let Some(before) = highest.filter(|before| before.view.term > it.view.term) {
                let text = format!(
                    "{node} was in term {}, and later in term {}",
                    before.view.term, it.view.term
                );
                findings.problem("term-went-back", text, &[before.op, it.op]);
                break;
            }
        }
    }
}

/// The last answers of all nodes name one leader of one term.
fn agreement(
    history: &[Record<Operation, Option<View>>],
    seen: &[Seen<'_>],
    findings: &mut Findings,
) {
    // Workers are numbered so that those who ask at last are one for each node.
    let asked = history
        .iter()
        .filter(|it| it.operation == Operation::WhoAtLast);
    let nodes = asked.map(|it| it.worker + 1).max().unwrap_or(0);
    let mut last: BTreeMap<&str, &Seen<'_>> = BTreeMap::new();
    for it in seen.iter().filter(|it| it.is_last) {
        last.insert(&it.view.node, it);
    }
    if nodes == 0 || agree(last.values().map(|it| it.view), nodes) {
        return;
    }
    let mut told: Vec<String> = last.values().map(|it| says(it.view)).collect();
    if last.len() < nodes {
        told.push(format!(
            "{} of {nodes} nodes do not answer",
            nodes - last.len()
        ));
    }
    let text = format!("after recovery nodes do not agree: {}", told.join(", "));
    let ops: Vec<u64> = last.values().map(|it| it.op).collect();
    findings.problem("no-agreement", text, &ops);
}

fn says(view: &View) -> String {
    match &view.leader {
        Some(leader) => format!("{} names {leader} in term {}", view.node, view.term),
        None => format!("{} knows no leader in term {}", view.node, view.term),
    }
}

fn name(view: &View) -> &str {
    view.leader.as_deref().unwrap_or("none")
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}
