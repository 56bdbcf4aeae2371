//! Changes as bytes: a tag, then numbers in LEB128 and bytes after their length.

use std::sync::Arc;

use crate::change::{Change, Entry, FileId};

const DATA: u8 = 1;
const LENGTH: u8 = 2;
const FOLDER_MADE: u8 = 3;
const FILE_MADE: u8 = 4;
const PUT: u8 = 5;
const REMOVED: u8 = 6;
const RENAMED: u8 = 7;

/// Appends a change to `out`.
pub(super) fn encode(out: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Data { file, at, data } => encode_data(out, *file, *at, data),
        Change::Length { file, len } => {
            out.push(LENGTH);
            number(out, *file);
            number(out, *len);
        }
        Change::Made { path, entry } => encode_made(out, path, *entry),
        Change::Put { path, file, data } => {
            out.push(PUT);
            bytes(out, path.as_bytes());
            number(out, *file);
            bytes(out, data);
        }
        Change::Removed { path } => {
            out.push(REMOVED);
            bytes(out, path.as_bytes());
        }
        Change::Renamed { from, to } => {
            out.push(RENAMED);
            bytes(out, from.as_bytes());
            bytes(out, to.as_bytes());
        }
    }
}

/// Appends that bytes are written to a file.
pub(super) fn encode_data(out: &mut Vec<u8>, file: FileId, at: u64, data: &[u8]) {
    out.push(DATA);
    number(out, file);
    number(out, at);
    bytes(out, data);
}

/// Appends that a name comes to be.
pub(super) fn encode_made(out: &mut Vec<u8>, path: &str, entry: Entry) {
    match entry {
        Entry::Folder => {
            out.push(FOLDER_MADE);
            bytes(out, path.as_bytes());
        }
        Entry::File(file) => {
            out.push(FILE_MADE);
            bytes(out, path.as_bytes());
            number(out, file);
        }
    }
}

/// The most bytes that a change takes besides its data and paths.
pub(super) const OVERHEAD_BYTES: usize = 1 + 3 * NUMBER_BYTES_MAX;

const NUMBER_BYTES_MAX: usize = 10;

fn number(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Takes a change from the beginning of `input`; `None` if there is none.
pub(super) fn decode(input: &mut &[u8]) -> Option<Change> {
    let (tag, rest) = input.split_first()?;
    *input = rest;
    Some(match *tag {
        DATA => Change::Data {
            file: take_number(input)?,
            at: take_number(input)?,
            data: Arc::from(take_bytes(input)?),
        },
        LENGTH => Change::Length {
            file: take_number(input)?,
            len: take_number(input)?,
        },
        FOLDER_MADE => Change::Made {
            path: take_path(input)?,
            entry: Entry::Folder,
        },
        FILE_MADE => Change::Made {
            path: take_path(input)?,
            entry: Entry::File(take_number(input)?),
        },
        PUT => Change::Put {
            path: take_path(input)?,
            file: take_number(input)?,
            data: Arc::from(take_bytes(input)?),
        },
        REMOVED => Change::Removed {
            path: take_path(input)?,
        },
        RENAMED => Change::Renamed {
            from: take_path(input)?,
            to: take_path(input)?,
        },
        _ => return None,
    })
}

fn take_number(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for index in 0..NUMBER_BYTES_MAX {
        let (byte, rest) = input.split_first()?;
        *input = rest;
        let part = u64::from(byte & 0x7f);
        let shift = 7 * index;
        if part << shift >> shift != part {
            return None;
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(take_number(input)?).ok()?;
    let (bytes, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(bytes)
}

fn take_path(input: &mut &[u8]) -> Option<Box<str>> {
    let bytes = take_bytes(input)?;
    str::from_utf8(bytes).ok().map(Box::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back() {
        let changes = [
            Change::Data {
                file: 1,
                at: u64::MAX,
                data: Arc::from(*b"\xff\0"),
            },
            Change::Length {
                file: 300,
                len: 127,
            },
            Change::Length {
                file: 1 << 63,
                len: 128,
            },
            Change::Made {
                path: "ä/b".into(),
                entry: Entry::Folder,
            },
            Change::Made {
                path: "a".into(),
                entry: Entry::File(16_384),
            },
            Change::Put {
                path: "".into(),
                file: 2,
                data: Arc::from(vec![7; 200]),
            },
            Change::Removed { path: "x".into() },
            Change::Renamed {
                from: "x".into(),
                to: "y".into(),
            },
        ];
        let mut out = Vec::new();
        changes.iter().for_each(|change| encode(&mut out, change));
        let mut input = &out[..];
        for change in &changes {
            assert_eq!(decode(&mut input).as_ref(), Some(change));
        }
        assert_eq!(decode(&mut input), None);
    }

    #[test]
    fn numbers_are_leb128() {
        // The examples of the DWARF standard, version 5, figure C.1, and the largest number.
        let largest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        for (value, expected) in [
            (2, &[2][..]),
            (127, &[127]),
            (128, &[0x80, 1]),
            (129, &[0x81, 1]),
            (12857, &[57 + 0x80, 100]),
            (u64::MAX, &largest),
        ] {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(out, expected);
            assert_eq!(take_number(&mut &out[..]), Some(value));
        }
        let too_large = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(take_number(&mut &too_large[..]), None);
        assert_eq!(take_number(&mut &[0x80; 11][..]), None);
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_no_change() {
        for bad in [
            &[][..],
            &[0],
            &[8],
            &[DATA, 1],
            &[REMOVED, 2, b'a'],
            &[REMOVED, 1, 0xff],
        ] {
            assert_eq!(decode(&mut &bad[..]), None, "{bad:?}");
        }
    }
}
