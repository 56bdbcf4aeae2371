//! What `host --version` says: what a report of a bug has to name.

use std::sync::LazyLock;

use host_sandbox::{COST_TABLE, ENGINE};

/// The first digits of the commit that the program was built from, or `unknown`.
const COMMIT: &str = env!("HOST_BUILT_FROM");

/// `0.1.0 (commit 0123456789ab, wasmtime 1.2.3, cost table 4)`: who has the same line grades the same.
pub(super) fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| {
        let version = env!("CARGO_PKG_VERSION");
        format!("{version} (commit {COMMIT}, {ENGINE}, cost table {COST_TABLE})")
    });
    &LONG
}
