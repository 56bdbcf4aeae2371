//! The secret of a suite from which the seeds of its runs are made.
//!
//! A guest can tell small seeds apart by its first random bytes, and have the right answers for
//! each in a table. Under a key a run's seed is one of 2⁵³, which nobody can tell beforehand, and
//! which does not give away the key or the seed of any other run. Whoever has seen a failure can
//! make that one run again, as without a key.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use sha2::{Digest, Sha256};

/// The length of a key, in bytes.
const KEY_BYTES: usize = 16;

/// How many bits of the seeds of runs are used: so many are exact in every reader of JSON.
const SEED_BITS: u32 = 53;

/// A secret of 128 bits. It is never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SeedKey([u8; KEY_BYTES]);

impl SeedKey {
    /// The key in these hexadecimal digits; `None` if they are not 32.
    #[must_use]
    pub fn read(digits: &str) -> Option<Self> {
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if digits.len() != 2 * KEY_BYTES || !is_hex {
            return None;
        }
        let number = u128::from_str_radix(digits, 16).ok()?;
        Some(SeedKey(number.to_be_bytes()))
    }

    /// What it may be called: equal for equal keys, and no help to find them.
    #[must_use]
    pub fn name(&self) -> String {
        let hash = self.hash("name");
        let digits = hash.iter().take(8);
        digits.map(|byte| format!("{byte:02x}")).collect()
    }

    /// The seed of a run that has this seed in the suite, of a challenge (`3c`) or of a world of it
    /// (`3c/far`).
    #[must_use]
    pub fn run_seed(&self, challenge: &str, seed: u64) -> u64 {
        let hash = self.hash(&format!("seed {seed} {challenge}"));
        let bytes = hash.iter().take(8);
        let number = bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number >> (u64::BITS - SEED_BITS)
    }

    fn hash(&self, purpose: &str) -> [u8; 32] {
        let hash = Sha256::new()
            .chain_update("host-grade seed-key 1\0")
            .chain_update(self.0)
            .chain_update(purpose);
        hash.finalize().into()
    }
}

/// Its name.
impl fmt::Debug for SeedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SeedKey({})", self.name())
    }
}

/// Errors do not show what was found: most of a key may be right.
impl<'de> Deserialize<'de> for SeedKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = String::deserialize(deserializer).ok();
        read.and_then(|digits| SeedKey::read(&digits)).ok_or_else(|| {
            D::Error::custom(
                "expected `seed-key` with 32 hexadecimal digits, such as `openssl rand -hex 16` \
                 prints; what is there is not shown",
            )
        })
    }
}
