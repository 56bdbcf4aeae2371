//! The problems of a run, one line for each.

use std::fmt::{self, Write};

use crate::answers::{AnswerKind, Answers};
use crate::bounded::LeftOut;
use crate::counter::Counter;
use crate::custom::Custom;
use crate::echo::{Echo, EchoMismatch};
use crate::history::seconds;
use crate::missed::{Complaint, Missed};
use crate::set_full::SetFull;
use crate::shortfalls::{SHORTFALLS_MAX, ShortfallKind};
use crate::stats::{FStats, may_never_succeed};
use crate::unique_ids::UniqueIds;
use crate::validity::Validity;
use crate::workload::{CheckResult, WorkloadResult};

use super::parts::{SHOWN_MAX, first_of, ranges, value};
use super::{kafka, linear, transactions};

/// Before what only strict rules find, if Maelstrom's find something too.
const ALSO_WRONG: &str = "Also wrong (stricter than Maelstrom):";

/// The same, if Maelstrom's rules find nothing.
const ONLY_STRICT: &str = "Wrong only by rules that are stricter than Maelstrom's; --checks maelstrom judges by Maelstrom's \
                           alone:";

/// Writes what is wrong, and an empty line; nothing if nothing is.
///
/// What explains most comes first: answers that no client can read, then operations that never
/// succeeded, then what the workload's checker found, then what is known besides; and in the end what
/// only strict rules find.
pub(super) fn render(result: &CheckResult, out: &mut String) -> fmt::Result {
    let found = found(result);
    let strict = strict(result);
    let malformed = match result.valid {
        Validity::True => &[][..],
        _ => &result.answers.malformed[..],
    };
    if found.is_empty() && strict.is_empty() && malformed.is_empty() {
        return Ok(());
    }
    let is_only_strict = found.is_empty() && result.valid == Validity::False;
    if is_only_strict {
        writeln!(out, "{ONLY_STRICT}")?;
    }
    for kind in malformed {
        writeln!(out, "- {}", times(kind))?;
    }
    for line in &found {
        writeln!(out, "- {line}")?;
    }
    let write_notes = |out: &mut String| {
        let mut notes = result.notes.iter();
        notes.try_for_each(|note| writeln!(out, "- {note}"))
    };
    if !is_only_strict {
        write_notes(out)?;
        if !strict.is_empty() {
            writeln!(out, "{ALSO_WRONG}")?;
        }
    }
    for line in strict {
        writeln!(out, "- {line}")?;
    }
    if is_only_strict {
        write_notes(out)?;
    }
    writeln!(out)
}

/// `n0 answered …`, and how often.
pub(super) fn times(kind: &AnswerKind) -> String {
    match kind.count {
        1 => kind.text.clone(),
        count => format!("{} ({count} times)", kind.text),
    }
}

/// What only strict rules find: wrong answers first, then what did not happen. Malformed answers are
/// told as such.
fn strict(result: &CheckResult) -> Vec<String> {
    let mut lines = Vec::new();
    if let WorkloadResult::Transactions(found) = &result.workload {
        lines.extend(transactions::missed(found));
    }
    if let Some(missed) = missed(&result.workload) {
        for (&what, &count) in &missed.counts {
            let complaints = missed.list.iter().filter(|it| it.what == what);
            lines.extend(complaints.take(SHOWN_MAX).map(in_words));
            lines.extend(more(count.saturating_sub(SHOWN_MAX)));
        }
    }
    let shortfalls = &result.shortfalls;
    let mut kinds: Vec<ShortfallKind> = shortfalls.counts.keys().copied().collect();
    kinds.sort_by_key(|kind| explains(*kind));
    for what in kinds {
        let shown = shortfalls.list.iter().filter(|it| it.what == what);
        lines.extend(shown.map(|it| it.text.clone()));
        let count = shortfalls.counts[&what];
        lines.extend(more(count.saturating_sub(SHORTFALLS_MAX)));
    }
    lines
}

/// The place of a shortfall among others: the less, the more it explains.
fn explains(kind: ShortfallKind) -> usize {
    match kind {
        _ if !kind.is_absence() => 0,
        ShortfallKind::NodeNeverServes => 1,
        ShortfallKind::NodeNeverRecovers => 2,
        ShortfallKind::NoProgress => 3,
        _ => 4,
    }
}

fn more(count: usize) -> Option<String> {
    (count > 0).then(|| format!("and {count} more like these"))
}

/// Whether none of the operations of a kind succeeded, and that is told.
pub(super) fn never_succeeded(result: &CheckResult, f: &str) -> bool {
    let of_f = result.stats.by_f.get(f);
    let is_told = |of_f: &FStats| of_f.valid.min(result.stats.valid) != Validity::True;
    !may_never_succeed(f) && of_f.is_some_and(is_told)
}

