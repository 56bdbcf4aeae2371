//! The hash that names files and suites.

use sha2::{Digest, Sha256};

/// The hash of a file, as hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
