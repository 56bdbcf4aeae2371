//! Hashes of contents, 128 bits wide: states that are equal have the same one, and no two of a
//! trillion states that differ are likely to (by the birthday bound, less than 1 in 10¹⁴).

use std::hash::Hasher;

use sha2::{Digest, Sha256};

/// A hash of a content.
pub(crate) type Hash = u128;

/// Half of a hash, which is a hash.
pub(crate) fn low(hash: Hash) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "half of it is meant")]
    let low = hash as u64;
    low
}

/// Hashes parts, each with its length, so that no two lists of parts run into each other.
#[derive(Default)]
pub(crate) struct Contents(Sha256);

impl Contents {
    /// Begins with the name of what is hashed.
    pub(crate) fn of(what: &str) -> Self {
        Contents::default().bytes(what.as_bytes())
    }

    pub(crate) fn bytes(mut self, part: &[u8]) -> Self {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.update(number.to_le_bytes());
        self
    }

    pub(crate) fn hash(mut self, hash: Hash) -> Self {
        self.0.update(hash.to_le_bytes());
        self
    }

    pub(crate) fn finish(self) -> Hash {
        let digest = self.0.finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Hash::from_le_bytes(first)
    }
}

/// Spreads a small number over 128 bits: two rounds of `SplitMix64`'s finaliser.
pub(crate) fn spread(number: u64) -> Hash {
    let high = finalise(number ^ 0x9E37_79B9_7F4A_7C15);
    Hash::from(high) << 64 | Hash::from(finalise(high ^ number.rotate_left(32)))
}

fn finalise(mut x: u64) -> u64 {
    x ^= x >> 30;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

/// A quick hasher for keys that are small numbers, or hashes already.
#[derive(Default, Clone, Copy)]
pub(crate) struct Quick(u64);

/// Makes [`Quick`] hashers.
pub(crate) type BuildQuick = std::hash::BuildHasherDefault<Quick>;

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        finalise(self.0)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(29) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u128(&mut self, number: u128) {
        #[expect(clippy::cast_possible_truncation, reason = "the two halves are meant")]
        let (high, low) = ((number >> 64) as u64, number as u64);
        self.write_u64(high ^ low);
    }
}
