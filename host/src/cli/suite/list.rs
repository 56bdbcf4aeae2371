//! `host suite list` and `host suite show`: what a suite asks for, without running anything.

use std::fmt::{self, Write};

use clap::{Args, ValueEnum};

use crate::cli::output::print;
use crate::cli::suite_file::{SuiteFile, find, open};
use crate::cli::{Exit, Failure};
use host_check::validity::Checks;
use host_grade::{Challenge, Suite};
use host_guest::Limits;
use host_sim::NetworkModel;
use host_trial::Scenario;

/// List the challenges of a suite
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    suite: SuiteFile,
    /// Format of the list.
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

/// How challenges are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// Columns, for a terminal.
    Text,
    /// A Markdown table, as in docs/challenges.md.
    Markdown,
}

/// Print one challenge
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    suite: SuiteFile,
    /// Print only the options for `maelstrom test`, on one line.
    #[arg(long)]
    flags: bool,
    /// Print only the name of the module that solves it.
    #[arg(long, conflicts_with = "flags")]
    module: bool,
    /// Id of the challenge.
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let suite = open(args.suite.suite.as_deref())?;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match args.format {
        ListFormat::Text => columns(&mut text, &suite),
        ListFormat::Markdown => markdown(&mut text, &suite),
    };
    print(&text)?;
    Ok(Exit::Success)
}

pub(super) fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let suite = open(args.suite.suite.as_deref())?;
    let challenge = find(&suite, &args.id)?;
    let text = if args.flags {
        maelstrom_flags(&challenge.scenario).join(" ") + "\n"
    } else if args.module {
        format!("{}\n", challenge.module)
    } else {
        described(challenge)
    };
    print(&text)?;
    Ok(Exit::Success)
}

fn columns(out: &mut String, suite: &Suite) -> fmt::Result {
    let width = |cell: fn(&Challenge) -> &str| {
        let widths = suite.challenges.iter().map(|it| cell(it).chars().count());
        widths.max().unwrap_or(0)
    };
    let (id, module, title) = (
        width(|it| &it.id),
        width(|it| &it.module),
        width(|it| &it.title),
    );
    for it in &suite.challenges {
        let points = points(it);
        let line = format!(
            "{:<id$}  {:<module$}  {:<title$}  {points}",
            it.id, it.module, it.title
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn markdown(out: &mut String, suite: &Suite) -> fmt::Result {
    writeln!(
        out,
        "| challenge | title | module | points | options | targets |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for it in &suite.challenges {
        writeln!(
            out,
            "| {} | {} | `{}` | {} | `{}` | {} |",
            it.id,
            it.title.replace('|', "\\|"),
            it.module,
            points(it),
            it.scenario.flags().join(" "),
            targets(it)
        )?;
    }
    Ok(())
}

fn described(challenge: &Challenge) -> String {
    let mut lines = vec![
        format!("{}: {}", challenge.id, challenge.title),
        format!("module:  {}", challenge.module),
        format!("points:  {}", points(challenge)),
        format!("options: {}", challenge.scenario.flags().join(" ")),
    ];
    if !challenge.targets.is_empty() {
        lines.push(format!("targets: {}", targets(challenge)));
    }
    lines.join("\n") + "\n"
}

fn points(challenge: &Challenge) -> String {
    let bonus = if challenge.optional { " (bonus)" } else { "" };
    format!("{}{bonus}", challenge.points)
}

fn targets(challenge: &Challenge) -> String {
    let targets = challenge.targets.iter();
    let targets: Vec<String> = targets
        .map(|target| format!("{} < {}", target.measure.name(), target.below))
        .collect();
    targets.join(", ")
}

/// The options with which Maelstrom makes the same run. Maelstrom has one network model and one
/// set of checks, and does not limit its nodes.
fn maelstrom_flags(scenario: &Scenario) -> Vec<String> {
    let mut scenario = scenario.clone();
    scenario.options.network = NetworkModel::Maelstrom;
    scenario.options.limits = Limits::default();
    scenario.checks.checks = Checks::Strict;
    scenario.flags()
}
