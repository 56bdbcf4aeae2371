//! `host suite list`, `show` and `run`: the one list of challenges, from outside.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use expect_test::expect;
use serde_json::Value as Json;

use test_support::Ended;
use test_support::class::{Class, check};

/// Runs `host suite` in the folder of a class.
fn suite(class: &Class, args: &[&str]) -> Ended {
    class.host().arg("suite").args(args).end()
}

/// What it printed.
fn stdout(class: &Class, args: &[&str]) -> String {
    let ended = suite(class, args);
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    ended.stdout
}

/// With the figures in the last column of the table, wall time, as `WALL`.
fn without_wall(mut ended: Ended) -> Ended {
    let mut masked = String::new();
    for line in ended.stdout.lines() {
        let wall = line.rsplit(' ').next().unwrap_or_default();
        let is_number = !wall.is_empty() && wall.bytes().all(|byte| byte.is_ascii_digit());
        let is_row = is_number && !line.starts_with(' ');
        let line = match line.strip_suffix(wall) {
            Some(rest) if is_row => format!("{} WALL", rest.trim_end()),
            _ => line.to_owned(),
        };
        writeln!(masked, "{line}").unwrap();
    }
    ended.stdout = masked;
    ended
}

/// A file of this workspace.
fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap()
}

/// The ids of the built-in suite, in its order.
fn ids(class: &Class) -> Vec<String> {
    let list = stdout(class, &["list"]);
    let ids = list.lines().map(|line| line.split(' ').next().unwrap());
    ids.map(str::to_owned).collect()
}

