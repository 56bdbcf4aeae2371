//! A class of submissions in a temporary folder, and a short suite to grade it with.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use expect_test::Expect;
use serde_json::Value as Json;

use crate::normal::with_placeholders;
use crate::wat::{assemble, guest_text_of_n0};
use crate::{Dir, Ended, Run, bytes};

/// Three short challenges.
pub const SUITE: &str = r#"
version = 1
name = "small"
seeds = "1..4"

[[challenge]]
id = "echo"
title = "Echo"
module = "echo"
points = 2
workload = "echo"
node-count = 1
rate = 5
time-limit = 3

[[challenge]]
id = "flood"
title = "Broadcast"
module = "broadcast"
points = 3
hidden = true
workload = "broadcast"
node-count = 3
rate = 5
time-limit = 5

[[challenge]]
id = "cut"
title = "Broadcast that survives partitions"
module = "broadcast"
points = 5
workload = "broadcast"
node-count = 5
rate = 10
time-limit = 10
nemesis = ["partition"]

[challenge.below]
msgs-per-op = 60
"#;

/// However slow the machine and large the class, this is enough.
const DEADLINE: Duration = Duration::from_secs(600);

/// A folder with submissions, and `host` in it.
#[derive(Debug)]
pub struct Class {
    dir: Dir,
}

impl Class {
    /// A class without submissions; `suite.toml` is [`SUITE`].
    pub fn empty() -> Self {
        let dir = Dir::new();
        dir.write("suite.toml", SUITE);
        dir.make_dir("class");
        Class { dir }
    }

    /// Four submissions: all solved; a trap and a flood; a file that is not a module; empty.
    pub fn small() -> Self {
        let class = Self::empty();
        class.built("alice/echo.wasm", "echo");
        class.built("alice/broadcast.wasm", "broadcast");
        class.guest("bob/echo.wasm", "trap");
        class.built("bob/broadcast.wasm", "broadcast-flood");
        class.write("bob/notes.txt", b"see broadcast.wasm");
        class.write("carol/echo.wasm", b"not a module");
        fs::create_dir(class.path("class/dora")).unwrap();
        class
    }

    /// The path of a file beside the class's folder, such as `suite.toml`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path(name)
    }

    /// Puts a file into the class's folder.
    pub fn write(&self, name: &str, contents: &[u8]) -> PathBuf {
        self.dir.write(&format!("class/{name}"), contents)
    }

    /// Puts the module of a package of this workspace there.
    pub fn built(&self, name: &str, package: &str) -> PathBuf {
        self.write(name, &bytes(package))
    }

    /// Puts the small guest `tests/guests/GUEST.wat` there, as the node `n0`.
    pub fn guest(&self, name: &str, guest: &str) -> PathBuf {
        self.write(name, &assemble(&guest_text_of_n0(guest)))
    }

    /// `host` in the folder.
    pub fn host(&self) -> Run {
        self.dir.host().deadline(DEADLINE)
    }

    /// `host grade --suite suite.toml`, to its end.
    pub fn grade(&self, args: &[&str]) -> Ended {
        self.grader().args(args).end()
    }

    /// `host grade --suite suite.toml`.
    pub fn grader(&self) -> Run {
        self.host().args(["grade", "--suite", "suite.toml"])
    }

    /// The grade of the whole class as JSON.
    pub fn json(&self, args: &[&str]) -> Json {
        parse(&self.grade(&[&["--format", "json", "class"], args].concat()))
    }
}

/// A grade from stdout.
pub fn parse(ended: &Ended) -> Json {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended}"))
}

/// A grade as text without its timings.
pub fn without_timings(mut grade: Json) -> String {
    let timings = grade.as_object_mut().unwrap().remove("timings");
    assert!(timings.is_some());
    serde_json::to_string_pretty(&grade).unwrap()
}

/// Compares exit code, stdout and stderr, with placeholders as [`Ended::is`] has them, and without
/// the fuel of compiled guests.
#[track_caller]
pub fn check(ended: &Ended, expected: &Expect) {
    expected.assert_eq(&with_placeholders(&without_fuel(&ended.to_string())));
}

/// Shows `N` for the fuel of compiled guests, which changes with the compiler. Less than a thousand
/// units is the fuel of a guest in the text format.
fn without_fuel(text: &str) -> String {
    let mut parts = text.split(", fuel ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let after = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let fuel = &part[..part.len() - after.len()];
        let fuel = if fuel.len() > 3 { "N" } else { fuel };
        out.push_str(", fuel ");
        out.push_str(fuel);
        out.push_str(after);
    }
    out
}
