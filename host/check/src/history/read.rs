//! Reads a history in either notation.

use crate::read_error::ReadError;

use super::edn::read_edn;
use super::json::read_json;
use super::validated::History;

/// Reads a history, as EDN or as JSON, whichever it looks like.
///
/// # Errors
/// The text is not a history: see [`read_edn`] and [`read_json`].
pub fn read(text: &[u8]) -> Result<History, ReadError> {
    let mut rest = text
        .iter()
        .skip_while(|b| b.is_ascii_whitespace() || **b == b'[')
        .skip_while(|b| b.is_ascii_whitespace());
    let is_object =
        rest.next() == Some(&b'{') && rest.find(|b| !b.is_ascii_whitespace()) == Some(&b'"');
    if is_object {
        read_json(text)
    } else {
        read_edn(text)
    }
}
