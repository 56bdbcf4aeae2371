//! Worlds: a challenge under other circumstances, from the suite to every format.

use std::fs;

use expect_test::expect;
use host_grade::suite::SeedKey;
use host_grade::suite::read::read;
use serde_json::{Value as Json, json};
use test_support::class::{Class, check, parse, without_timings};

/// Flooding once is enough as long as no message is lost.
pub(super) const WORLDS: &str = r#"
version = 1
name = "worlds"
seeds = "1..3"

[[challenge]]
id = "flood"
title = "Broadcast"
module = "broadcast"
points = 3
workload = "broadcast"
node-count = 3
rate = 5
time-limit = 5

[[challenge.world]]
name = "far"
why = "Messages take 10 ms. None is lost."
seeds = [5]
latency = 10

[challenge.world.below]
msgs-per-op = 70

[[challenge.world]]
name = "cut"
why = "Partitions. Whoever promises to survive them has to."
rate = 10
nemesis = ["partition"]
nemesis-interval = 1

[challenge.below]
msgs-per-op = 60
"#;

/// A class of two: all solved; a program that floods once.
pub(super) fn class() -> Class {
    let class = Class::empty();
    fs::write(class.path("suite.toml"), WORLDS).unwrap();
    class.built("alice/broadcast.wasm", "broadcast");
    class.built("bob/broadcast.wasm", "broadcast-flood");
    class
}

/// The grade of the whole class, without what changes with each compiler.
fn stable(mut grade: Json) -> Json {
    for submission in grade["submissions"].as_array_mut().unwrap() {
        for challenge in submission["challenges"].as_array_mut().unwrap() {
            for field in ["usage", "sha256"] {
                challenge.as_object_mut().unwrap().remove(field);
            }
        }
    }
    grade
}

