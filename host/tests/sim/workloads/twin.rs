//! The built-in workload broadcast and the same as a module: one journal, one verdict.

use serde_json::Value as Json;

use test_support::Dir;
use test_support::built;

/// The journal and the result of a run of our broadcast.
fn run(dir: &Dir, workload: &str, flags: &str) -> (String, Json) {
    let command = dir
        .host()
        .args(["sim", "-w", workload, "--module"])
        .arg(built("broadcast"))
        .args(flags.split(' '))
        .args(["--no-cache", "--format", "json", "--journal", "journal"]);
    let ended = command.end();
    assert_eq!(ended.stderr, "", "{ended}");
    let mut result: Json = serde_json::from_str(&ended.stdout).unwrap();
    // It names the workload as the command does.
    for key in ["replay", "next"] {
        result.as_object_mut().unwrap().remove(key);
    }
    (dir.read("journal"), result)
}

#[test]
fn a_module_and_the_built_in_workload_have_the_same_journal_and_verdict() {
    let dir = Dir::new();
    let module = built("workload-twin");
    let module = module.to_str().unwrap();
    let cases = [
        "--node-count 5 --rate 20 --time-limit 5 --seed 3",
        "--node-count 5 --rate 20 --time-limit 5 --seed 4 --nemesis partition",
        "--node-count 3 --rate 50 --time-limit 8 --seed 5 --nemesis kill,pause,clock-skew --topology line",
        "--node-count 2 --concurrency 7 --rate 100 --time-limit 3 --seed 6 --latency 20 --checks maelstrom",
    ];
    for flags in cases {
        let (journal, result) = run(&dir, "broadcast", flags);
        let (again, same) = run(&dir, module, flags);
        assert!(journal.lines().count() > 300, "{flags}");
        assert_eq!(again, journal, "{flags}");
        assert_eq!(same, result, "{flags}");
    }
}

#[test]
fn a_schedule_of_a_module_is_replayed() {
    let dir = Dir::new();
    let module = built("workload-twin");
    let flags = "--node-count 3 --rate 20 --time-limit 5 --seed 3 --nemesis partition --write-schedule s.json";
    let (journal, result) = run(&dir, module.to_str().unwrap(), flags);
    assert_eq!(result["results"]["valid?"], true);
    let replay = dir
        .host()
        .args([
            "sim",
            "--schedule",
            "s.json",
            "--no-cache",
            "--journal",
            "again",
            "--module",
        ])
        .arg(built("broadcast"));
    let ended = replay.end();
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert_eq!(dir.read("again"), journal);
}

#[test]
fn explorations_take_a_module_and_find_what_they_find_with_the_built_in_workload() {
    let dir = Dir::new();
    let module = built("workload-twin");
    let explored = |workload: &str| -> (Option<i32>, String) {
        let command = dir
            .host()
            .args([
                "explore",
                "-w",
                workload,
                "--node-count",
                "2",
                "--operations",
                "2",
                "--seed",
                "2",
            ])
            .args([
                "--timers",
                "any",
                "--fires",
                "0",
                "--no-cache",
                "--format",
                "json",
                "--module",
            ])
            .arg(built("broadcast-flood"));
        let ended = command.end();
        assert_eq!(ended.stderr, "", "{ended}");
        let result: Json = serde_json::from_str(&ended.stdout).unwrap();
        (ended.code(), result["states"].to_string())
    };
    let expected = explored("broadcast");
    assert_eq!(expected.0, Some(0));
    assert_eq!(explored(module.to_str().unwrap()), expected);
}
