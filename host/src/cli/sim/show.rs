//! How results are shown.

use std::fmt::{self, Write};

use serde::Serialize;

use super::super::Failure;
use super::super::output::{print, print_json};
use super::Again;
use host_check::anomalies::AnomalyName;
use host_check::text::{closing_line, render_text};
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_protocol::text::one_line;
use host_report::Results;
use host_sim::seconds;
use host_trial::TrialResult;
use host_trial::scenario::Replay;
use host_trial::shrink::{Kept, Shrunk};

/// One of many runs, in short.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Try {
    seed: u64,
    #[serde(rename = "valid?")]
    valid: Validity,
    messages: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msgs_per_op: Option<f32>,
    /// Whether it was to have faults, and they touched nothing.
    #[serde(
        rename = "faults-touched-nothing?",
        skip_serializing_if = "std::ops::Not::not"
    )]
    faults_touched_nothing: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Try {
    /// Its seed, if it is not valid.
    pub(super) fn failed(&self) -> Option<u64> {
        (self.valid != Validity::True).then_some(self.seed)
    }

    pub(super) fn of(report: &TrialResult) -> Self {
        let result = report.result.as_ref().ok();
        let net = result.and_then(|result| result.net);
        Try {
            seed: report.seed,
            valid: report.valid(),
            messages: report.messages,
            ok_count: result.map(|result| result.stats.counts.ok_count),
            msgs_per_op: net.and_then(|net| net.servers.msgs_per_op),
            faults_touched_nothing: report.coverage.touched_nothing(),
            warnings: report.warnings(),
        }
    }
}

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
    trace: &'a [String],
}

pub(super) fn shrunk_as_json(
    shrunk: &Shrunk,
    trace: &[String],
    replay: &str,
) -> Result<(), Failure> {
    let schedule = &shrunk.schedule;
    print_json(&JsonShrunk {
        report: json_of(&shrunk.report, replay),
        shrunk: JsonSearch {
            anomaly: &shrunk.anomaly,
            kept: shrunk.kept,
            runs: shrunk.runs,
            is_minimal: shrunk.is_minimal,
            nodes: schedule.scenario.options.cluster.count,
            operations: schedule.script.operations.len(),
            faults: schedule.script.faults.len(),
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
        runs,
        ..
    } = shrunk;
    let end = shrunk.how_short();
    print(&format!(
        "{}: INVALID\n\n\
         The run with seed {} has {whole}.\n\
         One that is invalid like it ({anomaly}) has {};\n\
         {end}:\n\n\
         {story}\n\
         simulated     {} s with seed {}; {} events, after {runs} runs\n\
         {}\n\
         {}\n",
        schedule.scenario.workload,
        schedule.seed,
        shrunk.size(),
        seconds(report.end_ns),
        schedule.seed,
        report.used.steps,
        rendered(next),
        report.closing_line(),
    ))
}

/// The JSON of many runs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonTries<'a> {
    #[serde(rename = "valid?")]
    valid: Validity,
    asked_for: usize,
    runs: &'a [Try],
    #[serde(skip_serializing_if = "Option::is_none")]
    first_failure: Option<Results<'a>>,
}

pub(super) fn tries_as_json(
    tries: &[Try],
    count: usize,
    failure: Option<&TrialResult>,
    evidence: Vec<String>,
    again: &Again,
) -> Result<(), Failure> {
    let replay = failure.map(|report| again.command(Replay::Seed(report.seed)));
    print_json(&JsonTries {
        valid: failure.map_or(Validity::True, TrialResult::valid),
        asked_for: count,
        runs: tries,
        first_failure: failure.map(|report| {
            json_of(report, replay.as_deref().unwrap_or_default()).with_evidence(evidence)
        }),
    })
}

pub(super) fn report_as_text(
    report: &TrialResult,
    evidence: &[String],
    workload: Workload,
    next: &Next,
) -> Result<(), Failure> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_report(&mut text, report, evidence, workload, next);
    print(&text)
}

fn write_report(
    out: &mut String,
    report: &TrialResult,
    evidence: &[String],
    workload: Workload,
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
        "simulated     {} s with seed {}; {} events",
        seconds(report.end_ns),
        report.seed,
        report.used.steps
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

pub(super) fn tries_as_text(
    tries: &[Try],
    count: usize,
    failure: Option<&TrialResult>,
    evidence: &[String],
    workload: Workload,
    next: &dyn Fn(u64) -> Vec<(&'static str, String)>,
) -> Result<(), Failure> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_tries(&mut text, tries, count, failure, evidence, workload, next);
    print(&text)
}

fn write_tries(
    out: &mut String,
    tries: &[Try],
    count: usize,
    failure: Option<&TrialResult>,
    evidence: &[String],
    workload: Workload,
    next: &dyn Fn(u64) -> Vec<(&'static str, String)>,
) -> fmt::Result {
    let passed = tries
        .iter()
        .filter(|one| one.valid == Validity::True)
        .count();
    let first = tries.first().map_or(0, |one| one.seed);
    if failure.is_none() {
        let last = first + (count as u64).saturating_sub(1);
        writeln!(
            out,
            "{}: valid with all {count} seeds, {first} to {last}",
            workload
        )?;
    }
    if let Some(report) = failure {
        writeln!(
            out,
            "{passed} of {count} seeds are valid before the first that is not, {}:\n",
            report.seed
        )?;
        return write_report(out, report, evidence, workload, &next(report.seed));
    }
    let rates = || tries.iter().filter_map(|one| one.msgs_per_op);
    if let (Some(least), Some(greatest)) = (rates().reduce(f32::min), rates().reduce(f32::max)) {
        writeln!(
            out,
            "{least:.2} to {greatest:.2} messages between servers an operation"
        )?;
    }
    let untouched = tries.iter().filter(|it| it.faults_touched_nothing).count();
    if untouched > 0 {
        writeln!(
            out,
            "{untouched} of {count} seeds: no fault touched anything, so they test nothing that runs without \
             faults would not"
        )?;
    }
    let warned: Vec<&Try> = tries.iter().filter(|it| !it.warnings.is_empty()).collect();
    if let Some(first) = warned.first() {
        let warning = &first.warnings[0];
        writeln!(
            out,
            "{} of {count} seeds: warning, with seed {}: {warning}",
            warned.len(),
            first.seed
        )?;
    }
    writeln!(out, "\n{}", closing_line(Validity::True))
}
