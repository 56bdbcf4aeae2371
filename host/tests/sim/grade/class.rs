//! A class to be graded, in a folder of its own, and a suite that takes little time.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use expect_test::Expect;
use serde_json::Value as Json;
use tempfile::TempDir;

/// Three short challenges.
pub(crate) const SUITE: &str = r#"
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

/// A folder with submissions, and `host` in it.
pub(crate) struct Class {
    dir: TempDir,
}

impl Class {
    /// Nobody has handed in anything; `suite.toml` is [`SUITE`].
    pub(crate) fn empty() -> Self {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("suite.toml"), SUITE).unwrap();
        fs::create_dir(dir.path().join("class")).unwrap();
        Class { dir }
    }

    /// One who solved it, one who floods and traps, one whose module is none, one who did not
    /// begin.
    pub(crate) fn small() -> Self {
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts a file into the class's folder.
    pub(crate) fn write(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.path("class").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    /// Puts the module of a package of this workspace there.
    pub(crate) fn built(&self, name: &str, package: &str) -> PathBuf {
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasm32-wasip1/release");
        let module = guests.join(format!("{package}.wasm"));
        let wasm = fs::read(&module)
            .unwrap_or_else(|_| panic!("{} is missing: run ./runner.sh build", module.display()));
        self.write(name, &wasm)
    }

    /// Puts the small guest `tests/guests/GUEST.wat` there. It takes itself for n1; here it is n0.
    pub(crate) fn guest(&self, name: &str, guest: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
        let read = |name: &str| fs::read_to_string(folder.join(format!("{name}.wat"))).unwrap();
        let text = format!(
            "(module\n{}\n{})",
            read(guest),
            read("common").replace("n1", "n0")
        );
        self.write(name, &wat::parse_str(text).unwrap())
    }

    /// Starts `host` in the folder.
    pub(crate) fn host(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host"));
        command
            .env_clear()
            .env("HOME", self.dir.path())
            .current_dir(self.dir.path());
        command
    }

    /// `host grade --suite suite.toml`, to its end.
    pub(crate) fn grade(&self, args: &[&str]) -> Output {
        let mut command = self.host();
        command.args(["grade", "--suite", "suite.toml"]).args(args);
        command.output().unwrap()
    }

    /// The grade of the whole class as JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Json {
        let output = self.grade(&[&["--format", "json", "class"], args].concat());
        parse(&output)
    }
}

/// A grade from stdout.
pub(crate) fn parse(output: &Output) -> Json {
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"))
}

/// A grade as text without its timings.
pub(crate) fn without_timings(mut grade: Json) -> String {
    let timings = grade.as_object_mut().unwrap().remove("timings");
    assert!(timings.is_some());
    serde_json::to_string_pretty(&grade).unwrap()
}

/// Exit code, stdout and stderr, all of them.
#[track_caller]
pub(crate) fn check(output: &Output, expected: &Expect) {
    let mut text = String::new();
    writeln!(text, "exit code {:?}", output.status.code().unwrap()).unwrap();
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            writeln!(text, "---- {name}\n{}", String::from_utf8_lossy(bytes)).unwrap();
        }
    }
    expected.assert_eq(&without_fuel(&text));
}

/// With the fuel of compiled guests as `N`: it changes with each compiler. What is less than a
/// thousand units is of a guest in text format.
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
