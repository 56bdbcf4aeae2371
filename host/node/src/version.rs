//! A version of the node's module.

use host_guest::Guest;

/// A version that is ready to run.
pub(super) struct Version {
    /// Started, but without events so far.
    pub(super) guest: Box<dyn Guest + Send>,
    /// The hash of the module.
    pub(super) sha256: String,
}

/// The first digits of a hash: enough to tell versions apart.
pub(super) fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}