#[test]
fn a_failure_in_a_world_is_told_with_why_the_world_is_fair() {
    check(
        &class().grade(&["class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            submission  flood  score
            alice       AC     3/3
            bob         WA     0/3

            bob flood
              WA: wrong answer, with seed 1 in the world cut, after 2 official runs and 1 of 4 in worlds that passed
                the world cut: Partitions. Whoever promises to survive them has to.
                5 known elements lost, not in the last reads: 1 2 4 5 17
                Also wrong (stricter than Maelstrom):
                op 106 (process 1, 14.943 s) lacks 2 known elements for good: 0 3
                op 107 (process 0, 14.943 s) lacks 2 known elements for good: 0 3
              shortest trace that fails:
                2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s:
                0       the link from n0 to n1 is cut
                0.001   op 2: client 0 asks n0 to broadcast 1
                0.001   n0 tells n1: gossip {"message":1}, but the link is cut, and n0 never tries again
                0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9
                0.001   the links work again
                10.001  op 6: client 0 asks n0 to read
                10.001  op 7: client 1 asks n1 to read
                10.001  op 8: n0 answers client 0: [1]  <-- contradicts op 9
                10.001  op 9: n1 answers client 1: []  <-- shows lost-elements
                - 1 known element lost, not in the last reads: 1
              replay: host sim --module class/bob/broadcast.wasm -w broadcast --node-count 3 --rate 10 --time-limit 5 --nemesis partition --nemesis-interval 1 --seed 1
              pages: host sim --report report --module class/bob/broadcast.wasm -w broadcast --node-count 3 --rate 10 --time-limit 5 --nemesis partition --nemesis-interval 1 --seed 1
              targets: far/msgs-per-op 0.72 (below 70), msgs-per-op 0.857 (below 60)

            1 of 2 submissions passed (suite worlds, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
}

#[test]
fn the_json_has_the_world_and_the_runs_that_passed() {
    let grade = stable(class().json(&[]));
    let text = |value: &Json| serde_json::to_string_pretty(value).unwrap();
    expect![[r#"
        [
          {
            "hidden": false,
            "id": "flood",
            "limits": {
              "events": 20000000,
              "node-memory-bytes": 134217728,
              "run-fuel": 430000000000,
              "run-memory-bytes": 402653184,
              "step-fuel": 10000000000
            },
            "module": "broadcast",
            "optional": false,
            "options": "-w broadcast --node-count 3 --rate 5 --time-limit 5",
            "points": 3,
            "seeds": [
              1,
              2
            ],
            "targets": {
              "far/msgs-per-op": 70.0,
              "msgs-per-op": 60.0
            },
            "title": "Broadcast",
            "worlds": [
              {
                "name": "far",
                "options": "--latency 10",
                "seeds": [
                  5
                ],
                "why": "Messages take 10 ms. None is lost."
              },
              {
                "name": "cut",
                "options": "--rate 10 --nemesis partition --nemesis-interval 1",
                "seeds": [
                  1,
                  2,
                  3
                ],
                "why": "Partitions. Whoever promises to survive them has to."
              }
            ]
          }
        ]"#]]
    .assert_eq(&text(&grade["suite"]["challenges"]));
    expect![[r#"
        [
          {
            "challenges": [
              {
                "id": "flood",
                "module": "class/alice/broadcast.wasm",
                "score": 3,
                "seeds-passed": 2,
                "state": "judged",
                "targets": {
                  "far/msgs-per-op": {
                    "below": 70.0,
                    "worst": 0.84
                  },
                  "msgs-per-op": {
                    "below": 60.0,
                    "worst": 0.78571427
                  }
                },
                "verdict": "AC",
                "world-runs-passed": 4
              }
            ],
            "name": "alice",
            "passed": true,
            "points": 3,
            "score": 3
          },
          {
            "challenges": [
              {
                "failure": {
                  "anomalies": [
                    "lost-elements",
                    "final-read-lacks"
                  ],
                  "anomaly": [
                    "5 known elements lost, not in the last reads: 1 2 4 5 17",
                    "Also wrong (stricter than Maelstrom):",
                    "op 106 (process 1, 14.943 s) lacks 2 known elements for good: 0 3",
                    "op 107 (process 0, 14.943 s) lacks 2 known elements for good: 0 3"
                  ],
                  "replay": "host sim --module class/bob/broadcast.wasm -w broadcast --node-count 3 --rate 10 --time-limit 5 --nemesis partition --nemesis-interval 1 --seed 1",
                  "seed": 1,
                  "trace": [
                    "2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s:",
                    "0       the link from n0 to n1 is cut",
                    "0.001   op 2: client 0 asks n0 to broadcast 1",
                    "0.001   n0 tells n1: gossip {\"message\":1}, but the link is cut, and n0 never tries again",
                    "0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9",
                    "0.001   the links work again",
                    "10.001  op 6: client 0 asks n0 to read",
                    "10.001  op 7: client 1 asks n1 to read",
                    "10.001  op 8: n0 answers client 0: [1]  <-- contradicts op 9",
                    "10.001  op 9: n1 answers client 1: []  <-- shows lost-elements",
                    "- 1 known element lost, not in the last reads: 1"
                  ],
                  "world": {
                    "name": "cut",
                    "why": "Partitions. Whoever promises to survive them has to."
                  }
                },
                "id": "flood",
                "module": "class/bob/broadcast.wasm",
                "score": 0,
                "seeds-passed": 2,
                "state": "judged",
                "targets": {
                  "far/msgs-per-op": {
                    "below": 70.0,
                    "worst": 0.72
                  },
                  "msgs-per-op": {
                    "below": 60.0,
                    "worst": 0.85714287
                  }
                },
                "verdict": "WA",
                "world-runs-passed": 1
              }
            ],
            "name": "bob",
            "passed": false,
            "points": 3,
            "score": 0
          }
        ]"#]].assert_eq(&text(&grade["submissions"]));
}

#[test]
fn the_other_formats_name_the_world() {
    let class = class();
    check(
        &class.grade(&["--format", "csv", "class"]),
        &expect![[r#"
        exit code 1
        ---- stdout
        submission,passed,score,points,flood,worlds
        alice,true,3,3,AC,
        bob,false,0,3,WA,flood: cut
    "#]],
    );
    let junit = class.grade(&["--format", "junit", "class"]).stdout;
    let failures = junit.lines().filter(|line| line.contains("<failure"));
    expect![[r#"            <failure message="in the world cut: 5 known elements lost, not in the last reads: 1 2 4 5 17" type="WA">WA: wrong answer, with seed 1 in the world cut, after 2 official runs and 1 of 4 in worlds that passed"#]].assert_eq(&failures.collect::<Vec<_>>().join("\n"));
    let gradescope = class.grade(&["--format", "gradescope", "class/bob"]);
    let gradescope = parse(&gradescope);
    let output = gradescope["tests"][0]["output"].as_str().unwrap();
    let shown: Vec<&str> = output.lines().take(3).collect();
    expect![[r#"
        WA: wrong answer, with seed 1 in the world cut, after 2 official runs and 1 of 4 in worlds that passed
          the world cut: Partitions. Whoever promises to survive them has to.
          5 known elements lost, not in the last reads: 1 2 4 5 17"#]].assert_eq(&shown.join("\n"));
    let gradescope = class.grade(&["--format", "gradescope", "class/alice"]);
    let gradescope = parse(&gradescope);
    let output = gradescope["tests"][0]["output"].as_str().unwrap();
    let shown: Vec<&str> = output.lines().take(2).collect();
    expect![[r#"
        AC: accepted with 2 official runs and 4 of 4 in worlds
        targets: far/msgs-per-op 0.84 (below 70), msgs-per-op 0.786 (below 60)"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn a_report_has_the_page_of_the_run_in_the_world() {
    let class = class();
    class.grade(&["--report", "report", "class"]);
    let page = fs::read_to_string(class.path("report/index.html")).unwrap();
    assert!(page.contains("Whoever promises to survive them has to."));
    let runs: Vec<_> = fs::read_dir(class.path("report/runs")).unwrap().collect();
    assert_eq!(runs.len(), 1);
    let page = runs[0].as_ref().unwrap().path().join("index.html");
    let page = fs::read_to_string(page).unwrap();
    let (_, replay) = page.split_once("\"replay\":\"").unwrap();
    let (replay, _) = replay.split_once('"').unwrap();
    expect!["host sim --module class/bob/broadcast.wasm -w broadcast --node-count 3 --rate 10 --time-limit 5 --nemesis partition --nemesis-interval 1 --seed 1"].assert_eq(replay);
}

/// The command in a grade needs no suite; the one with the names of challenge and world does.
#[test]
fn both_commands_make_the_run_that_failed() {
    let class = class();
    let grade = class.json(&[]);
    let failure = &grade["submissions"][1]["challenges"][0]["failure"];
    let seed = failure["seed"].to_string();
    let replay = failure["replay"].as_str().unwrap().to_owned();
    let run = |args: &[&str]| {
        let ended = class.host().args(args).end();
        let lines = ended.stdout.lines();
        let lines =
            lines.filter(|line| !line.contains(": host sim ") && !line.contains(": host play "));
        (ended.code(), lines.collect::<Vec<_>>().join("\n"))
    };
    let whole = run(&replay.split(' ').skip(1).collect::<Vec<_>>());
    assert_eq!(whole.0, Some(1), "{replay}");
    let named = "sim --suite suite.toml --challenge flood --world cut class/bob/broadcast.wasm";
    let named: Vec<&str> = named.split(' ').chain(["--seed", &seed]).collect();
    assert_eq!(run(&named), whole);
    let official = "sim --suite suite.toml --challenge flood --module class/bob/broadcast.wasm";
    let official: Vec<&str> = official.split(' ').chain(["--seeds", "1..3"]).collect();
    assert_eq!(run(&official).0, Some(0));
}

#[test]
fn the_first_run_that_fails_does_not_depend_on_threads() {
    let class = class();
    let of = |threads: &str| {
        let grader = class.grader().args(["--format", "json", "class"]);
        without_timings(parse(&grader.env("RAYON_NUM_THREADS", threads).end()))
    };
    let one = of("1");
    assert_eq!(of("7"), one);
}

#[test]
fn a_grader_goes_on_in_the_middle_of_a_world() {
    let class = class();
    let whole = without_timings(class.json(&[]));
    let resumed = || without_timings(class.json(&["--resume", "runs.jsonl"]));
    assert_eq!(resumed(), whole);
    let runs = || fs::read_to_string(class.path("runs.jsonl")).unwrap();
    let all = runs();
    let of_world = |text: &str, world: Option<&str>| {
        let lines = text.lines().skip(1);
        let runs = lines.map(|line| serde_json::from_str::<Json>(line).unwrap());
        runs.filter(|run| run["world"].as_str() == world).count()
    };
    assert_eq!(of_world(&all, None), 4);
    assert_eq!(of_world(&all, Some("far")), 2);
    // Runs of a world do not count for another one, or for the official options.
    for world in [None, Some("far"), Some("cut")] {
        let kept = all.lines().enumerate().filter(|(index, line)| {
            let run: Json = serde_json::from_str(line).unwrap();
            *index == 0 || run["world"].as_str() == world
        });
        let kept: Vec<&str> = kept.map(|(_, line)| line).collect();
        fs::write(class.path("runs.jsonl"), kept.join("\n") + "\n").unwrap();
        assert_eq!(resumed(), whole, "{world:?}");
        assert_eq!(of_world(&runs(), Some("far")), 2, "{world:?}");
    }
}

#[test]
fn shares_of_a_suite_with_worlds_join_to_the_whole() {
    let class = class();
    let whole = without_timings(class.json(&[]));
    for share in ["1", "2"] {
        let grade = class.json(&["--shard", &format!("{share}/2")]);
        fs::write(class.path(&format!("{share}.json")), grade.to_string()).unwrap();
    }
    let merged = class
        .host()
        .args(["merge", "--format", "json", "1.json", "2.json"]);
    assert_eq!(without_timings(parse(&merged.end())), whole);
}

#[test]
fn other_seeds_are_those_of_worlds_too() {
    let class = class();
    let grade = class.json(&["--seeds", "50..52"]);
    let challenge = &grade["suite"]["challenges"][0];
    assert_eq!(challenge["seeds"], json!([50, 51]));
    for world in challenge["worlds"].as_array().unwrap() {
        assert_eq!(world["seeds"], json!([50, 51]));
    }
    let alice = &grade["submissions"][0]["challenges"][0];
    assert_eq!(alice["seeds-passed"], 2);
    assert_eq!(alice["world-runs-passed"], 4);
}

/// The values are those of Python's `hashlib`.
#[test]
fn under_a_key_the_seeds_of_a_world_are_its_own() {
    let key = "000102030405060708090a0b0c0d0e0f";
    let keyed = read("suite.toml", &format!("seed-key = \"{key}\"\n{WORLDS}")).unwrap();
    let flood = &keyed.challenges[0];
    let key = SeedKey::read(key).unwrap();
    assert_eq!(flood.official().run_seed(7), key.run_seed("flood", 7));
    let cut = flood.world("cut").unwrap();
    assert_eq!(cut.run_seed(7), 3_246_783_056_857_245);
    assert_ne!(cut.run_seed(7), flood.world("far").unwrap().run_seed(7));
    let plain = read("suite.toml", WORLDS).unwrap();
    assert_eq!(plain.challenges[0].world("cut").unwrap().run_seed(7), 7);
}
