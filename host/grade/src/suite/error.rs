//! What is wrong with a suite, and where.

use std::fmt;
use std::ops::Range;

use host_protocol::text::{excerpt, one_line};

/// The most of a line that a message shows, in characters.
const LINE_CHARS_MAX: usize = 160;

/// A suite that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The line's text; empty if it has the suite's secret.
    text: String,
    /// How many characters of it are wrong, from the column on.
    width: usize,
}

impl SuiteError {
    /// Something wrong at these bytes of the text.
    pub(super) fn at(file: &str, text: &str, span: Range<usize>, message: &str) -> Self {
        let begin = text.floor_char_boundary(span.start.min(text.len()));
        let before = &text[..begin];
        let line_begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_text = text[line_begin..].lines().next().unwrap_or_default();
        let end = text.floor_char_boundary(span.end.clamp(begin, text.len()));
        let wrong = text[begin..end].lines().next().unwrap_or_default();
        // A secret stays one: students may see what a grader writes.
        let shown = match line_text.contains("seed-key") {
            true => "",
            false => line_text,
        };
        SuiteError {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: text[line_begin..begin].chars().count() + 1,
            message: message.to_owned(),
            text: shown.to_owned(),
            width: wrong.chars().count().max(1),
        }
    }
}

/// `FILE:LINE:COLUMN: message`, and the line.
impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SuiteError {
            file,
            line,
            column,
            message,
            text,
            width,
        } = self;
        write!(f, "{}:{line}:{column}: {message}", one_line(file))?;
        if !text.is_empty() && *column <= LINE_CHARS_MAX {
            let shown = excerpt(text, LINE_CHARS_MAX);
            let (blank, marks) = (
                " ".repeat(column - 1),
                "^".repeat((*width).min(LINE_CHARS_MAX)),
            );
            write!(f, "\n  {}\n  {blank}{marks}", one_line(&shown))?;
        }
        Ok(())
    }
}

impl std::error::Error for SuiteError {}
