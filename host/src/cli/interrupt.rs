//! Signals: the first one ends the work early, the second one the process.

use std::io::{self, Write};

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::Failure;
use host_guest::Interrupt;
use host_protocol::text::printable;

/// Returns the request that the first SIGINT or SIGTERM makes. The second one ends the process.
pub(super) fn on_signal() -> Result<Interrupt, Failure> {
    let interrupt = Interrupt::default();
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_default(signal, interrupt.flag())
            .and_then(|_| signal_hook::flag::register(signal, interrupt.flag()))
            .context("cannot take signals")?;
    }
    Ok(interrupt)
}

/// Writes a line to stderr.
pub(super) fn tell(line: &str) {
    // If stderr is closed, nobody reads this.
    let _ = writeln!(io::stderr(), "{}", printable(line));
}

/// Says on stderr that the work was interrupted, and what is to be said about that.
pub(super) fn note(what: &str) {
    // If stderr is closed, nobody reads this.
    let _ = writeln!(io::stderr(), "interrupted: {what}");
}
