//! Sanitizes texts that a guest may have written part of: without control characters, with a
//! limit on the number and the length of lines.

use host_protocol::text::{excerpt, one_line};

/// The most lines of an anomaly.
const LINES_MAX: usize = 40;

/// The most lines of a trace.
const TRACE_LINES_MAX: usize = 120;

/// The most characters of a line.
const LINE_CHARS_MAX: usize = 600;

/// Splits a text into lines, without bullets and blank lines.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| line.trim_start_matches("- ").trim_end())
        .filter(|line| !line.trim().is_empty())
        .map(line)
        .collect();
    let more = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    if more > 0 {
        lines.push(format!("and {more} more lines"));
    }
    lines
}

/// Sanitizes the lines of a trace.
pub(super) fn trace(lines: &[String]) -> Vec<String> {
    let lines = lines.iter().take(TRACE_LINES_MAX);
    lines.map(|text| line(text)).collect()
}

/// Sanitizes one line.
pub(super) fn line(text: &str) -> String {
    one_line(&excerpt(text, LINE_CHARS_MAX)).into_owned()
}
