//! The workloads of this project: our solutions pass, wrong programs do not, and a workload by name is its module.

use std::fs;

use serde_json::{Value as Json, json};
use test_support::{Dir, built, bytes};

/// Those that have a name.
const NAMES: [&str; 7] = [
    "bank",
    "kv-sessions",
    "leader",
    "lock",
    "membership",
    "queue",
    "shard-kv",
];

const FAULTS: &str = "--node-count 5 --concurrency 3n --rate 60 --time-limit 10 --nemesis partition,kill,pause \
                      --nemesis-interval 3 --latency 10 --seed 1";

/// Exit code and output of a run as JSON.
fn run(dir: &Dir, workload: &str, module: &str, flags: &str, guest_args: &[&str]) -> (i32, Json) {
    let command = dir
        .host()
        .args(["sim", "-w", workload, "--module"])
        .arg(built(module))
        .args(flags.split_whitespace())
        .args(["--no-cache", "--format", "json", "--"])
        .args(guest_args);
    let ended = command.end();
    let result = serde_json::from_str(&ended.stdout).unwrap_or_else(|why| panic!("{why}: {ended}"));
    (ended.code().unwrap(), result)
}

#[test]
fn a_workload_by_name_is_its_module_and_our_solution_passes_it() {
    let dir = Dir::new();
    let flags = format!("{FAULTS} --journal journal");
    for name in NAMES {
        let (code, by_name) = run(&dir, name, name, &flags, &[]);
        assert_eq!(
            (code, &by_name["results"]["valid?"]),
            (0, &json!(true)),
            "{name}"
        );
        let journal = dir.read("journal");
        assert!(journal.lines().count() > 1000, "{name}");
        let module = built(&format!("workload-{name}"));
        let (_, of_module) = run(&dir, module.to_str().unwrap(), name, &flags, &[]);
        assert_eq!(of_module["results"], by_name["results"], "{name}");
        assert_eq!(dir.read("journal"), journal, "{name}");
    }
}

/// A wrong program fails with this seed or one of the next five, by an anomaly of this name.
#[track_caller]
fn fails(name: &str, bug: &str, anomaly: &str, more: &str) {
    let flags = FAULTS.replace("--seed 1", "--seeds 0..6");
    fails_under(name, bug, anomaly, &format!("{flags} {more}"));
}

