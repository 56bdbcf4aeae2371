//! What modules export: name, type, and whether it is required.

use host_protocol::{abi, workload};

use super::{PROGRAM_START, THREAD_START};

/// What a program exports.
pub(super) const PROGRAM_EXPORTS: [(&str, &str, bool); 2] = [
    (PROGRAM_START, "() -> ()", true),
    (abi::MEMORY, "memory", true),
];

/// What a program with threads must have besides.
pub(super) const THREAD_EXPORTS: [(&str, &str, bool); 1] =
    [(THREAD_START, "(i32, i32) -> ()", true)];

/// What a guest of the ABI exports.
pub(super) const ABI_EXPORTS: [(&str, &str, bool); 7] = with_marker(abi::MARKER);

/// What a workload exports.
pub(super) const WORKLOAD_EXPORTS: [(&str, &str, bool); 7] = with_marker(workload::MARKER);

/// What is called with bytes, and returns bytes, and is known by the export `marker`.
const fn with_marker(marker: &'static str) -> [(&'static str, &'static str, bool); 7] {
    [
        (marker, "() -> ()", true),
        (abi::MEMORY, "memory", true),
        (abi::ALLOC, "(i32) -> i32", true),
        (abi::HANDLE, "(i32, i32) -> i64", true),
        (abi::SNAPSHOT, "() -> i64", false),
        (abi::RESTORE, "(i32, i32) -> i32", false),
        (abi::INITIALIZE, "() -> ()", false),
    ]
}
