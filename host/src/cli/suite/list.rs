//! `host suite list` and `host suite show`: what a suite asks for, without running anything.

use std::fmt::{self, Write};

use clap::{Args, ValueEnum};

use crate::cli::output::print;
use crate::cli::suite_file::{SuiteFile, find, keep, open, warn_of_unmet};
use crate::cli::{Exit, Failure};
use host_check::validity::Checks;
use host_grade::suite::Target;
use host_grade::{Challenge, Suite};
use host_guest::{Interrupt, Limits};
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
    let mut suite = open(args.suite.suite.as_deref())?;
    keep(&mut suite, std::slice::from_ref(&args.id))?;
    if args.suite.suite.is_some() {
        warn_of_unmet(&suite, &Interrupt::default());
    }
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
    let width = |cell: fn(&Challenge) -> String| {
        let widths = suite.challenges.iter().map(|it| cell(it).chars().count());
        widths.max().unwrap_or(0)
    };
    let (id, module, title, points_width) = (
        width(|it| it.id.clone()),
        width(|it| it.module.clone()),
        width(|it| it.title.clone()),
        width(points),
    );
    for it in &suite.challenges {
        let (points, worlds) = (points(it), world_names(it));
        let line = format!(
            "{:<id$}  {:<module$}  {:<title$}  {points:<points_width$}  {worlds}",
            it.id, it.module, it.title
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn world_names(challenge: &Challenge) -> String {
    let names: Vec<&str> = challenge.worlds.iter().map(|it| it.name.as_str()).collect();
    names.join(", ")
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
            targets(&it.targets)
        )?;
    }
    if suite.challenges.iter().all(|it| it.worlds.is_empty()) {
        return Ok(());
    }
    writeln!(
        out,
        "\n| challenge | world | changed options | seeds | targets | what it does, and why that is fair |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for it in &suite.challenges {
        for world in &it.worlds {
            writeln!(
                out,
                "| {} | `{}` | `{}` | {} | {} | {} |",
                it.id,
                world.name,
                world.flags().join(" "),
                seeds(&world.seeds),
                targets(&world.targets),
                world.why.replace('|', "\\|")
            )?;
        }
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
        lines.push(format!("targets: {}", targets(&challenge.targets)));
    }
    for world in &challenge.worlds {
        lines.push(format!("\nworld {}: {}", world.name, world.why));
        lines.push(format!("  options: {}", world.flags().join(" ")));
        lines.push(format!("  seeds:   {}", seeds(&world.seeds)));
        if !world.targets.is_empty() {
            lines.push(format!("  targets: {}", targets(&world.targets)));
        }
    }
    lines.join("\n") + "\n"
}

/// Seeds as a suite has them: a range if they are one.
fn seeds(seeds: &[u64]) -> String {
    let is_range = seeds
        .windows(2)
        .all(|two| two[0].checked_add(1) == Some(two[1]));
    match (seeds, is_range) {
        ([first, .., last], true) => format!("{first}..{}", last.saturating_add(1)),
        _ => {
            let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
            seeds.join(", ")
        }
    }
}

fn points(challenge: &Challenge) -> String {
    let bonus = if challenge.optional { " (bonus)" } else { "" };
    format!("{}{bonus}", challenge.points)
}

fn targets(targets: &[Target]) -> String {
    let targets: Vec<String> = targets
        .iter()
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