fn missed(workload: &WorkloadResult) -> Option<&Missed> {
    match workload {
        WorkloadResult::Set(set) => Some(&set.missed),
        WorkloadResult::Counter(counter) => Some(&counter.missed),
        WorkloadResult::Kafka(kafka) => Some(&kafka.missed),
        WorkloadResult::LinKv(kv) => Some(&kv.missed),
        WorkloadResult::Custom(custom) => custom.like.as_deref().and_then(missed),
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

/// What Maelstrom finds wrong too: the first few lines of each kind.
fn found(result: &CheckResult) -> Vec<String> {
    let mut lines = Vec::new();
    let of_each = result.stats.by_f.iter();
    for (f, of_f) in of_each.filter(|(f, _)| never_succeeded(result, f)) {
        let count = of_f.counts.count;
        // An answer that nobody can read is a reason, however few there are.
        let is_malformed = result.answers.malformed.iter().any(|it| *it.f == **f);
        let mut line = match of_f.valid.min(result.stats.valid) {
            Validity::Unknown if !is_malformed => format!(
                "unknown: no {f} succeeded, of {count}: too few to know whether one should have"
            ),
            _ => format!("no {f} succeeded, of {count}"),
        };
        for (at, cause) in result.answers.causes(f).iter().enumerate() {
            line.push_str(if at == 0 && !line.contains(':') {
                ": "
            } else {
                "; "
            });
            line.push_str(cause);
        }
        lines.push(line);
    }
    let (of_workload, count) = of_workload(&result.workload, result);
    let hidden_count = count - of_workload.len();
    lines.extend(of_workload);
    lines.extend(more(hidden_count));
    if result.availability.valid != Validity::True {
        lines.push(format!(
            "only {:.2} % of the operations succeeded, less than asked for",
            result.availability.ok_fraction * 100.0
        ));
    }
    if result.stats.counts.ok_count == 0 && result.answers == Answers::default() {
        lines.push("no operation succeeded: there is nothing to judge".to_owned());
    }
    lines.extend(result.missed_targets.iter().cloned());
    lines
}

/// What a workload's own checker found: the first few lines, and how many there are.
fn of_workload(workload: &WorkloadResult, result: &CheckResult) -> (Vec<String>, usize) {
    match workload {
        WorkloadResult::Echo(echo) => of_echo(echo, result),
        WorkloadResult::UniqueIds(ids) => of_ids(ids),
        WorkloadResult::Set(set) => of_set(set, result),
        WorkloadResult::Counter(counter) => of_counter(counter),
        WorkloadResult::Kafka(result) => kafka::found(result),
        WorkloadResult::Transactions(transactions) => transactions::problems(transactions),
        WorkloadResult::LinKv(kv) => linear::problems(kv),
        WorkloadResult::Custom(custom) => of_custom(custom, result),
    }
}

fn of_custom(custom: &Custom, result: &CheckResult) -> (Vec<String>, usize) {
    let (mut lines, mut count) = (Vec::new(), 0);
    if let Some(specified) = &custom.specification {
        let (of_objects, of_them) = linear::problems(&specified.objects);
        lines.extend(of_objects);
        count += of_them;
    }
    let complaints = custom.problems.iter().take(SHOWN_MAX);
    lines.extend(complaints.map(|problem| {
        let ops = problem.ops.iter().map(|op| format!("op {op}"));
        let ops: Vec<String> = ops.collect();
        match ops.is_empty() {
            true => format!("{}: {}", problem.name, problem.text),
            false => format!("{}: {} ({})", problem.name, problem.text, ops.join(", ")),
        }
    }));
    count += custom.problem_counts.values().sum::<usize>();
    if let Some(why) = &custom.unknown {
        lines.push(format!("unknown: {why}"));
        count += 1;
    }
    if let Some(like) = &custom.like {
        let (of_like, of_it) = of_workload(like, result);
        lines.extend(of_like);
        count += of_it;
    }
    (lines, count)
}

fn of_echo(echo: &Echo, result: &CheckResult) -> (Vec<String>, usize) {
    let line = |error: &EchoMismatch| {
        format!(
            "op {}: sent {}, got back {}",
            error.op,
            value(&error.sent),
            value(&error.received)
        )
    };
    let wrong = || echo.errors.iter().filter(|error| !error.is_refused);
    let mut lines: Vec<String> = wrong().take(SHOWN_MAX).map(line).collect();
    let mut count = wrong().count();
    if count > 0 {
        count += left_out(&echo.left_out);
    }
    if !never_succeeded(result, "echo") {
        // Otherwise the errors are why.
        let refused = result.answers.errors.iter();
        let refused: Vec<String> = refused
            .filter(|it| {
                echo.errors
                    .iter()
                    .any(|error| error.is_refused && error.op == it.op)
            })
            .map(|it| {
                format!(
                    "{} × an echo was answered with error {}, the first in op {}",
                    it.count, it.text, it.op
                )
            })
            .collect();
        count += refused.len();
        lines.extend(refused);
    }
    (lines, count)
}

fn of_ids(ids: &UniqueIds) -> (Vec<String>, usize) {
    let line = |(id, count): &(_, usize)| format!("the id {} was given {count} times", value(id));
    (
        ids.duplicated.iter().take(SHOWN_MAX).map(line).collect(),
        ids.duplicated_count,
    )
}

fn of_set(set: &SetFull, result: &CheckResult) -> (Vec<String>, usize) {
    let mut lines = Vec::new();
    if set.lost_count > 0 {
        let s = if set.lost_count == 1 { "" } else { "s" };
        lines.push(format!(
            "{} known element{s} lost, not in the last reads: {}",
            set.lost_count,
            first_of(set.lost.iter().map(value), set.lost_count)
        ));
    } else if set.stable_count == 0
        && !["read", "add", "broadcast"]
            .iter()
            .any(|f| never_succeeded(result, f))
    {
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
