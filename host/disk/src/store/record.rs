//! The parts of a disk's file: its header, and records behind it. Numbers are little-endian.
//!
//! | bytes of the header | |
//! |---|---|
//! | 8 | `nodedisk` |
//! | 4 | the version of the format |
//! | 8 | salt: a number of this file, part of all checksums |
//! | 8 | how long the image is: the part of the file that was durable before it got its name |
//! | 4 | CRC-32 of these |
//!
//! | bytes of a record | |
//! |---|---|
//! | 4 | the length of its payload |
//! | 4 | CRC-32 of the payload |
//! | 8 | how much of the file, from its beginning, was durable when the record was written |
//! | 4 | CRC-32 of the salt, the record's offset in the file, and these |
//! | | the payload: changes |
//!
//! With salt and offset in its checksum, a record is one only where it was written: bytes that a guest
//! stores cannot be taken for one.

use crc32fast::Hasher;

const MAGIC: &[u8; 8] = b"nodedisk";

/// The version of the format that is written.
const VERSION: u32 = 1;

/// The length of the file's header.
pub(super) const HEADER_BYTES: usize = 32;

/// The length of a record's header.
pub(super) const RECORD_BYTES: usize = 20;

/// The header of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) salt: u64,
    pub(super) image_len: u64,
}

/// Why a file has no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadHeader {
    /// It is a file of something else.
    Foreign,
    /// It has this version, which is not known here.
    Newer(u32),
    /// It is damaged.
    Damaged,
}

impl Header {
    pub(super) fn encode(self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[..8].copy_from_slice(MAGIC);
        out[8..12].copy_from_slice(&VERSION.to_le_bytes());
        out[12..20].copy_from_slice(&self.salt.to_le_bytes());
        out[20..28].copy_from_slice(&self.image_len.to_le_bytes());
        let checksum = crc32fast::hash(&out[..28]);
        out[28..].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads the header of a file.
    pub(super) fn decode(file: &[u8]) -> Result<Self, BadHeader> {
        if !file.starts_with(MAGIC) {
            return Err(BadHeader::Foreign);
        }
        let version = u32_at(file, 8).ok_or(BadHeader::Damaged)?;
        let checksum = u32_at(file, 28).ok_or(BadHeader::Damaged)?;
        // Other versions may have other headers.
        if version > VERSION {
            return Err(BadHeader::Newer(version));
        }
        if version != VERSION || checksum != crc32fast::hash(&file[..28]) {
            return Err(BadHeader::Damaged);
        }
        let numbers = u64_at(file, 12).zip(u64_at(file, 20));
        let (salt, image_len) = numbers.ok_or(BadHeader::Damaged)?;
        Ok(Header { salt, image_len })
    }
}

/// A record with a valid checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// How much of the file was durable when it was written.
    pub(super) durable: u64,
    pub(super) payload: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the record at an offset of the file, if there is a valid one.
    pub(super) fn read(file: &'a [u8], at: usize, salt: u64) -> Option<Self> {
        let rest = file.get(at..)?;
        let header = rest.get(..RECORD_BYTES)?;
        if u32_at(header, 16)? != header_checksum(header, at as u64, salt) {
            return None;
        }
        let len = usize::try_from(u32_at(header, 0)?).ok()?;
        let payload = rest[RECORD_BYTES..].get(..len)?;
        let is_valid = u32_at(header, 4)? == crc32fast::hash(payload);
        let durable = u64_at(header, 8)?;
        is_valid.then_some(Record { durable, payload })
    }

    /// How many bytes it takes in the file.
    pub(super) fn len(&self) -> usize {
        RECORD_BYTES + self.payload.len()
    }
}

/// The bytes of a record in the making: room for its header, and its payload.
pub(super) fn begin(out: &mut Vec<u8>) {
    out.clear();
    out.resize(RECORD_BYTES, 0);
}

/// Fills in the header of the record in `out`, which is for offset `at` of the file. `durable` bytes of
/// the file are durable. `None` if the payload is too long.
pub(super) fn seal(out: &mut [u8], at: u64, durable: u64, salt: u64) -> Option<()> {
    let (header, payload) = out.split_at_mut_checked(RECORD_BYTES)?;
    let len = u32::try_from(payload.len()).ok()?;
    header[..4].copy_from_slice(&len.to_le_bytes());
    header[4..8].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    header[8..16].copy_from_slice(&durable.to_le_bytes());
    let checksum = header_checksum(header, at, salt);
    header[16..].copy_from_slice(&checksum.to_le_bytes());
    Some(())
}

fn header_checksum(header: &[u8], at: u64, salt: u64) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(&at.to_le_bytes());
    hasher.update(&header[..16]);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?;
    bytes.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_only_where_it_was_written() {
        let mut record = Vec::new();
        begin(&mut record);
        record.extend_from_slice(b"payload");
        seal(&mut record, 40, 32, 7).unwrap();
        let mut file = vec![0; 40];
        file.extend_from_slice(&record);
        let found = Record::read(&file, 40, 7).unwrap();
        assert_eq!((found.durable, found.payload), (32, &b"payload"[..]));
        assert_eq!(found.len(), record.len());
        // In another file, and elsewhere in the same.
        assert_eq!(Record::read(&file, 40, 8), None);
        file.insert(0, 0);
        assert_eq!(Record::read(&file, 41, 7), None);
    }

    #[test]
    fn a_header_says_why_it_is_none() {
        let header = Header {
            salt: 0x0102_0304_0506_0708,
            image_len: 32,
        };
        let bytes = header.encode();
        assert_eq!(Header::decode(&bytes), Ok(header));
        assert_eq!(Header::decode(b""), Err(BadHeader::Foreign));
        assert_eq!(Header::decode(&bytes[1..]), Err(BadHeader::Foreign));
        assert_eq!(Header::decode(&bytes[..31]), Err(BadHeader::Damaged));
        let mut newer = bytes;
        newer[8] = 2;
        assert_eq!(Header::decode(&newer), Err(BadHeader::Newer(2)));
    }
}
