//! The recorded runs: histories of real Maelstrom with its own results.

use std::fs;
use std::path::PathBuf;

use host_check::edn;
use host_check::history::{History, read};
use host_check::net::{NetCounts, NetRate, NetResult};
use host_check::validity::{Checks, Validity};
use host_check::value::Value;
use host_check::workload::{CheckOptions, CheckResult, Workload, check};
use serde_json::Value as Json;

/// One recorded run.
pub(crate) struct Case {
    /// `broadcast/amnesia`.
    pub(crate) name: String,
    pub(crate) workload: String,
    pub(crate) history_text: Vec<u8>,
    /// `results.edn`; nil for the one recorded transaction run that has none.
    pub(crate) results: Value,
    /// `options.json`.
    pub(crate) options: Json,
}

/// All recorded runs, sorted by name.
pub(crate) fn cases() -> Vec<Case> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = |dir: &PathBuf| {
        let mut paths: Vec<PathBuf> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        paths.sort();
        paths
    };
    let file_name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut cases = Vec::new();
    for workload in entries(&root) {
        for case in entries(&workload) {
            cases.push(Case {
                name: format!("{}/{}", file_name(&workload), file_name(&case)),
                workload: file_name(&workload),
                history_text: fs::read(case.join("history.edn")).unwrap(),
                results: fs::read(case.join("results.edn"))
                    .map_or(Value::Nil, |text| edn::read(&text).unwrap()),
                options: serde_json::from_slice(&fs::read(case.join("options.json")).unwrap())
                    .unwrap(),
            });
        }
    }
    cases
}

impl Case {
    /// The case of this name.
    pub(crate) fn named(name: &str) -> Self {
        cases()
            .into_iter()
            .find(|case| case.name == name)
            .unwrap_or_else(|| panic!("no fixture {name}"))
    }

    pub(crate) fn history(&self) -> History {
        read(&self.history_text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Whether its workload is judged.
    pub(crate) fn is_judged(&self) -> bool {
        self.workload.parse::<Workload>().is_ok()
    }

    /// Whether it is one of transactions: these are compared under each model, by `transactions`.
    pub(crate) fn is_of_transactions(&self) -> bool {
        self.workload.starts_with("txn-")
    }

    /// Our result, with the run's own `--availability` and its recorded message counts.
    pub(crate) fn check(&self, checks: Checks) -> CheckResult {
        let args: Vec<&str> = self.options["args"]
            .as_array()
            .unwrap()
            .iter()
            .map(|arg| arg.as_str().unwrap())
            .collect();
        let goal = args
            .iter()
            .position(|arg| *arg == "--availability")
            .map(|at| args[at + 1].parse().unwrap());
        let net = self.results.get("net").map(net);
        check(
            self.workload.parse().unwrap(),
            &self.history(),
            net,
            &CheckOptions {
                availability: goal,
                checks,
                ..CheckOptions::default()
            },
        )
        .unwrap()
    }
}

fn net(recorded: &Value) -> NetResult {
    let group = |name: &str| {
        let group = recorded.get(name).unwrap();
        let count = |key: &str| u64::try_from(group.get(key).unwrap().as_int().unwrap()).unwrap();
        let counts = NetCounts {
            send_count: count("send-count"),
            recv_count: count("recv-count"),
            msg_count: count("msg-count"),
        };
        let msgs_per_op = group
            .get("msgs-per-op")
            .map(|rate| rate.to_string().parse().unwrap());
        NetRate {
            counts,
            msgs_per_op,
        }
    };
    NetResult {
        all: group("all"),
        clients: group("clients").counts,
        servers: group("servers"),
        valid: Validity::True,
    }
}
