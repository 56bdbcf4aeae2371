//! What is wrong with a history.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_sdk::workload::prelude::*;

use crate::outages::Outages;
use crate::{Bounds, Membership, Operation, View};

/// A list that a node gave.
struct Seen<'a> {
    op: u64,
    invoked: Duration,
    completed: Duration,
    node: &'a str,
    /// The nodes that it lacks, in ascending order.
    lacking: Vec<&'a str>,
    invented: &'a str,
}

impl Seen<'_> {
    fn lacks(&self, node: &str) -> bool {
        self.lacking.binary_search(&node).is_ok()
    }
}

pub(crate) fn check(history: &History<Membership>) -> Findings {
    let seen = history.iter().filter_map(|record| {
        let view = record.outcome()?;
        Some(Seen {
            op: record.index,
            invoked: record.invoked,
            completed: record.completed?,
            node: record.operation.node(),
            lacking: view.lacks.split_terminator(' ').collect(),
            invented: &view.invented,
        })
    });
    let seen: Vec<Seen<'_>> = seen.collect();
    let mut findings = Findings::default();
    if seen.is_empty() {
        findings.unknown("no node has said who is up");
        return findings;
    }
    let outages = Outages::new(&history.faults);
    names(&seen, &mut findings);
    let asked = || {
        let asked = history.iter().map(|record| record.operation.node());
        asked.collect::<BTreeSet<_>>().len()
    };
    // Of a history from elsewhere nobody knows who was never asked.
    let bounds = Bounds::of(&history.options, history.nodes.unwrap_or_else(asked));
    undetected(&seen, &outages, bounds, &mut findings);
    suspicions(&seen, &outages, bounds, &mut findings);
    at_last(history, &mut findings);
    detection(&seen, &outages, &mut findings);
    findings
}

/// Each list has the node that gives it, and no name that no node has. One problem a node.
fn names(seen: &[Seen<'_>], findings: &mut Findings) {
    let (mut inventors, mut strangers) = (BTreeSet::new(), BTreeSet::new());
    for it in seen {
        if !it.invented.is_empty() && inventors.insert(it.node) {
            let text = format!("{} lists what is no node: {}", it.node, it.invented);
            findings.problem("invented", text, &[it.op]);
        }
        if it.lacks(it.node) && strangers.insert(it.node) {
            let text = format!("{} does not list itself", it.node);
            findings.problem("not-itself", text, &[it.op]);
        }
    }
}

/// Whoever is down long enough is in no list. One problem for each time that nodes go down.
fn undetected(seen: &[Seen<'_>], outages: &Outages, bounds: Bounds, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for (down, span) in outages.all_down() {
        if told.contains(&span.op) {
            continue;
        }
        let first = seen.partition_point(|it| it.invoked < span.from);
        let meanwhile = seen[first..].iter();
        let meanwhile = meanwhile.take_while(|it| it.invoked < span.until);
        for it in meanwhile.filter(|it| it.completed < span.until && !it.lacks(down)) {
            let since = span.from.max(outages.last_return(it.completed));
            let exceeds = |bound| it.invoked > since + Duration::from_millis(bound);
            let is_told = || {
                outages.is_up(it.node, span.from, it.completed)
                    && outages.gets_through(span.from, it.completed)
            };
            if exceeds(bounds.alone) || exceeds(bounds.detect) && is_told() {
                let text = format!(
                    "{} lists {down}, which has been down for {} s",
                    it.node,
                    seconds(it.invoked - span.from)
                );
                findings.problem("undetected", text, &[span.op, it.op]);
                told.insert(span.op);
                break;
            }
        }
    }
}

/// Nobody suspects a node that is up in calm times. One problem for each such node.
fn suspicions(seen: &[Seen<'_>], outages: &Outages, bounds: Bounds, findings: &mut Findings) {
    let settle = Duration::from_millis(bounds.settle);
    let (mut told, mut suspicions, mut complete) = (BTreeSet::new(), 0, 0);
    for it in seen {
        let before = suspicions;
        for node in &it.lacking {
            if *node == it.node || !outages.is_up(node, it.invoked, it.completed) {
                continue;
            }
            suspicions += 1;
            let is_wrong = outages.is_calm(it.invoked.saturating_sub(settle), it.completed);
            if is_wrong && told.insert(node) {
                let text = format!(
                    "{} does not list {node}, which is up, and nothing has happened for long",
                    it.node
                );
                findings.problem("false-suspicion", text, &[it.op]);
            }
        }
        complete += usize::from(suspicions == before);
    }
    findings.figure("false-suspicions", count(suspicions));
    findings.figure("complete-lists", count(complete) / count(seen.len()));
}

/// The last lists are complete. One problem a node.
fn at_last(history: &[Record<Operation, View>], findings: &mut Findings) {
    let mut last: BTreeMap<&str, (u64, Option<&View>)> = BTreeMap::new();
    for record in history {
        if let Operation::MembersAtLast { node } = &record.operation {
            let view = record.outcome();
            let (op, known) = last.entry(node).or_insert((record.index, view));
            if view.is_some() || known.is_none() {
                (*op, *known) = (record.index, view);
            }
        }
    }
    for (node, (op, view)) in last {
        let text = match view {
            Some(view) if view.lacks.is_empty() => continue,
            Some(view) => format!("long after recovery {node} does not list {}", view.lacks),
            None => format!("long after recovery {node} does not answer"),
        };
        findings.problem("incomplete-at-last", text, &[op]);
    }
}

/// For each time that a node is down, and each node that is asked meanwhile: how long until the first list that lacks it.
fn detection(seen: &[Seen<'_>], outages: &Outages, findings: &mut Findings) {
    // The list of the same node before each list.
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let before = seen.iter().enumerate();
    let before = before.map(|(at, it)| last.insert(it.node, at));
    let before: Vec<Option<usize>> = before.collect();
    let mut times: Vec<Duration> = Vec::new();
    for (down, span) in outages.all_down() {
        let first = seen.partition_point(|it| it.invoked < span.from);
        let mut know = BTreeSet::new();
        let meanwhile = seen[first..].iter().zip(&before[first..]);
        for (it, before) in meanwhile.take_while(|(it, _)| it.invoked < span.until) {
            // Whoever suspected it before detects nothing.
            if it.lacks(down)
                && know.insert(it.node)
                && !before.is_some_and(|at| seen[at].lacks(down))
            {
                times.push(it.completed - span.from);
            }
        }
    }
    times.sort_unstable();
    if let (Some(median), Some(max)) = (times.get(times.len() / 2), times.last()) {
        findings.figure("detection-median-ms", milliseconds(*median));
        findings.figure("detection-max-ms", milliseconds(*max));
    }
    findings.figure("detections", count(times.len()));
}

fn seconds(time: Duration) -> f64 {
    milliseconds(time).round() / 1000.0
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}
