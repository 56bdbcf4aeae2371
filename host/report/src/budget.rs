//! How much fits on a page: a browser has to load and search it.

use host_protocol::text::excerpt;

/// The most journal entries on a page. 10,000 messages have about 20,000.
pub(super) const ENTRIES_MAX: usize = 30_000;

/// The number of bytes that `json` takes up in a page.
pub(super) fn cost(json: &str) -> usize {
    json.len() + 5 * json.bytes().filter(|byte| *byte == b'<').count()
}

/// The number of bytes that `text` takes up as a JSON string in a page.
pub(super) fn string_cost(text: &str) -> usize {
    let bytes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' => 2,
        b'<' | 0..0x20 => 6,
        _ => 1,
    });
    bytes.sum()
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
