//! How results are shown.

use std::fmt::{self, Write};

use serde::Serialize;

use super::super::Failure;
use super::super::output::{print, print_json};
use super::args::Plan;
use crate::check::text::{closing_line, render_text};
use crate::check::validity::Validity;
use crate::report::Results;
use crate::sim::seconds;
use crate::text::{printable, shell_quoted};
use crate::trial::Report;

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
}

impl Try {
    pub(super) fn of(report: &Report) -> Self {
        let result = report.result.as_ref().ok();
        let net = result.and_then(|result| result.net);
        Try {
            seed: report.seed,
            valid: report.valid(),
            messages: report.messages,
            ok_count: result.map(|result| result.stats.counts.ok_count),
            msgs_per_op: net.and_then(|net| net.servers.msgs_per_op),
        }
    }
}

fn json_of(report: &Report) -> Results<'_> {
    Results::of(report, replay(report.seed))
}

pub(super) fn report_as_json(report: &Report) -> Result<(), Failure> {
    print_json(&json_of(report))
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
    failure: Option<&Report>,
) -> Result<(), Failure> {
    print_json(&JsonTries {
        valid: failure.map_or(Validity::True, Report::valid),
        asked_for: count,
        runs: tries,
        first_failure: failure.map(json_of),
    })
}

pub(super) fn report_as_text(report: &Report, plan: &Plan) -> Result<(), Failure> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_report(&mut text, report, plan);
    print(&printable(&text))
}

fn write_report(out: &mut String, report: &Report, plan: &Plan) -> fmt::Result {
    let text = match &report.result {
        Ok(result) => render_text(result),
        Err(stopped) => format!(
            "{}: INVALID\n\nThe run could not go on: {stopped}\n\n{}\n",
            plan.workload,
            report.closing_line()
        ),
    };
    // The closing line stays the last one.
    let (body, closing) = text.trim_end().rsplit_once('\n').unwrap_or(("", &text));
    writeln!(out, "{}", body.trim_end())?;
    writeln!(
        out,
        "simulated     {} s with seed {}; {} events",
        seconds(report.end_ns),
        report.seed,
        report.used.steps
    )?;
    if report.valid() != Validity::True {
        writeln!(out, "replay        {}", replay(report.seed))?;
    }
    writeln!(out, "\n{}", closing.trim_end())
}

pub(super) fn tries_as_text(
    tries: &[Try],
    count: usize,
    failure: Option<&Report>,
    plan: &Plan,
) -> Result<(), Failure> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_tries(&mut text, tries, count, failure, plan);
    print(&printable(&text))
}

fn write_tries(
    out: &mut String,
    tries: &[Try],
    count: usize,
    failure: Option<&Report>,
    plan: &Plan,
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
            plan.workload
        )?;
    }
    if let Some(report) = failure {
        writeln!(
            out,
            "{passed} of {count} seeds are valid before the first that is not, {}:\n",
            report.seed
        )?;
        return write_report(out, report, plan);
    }
    let rates = || tries.iter().filter_map(|one| one.msgs_per_op);
    if let (Some(least), Some(greatest)) = (rates().reduce(f32::min), rates().reduce(f32::max)) {
        writeln!(
            out,
            "{least:.2} to {greatest:.2} messages between servers an operation"
        )?;
    }
    writeln!(out, "\n{}", closing_line(Validity::True))
}

/// The command that runs this seed again: the one that was given, less its own seeds.
pub(super) fn replay(seed: u64) -> String {
    let args = std::env::args_os().skip(1);
    let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    replay_of(&args, seed)
}

/// Options that choose which seeds to run.
const SEED_OPTIONS: [&str; 3] = ["--seed", "--seeds", "--test-count"];

fn replay_of(args: &[String], seed: u64) -> String {
    let guest_args = args
        .iter()
        .position(|arg| arg == "--")
        .unwrap_or(args.len());
    let mut kept: Vec<String> = Vec::new();
    let mut own = args[..guest_args].iter();
    while let Some(arg) = own.next() {
        let name = arg.split('=').next().unwrap_or_default();
        if SEED_OPTIONS.contains(&name) {
            if name == arg {
                own.next(); // its value
            }
        } else {
            kept.push(shell_quoted(arg));
        }
    }
    kept.push(format!("--seed {seed}"));
    kept.extend(args[guest_args..].iter().map(|arg| shell_quoted(arg)));
    format!("host {}", kept.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(args: &[&str], expected: &str) {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        assert_eq!(replay_of(&args, 7), expected);
    }

    #[test]
    fn the_command_to_replay_a_run_has_its_seed_and_no_other() {
        check(
            &[
                "sim",
                "-w",
                "echo",
                "--seeds",
                "0..9",
                "--module",
                "my echo.wasm",
            ],
            "host sim -w echo --module 'my echo.wasm' --seed 7",
        );
        check(
            &[
                "sim",
                "--seed=3",
                "--test-count",
                "9",
                "-w",
                "echo",
                "--",
                "--seed",
                "it's",
            ],
            "host sim -w echo --seed 7 -- --seed 'it'\\''s'",
        );
    }
}
