//! The problems of a run, one line for each.

use std::fmt::{self, Write};

use crate::bounded::LeftOut;
use crate::counter::Counter;
use crate::echo::{Echo, EchoMismatch};
use crate::history::seconds;
use crate::missed::{Complaint, Missed};
use crate::set_full::SetFull;
use crate::shortfalls::SHORTFALLS_MAX;
use crate::stats::may_never_succeed;
use crate::unique_ids::UniqueIds;
use crate::validity::Validity;
use crate::workload::{CheckResult, WorkloadResult};

use super::parts::{SHOWN_MAX, first_of, ranges, value};
use super::{kafka, linear, transactions};

/// Writes what is wrong, and an empty line; nothing if nothing is.
pub(super) fn render(result: &CheckResult, out: &mut String) -> fmt::Result {
    let (found, found_count) = found(result);
    let missed = [missed(&result.workload), Some(&result.exceptions.missed)];
    let missed: Vec<&Missed> = missed
        .into_iter()
        .flatten()
        .filter(|missed| !missed.is_empty())
        .collect();
    let shortfalls = &result.shortfalls;
    if found.is_empty() && missed.is_empty() && shortfalls.is_empty() {
        return Ok(());
    }
    for line in &found {
        writeln!(out, "- {line}")?;
    }
    write_more(found_count - found.len(), out)?;
    if !(missed.is_empty() && shortfalls.is_empty()) {
        writeln!(out, "Maelstrom would have let this pass:")?;
    }
    for missed in missed {
        for (&what, &count) in &missed.counts {
            let complaints = missed
                .list
                .iter()
                .filter(|complaint| complaint.what == what);
            for complaint in complaints.take(SHOWN_MAX) {
                writeln!(out, "- {}", in_words(complaint))?;
            }
            write_more(count.saturating_sub(SHOWN_MAX), out)?;
        }
    }
    for (&what, &count) in &shortfalls.counts {
        let shown = shortfalls.list.iter().filter(|it| it.what == what);
        for shortfall in shown {
            writeln!(out, "- {}", shortfall.text)?;
        }
        write_more(count.saturating_sub(SHORTFALLS_MAX), out)?;
    }
    writeln!(out)
}

fn write_more(count: usize, out: &mut String) -> fmt::Result {
    if count > 0 {
        writeln!(out, "- and {count} more like these")
    } else {
        Ok(())
    }
}

fn missed(workload: &WorkloadResult) -> Option<&Missed> {
    match workload {
        WorkloadResult::Set(set) => Some(&set.missed),
        WorkloadResult::Counter(counter) => Some(&counter.missed),
        WorkloadResult::Kafka(kafka) => Some(&kafka.missed),
        WorkloadResult::LinKv(kv) => Some(&kv.missed),
        WorkloadResult::Echo(_)
        | WorkloadResult::UniqueIds(_)
        | WorkloadResult::Transactions(_) => None,
    }
}

fn in_words(complaint: &Complaint) -> String {
    let Complaint {
        what,
        op,
        time,
        process,
        elements,
    } = complaint;
    let mut line = format!(
        "op {op} (process {process}, {} s) {}",
        seconds(*time),
        what.words(elements.count)
    );
    if elements.count > 0 {
        line.push_str(": ");
        line.push_str(&first_of(
            elements.elements.iter().map(value),
            elements.count,
        ));
    }
    line
}

/// What Maelstrom finds wrong too: the first few lines, and how many there are.
fn found(result: &CheckResult) -> (Vec<String>, usize) {
    let mut lines = Vec::new();
    let of_each = result.stats.by_f.iter();
    for (f, of_f) in of_each.filter(|(f, _)| !may_never_succeed(f)) {
        let count = of_f.counts.count;
        match of_f.valid.min(result.stats.valid) {
            Validity::True => {}
            Validity::Unknown => lines.push(format!(
                "unknown: no {f} succeeded, of {count}: too few to know whether one should have"
            )),
            Validity::False => lines.push(format!("no {f} succeeded, of {count}")),
        }
    }
    if result.availability.valid != Validity::True {
        lines.push(format!(
            "only {:.2} % of the operations succeeded, less than asked for",
            result.availability.ok_fraction * 100.0
        ));
    }
    if result.stats.counts.ok_count == 0 {
        lines.push("no operation succeeded: there is nothing to judge".to_owned());
    }
    let (more, more_count) = match &result.workload {
        WorkloadResult::Echo(echo) => of_echo(echo),
        WorkloadResult::UniqueIds(ids) => of_ids(ids),
        WorkloadResult::Set(set) => of_set(set),
        WorkloadResult::Counter(counter) => of_counter(counter),
        WorkloadResult::Kafka(result) => kafka::found(result),
        WorkloadResult::Transactions(transactions) => transactions::problems(transactions),
        WorkloadResult::LinKv(kv) => linear::problems(kv),
    };
    let count = lines.len() + more_count;
    lines.extend(more);
    (lines, count)
}

fn of_echo(echo: &Echo) -> (Vec<String>, usize) {
    let line = |error: &EchoMismatch| {
        format!(
            "op {}: sent {}, got back {}",
            error.op,
            value(&error.sent),
            value(&error.received)
        )
    };
    (
        echo.errors.iter().take(SHOWN_MAX).map(line).collect(),
        echo.errors.len() + left_out(&echo.left_out),
    )
}

fn of_ids(ids: &UniqueIds) -> (Vec<String>, usize) {
    let line = |(id, count): &(_, usize)| format!("the id {} was given {count} times", value(id));
    (
        ids.duplicated.iter().take(SHOWN_MAX).map(line).collect(),
        ids.duplicated_count,
    )
}

fn of_set(set: &SetFull) -> (Vec<String>, usize) {
    let mut lines = Vec::new();
    if set.lost_count > 0 {
        let s = if set.lost_count == 1 { "" } else { "s" };
        lines.push(format!(
            "{} known element{s} lost, not in the last reads: {}",
            set.lost_count,
            first_of(set.lost.iter().map(value), set.lost_count)
        ));
    } else if set.stable_count == 0 {
        lines.push("no element was there to stay: there is nothing to judge".to_owned());
    }
    let count = lines.len();
    (lines, count)
}

fn of_counter(counter: &Counter) -> (Vec<String>, usize) {
    let errors = counter.errors.as_deref().unwrap_or_default();
    let acceptable = ranges(&counter.acceptable);
    let mut lines: Vec<String> = errors
        .iter()
        .take(SHOWN_MAX)
        .map(|op| format!("{op} shows {}, acceptable is {acceptable}", op.value))
        .collect();
    lines.extend(counter.error.map(|error| format!("unknown: {error}")));
    (
        lines,
        errors.len() + left_out(&counter.left_out) + usize::from(counter.error.is_some()),
    )
}

/// How many errors a result lost to the bound of its list.
fn left_out(left_out: &LeftOut) -> usize {
    left_out.get("errors").copied().unwrap_or(0)
}
