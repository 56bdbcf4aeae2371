//! What the tests of the host share. It knows the `host` binary and files, not the engine.
//!
//! - [`built`], [`program`]: compiled modules, refused when they are older than their sources
//! - [`wat`], [`probe`]: small guests and programs in the text format
//! - [`Dir`], [`class`]: temporary directories; one with submissions to grade
//! - [`Run`], [`Live`], [`Ended`]: the `host` binary as a child process with a deadline
//! - [`Node`]: a live node that is told messages and heard, as JSON
//! - [`Reported`], [`Browser`]: runs with a report, and a browser to look at it
//! - [`Playing`]: `host play` as a server that a test asks
//! - [`memory`]: what a process has resident

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub mod browser;
pub mod class;
mod dir;
pub mod memory;
mod modules;
mod node;
mod normal;
mod playing;
pub mod probe;
mod process;
mod reported;
mod sources;
pub mod wat;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value as Json;

pub use browser::Browser;
pub use class::Class;
pub use dir::Dir;
pub use modules::{built, bytes, guests, program};
pub use node::{Heard, Input, Node};
pub use normal::with_placeholders;
pub use playing::{Events, Playing};
pub use process::{Ended, Live, Run, closed_pipe};
pub use reported::{Reported, STORMY, sim};

/// The `init` of the node `n1` of a cluster of one, with its newline.
pub const INIT: &str = "{\"id\":0,\"src\":\"c0\",\"dest\":\"n1\",\"body\":{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}}\n";

/// The message at which the small guests do what they are there for, with its newline.
pub const GO: &str =
    "{\"id\":1,\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"go\",\"msg_id\":2}}\n";

/// The root of the workspace.
pub fn root() -> &'static Path {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    root.unwrap()
}

/// The cache that tests share, and keep from run to run: modules are compiled once a machine.
pub fn compiled() -> PathBuf {
    root().join("target/tmp/compiled")
}

/// The `host` binary that cargo has built for the test that runs.
///
/// # Panics
/// If it is not where cargo puts it: in the folder above that of the test program.
pub fn host() -> &'static Path {
    static HOST: LazyLock<PathBuf> = LazyLock::new(|| {
        let test = std::env::current_exe().unwrap();
        let deps = test.parent().unwrap();
        let host = deps.with_file_name(format!("host{}", std::env::consts::EXE_SUFFIX));
        assert!(
            host.exists(),
            "{} is missing: run the tests of the package that has it (-p host)",
            host.display()
        );
        host
    });
    &HOST
}

/// The processor time that this thread has used: other processes do not count.
///
/// # Panics
/// If this is not Linux.
pub fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("this is Linux");
    let ns = text.split(' ').next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(ns.expect("the first number is the time"))
}

/// JSON objects, one a line.
pub fn json_lines(text: &str) -> Vec<Json> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}
