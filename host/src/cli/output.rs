//! What commands print to stdout.

use std::io::{self, Write};

use clap::ValueEnum;

use super::{Exit, Failure};

/// How a command shows its result.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
}

/// Writes to stdout. A reader who has seen enough and closed it is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Internal,
            format!("cannot write to stdout: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Writes a result as JSON, over several lines.
pub(super) fn print_json(result: &impl serde::Serialize) -> Result<(), Failure> {
    match serde_json::to_string_pretty(result) {
        Ok(json) => print(&(json + "\n")),
        Err(error) => Err(Failure::new(Exit::Internal, error)),
    }
}
