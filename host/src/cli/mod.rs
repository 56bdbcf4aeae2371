//! The command line: parses it, runs the command, turns the outcome into an exit
//! code. Only this module knows the terminal.

mod check;
mod compile;
mod grade;
mod input;
mod inspect;
mod limits;
mod merge;
mod node;
mod output;
mod rules;
mod sim;
mod suite;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use host_sandbox::LoadError;

/// What the process's exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all is well; what was judged is valid.
    Success,
    /// 1: what was judged is invalid.
    Invalid,
    /// 1: the guest failed.
    GuestFailed,
    /// 2: there was too little to judge.
    Unknown,
    /// 3: the module cannot be loaded.
    Rejected,
    /// 254: the command line makes no sense, or names a file that cannot be read or
    /// is not what it should be.
    Usage,
    /// 255: something broke that is neither the user's nor the guest's fault.
    Internal,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Success => 0,
            Exit::Invalid | Exit::GuestFailed => 1,
            Exit::Unknown => 2,
            Exit::Rejected => 3,
            Exit::Usage => 254,
            Exit::Internal => 255,
        })
    }
}

/// A failed command.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    fn new(exit: Exit, message: impl ToString) -> Self {
        Failure {
            exit,
            message: message.to_string(),
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let exit = match error {
            LoadError::Unreadable { .. } => Exit::Usage,
            LoadError::Rejected { .. } => Exit::Rejected,
            LoadError::Internal { .. } => Exit::Internal,
        };
        Failure::new(exit, error)
    }
}

impl From<host_report::Failed> for Failure {
    fn from(failed: host_report::Failed) -> Self {
        let exit = match failed {
            host_report::Failed::Write { .. } => Exit::Usage,
            host_report::Failed::Json(_) => Exit::Internal,
        };
        Failure::new(exit, failed)
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0    all is well; the history is valid
  1    the history is invalid, or the guest failed: it trapped, exceeded a limit or
       broke the protocol
  2    unknown: the history has too little to judge
  3    the module cannot be loaded
  254  the command line makes no sense, or names a file that cannot be read or is
       no history of that workload
  255  something else broke";

/// Runs distributed-systems nodes as WebAssembly guests.
///
/// With --module it is a Maelstrom node: JSON messages come in on stdin and go out
/// on stdout, one a line; the guest's log goes to stderr.
#[derive(Debug, Parser)]
#[command(
    name = "host",
    version,
    after_help = EXIT_CODES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "host --module FILE [OPTIONS] [-- GUEST_ARGS…]\n       host inspect [OPTIONS] FILE\n       host check --workload NAME [OPTIONS] HISTORY\n       host sim --workload NAME --module FILE [OPTIONS] [-- GUEST_ARGS…]\n       host grade [OPTIONS] PATH…\n       host merge [OPTIONS] GRADE…\n       host suite [COMMAND]",
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
    Grade(grade::GradeArgs),
    Merge(merge::MergeArgs),
    Suite(suite::SuiteArgs),
    Compile(compile::CompileArgs),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing better can be done if the terminal is gone.
            let _ = error.print();
            let asked_for_help = !error.use_stderr();
            return if asked_for_help {
                Exit::Success
            } else {
                Exit::Usage
            }
            .into();
        }
    };
    let outcome = start_log().and_then(|()| match cli.command {
        Some(Command::Inspect(args)) => inspect::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Sim(args)) => sim::run(*args),
        Some(Command::Grade(args)) => grade::run(&args),
        Some(Command::Merge(args)) => merge::run(&args),
        Some(Command::Suite(args)) => suite::run(&args),
        Some(Command::Compile(args)) => compile::run(&args),
        None => node::run(cli.node),
    });
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // Who closed stderr does not want to know; the exit code still says it.
            let _ = writeln!(io::stderr(), "error: {}", failure.message);
            failure.exit.into()
        }
    }
}

/// Reads RUST_LOG. A word alone must be a level: taken for a target, a level misspelt
/// would silence everything.
fn log_targets(wanted: &str) -> Result<Targets, String> {
    let mut words = wanted.split(',').filter(|part| !part.contains('='));
    match words.find(|word| word.parse::<LevelFilter>().is_err()) {
        Some(word) => Err(format!("{word:?} is not a level")),
        None => wanted.parse().map_err(|error| format!("{error}")),
    }
}

/// Sends the host's own log to stderr, as much of it as RUST_LOG asks for.
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
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .without_time();
    tracing_subscriber::registry()
        .with(targets)
        .with(layer)
        .init();
    Ok(())
}
