//! Writes the results of commands to stdout.

use std::io::{self, Write};

use anyhow::Context;
use clap::ValueEnum;

use super::Failure;

/// The format of a result.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
}

/// Writes to stdout. If the reader has closed it, that is not a failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written.context("cannot write to stdout")?),
    }
}

/// Writes a result as JSON, over several lines.
pub(super) fn print_json(result: &impl serde::Serialize) -> Result<(), Failure> {
    print(&(serde_json::to_string_pretty(result)? + "\n"))
}
