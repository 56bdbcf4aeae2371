//! A schedule as a link: `play:` and the deflated file (RFC 1951) in base64url (RFC 4648, section 5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// How every link begins.
const BEGINNING: &str = "play:";

/// The largest schedule in a link, in bytes.
const SCHEDULE_BYTES_MAX: usize = 16 << 20;

/// The compression that takes the longest.
const LEVEL: u8 = 9;

/// Why a link cannot be opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// It is damaged.
    #[error("the link is not whole or has other characters in it: copy all of it again")]
    Damaged,
    /// It holds more than a schedule may have.
    #[error("the link holds a schedule of more than {} MiB", SCHEDULE_BYTES_MAX >> 20)]
    Large,
}

/// Whether a text is a link.
#[must_use]
pub fn is_link(text: &str) -> bool {
    text.starts_with(BEGINNING)
}

/// The link to a schedule.
#[must_use]
pub fn link_to(schedule: &str) -> String {
    let deflated = compress_to_vec(schedule.as_bytes(), LEVEL);
    format!("{BEGINNING}{}", URL_SAFE_NO_PAD.encode(deflated))
}

/// The schedule that a link holds.
///
/// # Errors
/// If it holds none.
pub fn linked(link: &str) -> Result<Vec<u8>, LinkError> {
    let coded = link.strip_prefix(BEGINNING).ok_or(LinkError::Damaged)?;
    let deflated = URL_SAFE_NO_PAD
        .decode(coded.trim())
        .map_err(|_| LinkError::Damaged)?;
    decompress_to_vec_with_limit(&deflated, SCHEDULE_BYTES_MAX).map_err(|error| {
        match error.status {
            miniz_oxide::inflate::TINFLStatus::HasMoreOutput => LinkError::Large,
            _ => LinkError::Damaged,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_holds_the_schedule_to_the_byte() {
        let schedule = "{\"version\": 1, \"é\": \"<\"}\n".repeat(1000);
        let link = link_to(&schedule);
        assert!(link.len() < 500, "{}", link.len());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_:".contains(c);
        assert!(link.chars().all(is_plain), "{link}");
        assert_eq!(linked(&link).unwrap(), schedule.as_bytes());
    }

    /// The deflated bytes are those of zlib (`wbits=-15`): `{"version": 1}`.
    #[test]
    fn links_of_others_are_read() {
        let link = "play:q1YqSy0qzszPU7JSMKwFAA";
        assert_eq!(linked(link).unwrap(), b"{\"version\": 1}");
    }

    #[test]
    fn what_is_no_link_is_refused() {
        let whole = link_to("{\"version\": 1}");
        for damaged in [
            "",
            "play",
            "play:",
            "play:%%%",
            "http://example.org/",
            &whole[..12],
        ] {
            assert_eq!(linked(damaged), Err(LinkError::Damaged), "{damaged}");
        }
    }

    #[test]
    fn a_link_that_would_fill_the_memory_is_refused() {
        let bomb = link_to(&" ".repeat(SCHEDULE_BYTES_MAX + 1));
        assert!(bomb.len() < 100_000);
        assert_eq!(linked(&bomb), Err(LinkError::Large));
        let largest = link_to(&" ".repeat(SCHEDULE_BYTES_MAX));
        assert_eq!(linked(&largest).map(|it| it.len()), Ok(SCHEDULE_BYTES_MAX));
    }
}
