//! Text with styles, which a terminal shows and a file does not have.
//!
//! Styles stand beside the text, not in it: what a guest or a file's name brings along is escaped
//! when it is shown, and cannot change colours.

use std::fmt;

use anstyle::{AnsiColor, Style};

use host_check::validity::Validity;
use host_protocol::text::printable;

/// What passed.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// What failed.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();

/// What is to be looked at, and decides nothing.
pub(super) const NOTE: Style = AnsiColor::Yellow.on_default();

/// What a text is divided by.
pub(super) const HEAD: Style = Style::new().bold();

/// Text as it is.
pub(super) const PLAIN: Style = Style::new();

/// The style of a verdict.
pub(super) fn of_verdict(valid: Validity) -> Style {
    match valid {
        Validity::True => GOOD,
        Validity::False => BAD,
        Validity::Unknown => NOTE.bold(),
    }
}

/// Text, and how its parts look.
#[derive(Debug, Default)]
pub(super) struct Styled {
    parts: Vec<(Style, String)>,
}

impl Styled {
    /// Adds text in a style.
    pub(super) fn push(&mut self, style: Style, text: &str) {
        match self.parts.last_mut() {
            Some((last, end)) if *last == style => end.push_str(text),
            _ => self.parts.push((style, text.to_owned())),
        }
    }

    /// A text that begins with a verdict and ends with one, each a line. Lines between that begin
    /// with `warning` are notes.
    pub(super) fn verdict(text: &str, valid: Validity) -> Self {
        let mut styled = Styled::default();
        let verdict = of_verdict(valid);
        let last = text.trim_end().lines().count().saturating_sub(1);
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let (words, end) = match line.strip_suffix('\n') {
                Some(words) => (words, "\n"),
                None => (line, ""),
            };
            if index == 0 || index == last {
                styled.push(verdict, words);
            } else if let Some(rest) = words.strip_prefix("warning ") {
                styled.push(NOTE, "warning ");
                styled.push(PLAIN, rest);
            } else {
                styled.push(PLAIN, words);
            }
            styled.push(PLAIN, end);
        }
        styled
    }

    /// The text, fit to be shown, with escape sequences if there are to be `colours`.
    pub(super) fn shown(&self, colours: bool) -> String {
        let mut shown = String::new();
        for (style, text) in &self.parts {
            let text = printable(text);
            if !colours || *style == PLAIN {
                shown += &text;
                continue;
            }
            // No line begins in the style of the one before, whatever shows it.
            for line in text.split_inclusive('\n') {
                let words = line.trim_end_matches('\n');
                if !words.is_empty() {
                    shown += &format!("{style}{words}{style:#}");
                }
                shown += &line[words.len()..];
            }
        }
        shown
    }
}

impl fmt::Write for Styled {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(PLAIN, text);
        Ok(())
    }
}
