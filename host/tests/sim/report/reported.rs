//! Runs with a report, as a user has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;
use tempfile::TempDir;

/// The module of a package of this workspace.
pub(crate) fn built(name: &str) -> PathBuf {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasm32-wasip1/release");
    let path = guests.join(format!("{name}.wasm"));
    assert!(
        path.exists(),
        "{} is missing: run ./runner.sh build",
        path.display()
    );
    path
}

/// `host sim` on a module.
pub(crate) fn sim(module: &str, args: &str, more: &[&str]) -> Output {
    let args = args.split(' ');
    let (options, guest_args) = match args.clone().position(|arg| arg == "--") {
        Some(at) => (args.clone().take(at).collect(), args.skip(at).collect()),
        None => (args.collect::<Vec<_>>(), Vec::new()),
    };
    Command::new(env!("CARGO_BIN_EXE_host"))
        .args(["sim", "--no-cache", "--module"])
        .arg(built(module))
        .args(options)
        .args(more)
        .args(guest_args)
        .output()
        .unwrap()
}

/// A report in a folder of its own.
pub(crate) struct Reported {
    pub(crate) dir: TempDir,
    pub(crate) code: Option<i32>,
}

impl Reported {
    pub(crate) fn of(module: &str, args: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let output = sim(module, args, &["--report", path]);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        Reported {
            dir,
            code: output.status.code(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `results.json`.
    pub(crate) fn results(&self) -> Json {
        serde_json::from_str(&self.read("results.json")).unwrap()
    }

    /// The entries of the journal.
    pub(crate) fn journal(&self) -> Vec<Json> {
        let journal = self.read("journal.jsonl");
        let entries = journal
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        entries.collect()
    }
}

/// A run with partitions and kills that loses values.
pub(crate) const STORMY: &str =
    "-w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition,kill --seed 1";
