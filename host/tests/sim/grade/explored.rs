//! Worlds that are explored: what a suite says of them, and what a grade says.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use expect_test::{Expect, expect};
use host_grade::Verdict;
use host_grade::class_page::run_path;
use host_grade::explored::judge_schedule;
use host_grade::suite::read::read;
use host_guest::Limits;
use host_sandbox::Sandbox;
use host_sim::Script;
use host_trial::schedule::Schedule;
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use test_support::built;
use test_support::class::{Class, check, parse, without_timings};

use super::interrupts::ends;

/// Flooding once is enough as long as no message is lost.
const SUITE: &str = r#"
version = 1
name = "explored"
seeds = "1..2"

[[challenge]]
id = "flood"
title = "Broadcast"
module = "broadcast"
points = 3
workload = "broadcast"
node-count = 5
rate = 5
time-limit = 5
availability = "total"

[[challenge.world]]
name = "orders"
why = "Messages come in every order. No order was promised."
node-count = 2
explore = { operations = 2, fires = 2 }

[[challenge.world]]
name = "losses"
why = "Any message may be lost. Whoever promises to survive that has to."
node-count = 2
explore = { operations = 2, fires = 3, drops = 1, states-max = 50000 }
"#;

/// A class of two: all solved; a program that floods once.
fn class() -> Class {
    let class = Class::empty();
    fs::write(class.path("suite.toml"), SUITE).unwrap();
    class.built("alice/broadcast.wasm", "broadcast");
    class.built("bob/broadcast.wasm", "broadcast-flood");
    class
}

