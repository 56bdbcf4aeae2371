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
        "membership",
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

/// The worlds of a challenge of the labs, as options of `host sim`, and its seeds.
fn worlds_of(id: &str) -> Vec<String> {
    let file = test_support::root().join("host/grade/src/suite/labs.toml");
    let suite: toml::Table = fs::read_to_string(file).unwrap().parse().unwrap();
    let challenges = suite["challenge"].as_array().unwrap().iter();
    let challenge = challenges
        .filter_map(toml::Value::as_table)
        .find(|it| it["id"].as_str() == Some(id));
    let challenge = challenge.unwrap().clone();
    let about = ["id", "title", "module", "points", "world", "name", "why"];
    let worlds = challenge["world"].as_array().unwrap().iter();
    let changes = worlds.map(|world| world.as_table().unwrap().clone());
    let changes = [toml::Table::new()].into_iter().chain(changes);
    let flags = |change: toml::Table| {
        let mut all = challenge.clone();
        all.entry("seeds").or_insert(suite["seeds"].clone());
        all.extend(change);
        let flags = all
            .into_iter()
            .filter(|(key, _)| !about.contains(&key.as_str()));
        let flag = |(key, value): (String, toml::Value)| match value {
            toml::Value::String(text) => format!("--{key} {text}"),
            toml::Value::Array(items) => {
                let items: Vec<&str> = items.iter().filter_map(toml::Value::as_str).collect();
                format!("--{key} {}", items.join(","))
            }
            toml::Value::Integer(number) => format!("--{key} {number}"),
            other => panic!("{key} is {other:?}"),
        };
        flags.map(flag).collect::<Vec<_>>().join(" ")
    };
    changes.map(flags).collect()
}

/// Each world is there for a mistake that the others do not show.
#[test]
fn each_world_of_the_challenge_of_membership_shows_what_it_is_for() {
    let dir = Dir::new();
    let worlds = worlds_of("4d");
    let is_wrong = |bug: &str, flags: &String| {
        let command = dir.host().args(["sim", "--no-cache", "--module"]);
        let command = command.arg(built("membership-mutants"));
        let command = command.args(flags.split_whitespace());
        let ended = command.args(["--", "--bug", bug]).end();
        let code = ended.code().unwrap();
        assert!([0, 1].contains(&code), "{ended}");
        code == 1
    };
    for (bug, shown) in [
        ("none", [false, false, false]),
        ("trusts", [true, true, true]),
        ("no-reconnect", [false, true, false]),
        ("keeps-to-itself", [false, false, true]),
    ] {
        let found = worlds.iter().map(|flags| is_wrong(bug, flags));
        assert_eq!(found.collect::<Vec<_>>(), shown, "{bug}");
    }
}

/// Who judges has to know the options of the run. Here nodes have five accounts with 10 in each.
#[test]
fn a_history_is_judged_by_options() {
    let dir = Dir::new();
    let sim = dir.host().args(["sim", "--no-cache", "-w", "bank"]);
    let sim = sim.arg("--module").arg(built("bank"));
    let sim = sim.args(FAULTS.split_whitespace());
    let sim = sim.args(["--history", "history.json"]).end();
    assert_eq!(sim.code(), Some(0), "{sim}");
    let check = |options: &[&str]| {
        let command = dir.host().args(["check", "-w", "bank", "history.json"]);
        command.args(options).end()
    };
    let right = check(&["--option", "accounts=5", "-o", "opening=10"]);
    assert_eq!(right.code(), Some(0), "{right}");
    let wrong = check(&["--option", "accounts=3,opening=7"]);
    assert_eq!(wrong.code(), Some(1), "{wrong}");
    for text in ["shows 50 in all; it is always 21", "is impossible"] {
        assert!(wrong.stdout.contains(text), "{wrong}");
    }
    let as_flags = check(&["--accounts", "3", "--opening=7"]);
    assert_eq!(as_flags.to_string(), wrong.to_string());
    let unknown = check(&["--option", "banks=3"]);
    assert_eq!(unknown.code(), Some(254), "{unknown}");
    let text = "--option: bank has no option \"banks\"; its options are accounts, max-transfer,";
    assert!(unknown.stderr.contains(text), "{unknown}");
}

/// Options are flags of the command and, where nodes have to know them, arguments of theirs.
#[test]
fn a_bank_has_as_many_accounts_as_its_options_say() {
    let dir = Dir::new();
    let options = ["--accounts", "3", "--opening", "7"];
    let flags = format!("{FAULTS} {}", options.join(" "));
    let (code, ours) = run(&dir, "bank", "bank", &flags, &options);
    assert_eq!(
        (code, &ours["results"]["valid?"]),
        (0, &json!(true)),
        "{ours}"
    );
    let (code, _) = run(&dir, "bank", "bank", &flags, &[]);
    assert_eq!(code, 1, "nodes with five accounts");
}

/// The example of docs/workloads.md.
#[test]
fn a_lock_service_in_80_lines_tells_right_from_wrong() {
    let file = test_support::root().join("host/tests/workloads/plain-lock/src/lib.rs");
    let text = fs::read_to_string(file).unwrap();
    let (text, _) = text.split_once("\n#[cfg(test)]\n").unwrap();
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    let count = lines.count();
    assert!((40..=80).contains(&count), "{count} lines of code");

    let dir = Dir::new();
    let workload = built("workload-plain-lock");
    let workload = workload.to_str().unwrap();
    let faults = "--node-count 3 --concurrency 3n --rate 60 --time-limit 10 --nemesis partition,pause \
                  --nemesis-interval 3 --latency 10 --seeds 0..4";
    let (code, ours) = run(&dir, workload, "lock", faults, &[]);
    assert_eq!((code, &ours["asked-for"]), (0, &json!(4)), "{ours}");
    let wrong = ["--bug", "torn"];
    let (code, wrong) = run(&dir, workload, "lock-mutants", faults, &wrong);
    let found = wrong["anomalies"].as_object().unwrap().keys();
    assert_eq!(code, 1);
    assert_eq!(found.collect::<Vec<_>>(), ["not-linearizable"]);
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
