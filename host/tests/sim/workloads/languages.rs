//! The workload in C of docs/workloads.md: built by its command, and used by every command.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use expect_test::expect;
use serde_json::{Value as Json, json};

use test_support::Dir;
use test_support::root;
use test_support::{built, bytes};

/// The lines of the page that are commands, and the source.
fn page() -> (Vec<String>, String) {
    let page = fs::read_to_string(root().join("docs/workloads.md")).unwrap();
    let (_, section) = page.split_once("## A workload in C\n").unwrap();
    let (_, rest) = section.split_once("```c\n").unwrap();
    let (source, _) = rest.split_once("```").unwrap();
    let commands = section.lines().filter_map(|line| line.strip_prefix("    "));
    let commands =
        commands.take_while(|line| line.starts_with("clang ") || line.starts_with("host "));
    (commands.map(str::to_owned).collect(), source.to_owned())
}

/// A folder with the workload.
fn with_counter() -> (Dir, PathBuf) {
    let (commands, source) = page();
    let dir = Dir::new();
    dir.write("counter.c", source);
    let mut words = commands[0].split(' ');
    let mut build = Command::new(words.next().unwrap());
    let build = build.args(words).args(["-Wall", "-Wextra", "-Werror"]);
    let made = build.current_dir(dir.root()).output().unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let counter = dir.path("counter.wasm");
    (dir, counter)
}

#[test]
fn the_workload_in_c_of_the_page_runs_by_its_command() {
    let (dir, _) = with_counter();
    dir.write("pn-counter.wasm", bytes("pn-counter"));
    let (commands, _) = page();
    let ended = dir
        .host()
        .args(commands[1].split(' ').skip(1))
        .args(["--time-limit", "5"])
        .end();
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(
        ended.stdout.contains("\ncounter: valid\n") || ended.stdout.starts_with("counter: valid\n"),
        "{ended}"
    );
}

