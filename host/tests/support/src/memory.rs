//! What a process has resident, and tests that need a process of their own to measure it.

use std::fs;
use std::process::{Command, Stdio};

/// A figure of `/proc/PROCESS/status` in KiB: `VmRSS`, what is resident now; `VmHWM`, the most that
/// has been. A process that has ended has none.
pub fn status_kib(process: &str, figure: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The most memory that this process has had resident since the call before, in KiB.
pub fn peak_kib_since_last_call() -> u64 {
    let peak = status_kib("self", "VmHWM").unwrap();
    fs::write("/proc/self/clear_refs", "5").unwrap();
    peak
}

const ALONE: &str = "TEST_SUPPORT_ALONE";

/// Runs the test `path` (with its modules: `program::memory::name`) again as a process of its own,
/// in which it is the only test and does `measure`. Tests that run at the same time would change
/// what it measures.
///
/// # Panics
/// If it fails, with all that it has written.
#[track_caller]
pub fn alone(path: &str, measure: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return measure();
    }
    let test = std::env::current_exe().unwrap();
    let output = Command::new(test)
        .args(["--exact", path, "--nocapture"])
        .env(ALONE, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && told.contains("test result: ok. 1 passed"),
        "{path} failed in a process of its own:\n{told}{stderr}"
    );
}
