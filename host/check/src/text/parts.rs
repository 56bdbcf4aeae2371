//! Parts of lines: values, lists cut to what a line shows, and the closing line.

use std::fmt;

use crate::validity::Validity;
use crate::value::{Value, cut};

/// The most items of a list that a line shows.
pub(super) const SHOWN_MAX: usize = 8;

/// The most characters of a value that a line shows.
pub(super) const VALUE_CHARS_MAX: usize = 60;

/// What Maelstrom says last.
#[must_use]
pub fn closing_line(valid: Validity) -> &'static str {
    match valid {
        Validity::True => "Everything looks good! ヽ(‘ー`)ノ",
        Validity::Unknown => "Errors occurred during analysis, but no anomalies found. ಠ~ಠ",
        Validity::False => "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻",
    }
}

/// A value as EDN, cut to what a line can show.
pub(super) fn value(value: &Value) -> String {
    cut(&value.to_string(), VALUE_CHARS_MAX)
}

/// The first few of a list, and how many more there are.
pub(super) fn items<T: fmt::Display>(list: &[T]) -> String {
    first_of(list.iter().map(ToString::to_string), list.len())
}

pub(super) fn ranges(list: &[(i64, i64)]) -> String {
    let range = |&(first, last): &(i64, i64)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first} to {last}")
        }
    };
    first_of(list.iter().map(range), list.len())
}

/// The first few of `count` things.
pub(super) fn first_of(things: impl Iterator<Item = String>, count: usize) -> String {
    if count == 0 {
        return "none".to_owned();
    }
    let shown: Vec<String> = things.take(SHOWN_MAX).collect();
    let more = count.saturating_sub(shown.len());
    let separator = if shown.iter().any(|thing| thing.contains(' ')) {
        ", "
    } else {
        " "
    };
    let shown = shown.join(separator);
    if more == 0 {
        shown
    } else {
        format!("{shown} … and {more} more")
    }
}
