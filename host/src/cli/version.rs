//! What `host --version` says: what a report of a bug has to name.

use std::sync::LazyLock;

use host_sandbox::ENGINE;

/// The first digits of the commit that the program was built from, or `unknown`.
const COMMIT: &str = env!("HOST_BUILT_FROM");

/// `0.1.0 (commit 0123456789ab, wasmtime 1.2.3)`
pub(super) fn long() -> &'static str {
    static LONG: LazyLock<String> =
        LazyLock::new(|| format!("{} (commit {COMMIT}, {ENGINE})", env!("CARGO_PKG_VERSION")));
    &LONG
}
