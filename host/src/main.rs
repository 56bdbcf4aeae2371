//! The `host` binary; everything is in the library.

use std::process::ExitCode;

/// That of musl's C library is slow, and one lock is in front of it.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    host::cli::main()
}