#[test]
fn a_grade_says_what_was_proved_and_the_shortest_schedule_that_fails() {
    check(
        &class().grade(&["class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            submission  flood  score
            alice       AC     3/3
            bob         WA     0/3

            bob flood
              WA: wrong answer, with seed 1 in the world losses, after 1 official run and 1 of 2 in worlds that passed
                the world losses: Any message may be lost. Whoever promises to survive that has to.
                1 known element lost, not in the last reads: 0
              shortest trace that fails:
                a schedule of 4 moves:
                0   op 0: client 0 asks n0 to broadcast 0
                0   n0 tells n1: gossip {"message":0}, but the network loses it, and n0 never tries again
                0   op 1: n0 answers client 0: ok  <-- contradicts op 5
                10  op 2: client 0 asks n0 to read
                10  op 3: client 1 asks n1 to read
                10  op 4: n0 answers client 0: [0]  <-- contradicts op 5
                10  op 5: n1 answers client 1: []  <-- shows lost-elements
                - 1 known element lost, not in the last reads: 0
              replay: host explore --module class/bob/broadcast.wasm -w broadcast --node-count 2 --operations 2 --fires 3 --drops 1 --max-states 50000 --seed 1
              explored in the world orders with seed 1: all 21 states (2 nodes, 2 operations, 2 timers that fire): no failure

            1 of 2 submissions passed (suite explored, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
    let alone = ["class/alice/broadcast.wasm"];
    check(
        &class().grade(&alone),
        &expect![[r#"
            exit code 0
            ---- stdout
            submission  flood  score
            broadcast   AC     3/3

            broadcast flood
              AC: accepted with 1 official run and 2 of 2 in worlds
              explored in the world orders with seed 1: all 56 states (2 nodes, 2 operations, 2 timers that fire): no failure
              explored in the world losses with seed 1: all 160 states (2 nodes, 2 operations, 3 timers that fire, 1 loss): no failure

            1 of 1 submission passed (suite explored, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
}

#[test]
fn the_json_has_what_was_proved() {
    let grade = class().json(&[]);
    let text = |value: &Json| serde_json::to_string_pretty(value).unwrap();
    let challenges = |at: usize| &grade["submissions"][at]["challenges"][0];
    expect![[r#"
        [
          {
            "proof": {
              "bounds": "2 nodes, 2 operations, 2 timers that fire",
              "depth": 6,
              "end": "complete",
              "states": 56
            },
            "seed": 1,
            "world": "orders"
          },
          {
            "proof": {
              "bounds": "2 nodes, 2 operations, 3 timers that fire, 1 loss",
              "depth": 8,
              "end": "complete",
              "states": 160
            },
            "seed": 1,
            "world": "losses"
          }
        ]"#]]
    .assert_eq(&text(&challenges(0)["explored"]));
    expect![[r#"
        [
          {
            "proof": {
              "bounds": "2 nodes, 2 operations, 2 timers that fire",
              "depth": 5,
              "end": "complete",
              "states": 21
            },
            "seed": 1,
            "world": "orders"
          }
        ]"#]]
    .assert_eq(&text(&challenges(1)["explored"]));
    expect![[r#"
        [
          {
            "explored": true,
            "name": "orders",
            "options": "--node-count 2 --operations 2 --fires 2 --max-states 200000",
            "seeds": [
              1
            ],
            "why": "Messages come in every order. No order was promised."
          },
          {
            "explored": true,
            "name": "losses",
            "options": "--node-count 2 --operations 2 --fires 3 --drops 1 --max-states 50000",
            "seeds": [
              1
            ],
            "why": "Any message may be lost. Whoever promises to survive that has to."
          }
        ]"#]]
    .assert_eq(&text(&grade["suite"]["challenges"][0]["worlds"]));
}

/// The bytes do not depend on threads, on what was known before, or on how the work was split.
#[test]
fn a_grade_is_the_same_with_one_thread_when_it_goes_on_and_in_shares() {
    let class = class();
    let grade = |args: &[&str]| without_timings(class.json(args));
    let whole = grade(&[]);
    let resume = ["--resume", "runs.jsonl"];
    assert_eq!(grade(&resume), whole);
    let runs = fs::read_to_string(class.path("runs.jsonl")).unwrap();
    // The head, and for each of the class an official run and two worlds.
    assert_eq!(runs.lines().count(), 7, "{runs}");
    assert_eq!(grade(&resume), whole);
    assert_eq!(fs::read_to_string(class.path("runs.jsonl")).unwrap(), runs);
    let one = class.grader().env("RAYON_NUM_THREADS", "1");
    let one = one.args(["--format", "json", "class"]).end();
    assert_eq!(without_timings(parse(&one)), whole);
    for (share, file) in [("1/2", "one.json"), ("2/2", "two.json")] {
        let text = class.json(&["--shard", share]).to_string();
        fs::write(class.path(file), text).unwrap();
    }
    let merge = ["merge", "--format", "json", "one.json", "two.json"];
    let merged = class.host().args(merge).end();
    assert_eq!(without_timings(parse(&merged)), whole);
}

/// The only world, in these words.
fn suite(explore: &str) -> String {
    let (head, _) = SUITE.split_once("[[challenge.world]]").unwrap();
    format!(
        "{head}[[challenge.world]]\nname = \"all\"\nwhy = \"Any order.\"\nnode-count = 2\nexplore = {explore}\n"
    )
}

/// What was proved of the module that floods.
fn proof(class: &Class, suite: &str) -> Json {
    fs::write(class.path("suite.toml"), suite).unwrap();
    let grade = class.json(&["--challenge", "flood"]);
    let bob = &grade["submissions"][1]["challenges"][0];
    assert_eq!(bob["verdict"], "AC", "{bob}");
    bob["explored"][0]["proof"].clone()
}

#[test]
fn what_was_not_tried_is_not_proved() {
    let class = class();
    let end = |suite: &str| proof(&class, suite)["end"].clone();
    let operations = |more: &str| suite(&format!("{{ operations = 4{more} }}"));
    assert_eq!(end(&operations("")), "complete");
    assert_eq!(end(&operations(", depth = 3")), "depth");
    assert_eq!(end(&operations(", states-max = 20")), "states");
    let strategy = ", strategy = \"pos\", runs = 50";
    let chosen = proof(&class, &operations(strategy));
    assert_eq!(
        [&chosen["end"], &chosen["schedules"], &chosen["strategy"]],
        [&json!("schedules"), &json!(50), &json!("pos")]
    );
}

#[test]
fn an_exploration_has_the_fuel_and_the_memory_of_a_run() {
    let class = class();
    let limited = |limit: &str| {
        let explore = "{ operations = 8, fires = 0 }";
        let text =
            suite(explore).replace("rate = 5\ntime-limit = 5\n", "rate = 1\ntime-limit = 1\n");
        text.replacen(
            "[[challenge]]",
            &format!("[limits]\n{limit}\n[[challenge]]"),
            1,
        )
    };
    assert_eq!(
        proof(&class, &limited("max-run-fuel = 30_000_000"))["end"],
        "fuel"
    );
    assert_eq!(
        proof(&class, &limited("max-run-memory-mib = 7"))["end"],
        "memory"
    );
}

#[test]
fn a_failure_that_the_simulator_does_not_confirm_is_nobodys_fault() {
    let suite = read("suite.toml", SUITE).unwrap();
    let world = suite.challenges[0].world("orders").unwrap();
    let module = Sandbox::new(None).unwrap();
    let module = module
        .load(&built("broadcast"), &Limits::default())
        .unwrap();
    let schedule = Schedule {
        seed: 1,
        scenario: world.scenario().clone(),
        script: Script::default(),
    };
    let run = judge_schedule(world, &module, &schedule, "lost-elements").unwrap();
    assert_eq!(run.verdict, Verdict::Internal);
    assert_eq!(
        run.anomaly,
        [
            "the exploration finds a schedule that fails (lost-elements), and the simulator finds nothing wrong in \
          it: one of them is wrong"
        ]
    );
}

#[track_caller]
fn refused(change: (&str, &str), expected: &Expect) {
    let (from, to) = change;
    assert!(SUITE.contains(from), "{from}");
    let error = read("suite.toml", &SUITE.replacen(from, to, 1)).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn errors_of_an_exploration_name_line_and_column() {
    let explore = |to: &'static str| ("explore = { operations = 2, fires = 2 }", to);
    refused(
        explore("explore = { kill = 1 }"),
        &expect![[r#"
        suite.toml:21:13: unknown field `kill`, expected one of `operations`, `fires`, `delays`, `drops`, `duplicates`, `kills`, `power`, `partitions`, `timeouts`, `depth`, `timers`, `drift-ppm`, `warm-up-ms`, `states-max`, `strategy`, `runs`, `pct-depth`
          explore = { kill = 1 }
                      ^^^^"#]],
    );
    refused(
        explore("explore = { operations = 0 }"),
        &expect![[r#"
        suite.toml:21:26: expected a whole number from 1 to 100, found 0
          explore = { operations = 0 }
                                   ^"#]],
    );
    refused(
        explore("explore = { states-max = 10_000_001 }"),
        &expect![[r#"
            suite.toml:21:26: expected a whole number from 1 to 10000000, found 10000001
              explore = { states-max = 10_000_001 }
                                       ^^^^^^^^^^"#]],
    );
    refused(
        explore("explore = { timers = \"late\" }"),
        &expect![[r#"
        suite.toml:21:22: expected one of "any", "bursts", "ordered", "bounded", found "late"
          explore = { timers = "late" }
                               ^^^^^^"#]],
    );
    refused(
        explore("explore = { timers = \"bounded\" }"),
        &expect![[r#"
            suite.toml:21:22: timers that are bounded need `drift-ppm`: with 1000 a timer of 1 s is late by up to 1 ms
              explore = { timers = "bounded" }
                                   ^^^^^^^^^"#]],
    );
    refused(
        explore("explore = { drift-ppm = 5 }"),
        &expect![[r#"
        suite.toml:21:25: `drift-ppm` is for `timers = "bounded"`
          explore = { drift-ppm = 5 }
                                  ^"#]],
    );
    refused(
        explore("explore = { strategy = \"best\" }"),
        &expect![[r#"
        suite.toml:21:24: expected one of "exhaustive", "random", "pct", "phases", "pos", "novelty", "mutate", found "best"
          explore = { strategy = "best" }
                                 ^^^^^^"#]],
    );
    refused(
        explore("explore = { runs = 5 }"),
        &expect![[r#"
        suite.toml:21:20: `runs` is for a `strategy` such as "pct"; all schedules are tried without one, up to `states-max`
          explore = { runs = 5 }
                             ^"#]],
    );
    refused(
        explore("explore = { strategy = \"exhaustive\", pct-depth = 5 }"),
        &expect![[r#"
            suite.toml:21:50: `pct-depth` is for a `strategy` such as "pct"; all schedules are tried without one, up to `states-max`
              explore = { strategy = "exhaustive", pct-depth = 5 }
                                                               ^"#]],
    );
    refused(
        explore("explore = { strategy = \"pct\", states-max = 5 }"),
        &expect![[r#"
            suite.toml:21:44: `states-max` is for all schedules; a `strategy` tries as many as `runs` says, and chooses what is late
              explore = { strategy = "pct", states-max = 5 }
                                                         ^"#]],
    );
    refused(
        explore("explore = { strategy = \"pct\", delays = 5 }"),
        &expect![[r#"
            suite.toml:21:40: `delays` is for all schedules; a `strategy` tries as many as `runs` says, and chooses what is late
              explore = { strategy = "pct", delays = 5 }
                                                     ^"#]],
    );
    refused(
        explore("explore = true"),
        &expect![[r#"
            suite.toml:21:11: invalid type: boolean `true`, expected a table such as { operations = 4, kills = 1 }
              explore = true
                        ^^^^"#]],
    );
    refused(
        explore("latency = 10\nexplore = { kills = 1 }"),
        &expect![[r#"
            suite.toml:21:11: a world that is explored has no latency: messages arrive in every order, and no time passes but for timers; timers says which of those may fire
              latency = 10
                        ^^"#]],
    );
    refused(
        explore("nemesis = [\"kill\"]\nexplore = {}"),
        &expect![[r#"
            suite.toml:21:11: a world that is explored has no nemesis: a fault is a budget there, and strikes at every point: drops, duplicates, kills, power, partitions and timeouts, each with a number
              nemesis = ["kill"]
                        ^^^^^^^^"#]],
    );
    refused(
        explore("concurrency = \"51n\"\nexplore = {}"),
        &expect![[r#"
            suite.toml:17:1: a world that is explored has at most 100 clients, and this has 102: set concurrency
              [[challenge.world]]
              ^^^^^^^^^^^^^^^^^^^"#]],
    );
    refused(
        explore("explore = {}\n[challenge.world.below]\nmsgs-per-op = 5"),
        &expect![[r#"
            suite.toml:23:1: a world that is explored has no targets: few operations measure nothing
              msgs-per-op = 5
              ^^^^^^^^^^^"#]],
    );
    refused(
        ("node-count = 2", "node-count = 17"),
        &expect![[r#"
        suite.toml:17:1: a world that is explored has at most 16 nodes, and this has 17: set node-count, 3 are usual
          [[challenge.world]]
          ^^^^^^^^^^^^^^^^^^^"#]],
    );
    let split = SUITE.replace("fires = 2 }", "partitions = 1 }");
    let error = read(
        "suite.toml",
        &split.replacen("node-count = 2", "node-count = 9", 1),
    );
    expect![[r#"
        suite.toml:17:1: a world that is explored with partitions has at most 8 nodes, and this has 9: set node-count, 3 are usual
          [[challenge.world]]
          ^^^^^^^^^^^^^^^^^^^"#]].assert_eq(&error.unwrap_err().to_string());
}

#[test]
fn a_world_is_explored_with_the_options_of_its_challenge_that_explorations_have() {
    let text = SUITE.replace(
        "availability",
        "latency = 50\nconcurrency = \"2n\"\navailability",
    );
    let suite = read("suite.toml", &text).unwrap();
    let world = suite.challenges[0].world("losses").unwrap();
    assert_eq!(world.seeds(), [1]);
    assert_eq!(
        world.scenario().flags().join(" "),
        "-w broadcast --node-count 2 --concurrency 4 --rate 5 --time-limit 60"
    );
    assert_eq!(
        world.world.unwrap().flags().join(" "),
        "--node-count 2 --operations 2 --fires 3 --drops 1 --max-states 50000"
    );
    let all = "operations = 5, fires = 6, delays = 1, drops = 2, duplicates = 3, kills = 1, power = 4, \
               partitions = 5, timeouts = 6, depth = 40, timers = \"bounded\", drift-ppm = 7, warm-up-ms = 1500, \
               states-max = 9";
    let text = SUITE.replace("operations = 2, fires = 2", all);
    let suite = read("suite.toml", &text).unwrap();
    let world = suite.challenges[0].world("orders").unwrap();
    let explore = world.explore().unwrap();
    assert_eq!(
        explore.flags().join(" "),
        "--operations 5 --fires 6 --timers bounded --drift 7 --drops 2 --duplicates 3 --kills 1 --power 4 \
         --partitions 5 --timeouts 6 --delays 1 --depth 40 --warm-up 1.5 --max-states 9"
    );
    assert_eq!(
        explore.in_words(world.scenario()),
        "2 nodes, 5 operations, 6 timers that fire late by up to 7 ppm, 2 losses, 3 duplicates, 1 kill, 4 losses of power, 5 \
         partitions, 6 timeouts, 1 late message, up to 40 moves, after 1.5 s"
    );
}

#[test]
fn a_world_that_is_explored_has_no_runs_in_the_simulator() {
    let class = class();
    let words = [
        "sim",
        "--suite",
        "suite.toml",
        "--challenge",
        "flood",
        "--world",
        "losses",
    ];
    let ended = class
        .host()
        .args(words)
        .args(["--seed", "1", "class/bob/broadcast.wasm"])
        .end();
    ended.is(expect![[r#"
        exit code 254
        ---- stderr
        error: the world losses is explored, and has no runs: host explore --module class/bob/broadcast.wasm -w broadcast --node-count 2 --operations 2 --fires 3 --drops 1 --max-states 50000 --seed 1
    "#]]);
}

#[test]
fn a_suite_shows_how_worlds_are_explored() {
    let class = class();
    let shown = class
        .host()
        .args(["suite", "show", "--suite", "suite.toml", "flood"])
        .end();
    shown.is(expect![[r#"
        exit code 0
        ---- stdout
        flood: Broadcast
        module:  broadcast
        points:  3
        options: -w broadcast --node-count 5 --rate 5 --time-limit 5 --availability total

        world orders: Messages come in every order. No order was promised.
          options: --node-count 2 --operations 2 --fires 2 --max-states 200000
          seeds:   1

        world losses: Any message may be lost. Whoever promises to survive that has to.
          options: --node-count 2 --operations 2 --fires 3 --drops 1 --max-states 50000
          seeds:   1
    "#]]);
}

#[test]
fn the_report_on_a_class_has_a_page_of_the_schedule_that_fails() {
    let class = class();
    let grade = class.grade(&["--report", "report", "class"]);
    assert_eq!(grade.code(), Some(1), "{grade}");
    let page = fs::read_to_string(
        class
            .path("report")
            .join(run_path("bob", "flood"))
            .join("index.html"),
    )
    .unwrap();
    for text in ["lost-elements", "host explore --module"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn an_exploration_that_is_interrupted_has_no_verdict() {
    let class = class();
    let text = suite("{ operations = 40, fires = 40, drops = 5, states-max = 10_000_000 }");
    let limits = "[limits]\nmax-run-fuel = 9_000_000_000_000_000\nmax-run-memory-mib = 4096\n\n[[challenge]]";
    fs::write(
        class.path("suite.toml"),
        text.replacen("[[challenge]]", limits, 1),
    )
    .unwrap();
    let grader = class.grader().args(["--resume", "runs.jsonl"]);
    let grader = grader.args(["--format", "json", "class/alice/broadcast.wasm"]);
    let grader = grader.start();
    let runs = || fs::read_to_string(class.path("runs.jsonl")).unwrap_or_default();
    // The head and the official run.
    while runs().lines().count() < 2 {
        sleep(Duration::from_millis(10));
    }
    let ended = ends(grader, Signal::INT);
    let grade = parse(&ended);
    let state = &grade["submissions"][0]["challenges"][0]["state"];
    assert_eq!((ended.code(), state), (Some(1), &json!("pending")));
    assert_eq!(runs().lines().count(), 2, "{}", runs());
}
