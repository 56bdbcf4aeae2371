//! Makes text of unknown origin, such as a guest's output, safe to print.

use std::borrow::Cow;
use std::fmt::Write;

/// Replaces control characters other than newline and tab with escapes, so that no
/// guest can move the cursor, change colours or set the title of a terminal.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let unsafe_char = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.chars().any(unsafe_char) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if unsafe_char(c) {
            // Writing to a String cannot fail.
            let _ = write!(safe, "{}", c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Like [`printable`], but escapes newlines and tabs too: a name must not be able to
/// look like another line of output.
#[must_use]
pub fn one_line(name: &str) -> Cow<'_, str> {
    if !name.chars().any(char::is_control) {
        return Cow::Borrowed(name);
    }
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    Cow::Owned(name.chars().map(escape).collect())
}

/// The last `max` characters of `text`. If bytes are left out, says how many.
#[must_use]
pub fn excerpt_of_end(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().rev().nth(max) {
        None => Cow::Borrowed(text),
        Some((at, first)) => {
            let begin = at + first.len_utf8();
            Cow::Owned(format!("({begin} bytes before) …{}", &text[begin..]))
        }
    }
}

/// The first `max` characters of `text`. If bytes are left out, says how many.
#[must_use]
pub fn excerpt(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let missing = text.len() - end;
            Cow::Owned(format!("{}… ({missing} more bytes)", &text[..end]))
        }
    }
}

/// Quotes `arg` for a POSIX shell, if it needs quotes.
#[must_use]
pub fn shell_quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,=:+%@".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', "'\\''"))
    }
}

/// A figure without an exponent, which the width of a column would cut off.
#[must_use]
pub fn decimal(figure: f32) -> String {
    let shortest = format!("{figure:?}");
    if shortest.contains('e') {
        figure.to_string()
    } else {
        shortest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_figure_does_not_look_large() {
        assert_eq!(decimal(9.944_806_5e-5), "0.000099448065");
        assert_eq!((decimal(0.0), decimal(1.0)), ("0.0".into(), "1.0".into()));
    }

    #[test]
    fn escape_sequences_lose_their_power() {
        assert_eq!(printable("a\tb\nc"), "a\tb\nc");
        assert_eq!(
            printable("\x1b[31mred\x07\u{9b}"),
            "\\u{1b}[31mred\\u{7}\\u{9b}"
        );
    }

    #[test]
    fn excerpts_end_between_characters() {
        assert_eq!(excerpt("añb", 3), "añb");
        assert_eq!(excerpt("añb", 2), "añ… (1 more bytes)");
        assert_eq!(excerpt_of_end("bñc", 3), "bñc");
        assert_eq!(excerpt_of_end("bñc", 2), "(1 bytes before) …ñc");
    }

    #[test]
    fn a_name_stays_on_its_line() {
        assert_eq!(one_line("f\n\t\x1b[2J"), "f\\n\\t\\u{1b}[2J");
    }
}