#[track_caller]
fn fails_under(name: &str, bug: &str, anomaly: &str, flags: &str) {
    let dir = Dir::new();
    let module = format!("{name}-mutants");
    let (code, summary) = run(&dir, name, &module, flags, &["--bug", bug]);
    let found: Vec<String> = summary["anomalies"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    assert!(
        code == 1 && found.iter().any(|it| it == anomaly),
        "{name} {bug}: {found:?}"
    );
}

#[test]
fn wrong_banks_locks_and_queues_are_caught() {
    fails("bank", "early", "not-linearizable", "");
    fails("bank", "overdraft", "negative-balance", "");
    fails("bank", "two-steps", "wrong-total", "");
    fails("lock", "no-expiry", "never-granted", "");
    fails("lock", "release-any", "held-twice", "");
    fails("lock", "fast-clock", "held-twice", "--nemesis clock-skew");
    fails("queue", "early", "lost", "");
    fails("queue", "last-out", "out-of-order", "");
    fails("queue", "stale", "passed-over", "");
}

#[test]
fn wrong_leaders_sessions_and_shards_are_caught() {
    fails("leader", "forgets", "term-went-back", "");
    fails("leader", "half", "broken-invariant", "");
    fails("leader", "stays", "no-agreement", "");
    fails("kv-sessions", "arrival", "not-converged", "");
    fails("kv-sessions", "ignores-token", "read-your-writes", "");
    fails("shard-kv", "keeps-serving", "not-linearizable", "");
    fails("shard-kv", "no-serials", "not-linearizable", "");
    fails("shard-kv", "serves-early", "not-linearizable", "");
}

#[test]
fn wrong_memberships_are_caught() {
    let slowly = "--rate 10 --time-limit 200 --nemesis-interval 60 --seeds 0..6";
    let fails = |bug, anomaly, faults: &str| {
        fails_under("membership", bug, anomaly, &format!("{slowly} {faults}"));
    };
    fails(
        "for-ever",
        "incomplete-at-last",
        "--nemesis loss --node-count 5",
    );
    fails(
        "no-reconnect",
        "incomplete-at-last",
        "--nemesis partition --node-count 5",
    );
    fails(
        "no-refutation",
        "false-suspicion",
        "--nemesis pause --node-count 5",
    );
    fails(
        "others-only",
        "not-itself",
        "--nemesis pause --node-count 5",
    );
    fails("trusts", "undetected", "--nemesis kill --node-count 5");
    fails("blocks", "undetected", "--nemesis kill --node-count 5");
    let many = "--nemesis kill --node-count 50";
    fails("keeps-to-itself", "undetected", many);
}

#[test]
fn our_membership_is_right_whatever_happens() {
    let dir = Dir::new();
    for faults in ["kill", "pause", "partition", "kill,pause,partition"] {
        let slowly = "--node-count 5 --rate 10 --time-limit 200 --nemesis-interval 60";
        let flags = format!("{slowly} --seeds 0..6 --nemesis {faults}");
        for module in ["membership", "membership-mutants"] {
            let command = dir.host().args(["sim", "-w", "membership", "--module"]);
            let command = command.arg(built(module)).args(flags.split_whitespace());
            let ended = command.arg("--no-cache").end();
            assert_eq!(ended.code(), Some(0), "{module} {faults}: {ended}");
        }
    }
}

#[test]
fn our_solutions_solve_the_labs() {
    let dir = Dir::new();
    dir.make_dir("ours");
    for name in [
        "bank",
        "kv-sessions",
        "leader",
        "lin-kv",
        "lock",
        "queue",
        "shard-kv",
    ] {
        dir.write(&format!("ours/{name}.wasm"), bytes(name));
    }
    // Its locks never expire, and whoever waits for one waits for ever.
    dir.make_dir("theirs");
    dir.write("theirs/lock.wasm", bytes("queue"));
    let grade = |folder: &str| -> Json {
        let ended = dir
            .host()
            .args([
                "grade",
                "--suite",
                "labs",
                "--no-cache",
                "--format",
                "json",
                folder,
            ])
            .end();
        serde_json::from_str(&ended.stdout).unwrap_or_else(|why| panic!("{why}: {ended}"))
    };
    let ours = grade("ours");
    let ours = &ours["submissions"][0];
    assert_eq!(
        (&ours["score"], &ours["passed"]),
        (&json!(100), &json!(true)),
        "{ours}"
    );
    let theirs = grade("theirs");
    assert_eq!(theirs["submissions"][0]["score"], 0, "{theirs}");
}

#[test]
fn the_suite_of_the_labs_is_printed() {
    let dir = Dir::new();
    let printed = dir.host().args(["suite", "labs"]).end();
    let file = test_support::root().join("host/grade/src/suite/labs.toml");
    assert_eq!(printed.stdout, fs::read_to_string(file).unwrap());
}

/// Of a history from a file nobody knows how many clients there were.
#[test]
fn a_history_is_judged_again_by_its_workload() {
    for (bug, code) in [("none", 0), ("obeys-anyone", 1)] {
        let dir = Dir::new();
        let sim = dir
            .host()
            .args(["sim", "--no-cache", "-w", "leader", "--module"]);
        let sim = sim
            .arg(built("leader-mutants"))
            .args(FAULTS.split_whitespace());
        let sim = sim
            .args(["--history", "history.json", "--", "--bug", bug])
            .end();
        assert_eq!(sim.code(), Some(code), "{sim}");
        let check = dir
            .host()
            .args(["check", "-w", "leader", "history.json"])
            .end();
        assert_eq!(check.code(), Some(code), "{check}");
        assert_eq!(
            check.stdout.contains("term-went-back"),
            code == 1,
            "{check}"
        );
    }
}
