//! How much fits on a page: a browser has to load and search it.

use host_protocol::text::{excerpt, is_fit};

/// The most journal entries on a page. 10,000 messages have about 20,000.
pub(super) const ENTRIES_MAX: usize = 30_000;

/// About how many bytes the data of a page has at most, if it is as large as can be.
const DATA_BYTES_MAX: usize = 4_900_000;

/// How much of a run a page shows: a part of the most that a browser can load and search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    thousandths: usize,
}

impl PageSize {
    /// The most that a browser can load and search.
    pub const WHOLE: PageSize = PageSize { thousandths: 1000 };

    /// Pages whose data has about so many bytes at most. It is more if many messages are in flight,
    /// or if there are many clients.
    #[must_use]
    pub fn of_data(bytes: usize) -> Self {
        let thousandths = bytes.saturating_mul(1000) / DATA_BYTES_MAX;
        PageSize {
            thousandths: thousandths.clamp(2, 1000),
        }
    }

    /// The part of `most` that such a page has.
    pub(super) fn of(self, most: usize) -> usize {
        most.saturating_mul(self.thousandths) / 1000
    }
}

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
