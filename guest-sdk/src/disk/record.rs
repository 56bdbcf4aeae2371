//! Records: lines with a checksum.
//!
//! A record is eight hexadecimal digits, a space, JSON, and a newline. The digits are the CRC-32 of the JSON of all records
//! of the file up to and with this one. So a record is valid only behind those that it was written behind: if a power loss
//! keeps one and loses its predecessor, or leaves the rest of an older log behind a newer record, that is found. (The
//! checksums in the write-ahead log of SQLite are cumulative for the same reason.)

use serde::{Deserialize, Serialize};

use super::checksum::Checksum;
use host_protocol::data::{self, JsonError};

/// What stands before the JSON.
const HEAD: usize = 9;

/// Where a record ends. In snapshots it is a pair, since there are many.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(from = "(u64, u32)", into = "(u64, u32)")]
pub(super) struct End {
    /// The offset behind it.
    pub(super) at: u64,
    /// The checksum of all up to there.
    pub(super) sum: u32,
}

impl From<(u64, u32)> for End {
    fn from((at, sum): (u64, u32)) -> Self {
        End { at, sum }
    }
}

impl From<End> for (u64, u32) {
    fn from(end: End) -> Self {
        (end.at, end.sum)
    }
}

/// Appends a record behind those that have the checksum `sum`. Returns the new checksum.
pub(super) fn write<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    sum: u32,
    value: &T,
) -> Result<u32, JsonError> {
    let start = out.len();
    out.extend_from_slice(b"00000000 ");
    data::write(out, value)?;
    Ok(finish(out, start, sum))
}

/// Finishes the record that begins at `start`.
fn finish(out: &mut Vec<u8>, start: usize, sum: u32) -> u32 {
    let mut checksum = Checksum::behind(sum);
    let (head, json) = out[start..].split_at_mut(HEAD);
    for byte in json {
        // Raw JSON may have newlines between its values.
        if *byte == b'\n' {
            *byte = b' ';
        }
        checksum.add(*byte);
    }
    let sum = checksum.sum();
    head[..8].copy_from_slice(&digits(sum));
    out.push(b'\n');
    sum
}

fn digits(mut sum: u32) -> [u8; 8] {
    std::array::from_fn(|_| {
        sum = sum.rotate_left(4);
        b"0123456789abcdef"[(sum & 0xf) as usize]
    })
}

/// The JSON of the record at the beginning of `bytes`, and the checksum up to it; `None` if there is no valid one behind those
/// that have the checksum `sum`.
pub(super) fn read(bytes: &[u8], sum: u32) -> Option<(&str, u32)> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let mut checksum = Checksum::behind(sum);
    let mut len = 0;
    loop {
        match rest.get(len)? {
            b'\n' => break,
            byte => checksum.add(*byte),
        }
        len += 1;
    }
    let sum = checksum.sum();
    let is_valid = head[..8] == digits(sum) && head[8] == b' ';
    let json = str::from_utf8(&rest[..len]).ok()?;
    is_valid.then_some((json, sum))
}

/// The bytes that a record takes whose JSON this is.
pub(super) fn len(json: &str) -> usize {
    HEAD + json.len() + 1
}
