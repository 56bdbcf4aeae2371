//! Writes the results of commands to stdout.

use std::fmt::Display;
use std::io::{self, Write};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

use super::style::Styled;
use super::{Exit, Failure};
use host_check::validity::Validity;
use host_protocol::text::{fit_json, printable};

/// The format of a result.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
}

/// The format of a result that is a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
    /// Rows for spreadsheets.
    Csv,
}

/// Writes to stdout what is fit to be shown. If the reader has closed it, that is not a failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    write_out(&printable(text))
}

/// The same with colours, if stdout is to have them.
pub(super) fn print_styled(text: &Styled) -> Result<(), Failure> {
    write_out(&text.shown(has_colours(&io::stdout())))
}

/// Writes a text whose first and last lines are about this verdict.
pub(super) fn print_verdict(text: &str, valid: Validity) -> Result<(), Failure> {
    print_styled(&Styled::verdict(text, valid))
}

/// Writes a text of our own that has escape sequences for colours, or not if stdout is not to have
/// them.
pub(super) fn print_help(text: &clap::builder::StyledStr) -> Result<(), Failure> {
    match has_colours(&io::stdout()) {
        true => write_out(&text.ansi().to_string()),
        false => write_out(&text.to_string()),
    }
}

/// Whether a stream is to have colours: it is a terminal that shows them, and neither NO_COLOR nor
/// CLICOLOR says otherwise.
pub(super) fn has_colours(stream: &impl RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

fn write_out(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to stdout as they are.
pub(super) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
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
