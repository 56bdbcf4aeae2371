//! The file that keeps a live node's disk: any bytes are a disk within its limits, or refused.

use std::path::Path;

use host_disk::store::read_bytes;
use host_disk::{Disk, DiskLimits, StoreError};

const LIMITS: DiskLimits = DiskLimits {
    bytes: 1 << 16,
    files: 16,
};

/// The most that a disk within the limits takes in memory: both states, whose paths have 4 KiB.
const HELD_BYTES_MAX: usize = 2 * ((1 << 16) + 16 * (4096 + 1024));

/// A number of the file, part of all its checksums.
const SALT: u64 = 0x0123_4567_89ab_cdef;

/// Fuzzes the recovery of a disk with `bytes`: as a file, and as the changes in the records of one.
/// A line feed ends a record.
///
/// # Panics
/// If what is recovered exceeds the limits; or if a file that was cut in its last record is not the
/// disk of the records before.
pub fn store(bytes: &[u8]) {
    assert_bounded(&recover(bytes));
    let mut file = header();
    for payload in bytes.split(|byte| *byte == b'\n') {
        let before = file.len();
        let expected = recover(&file);
        append_record(&mut file, payload);
        let whole = recover(&file);
        assert_bounded(&whole);
        let Ok(expected) = expected else { return };
        for cut in [before + 1, before + 19, file.len() - 1] {
            let found = recover(&file[..cut]).expect("its end was never durable");
            assert_eq!(files(&found), files(&expected));
        }
    }
}

fn recover(bytes: &[u8]) -> Result<Disk, StoreError> {
    read_bytes(bytes, Path::new("disk"), LIMITS).map(|(disk, _)| disk)
}

fn assert_bounded(disk: &Result<Disk, StoreError>) {
    let Ok(disk) = disk else { return };
    assert!(disk.is_durable());
    assert!(disk.held_bytes() <= HELD_BYTES_MAX);
    let files = files(disk);
    assert!(files.len() <= LIMITS.files);
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes as u64 <= LIMITS.bytes);
}

fn files(disk: &Disk) -> Vec<(&str, Vec<u8>)> {
    disk.files().collect()
}

/// The header of a file without an image, as `host/disk/src/store/record.rs` describes it.
fn header() -> Vec<u8> {
    let mut out = b"nodedisk".to_vec();
    out.extend_from_slice(&1_u32.to_le_bytes());
    out.extend_from_slice(&SALT.to_le_bytes());
    out.extend_from_slice(&32_u64.to_le_bytes());
    let checksum = crc32fast::hash(&out);
    out.extend_from_slice(&checksum.to_le_bytes());
    out
}

/// Appends a record, of which nothing behind the header is known to be durable.
fn append_record(file: &mut Vec<u8>, payload: &[u8]) {
    let mut header = Vec::new();
    let len = u32::try_from(payload.len()).expect("inputs are short");
    header.extend_from_slice(&len.to_le_bytes());
    header.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    header.extend_from_slice(&32_u64.to_le_bytes());
    let place = [SALT.to_le_bytes(), (file.len() as u64).to_le_bytes()].concat();
    let checksum = crc32fast::hash(&[&place[..], &header].concat());
    file.extend_from_slice(&header);
    file.extend_from_slice(&checksum.to_le_bytes());
    file.extend_from_slice(payload);
}
