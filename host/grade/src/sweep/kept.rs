//! A sweep that was stopped or is over, as a file: what its first runs have shown together.
//!
//! The file has two lines of JSON: the format with the SHA-256 hash of the second line, and a [`Summary`], whose runs are the
//! first ones of its seeds. It does not grow with their number.

use serde::{Deserialize, Serialize};

use super::merge::difference;
use super::summary::{Summary, SweepFacts};
use crate::grade::Shard;
use crate::hash::sha256;

/// The format of files, and the only one that is read.
const FORMAT: &str = "host-sweep-kept 1";

/// How a file begins.
pub const KEPT_BEGINNING: &str = "{\"format\":\"host-sweep-kept ";

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeptError {
    /// It is something else.
    #[error("this is no sweep that was kept")]
    Other,
    /// It has another version of the format.
    #[error(
        "this is kept in the format {0:?}, and this program reads {FORMAT:?}; begin anew with another file"
    )]
    Format(String),
    /// It is of other runs; says what differs.
    #[error("this is of another sweep: its {0} is not that of this one; use another file")]
    Foreign(String),
    /// Bytes are missing or changed.
    #[error("this is not whole: {0}; remove it to begin anew")]
    Damaged(String),
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    sha256: String,
}

/// The contents of a file.
///
/// # Errors
/// If the summary cannot be written as JSON.
pub fn write(summary: &Summary) -> Result<String, serde_json::Error> {
    let body = serde_json::to_string(summary)? + "\n";
    let header = Header {
        format: FORMAT.to_owned(),
        sha256: sha256(body.as_bytes()),
    };
    Ok(serde_json::to_string(&header)? + "\n" + &body)
}

/// Reads the contents of a file: what the first runs of this share of a sweep have shown.
///
/// # Errors
/// If they are not whole, or of other runs.
pub fn read(text: &str, sweep: &SweepFacts, shard: Option<Shard>) -> Result<Summary, KeptError> {
    let Some((head, body)) = text.split_once('\n') else {
        return Err(match text.starts_with(KEPT_BEGINNING) {
            true => KeptError::Damaged("its first line ends early".to_owned()),
            false => KeptError::Other,
        });
    };
    let header: Header = serde_json::from_str(head).map_err(|_| KeptError::Other)?;
    if header.format != FORMAT {
        return Err(match head.starts_with(KEPT_BEGINNING) {
            true => KeptError::Format(header.format),
            false => KeptError::Other,
        });
    }
    if header.sha256 != sha256(body.as_bytes()) {
        let why = "the hash in its first line is not that of what follows";
        return Err(KeptError::Damaged(why.to_owned()));
    }
    let summary: Summary =
        serde_json::from_str(body).map_err(|error| KeptError::Damaged(error.to_string()))?;
    if let Some(what) = difference(&summary.sweep, sweep) {
        return Err(KeptError::Foreign(what));
    }
    match summary.shard == shard {
        true => Ok(summary),
        false => Err(KeptError::Foreign("share of the seeds".to_owned())),
    }
}