#[test]
fn what_passes_is_a_line_of_figures() {
    let class = Class::small();
    check(
        &without_wall(suite(
            &class,
            &["run", "--suite", "suite.toml", "class/alice"],
        )),
        &expect![[r#"
            exit code 0
            ---- stdout
            challenge        module           valid      msgs/op  median ms     max ms  availability  worlds   wall ms
            echo             echo             true             0          -          -             1       - WALL
            flood            broadcast        true         0.786          0        323             1       - WALL
            cut              broadcast        true          2.45       1338       7269             1       - WALL

            msgs/op: messages between servers for each operation. median ms, max ms: from the
            acknowledgement of a value until every read has it. worlds: runs in other circumstances
            that passed before the first that failed, of all. Seed: 1.
        "#]],
    );
}

#[test]
fn what_fails_is_followed_by_the_reason_and_its_replay() {
    let class = Class::small();
    check(
        &without_wall(suite(
            &class,
            &["run", "--suite", "suite.toml", "--seed", "2", "class/bob"],
        )),
        &expect![[r#"
            exit code 1
            ---- stdout
            challenge        module           valid      msgs/op  median ms     max ms  availability  worlds   wall ms
            echo             echo             false            -          -          -             -       - WALL
              at 0.007 s, node n0: the guest failed in handle: trap: integer divide by zero
                in: average < go < handle
                event: message {"src":"c2","dest":"n0","body":{"echo":"Please echo 34","type":"echo","msg_id":1}}
                [NOTHING DONE]
              replay: host sim --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 2
              pages: host sim --report report --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 2
            flood            broadcast        true         0.688          0          0             1       - WALL
            cut              broadcast        false         1.62          0      19831             1       - WALL
              14 known elements lost, not in the last reads: 0 1 4 6 8 9 11 13 … and 6 more
              Also wrong (stricter than Maelstrom):
              op 229 (process 2, 19.941 s) lacks 10 known elements for good: 2 3 5 7 10 12 14 15 … and 2 more
              op 230 (process 0, 19.942 s) lacks 11 known elements for good: 2 3 5 7 10 12 14 15 … and 3 more
              op 231 (process 1, 19.943 s) lacks 10 known elements for good: 2 3 5 7 10 12 14 15 … and 2 more
              replay: host sim --module class/bob/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 2
              pages: host sim --report report --module class/bob/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 2

            msgs/op: messages between servers for each operation. median ms, max ms: from the
            acknowledgement of a value until every read has it. worlds: runs in other circumstances
            that passed before the first that failed, of all. Seed: 2.
        "#]],
    );
}

#[test]
fn only_an_optional_challenge_may_lack_a_module() {
    let class = Class::empty();
    class.built("dora/g-set.wasm", "g-set");
    let run = |ids: &str| {
        without_wall(suite(
            &class,
            &["run", "--challenge", ids, "--seed", "3", "class/dora"],
        ))
    };
    check(
        &run("g-set,pn-counter"),
        &expect![[r#"
            exit code 0
            ---- stdout
            challenge        module           valid      msgs/op  median ms     max ms  availability  worlds   wall ms
            g-set            g-set            true         0.523       4288      13999             1   25/25 WALL
            pn-counter       pn-counter       missing          -          -          -             -       -         -

            msgs/op: messages between servers for each operation. median ms, max ms: from the
            acknowledgement of a value until every read has it. worlds: runs in other circumstances
            that passed before the first that failed, of all. Seed: 3.
        "#]],
    );
    check(
        &run("1"),
        &expect![[r#"
            exit code 1
            ---- stdout
            challenge        module           valid      msgs/op  median ms     max ms  availability  worlds   wall ms
            1                echo             missing          -          -          -             -       -         -

            msgs/op: messages between servers for each operation. median ms, max ms: from the
            acknowledgement of a value until every read has it. worlds: runs in other circumstances
            that passed before the first that failed, of all. Seed: 3.
        "#]],
    );
}

#[test]
fn guests_get_the_arguments_of_their_challenge_alone() {
    let class = Class::empty();
    class.built("dora/echo.wasm", "echo");
    class.built("dora/broadcast.wasm", "broadcast");
    check(
        &without_wall(suite(
            &class,
            &[
                "run",
                "--challenge",
                "1,3b",
                "--args",
                "3b=--strategy flood",
                "class/dora",
            ],
        )),
        &expect![[r#"
            exit code 0
            ---- stdout
            challenge        module           valid      msgs/op  median ms     max ms  availability  worlds   wall ms
            1                echo             true             0          -          -             1     3/3 WALL
            3b               broadcast        true          5.83          0          0             1   12/12 WALL

            msgs/op: messages between servers for each operation. median ms, max ms: from the
            acknowledgement of a value until every read has it. worlds: runs in other circumstances
            that passed before the first that failed, of all. Seed: 1.
        "#]],
    );
}

#[test]
fn a_report_has_a_page_of_the_suite_and_of_each_run() {
    let class = Class::small();
    let ended = suite(
        &class,
        &[
            "run",
            "--suite",
            "suite.toml",
            "--challenge",
            "echo,flood",
            "--report",
            "report",
            "class/alice",
        ],
    );
    assert_eq!(ended.code(), Some(0));
    let text = ended.stdout;
    let last = "What happened, event by event: file://[DIR]/report/index.html";
    assert_eq!(text.lines().last(), Some(last));
    let page = fs::read_to_string(class.path("report/index.html")).unwrap();
    for id in ["echo", "flood"] {
        assert!(page.contains(id), "{id}");
    }
}

/// The table's runs are not made again for the report, so it has to be the same as a grader's.
#[test]
fn what_was_judged_for_the_table_is_in_the_report_as_a_grader_judges_it() {
    let class = Class::small();
    let suite_toml = ["--suite", "suite.toml"];
    let run = ["run", "--seed", "2", "--report", "report", "class/bob"];
    let ended = suite(&class, &[&run[..1], &suite_toml, &run[1..]].concat());
    assert_eq!(ended.code(), Some(1), "{ended}");
    let grade = ["--seeds", "2..3", "--format", "json", "class/bob"];
    let graded = class.host().arg("grade").args(suite_toml).args(grade).end();
    let without_times = |json: &str| {
        let mut json: Json = serde_json::from_str(json).unwrap();
        let judge = json.as_object_mut().unwrap();
        assert!(judge.remove("timings").is_some());
        json
    };
    let reported = fs::read_to_string(class.path("report/grade.json")).unwrap();
    assert_eq!(without_times(&reported), without_times(&graded.stdout));
}

#[test]
fn errors_of_suite_say_what_to_do() {
    let class = Class::small();
    let of = |args: &[&str]| suite(&class, args);
    check(
        &of(&["show", "--suite", "suite.toml", "5c"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: the suite has no challenge "5c"; it has echo, flood, cut
        "#]],
    );
    check(
        &of(&[
            "run",
            "--suite",
            "suite.toml",
            "--challenge",
            "5c",
            "class/alice",
        ]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: the suite has no challenge "5c"; it has echo, flood, cut
        "#]],
    );
    check(
        &of(&[
            "run",
            "--suite",
            "suite.toml",
            "--args",
            "echo",
            "class/alice",
        ]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: invalid value 'echo' for '--args <ID=ARGS>': expected ID=ARGS, such as 3e=--window-ms 1800

            [TRY HELP]
        "#]],
    );
    check(
        &of(&["run", "--suite", "suite.toml", "class"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: class holds folders, not modules
        "#]],
    );
    check(
        &of(&["run", "--suite", "suite.toml", "nowhere"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: cannot read nowhere: No such file or directory (os error 2)
        "#]],
    );
}

#[test]
fn the_built_in_challenges_are_listed() {
    let class = Class::empty();
    check(
        &suite(&class, &["list"]),
        &expect![[r#"
            exit code 0
            ---- stdout
            1                echo             Echo                                              5           crowded
            2                unique-ids       Unique ID generation                              5           crowded, paused, many
            3a               broadcast        Single-node broadcast                             5           crowded
            3b               broadcast        Multi-node broadcast                              5           far, line, crowded, paused
            3c               broadcast        Fault-tolerant broadcast                          10          far, cut, lossy, crowded, paused, hunted, calm
            3d               broadcast        Efficient broadcast, part I                       10          uneven, crowded
            3e               broadcast        Efficient broadcast, part II                      10          uneven, crowded
            4                g-counter        Grow-only counter                                 10          far, crowded, cut, paused, hunted, calm, idle, distant
            5a               kafka            Single-node Kafka-style log                       5           crowded
            5b               kafka            Multi-node Kafka-style log                        10          far, crowded, cut, paused, hunted, calm, slow
            5c               kafka            Efficient Kafka-style log                         5           far, crowded, cut, paused, hunted, calm, slow
            6a               txn-rw-register  Single-node, totally-available transactions       5           crowded
            6b               txn-rw-register  Totally-available, read-uncommitted transactions  5           far, crowded, paused, hunted
            6c               txn-rw-register  Totally-available, read-committed transactions    10          far, crowded, paused, hunted
            3c-durable       broadcast        Broadcast that survives restarts                  5 (bonus)   killed, dark, slow, explored
            5b-durable       kafka            Kafka-style log that survives restarts            5 (bonus)   killed, dark, slow, explored
            g-set            g-set            Grow-only set                                     5 (bonus)   far, crowded, lossy, paused, hunted, calm, distant
            pn-counter       pn-counter       Counter that grows and shrinks                    5 (bonus)   far, crowded, cut, paused, hunted, calm, idle, distant
            txn-list-append  txn-list-append  Strictly serializable transactions                10 (bonus)  far, crowded, cut, paused, hunted, calm, slow
            lin-kv           lin-kv           Linearizable registers                            10 (bonus)  far, busy, cut, paused, slow, torn, hunted, skewed
            lin-kv-5         lin-kv           Linearizable registers on five nodes              5 (bonus)   far, busy, cut, paused, slow, torn, hunted, skewed
            lin-kv-durable   lin-kv           Linearizable registers that survive power losses  5 (bonus)   power, cut, failing, hunted
        "#]],
    );
}

#[test]
fn a_challenge_is_shown_with_its_targets() {
    let class = Class::empty();
    check(
        &suite(&class, &["show", "3d"]),
        &expect![[r#"
            exit code 0
            ---- stdout
            3d: Efficient broadcast, part I
            module:  broadcast
            points:  10
            options: -w broadcast --node-count 25 --rate 100 --time-limit 20 --latency 100
            targets: msgs-per-op < 30, stable-median-ms < 400, stable-max-ms < 600, visible-median-ms < 500, visible-max-ms < 700

            world uneven: Latencies have the same mean and differ, so that messages overtake each other. None is lost, and the targets are not judged here.
              options: --latency-dist exponential
              seeds:   1..3
              targets: acknowledged-median-ms < 2000

            world crowded: Four clients a node: many values are on their way at once. None is lost, and the targets are not judged here.
              options: --concurrency 4n
              seeds:   1..3
        "#]],
    );
    check(
        &suite(&class, &["show", "--module", "3d"]),
        &expect![[r#"
            exit code 0
            ---- stdout
            broadcast
        "#]],
    );
}

#[test]
fn every_built_in_challenge_has_the_flags_of_its_official_command() {
    let class = Class::empty();
    let mut text = String::new();
    for id in ids(&class) {
        let flags = stdout(&class, &["show", "--flags", &id]);
        write!(text, "{id}: {flags}").unwrap();
    }
    expect![[r#"
        1: -w echo --node-count 1 --rate 5 --time-limit 10
        2: -w unique-ids --node-count 3 --rate 1000 --time-limit 30 --nemesis partition --availability total
        3a: -w broadcast --node-count 1 --rate 10 --time-limit 20
        3b: -w broadcast --node-count 5 --rate 10 --time-limit 20
        3c: -w broadcast --node-count 5 --rate 10 --time-limit 20 --nemesis partition
        3d: -w broadcast --node-count 25 --rate 100 --time-limit 20 --latency 100
        3e: -w broadcast --node-count 25 --rate 100 --time-limit 20 --latency 100
        4: -w g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
        5a: -w kafka --node-count 1 --concurrency 2 --rate 1000 --time-limit 20
        5b: -w kafka --node-count 2 --concurrency 4 --rate 1000 --time-limit 20
        5c: -w kafka --node-count 2 --concurrency 4 --rate 1000 --time-limit 20
        6a: -w txn-rw-register --node-count 1 --concurrency 2 --rate 1000 --time-limit 20 --availability total --consistency-models read-uncommitted
        6b: -w txn-rw-register --node-count 2 --concurrency 4 --rate 1000 --time-limit 20 --nemesis partition --availability total --consistency-models read-uncommitted
        6c: -w txn-rw-register --node-count 2 --concurrency 4 --rate 1000 --time-limit 20 --nemesis partition --availability total --consistency-models read-committed
        3c-durable: -w broadcast --node-count 3 --rate 20 --time-limit 20 --disk-latency 5 --disk-latency-dist exponential --nemesis power --nemesis-interval 2 --availability 0
        5b-durable: -w kafka --node-count 2 --concurrency 8 --rate 100 --time-limit 20 --disk-latency 5 --disk-latency-dist exponential --nemesis power --nemesis-interval 2 --availability 0
        g-set: -w g-set --node-count 5 --rate 100 --time-limit 20 --nemesis partition
        pn-counter: -w pn-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
        txn-list-append: -w txn-list-append --node-count 3 --concurrency 6 --rate 100 --time-limit 20 --nemesis partition
        lin-kv: -w lin-kv --node-count 3 --concurrency 12 --rate 30 --time-limit 60 --nemesis partition
        lin-kv-5: -w lin-kv --node-count 5 --concurrency 20 --rate 30 --time-limit 60 --nemesis partition
        lin-kv-durable: -w lin-kv --node-count 3 --concurrency 12 --rate 30 --time-limit 60 --disk-latency 5 --nemesis kill
    "#]].assert_eq(&text);
}

#[test]
fn the_flags_for_maelstrom_leave_out_what_it_lacks() {
    let class = Class::empty();
    let text = fs::read_to_string(class.path("suite.toml")).unwrap();
    let text = text.replacen(
        "workload = \"echo\"",
        "workload = \"echo\"\nnetwork = \"ideal\"\nchecks = \"maelstrom\"",
        1,
    );
    let limits = "\n[limits]\nmemory-mib = 7\n";
    fs::write(class.path("mine.toml"), text + limits).unwrap();
    let show = |more: &[&str]| stdout(&class, &[&["show", "--suite", "mine.toml"], more].concat());
    expect![[r#"
        echo: Echo
        module:  echo
        points:  2
        options: -w echo --node-count 1 --rate 5 --time-limit 3 --checks maelstrom --network ideal --max-memory-mib 7
    "#]].assert_eq(&show(&["echo"]));
    expect![[r#"
        -w echo --node-count 1 --rate 5 --time-limit 3
    "#]]
    .assert_eq(&show(&["--flags", "echo"]));
}

#[test]
fn the_documented_table_of_challenges_is_that_of_the_suite() {
    let class = Class::empty();
    let table = stdout(&class, &["list", "--format", "markdown"]);
    assert!(
        read("docs/challenges.md").contains(&table),
        "docs/challenges.md has another table than `host suite list --format markdown`:\n{table}"
    );
}

/// A row of the figures is about one or several challenges: `3a, 3b, 3c broadcast`.
#[test]
fn the_figures_are_of_every_challenge_in_the_order_of_the_suite() {
    let class = Class::empty();
    let figures = read("docs/figures.md");
    let rows = figures
        .lines()
        .skip_while(|line| !line.starts_with("| challenge |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let first = rows.map(|row| row.split('|').nth(1).unwrap_or_default());
    let shown: Vec<&str> = first
        .flat_map(|cell| cell.split(','))
        .filter_map(|part| part.split_whitespace().next())
        .collect();
    assert_eq!(shown, ids(&class));
}
