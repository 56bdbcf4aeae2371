//! How results are shown.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde::Serialize;

use super::super::Failure;
use super::super::output::{print_json, print_styled, print_verdict};
use super::super::style::{BAD, HEAD, Styled};
use super::again::Again;
use super::figures::write_spreads;
use super::tally::{write_remarks, write_tally};
use host_check::anomalies::AnomalyName;
use host_check::text::{closing_line, render_text};
use host_check::validity::Validity;
use host_grade::sweep::{Quantiles, Tally, Try};
use host_protocol::text::{counted, one_line};
use host_report::Results;
use host_sim::short_seconds;
use host_trial::TrialResult;
use host_trial::scenario::Replay;
use host_trial::shrink::{Kept, Shrunk};

/// What to do next with a run that is not valid: what for, and the command.
type Next = [(&'static str, String)];

/// A line for each command.
fn rendered(next: &Next) -> String {
    let mut text = String::new();
    for (index, (what, command)) in next.iter().enumerate() {
        let head = if index == 0 { "next" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{head:<14}{what}: {command}");
    }
    text
}

fn json_of<'a>(report: &'a TrialResult, replay: &str) -> Results<'a> {
    Results::of(report, replay.to_owned())
}

pub(super) fn report_as_json(
    report: &TrialResult,
    evidence: Vec<String>,
    replay: &str,
) -> Result<(), Failure> {
    print_json(&json_of(report, replay).with_evidence(evidence))
}

/// The JSON of a run that was shrunk.
#[derive(Serialize)]
struct JsonShrunk<'a> {
    #[serde(flatten)]
    report: Results<'a>,
    shrunk: JsonSearch<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonSearch<'a> {
    anomaly: &'a AnomalyName,
    /// `evidence` or `attempts`: see [`Kept`].
    kept: Kept,
    runs: u32,
    #[serde(rename = "minimal?")]
    is_minimal: bool,
    nodes: usize,
    operations: usize,
    faults: usize,
    /// None if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    moves: Option<usize>,
    trace: &'a [String],
}

pub(super) fn shrunk_as_json(
    shrunk: &Shrunk,
    trace: &[String],
    replay: &str,
) -> Result<(), Failure> {
    let schedule = &shrunk.schedule;
    let script = &schedule.script;
    let (operations, faults) = script.counts();
    print_json(&JsonShrunk {
        report: json_of(&shrunk.report, replay),
        shrunk: JsonSearch {
            anomaly: &shrunk.anomaly,
            kept: shrunk.kept,
            runs: shrunk.runs,
            is_minimal: shrunk.is_minimal,
            nodes: schedule.scenario.options.cluster.count,
            operations,
            faults,
            moves: script.is_directed().then_some(script.moves.len()),
            trace,
        },
    })
}

pub(super) fn shrunk_as_text(
    shrunk: &Shrunk,
    whole: &str,
    story: &str,
    next: &Next,
) -> Result<(), Failure> {
    let Shrunk {
        schedule,
        report,
        anomaly,
        ..
    } = shrunk;
    let runs = counted(shrunk.runs, "run");
    let end = shrunk.how_short();
    let text = format!(
        "{}: INVALID\n\n\
         The run with seed {} has {whole}.\n\
         One that is invalid like it ({anomaly}) has {};\n\
         {end}:\n\n\
         {story}\n\
         simulated     {} s with seed {}; {}, after {runs}\n\
         {}\n\
         {}\n",
        schedule.scenario.workload.name(),
        schedule.seed,
        shrunk.size(),
        short_seconds(report.end_ns),
        schedule.seed,
        counted(report.used.steps, "event"),
        rendered(next),
        report.closing_line(),
    );
    print_verdict(&text, report.valid())
}

/// The JSON of many runs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonTries<'a> {
    #[serde(rename = "valid?")]
    valid: Validity,
    asked_for: usize,
    /// Whether the program was asked to end before all runs were done.
    #[serde(rename = "interrupted?", skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
    runs: &'a [Try],
    /// By name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    anomalies: BTreeMap<&'a str, JsonFailures>,
    /// By name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    figures: BTreeMap<&'a str, Quantiles>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_failure: Option<Results<'a>>,
}

/// An anomaly of several runs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFailures {
    runs: u64,
    first_seed: u64,
}

pub(super) fn tries_as_json(
    tries: &[Try],
    count: usize,
    failure: Option<&TrialResult>,
    evidence: Vec<String>,
    tally: &Tally,
    again: &Again,
) -> Result<(), Failure> {
    let replay = failure.map(|report| again.command(Replay::Seed(report.seed)));
    let anomalies = tally.anomalies.iter().map(|(name, failures)| {
        let first_seed = failures.seeds.first().copied().unwrap_or_default();
        let runs = failures.runs;
        (name.as_str(), JsonFailures { runs, first_seed })
    });
    print_json(&JsonTries {
        valid: tally.verdict().unwrap_or(Validity::Unknown),
        asked_for: count,
        interrupted: failure.is_none() && tries.len() < count,
        runs: tries,
        anomalies: anomalies.collect(),
        figures: (tally.figures.iter())
            .map(|it| (it.name, Quantiles::of(it)))
            .collect(),
        first_failure: failure.map(|report| {
            json_of(report, replay.as_deref().unwrap_or_default()).with_evidence(evidence)
        }),
    })
}

