//! The command line: parses it, runs the command, and turns its result into an exit code. Only this
//! module writes to the terminal.

mod cache;
mod called;
mod check;
mod compare;
mod compile;
mod completions;
mod diff;
mod disk;
mod exit;
mod explore;
mod grade;
mod hints;
mod input;
mod inspect;
mod interpreters;
mod interrupt;
mod limits;
mod man;
mod merge;
mod mounts;
mod new;
mod node;
mod options;
mod out_file;
mod output;
mod panics;
mod play;
mod progress;
mod serve;
mod sim;
mod style;
mod suite;
mod suite_file;
mod version;
mod words;
mod workloads;

use std::io::{self, Write};
use std::panic::catch_unwind;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use exit::{EXIT_CODES, Failure};
use host_protocol::text::printable;

pub use exit::Exit;
pub use panics::tell_panics;

/// Runs distributed-systems nodes as WebAssembly guests.
///
/// With --module it is a Maelstrom node: it reads JSON messages from stdin and writes
/// them to stdout, one per line. The guest's log goes to stderr.
#[derive(Debug, Parser)]
#[command(
    name = "host",
    version,
    long_version = version::long(),
    after_help = EXIT_CODES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "host --module FILE [OPTIONS] [-- GUEST_ARGS…]\n       host inspect [OPTIONS] FILE\n       host check --workload NAME [OPTIONS] HISTORY\n       host sim --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]\n       host explore --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]\n       host play --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]\n       host serve [OPTIONS] DIR\n       host compare --workload NAME [OPTIONS] A [B] [-- GUEST_ARGS…]\n       host grade [OPTIONS] PATH…\n       host merge [OPTIONS] FILE…\n       host suite [COMMAND]\n       host new [OPTIONS] NAME\n       host diff [OPTIONS] A B\n       host disk FOLDER [FILE]\n       host cache COMMAND\n       host completions SHELL\n       host man DIR",
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    node: node::NodeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::InspectArgs),
    Check(check::CheckArgs),
    Sim(Box<sim::SimArgs>),
    Explore(Box<explore::ExploreArgs>),
    Play(Box<play::PlayArgs>),
    Serve(serve::ServeArgs),
    Compare(Box<compare::CompareArgs>),
    Grade(grade::GradeArgs),
    Merge(merge::MergeArgs),
    Suite(suite::SuiteArgs),
    New(new::NewArgs),
    Diff(diff::DiffArgs),
    Disk(disk::DiskArgs),
    Cache(cache::CacheCommandArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(program) = std::env::args_os().next() {
        host_trial::scenario::called_as(program);
    }
    workloads::find_all();
    // From here on, in case that no log can be started.
    tell_panics(|line| drop(writeln!(io::stderr(), "error: {line}")));
    // A panic has been told by then.
    let exit = catch_unwind(run).unwrap_or(Exit::Internal);
    exit.into()
}

fn run() -> Exit {
    let result = match compile::asked() {
        Some(Ok(args)) => compile::run(&args),
        Some(Err(error)) => show_usage(&error),
        None => match parsed() {
            Ok(cli) => start_log().and_then(|()| run_command(cli)),
            Err(error) => show_usage(&error),
        },
    };
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            // If stderr is closed, the exit code still says it.
            let _ = writeln!(io::stderr(), "error: {}", failure.message());
            failure.exit
        }
    }
}

/// The whole program, as it is called.
fn command() -> clap::Command {
    called::named(Cli::command())
}

fn parsed() -> Result<Cli, clap::Error> {
    let (mut command, flags) = words::with_workload(command());
    let program = std::env::args_os().take(1);
    let matches = command.try_get_matches_from_mut(program.chain(words::words()));
    let parsed = matches.and_then(|mut matches| {
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    });
    parsed.map_err(|error| {
        let error = match &flags {
            Some(flags) => flags.hinted(error),
            None => error,
        };
        hints::hinted(error)
    })
}

/// Shows the help that was asked for, or what is wrong with the command line, which may have names
/// of files that others have chosen.
fn show_usage(error: &clap::Error) -> Result<Exit, Failure> {
    let text = error.render();
    if !error.use_stderr() {
        output::print_help(&text)?;
        return Ok(Exit::Success);
    }
    let plain = text.to_string();
    let fit = printable(&plain);
    let shown = match output::has_colours(&io::stderr()) && fit == plain {
        true => text.ansi().to_string(),
        false => fit.into_owned(),
    };
    // If stderr is closed, the exit code still says it.
    let _ = write!(io::stderr(), "{shown}");
    Ok(Exit::Usage)
}

fn run_command(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Some(Command::Inspect(args)) => inspect::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Sim(args)) => sim::run(*args),
        Some(Command::Explore(args)) => explore::run(*args),
        Some(Command::Play(args)) => play::run(*args),
        Some(Command::Serve(args)) => serve::run(args),
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::Grade(args)) => grade::run(&args),
        Some(Command::Merge(args)) => merge::run(&args),
        Some(Command::Suite(args)) => suite::run(&args),
        Some(Command::New(args)) => new::run(&args),
        Some(Command::Diff(args)) => diff::run(&args),
        Some(Command::Disk(args)) => disk::run(&args),
        Some(Command::Cache(args)) => cache::run(&args),
        Some(Command::Completions(args)) => completions::run(&args, command()),
        Some(Command::Man(args)) => man::run(&args, command()),
        None => node::run(cli.node),
    }
}

/// Parses RUST_LOG. A part without `=` must be a level: a misspelt level would otherwise be taken
/// for a target, and silence everything.
fn log_targets(wanted: &str) -> anyhow::Result<Targets> {
    let mut words = wanted.split(',').filter(|part| !part.contains('='));
    match words.find(|word| word.parse::<LevelFilter>().is_err()) {
        Some(word) => Err(anyhow!("{word:?} is not a level")),
        None => Ok(wanted.parse()?),
    }
}

/// Writes the host's own log to stderr, at the levels that RUST_LOG asks for.
fn start_log() -> Result<(), Failure> {
    let wanted = std::env::var("RUST_LOG").unwrap_or_default();
    let wanted = if wanted.is_empty() { "info" } else { &wanted };
    let targets = log_targets(wanted).map_err(|error| {
        let text = format!(
            "RUST_LOG is {wanted:?}: {error}; use a level (error, warn, info, debug, trace) \
             or target=level, separated by commas"
        );
        Failure::new(Exit::Usage, text)
    })?;
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(output::has_colours(&io::stderr()))
        // Messages may hold text of guests and names of files.
        .fmt_fields(debug_fn(|out, field, value| {
            let text = format!("{value:?}");
            match field.name() {
                "message" => write!(out, "{}", printable(&text)),
                name => write!(out, " {name}={}", printable(&text)),
            }
        }))
        .with_target(false)
        .without_time();
    tracing_subscriber::registry()
        .with(targets)
        .with(layer)
        .init();
    Ok(())
}
