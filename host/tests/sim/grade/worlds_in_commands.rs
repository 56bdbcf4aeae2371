//! Worlds in `host suite` and `host sim`.

use std::fs;

use expect_test::expect;
use test_support::Ended;
use test_support::class::{Class, check};

use super::worlds::{WORLDS, class};

fn suite(class: &Class, args: &[&str]) -> Ended {
    class.host().arg("suite").args(args).end()
}

#[test]
fn worlds_are_listed_and_shown() {
    let class = class();
    check(
        &suite(&class, &["list", "--suite", "suite.toml"]),
        &expect![[r#"
            exit code 0
            ---- stdout
            flood  broadcast  Broadcast  3  far, cut
        "#]],
    );
    check(
        &suite(
            &class,
            &["list", "--suite", "suite.toml", "--format", "markdown"],
        ),
        &expect![[r#"
            exit code 0
            ---- stdout
            | challenge | title | module | points | options | targets |
            |---|---|---|---|---|---|
            | flood | Broadcast | `broadcast` | 3 | `-w broadcast --node-count 3 --rate 5 --time-limit 5` | msgs-per-op < 60 |

            | challenge | world | changed options | seeds | targets | what it does, and why that is fair |
            |---|---|---|---|---|---|
            | flood | `far` | `--latency 10` | 5 | msgs-per-op < 70 | Messages take 10 ms. None is lost. |
            | flood | `cut` | `--rate 10 --nemesis partition --nemesis-interval 1` | 1..4 |  | Partitions. Whoever promises to survive them has to. |
        "#]],
    );
    check(
        &suite(&class, &["show", "--suite", "suite.toml", "flood"]),
        &expect![[r#"
            exit code 0
            ---- stdout
            flood: Broadcast
            module:  broadcast
            points:  3
            options: -w broadcast --node-count 3 --rate 5 --time-limit 5
            targets: msgs-per-op < 60

            world far: Messages take 10 ms. None is lost.
              options: --latency 10
              seeds:   5
              targets: msgs-per-op < 70

            world cut: Partitions. Whoever promises to survive them has to.
              options: --rate 10 --nemesis partition --nemesis-interval 1
              seeds:   1..4
        "#]],
    );
}

/// With the figures in the last column of the table, wall time, as `WALL`.
fn without_wall(mut ended: Ended) -> Ended {
    let lines = ended
        .stdout
        .lines()
        .map(|line| match line.rsplit_once(' ') {
            Some((rest, wall)) if line.starts_with("flood") && wall.parse::<u64>().is_ok() => {
                format!("{} WALL\n", rest.trim_end())
            }
            _ => format!("{line}\n"),
        });
    ended.stdout = lines.collect();
    ended
}

#[test]
fn a_suite_is_run_in_its_worlds() {
    let class = class();
    let run = |dir: &str| without_wall(suite(&class, &["run", "--suite", "suite.toml", dir]));
    check(
        &run("class/alice"),
        &expect![[r#"
            exit code 0
            ---- stdout
            challenge        module           valid      msgs/op  median ms     max ms  availability  worlds   wall ms
            flood            broadcast        true         0.786          0        323             1     4/4 WALL

            msgs/op: messages between servers for each operation. median ms, max ms: from the
            acknowledgement of a value until every read has it. worlds: runs in other circumstances
            that passed before the first that failed, of all. Seed: 1.
        "#]],
    );
    check(
        &run("class/bob"),
        &expect![[r#"
            exit code 1
            ---- stdout
            challenge        module           valid      msgs/op  median ms     max ms  availability  worlds   wall ms
            flood            broadcast        true         0.857          0          0             1     1/4 WALL
              in the world cut, with seed 1: Partitions. Whoever promises to survive them has to.
              5 known elements lost, not in the last reads: 1 2 4 5 17
              Also wrong (stricter than Maelstrom):
              op 106 (process 1, 14.943 s) lacks 2 known elements for good: 0 3
              op 107 (process 0, 14.943 s) lacks 2 known elements for good: 0 3
              replay: host sim --module class/bob/broadcast.wasm -w broadcast --node-count 3 --rate 10 --time-limit 5 --nemesis partition --nemesis-interval 1 --seed 1
              pages: host sim --report report --module class/bob/broadcast.wasm -w broadcast --node-count 3 --rate 10 --time-limit 5 --nemesis partition --nemesis-interval 1 --seed 1

            msgs/op: messages between servers for each operation. median ms, max ms: from the
            acknowledgement of a value until every read has it. worlds: runs in other circumstances
            that passed before the first that failed, of all. Seed: 1.
        "#]],
    );
}

#[test]
fn names_of_challenges_and_worlds_that_are_wrong_are_refused_with_the_right_ones() {
    let class = class();
    let sim = |args: &[&str]| {
        let sim = class
            .host()
            .args(["sim", "--module", "class/bob/broadcast.wasm"]);
        sim.args(args).end()
    };
    let mine = ["--suite", "suite.toml"];
    let with = |more: &[&str]| sim(&[&mine, more].concat());
    check(
        &with(&["--challenge", "3c"]),
        &expect![[r#"
        exit code 254
        ---- stderr
        error: the suite has no challenge "3c"; it has flood
    "#]],
    );
    check(
        &with(&["--challenge", "flood", "--world", "near"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: challenge flood has no world "near"; it has far, cut
        "#]],
    );
    check(
        &sim(&["--world", "far"]),
        &expect![[r#"
        exit code 254
        ---- stderr
        error: --world is for a world of a challenge: add --challenge ID; `host suite list` lists them
    "#]],
    );
    check(
        &sim(&["--suite", "suite.toml"]),
        &expect![[r#"
        exit code 254
        ---- stderr
        error: --suite is for the suite of a challenge: add --challenge ID; `host suite list` lists them
    "#]],
    );
    check(
        &sim(&["-w", "echo", "--world", "far"]),
        &expect![[r#"
        exit code 254
        ---- stderr
        error: --world is for a world of a challenge: add --challenge ID; `host suite list` lists them
    "#]],
    );
    check(
        &sim(&["--challenge", "3c", "--schedule", "x.json"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: the argument '--challenge <ID>' cannot be used with '--schedule <FILE>'

            Usage: host sim --module <FILE> --challenge <ID> [MODULE] [-- <GUEST_ARGS>...]

            [TRY HELP]
        "#]],
    );
    check(
        &class.host().args(["sim", "--challenge", "3c"]).end(),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: the following required arguments were not provided:
              --module <FILE>

            Usage: host sim --challenge <ID> --module <FILE> [MODULE] [-- <GUEST_ARGS>...]

            [TRY HELP]
        "#]],
    );
    let without = WORLDS.replace("[[challenge.world]]", "[[challenge.other]]");
    let cut = without.find("[[challenge.other]]").unwrap();
    fs::write(class.path("plain.toml"), &without[..cut]).unwrap();
    check(
        &sim(&[
            "--suite",
            "plain.toml",
            "--challenge",
            "flood",
            "--world",
            "far",
        ]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: challenge flood has no worlds, only its official options
        "#]],
    );
}

/// A schedule has no limits: the command that plays it has those of the suite.
#[test]
fn a_run_of_a_world_is_shrunk_and_played_again() {
    let class = class();
    let text = WORLDS.replacen(
        "[[challenge]]",
        "[limits]\nmax-memory-mib = 64\n[[challenge]]",
        1,
    );
    fs::write(class.path("suite.toml"), text).unwrap();
    let args = "sim --suite suite.toml --challenge flood --world cut --seeds 1..9 --shrink short.json class/bob/broadcast.wasm";
    let shrunk = class.host().args(args.split(' ')).end();
    assert_eq!(shrunk.code(), Some(1), "{shrunk}");
    let mut lines = shrunk.stdout.lines();
    let replay = lines
        .find_map(|line| line.split_once("replay: "))
        .unwrap()
        .1;
    expect!["host sim class/bob/broadcast.wasm --max-memory-mib 64 --schedule short.json"]
        .assert_eq(replay.trim());
    let again = class.host().args(replay.split_whitespace().skip(1)).end();
    assert_eq!(again.code(), Some(1), "{again}");
}