pub(super) fn report_as_text(
    report: &TrialResult,
    evidence: &[String],
    workload: &str,
    next: &Next,
) -> Result<(), Failure> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_report(&mut text, report, evidence, workload, next);
    print_verdict(&text, report.valid())
}

/// Writes a run and its verdict, which is the first line and the last.
pub(in crate::cli) fn write_report(
    out: &mut String,
    report: &TrialResult,
    evidence: &[String],
    workload: &str,
    next: &Next,
) -> fmt::Result {
    let text = match &report.result {
        Ok(result) => render_text(result),
        Err(_) => format!(
            "{}: INVALID\n\n{}\n\n{}\n",
            workload,
            report.stop_in_words().unwrap_or_default(),
            report.closing_line()
        ),
    };
    // The closing line stays the last one.
    let (body, closing) = text.trim_end().rsplit_once('\n').unwrap_or(("", &text));
    writeln!(out, "{}", body.trim_end())?;
    if let [first, rest @ ..] = evidence {
        writeln!(out, "\nWhat it did {}", one_line(first))?;
        for line in rest {
            writeln!(out, "  {}", one_line(line))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "simulated     {} s with seed {}; {}",
        short_seconds(report.end_ns),
        report.seed,
        counted(report.used.steps, "event")
    )?;
    for (index, line) in report.coverage.lines().iter().enumerate() {
        let head = if index == 0 { "faults" } else { "" };
        writeln!(out, "{head:<14}{line}")?;
    }
    for warning in report.warnings() {
        writeln!(out, "warning       {warning}")?;
    }
    if report.valid() != Validity::True {
        out.push_str(&rendered(next));
    }
    writeln!(out, "\n{}", closing.trim_end())
}

/// Runs of which one is not valid: how many are before it, and that one.
pub(super) fn failed_try_as_text(
    tally: &Tally,
    count: usize,
    failure: &TrialResult,
    evidence: &[String],
    workload: &str,
    next: &Next,
) -> Result<(), Failure> {
    let mut text = format!(
        "{} of {} {} valid before the first that is not, {}:\n\n",
        tally.valid,
        counted(count, "seed"),
        if tally.valid == 1 { "is" } else { "are" },
        failure.seed
    );
    // Writing to a String cannot fail.
    let _ = write_report(&mut text, failure, evidence, workload, next);
    print_verdict(&text, failure.valid())
}

/// Runs that are all valid.
pub(super) fn tries_as_text(
    tally: &Tally,
    first: u64,
    count: usize,
    workload: &str,
) -> Result<(), Failure> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_tries(&mut text, tally, first, count, workload);
    print_verdict(&text, Validity::True)
}

/// What runs with several seeds have shown, of which the first that fails is shown after it.
pub(super) fn tally_as_text(tally: &Tally, workload: &str, first: u64) -> Result<(), Failure> {
    let failed = tally.runs - tally.valid;
    let word = match tally.verdict() {
        Some(Validity::Unknown) => "unknown",
        _ => "INVALID",
    };
    let head = format!(
        "{workload}: {word} with {failed} of {}, {}\n\n",
        counted(tally.runs, "seed"),
        range(first, tally.runs)
    );
    let mut text = headed(&head, tally);
    text.push(HEAD, "\nThe first that is not valid:\n\n");
    print_styled(&text)
}

/// What is known of runs with several seeds when an interrupt ended them.
pub(super) fn interrupted_as_text(
    tally: &Tally,
    workload: &str,
    count: usize,
) -> Result<(), Failure> {
    let head = format!(
        "{workload}: {} of {} done, {} valid\n\n",
        tally.runs,
        counted(count, "seed"),
        tally.valid
    );
    print_styled(&headed(&head, tally))
}

fn headed(head: &str, tally: &Tally) -> Styled {
    let mut rest = String::new();
    // Writing to a String cannot fail.
    let _ = write_tally(&mut rest, tally);
    let mut text = Styled::default();
    let failed = tally.valid < tally.runs;
    text.push(if failed { BAD } else { HEAD }, head);
    let _ = text.write_str(&rest);
    text
}

/// `all 3 seeds, 5 to 7`
fn all_seeds(first: u64, count: u64) -> String {
    match count {
        1 => format!("the seed {first}"),
        _ => format!("all {count} seeds, {}", range(first, count)),
    }
}

pub(super) fn range(first: u64, count: u64) -> String {
    match count {
        0 | 1 => first.to_string(),
        _ => format!("{first} to {}", first + (count - 1)),
    }
}

fn write_tries(
    out: &mut String,
    tally: &Tally,
    first: u64,
    count: usize,
    workload: &str,
) -> fmt::Result {
    let all = all_seeds(first, count as u64);
    writeln!(out, "{workload}: valid with {all}\n")?;
    write_spreads(out, &tally.figures)?;
    write_remarks(out, tally, count as u64)?;
    writeln!(out, "\n{}", closing_line(Validity::True))
}
