//! Makes text of unknown origin, such as a guest's output or the name of a file, fit to be shown.
//!
//! [`is_fit`] decides for every output of this program: terminals, logs, pages, drawings, JUnit,
//! Gradescope, spreadsheets, names of files and messages of errors.

mod figures;
mod unfit;

use std::borrow::Cow;
use std::fmt::Write;

pub use figures::{counted, figure, fraction, grouped, joined};
pub use unfit::{is_fit, unfit_pattern};

/// Escapes what [`is_fit`] refuses, except newline and tab, so that no guest can move the cursor,
/// change colours, hide text, turn its direction round or make a file ill-formed. The escapes are
/// Rust's, such as `\u{1b}`. Emoji that consist of several characters stay as they are.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    unfit::escaped(text, |c| c == '\n' || c == '\t')
}

/// Like [`printable`], but escapes newlines and tabs too: a name must not be able to
/// look like another line of output.
#[must_use]
pub fn one_line(name: &str) -> Cow<'_, str> {
    unfit::escaped(name, |_| false)
}

/// The same JSON, with `\u` escapes for what is not [fit](is_fit) to be shown: a reader gets the
/// same values, and the text itself is safe to print. `json` must be JSON, which has such
/// characters only in strings; newlines and tabs between values stay.
#[must_use]
pub fn fit_json(json: &str) -> Cow<'_, str> {
    let is_kept = |c: char| is_fit(c) || c == '\n' || c == '\t' || c == '\r';
    if json.chars().all(is_kept) {
        return Cow::Borrowed(json);
    }
    let mut fit = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_kept(c) {
            fit.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(fit, "\\u{unit:04x}");
        }
    }
    Cow::Owned(fit)
}

/// The first and the last `max` characters of `text`. If bytes are left out between them, a line says how
/// many.
#[must_use]
pub fn ends(text: &str, max: usize) -> Cow<'_, str> {
    let begin = |max| text.char_indices().rev().nth(max).map(|(at, _)| at);
    match (text.char_indices().nth(max), begin(max), begin(2 * max)) {
        (Some((end, _)), Some(at), Some(_)) => {
            let begin = text.ceil_char_boundary(at + 1);
            Cow::Owned(with_gap(&text[..end], begin - end, &text[begin..]))
        }
        _ => Cow::Borrowed(text),
    }
}

/// The beginning and the end of a text of whose middle bytes are left out.
#[must_use]
pub fn with_gap(head: &str, left_out: usize, tail: &str) -> String {
    let newline = if head.ends_with('\n') { "" } else { "\n" };
    format!("{head}{newline}… {left_out} bytes left out …\n{tail}")
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

/// Quotes `arg` for a shell, if it needs quotes. What is not [fit](is_fit) to be shown becomes
/// escapes in `$'…'` (POSIX.1-2024), which give the same bytes.
#[must_use]
pub fn shell_quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,=:+%@".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        return arg.to_owned();
    }
    if arg.chars().all(is_fit) {
        return format!("'{}'", arg.replace('\'', "'\\''"));
    }
    let mut quoted = "$'".to_owned();
    push_escaped(&mut quoted, arg);
    quoted + "'"
}

/// The same of bytes, such as the name of a file, which need not be UTF-8.
#[must_use]
pub fn shell_quoted_bytes(arg: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(arg) {
        return shell_quoted(text);
    }
    let mut quoted = "$'".to_owned();
    for chunk in arg.utf8_chunks() {
        push_escaped(&mut quoted, chunk.valid());
        push_octal(&mut quoted, chunk.invalid());
    }
    quoted + "'"
}

fn push_escaped(quoted: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            c if is_fit(c) => quoted.push(c),
            c => push_octal(quoted, c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

fn push_octal(quoted: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(quoted, "\\{byte:03o}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_lose_their_power() {
        assert_eq!(printable("a\tb\nc"), "a\tb\nc");
        assert_eq!(
            printable("\x1b[31mred\x07\u{9b}"),
            "\\u{1b}[31mred\\u{7}\\u{9b}"
        );
    }

    #[test]
    fn text_that_people_write_stays_as_it_is() {
        for text in [
            "déjà vu",
            "naïve cafe\u{301}",
            "日本語 한국어 ไทย हिन्दी עברית العربية",
            "👍🏽 ❤\u{fe0f} 👩\u{200d}👩\u{200d}👧 🏳\u{fe0f}\u{200d}🌈 1\u{fe0f}\u{20e3} 🇦🇹",
        ] {
            assert_eq!(one_line(text), text);
        }
    }

    #[test]
    fn joiners_and_selectors_count_only_in_emoji() {
        assert_eq!(
            one_line("a\u{200d}b 👩\u{200d} \u{200d}👩 b\u{fe0f}b 1\u{fe0f} 👍\u{fe0f}\u{fe0f}"),
            "a\\u{200d}b 👩\\u{200d} \\u{200d}👩 b\\u{fe0f}b 1\\u{fe0f} 👍\u{fe0f}\\u{fe0f}"
        );
    }

    #[test]
    fn json_keeps_its_values() {
        let json = "{\n\t\"a\u{202e}\": \"\u{e0041}👍\"}";
        let fit = fit_json(json);
        assert_eq!(fit, "{\n\t\"a\\u202e\": \"\\udb40\\udc41👍\"}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&fit), value(json));
    }

    #[test]
    fn a_shell_gets_the_same_word() {
        assert_eq!(shell_quoted("it's"), "'it'\\''s'");
        assert_eq!(
            shell_quoted("a\n\u{202e}'\\é"),
            "$'a\\012\\342\\200\\256\\'\\\\é'"
        );
    }

    #[test]
    fn a_shell_gets_the_same_bytes() {
        assert_eq!(shell_quoted_bytes(b"it's"), "'it'\\''s'");
        assert_eq!(
            shell_quoted_bytes(b"\xff'\xc3\xa9.wasm"),
            "$'\\377\\'é.wasm'"
        );
    }

    #[test]
    fn excerpts_end_between_characters() {
        assert_eq!(excerpt("añb", 3), "añb");
        assert_eq!(excerpt("añb", 2), "añ… (1 more bytes)");
        assert_eq!(ends("bñcd", 2), "bñcd");
        assert_eq!(ends("bñcdñé", 2), "bñ\n… 2 bytes left out …\nñé");
        assert_eq!(ends("b\nñcd", 2), "b\n… 2 bytes left out …\ncd");
    }

    #[test]
    fn a_name_stays_on_its_line() {
        assert_eq!(one_line("f\n\t\x1b[2J"), "f\\n\\t\\u{1b}[2J");
    }
}
