//! Runs of `host sim` with a report.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;

use crate::{Dir, Ended, Run, built, json_lines};

/// However slow the machine and long the run, this is enough.
const DEADLINE: Duration = Duration::from_secs(600);

/// `host sim` on the module of a package, to its end. After `--` are the guest's arguments; what
/// is in `more` goes before them.
pub fn sim(module: &str, args: &str, more: &[&str]) -> Ended {
    let args: Vec<&str> = args.split(' ').collect();
    let dashes = args.iter().position(|arg| *arg == "--");
    let (options, guest_args) = args.split_at(dashes.unwrap_or(args.len()));
    Run::host()
        .args(["sim", "--no-cache", "--module"])
        .arg(built(module))
        .args(options)
        .args(more)
        .args(guest_args)
        .deadline(DEADLINE)
        .end()
}

/// The report on a run, in a folder of its own.
#[derive(Debug)]
pub struct Reported {
    dir: Dir,
    /// The exit code of the run.
    pub code: Option<i32>,
}

impl Reported {
    /// Runs as [`sim`] does.
    pub fn of(module: &str, args: &str) -> Self {
        let dir = Dir::new();
        let path = dir.root().to_str().unwrap();
        let ended = sim(module, args, &["--report", path]);
        assert_eq!(ended.stderr, "");
        Reported {
            code: ended.code(),
            dir,
        }
    }

    /// The path of a file of the report.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path(name)
    }

    /// The text of a file of the report.
    pub fn read(&self, name: &str) -> String {
        self.dir.read(name)
    }

    /// `results.json`.
    pub fn results(&self) -> Json {
        serde_json::from_str(&self.read("results.json")).unwrap()
    }

    /// The entries of the journal.
    pub fn journal(&self) -> Vec<Json> {
        json_lines(&self.read("journal.jsonl"))
    }
}

/// A run with partitions and kills that loses values.
pub const STORMY: &str = "-w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition,wipe --hop-time 0 --seed 1";
