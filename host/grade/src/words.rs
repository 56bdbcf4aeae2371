//! Texts that a guest had a part in, made fit for every output: lines without control
//! characters, not too long and not too many.

use host_protocol::text::{excerpt, one_line};

/// The most lines of an anomaly.
const LINES_MAX: usize = 40;

/// The most lines of a story.
const STORY_LINES_MAX: usize = 120;

/// The most characters of a line.
const LINE_CHARS_MAX: usize = 600;

/// The lines of a text, without blank ones and bullets.
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

/// The lines of a story, as they are.
pub(super) fn story(lines: &[String]) -> Vec<String> {
    let lines = lines.iter().take(STORY_LINES_MAX);
    lines.map(|text| line(text)).collect()
}

/// One line.
pub(super) fn line(text: &str) -> String {
    one_line(&excerpt(text, LINE_CHARS_MAX)).into_owned()
}
