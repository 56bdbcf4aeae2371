//! What a reader of histories is told.

use crate::value::Name;

/// What a reader of histories is told besides the text.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// What an operation does that has no `:f`. Without it, such an operation is an error.
    pub f: Option<Name>,
    /// How many bytes of memory the text and what is read of it may take together. What is counted
    /// depends on the text alone: values and operations in their place, and their allocations.
    pub bytes_max: usize,
}

/// How much memory a history may take by default: 1 GiB.
pub const HISTORY_BYTES_MAX: usize = 1 << 30;

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            f: None,
            bytes_max: HISTORY_BYTES_MAX,
        }
    }
}
