//! `host diff`: what is different in two runs, by their reports.

use std::path::PathBuf;

use clap::Args;

use super::output::{Format, print, print_json};
use super::{Exit, Failure};
use host_report::Comparison;

/// Compare the reports of two runs: options, verdict, figures, and the first event that differs
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// Folder that `host sim --report` wrote.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Another one.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: &DiffArgs) -> Result<Exit, Failure> {
    let comparison = Comparison::of_reports(&args.a, &args.b)?;
    match args.format {
        Format::Text => {
            let [a, b] = [&args.a, &args.b].map(|path| path.to_string_lossy());
            print(&comparison.text([&a, &b]))?;
        }
        Format::Json => print_json(&comparison)?,
    }
    Ok(Exit::Success)
}