#[test]
fn what_a_specification_does_not_allow_is_found_shrunk_and_reported() {
    let (dir, _) = with_counter();
    // Counters of several nodes agree late.
    let sim = dir
        .host()
        .args([
            "sim",
            "-w",
            "counter.wasm",
            "--node-count",
            "3",
            "--rate",
            "50",
            "--time-limit",
            "5",
            "--seed",
            "1",
        ])
        .args([
            "--no-cache",
            "--shrink",
            "s.json",
            "--report",
            "report",
            "--history",
            "history.json",
            "--module",
        ])
        .arg(built("pn-counter"));
    let ended = sim.end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    assert!(
        ended
            .stdout
            .contains("is impossible: the counter can only be"),
        "{ended}"
    );
    let schedule: Json = serde_json::from_str(&dir.read("s.json")).unwrap();
    let fs: Vec<&str> = schedule["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["f"].as_str().unwrap())
        .collect();
    // What one adds the other does not read.
    assert_eq!(fs, ["add", "read"]);
    assert_eq!(schedule["workload"], "counter.wasm");
    assert!(dir.read("report/index.html").contains("not-linearizable"));

    let check = dir
        .host()
        .args(["check", "-w", "counter.wasm", "history.json"])
        .end();
    assert_eq!(check.code(), Some(1), "{check}");
    assert!(
        check
            .stdout
            .contains("is impossible: the counter can only be"),
        "{check}"
    );
}

/// A suite of one challenge with the workload, which a suite names with its hash.
fn suite(workload: &str) -> String {
    format!(
        "version = 1\nname = \"s\"\n[[challenge]]\nid = \"c\"\ntitle = \"Count\"\nmodule = \"pn-counter\"\npoints = 10\n\
         workload = \"{workload}\"\nnode-count = 1\nrate = 20\ntime-limit = 3\nseeds = [1]\n"
    )
}

#[test]
fn a_suite_names_a_workload_with_its_hash_and_grades_with_it() {
    let (dir, _) = with_counter();
    dir.make_dir("suites");
    fs::rename(dir.path("counter.wasm"), dir.path("suites/counter.wasm")).unwrap();
    dir.make_dir("class");
    dir.make_dir("class/alice");
    dir.make_dir("class/bob");
    dir.write("class/alice/pn-counter.wasm", bytes("pn-counter"));
    // It echoes, and counts nothing.
    dir.write("class/bob/pn-counter.wasm", bytes("echo"));
    dir.write("suites/s.toml", suite("counter.wasm"));
    let grade = || {
        dir.host()
            .args([
                "grade",
                "--suite",
                "suites/s.toml",
                "--format",
                "json",
                "class",
            ])
            .end()
    };
    let refused = grade();
    assert_eq!(refused.code(), Some(254), "{refused}");
    let (_, hash) = refused
        .stderr
        .split_once("its SHA-256: `counter.wasm#")
        .unwrap();
    let hash = &hash[..64];

    dir.write("suites/s.toml", suite(&format!("counter.wasm#{hash}")));
    let graded = grade();
    let grade_of: Json =
        serde_json::from_str(&graded.stdout).unwrap_or_else(|why| panic!("{why}: {graded}"));
    let verdicts: Vec<Json> = (grade_of["submissions"].as_array().unwrap().iter())
        .map(|it| json!([it["name"], it["score"], it["challenges"][0]["verdict"]]))
        .collect();
    assert_eq!(
        json!(verdicts),
        json!([["alice", 10, "AC"], ["bob", 0, "WA"]]),
        "{graded}"
    );

    dir.write(
        "suites/s.toml",
        suite(&format!("counter.wasm#{}", "0".repeat(64))),
    );
    let other = grade();
    assert_eq!(other.code(), Some(254), "{other}");
    assert!(
        other
            .stderr
            .contains("it is another version of the workload"),
        "{other}"
    );
}

#[test]
fn a_file_that_is_named_without_its_ending_is_found_to_be_there() {
    let dir = Dir::new();
    dir.write("tickets.wasm", "");
    let told = |workload: &str| {
        let run = dir
            .host()
            .args(["sim", "-w", workload, "--module", "m.wasm"]);
        run.end().stderr
    };
    let hint = "tip: there is a file tickets.wasm: name it with its ending";
    let named = told("tickets");
    assert!(
        named.contains("invalid value 'tickets'") && named.contains(hint),
        "{named}"
    );
    assert!(!told("ticket").contains("there is a file"));
}

#[test]
fn a_workload_is_no_node_and_a_node_no_workload() {
    let (dir, _) = with_counter();
    dir.write("node.wasm", bytes("pn-counter"));
    let sim = |workload: &str, module: &str| {
        let run = dir.host();
        let run = run.args(["sim", "-w", workload, "--module", module, "--no-cache"]);
        run.end().stderr
    };
    expect![[r#"
        error: counter.wasm cannot be loaded:
          - it is a workload, not a node: give it to --workload, and a node to --module
    "#]]
    .assert_eq(&sim("counter.wasm", "counter.wasm"));
    expect![[r#"
        error: --workload: node.wasm cannot be loaded:
          - it is not a workload: it does not export maelstrom_workload_v1 (docs/workloads.md)
    "#]]
    .assert_eq(&sim("node.wasm", "node.wasm"));
    expect![[r#"
        error: --workload: cannot read the module missing.wasm: No such file or directory (os error 2)
    "#]].assert_eq(&sim("missing.wasm", "node.wasm"));
    expect![[r#"
        error: invalid value 'counter.c' for '--workload <NAME>'
          [possible values: echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv, bank, kv-sessions, leader, lock, membership, queue, shard-kv]

          tip: a similar value exists: 'g-counter'

        For more information, try '--help'.
    "#]].assert_eq(&sim("counter.c", "node.wasm"));
}

#[test]
fn inspect_shows_what_a_workload_is() {
    let (dir, _) = with_counter();
    let ended = dir
        .host()
        .args(["inspect", "counter.wasm", "--format", "json"])
        .end();
    assert_eq!(ended.code(), Some(0), "{ended}");
    let shown: Json = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(shown["kind"], "workload");
    let messages = [
        "add {delta: integer} -> add_ok {}",
        "read {} -> read_ok {value: integer}",
    ];
    assert_eq!(shown["workload"]["messages"], json!(messages));
    let text = dir.host().args(["inspect", "counter.wasm"]).end();
    assert!(
        text.stdout
            .contains("\nWorkload counter: \n  operations add, read\n"),
        "{text}"
    );
}
