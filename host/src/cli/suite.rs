//! `host suite`: prints, lists and runs the challenges of a suite.

mod list;
mod run;

use clap::{Args, Subcommand};

use super::output::print;
use super::{Exit, Failure};
use host_grade::suite::{GOSSIP_GLOMERS, LABS};

/// Print, list or run the challenges of a suite
///
/// Without a command, prints a built-in suite as TOML. Change a copy of it, and give that to
/// `host grade --suite FILE`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct SuiteArgs {
    /// The suite to print.
    #[arg(value_name = "NAME", default_value = "gossip-glomers", value_parser = ["gossip-glomers", "labs"])]
    name: String,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
    Show(list::ShowArgs),
    Run(run::RunArgs),
}

pub(super) fn run(args: &SuiteArgs) -> Result<Exit, Failure> {
    match &args.command {
        None => {
            print(match args.name.as_str() {
                "labs" => LABS,
                _ => GOSSIP_GLOMERS,
            })?;
            Ok(Exit::Success)
        }
        Some(Command::List(args)) => list::list(args),
        Some(Command::Show(args)) => list::show(args),
        Some(Command::Run(args)) => run::run(args),
    }
}
