//! What nodes warned of in their logs.

use std::fmt;

use super::time::brief_seconds;
use host_protocol::abi::Level;
use host_protocol::text::{excerpt, one_line};

/// The most characters of a line that is shown.
const CHARS_MAX: usize = 200;

/// How many warnings and errors nodes logged, and the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggedWarnings {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Option<LogLine>,
}

/// A line of a node's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The virtual time, in nanoseconds.
    pub at_ns: u64,
    /// The node.
    pub node: String,
    /// The line, or its beginning, fit to be shown.
    pub text: String,
}

impl LoggedWarnings {
    /// Counts a line, if it is a warning or an error.
    pub(super) fn note(&mut self, at_ns: u64, node: &str, level: Level, text: &str) {
        if !matches!(level, Level::Warn | Level::Error) {
            return;
        }
        self.count += 1;
        self.first.get_or_insert_with(|| LogLine {
            at_ns,
            node: node.to_owned(),
            text: one_line(&excerpt(text.trim_end(), CHARS_MAX)).into_owned(),
        });
    }
}

/// `nodes logged 3 warnings, the first on n1 at 0.009 s: unknown message type gosip`; nothing if there
/// is none.
impl fmt::Display for LoggedWarnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(LogLine { at_ns, node, text }) = &self.first else {
            return Ok(());
        };
        let at = brief_seconds(*at_ns);
        match self.count {
            1 => write!(f, "{node} logged a warning at {at} s: {text}"),
            count => write!(
                f,
                "nodes logged {count} warnings, the first on {node} at {at} s: {text}"
            ),
        }
    }
}
