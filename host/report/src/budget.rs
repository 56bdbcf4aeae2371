//! How much fits on a page: a browser has to load and search it.

use host_protocol::text::{excerpt, is_fit};

/// The most journal entries on a page. 10,000 messages have about 20,000.
pub(super) const ENTRIES_MAX: usize = 30_000;

/// The number of bytes that `json` takes up in a page.
pub(super) fn cost(json: &str) -> usize {
    json.chars().map(char_cost).sum()
}

/// The number of bytes that `text` takes up as a JSON string in a page.
pub(super) fn string_cost(text: &str) -> usize {
    let bytes = text.chars().map(|c| match c {
        '"' | '\\' => 2,
        '\0'..' ' => 6,
        c => char_cost(c),
    });
    bytes.sum()
}

/// The number of bytes that a character of JSON takes up in a page.
fn char_cost(c: char) -> usize {
    match c {
        '<' => 6,
        '\0'..='~' => 1,
        c if is_fit(c) => c.len_utf8(),
        c => 6 * c.len_utf16(),
    }
}

/// The length, in characters, to which texts are cut so that all of them together fit into
/// `bytes_max` bytes of a page.
pub(super) fn fitting<'a>(texts: impl Iterator<Item = &'a str> + Clone, bytes_max: usize) -> usize {
    let fits = |max: &usize| {
        let costs = texts.clone().map(|text| string_cost(&excerpt(text, *max)));
        costs.sum::<usize>() <= bytes_max
    };
    let lengths = [4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8];
    lengths.into_iter().find(fits).unwrap_or(0)
}
