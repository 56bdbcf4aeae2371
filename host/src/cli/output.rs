//! Writes the results of commands to stdout.

use std::fmt::Display;
use std::io::{self, Write};

use clap::ValueEnum;

use super::{Exit, Failure};
use host_protocol::text::{fit_json, printable};

/// The format of a result.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
}

/// Writes to stdout what is fit to be shown. If the reader has closed it, that is not a failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(printable(text).as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| cannot_write("stdout", &error)),
    }
}

/// Writes a result as JSON, over several lines.
pub(super) fn print_json(result: &impl serde::Serialize) -> Result<(), Failure> {
    print(&json(result)?)
}

/// A result as JSON, over several lines.
pub(super) fn json(result: &impl serde::Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(result)? + "\n";
    Ok(fit_json(&json).into_owned())
}

/// The failure to write an output, whichever it is.
pub(super) fn cannot_write(what: impl Display, error: &io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("cannot write to {what}: {error}"))
}
