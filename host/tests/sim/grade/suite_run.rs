//! `host suite list`, `show` and `run`: the one list of challenges, from outside.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Output;

use expect_test::expect;

use crate::grade::class::{Class, check};

/// Runs `host suite` in the folder of a class.
fn suite(class: &Class, args: &[&str]) -> Output {
    class.host().arg("suite").args(args).output().unwrap()
}

/// What it printed.
fn stdout(class: &Class, args: &[&str]) -> String {
    let output = suite(class, args);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

/// With the last column of the table, wall time, as `WALL`.
fn without_wall(mut output: Output) -> Output {
    let text = String::from_utf8(output.stdout).unwrap();
    let mut masked = String::new();
    for line in text.lines() {
        let wall = line.rsplit(' ').next().unwrap_or_default();
        let is_row = !wall.is_empty() && wall.bytes().all(|byte| byte.is_ascii_digit());
        let line = match line.strip_suffix(wall) {
            Some(rest) if is_row => format!("{} WALL", rest.trim_end()),
            _ => line.to_owned(),
        };
        writeln!(masked, "{line}").unwrap();
    }
    output.stdout = masked.into_bytes();
    output
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
        &expect![[r#""#]],
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
        &expect![[r#""#]],
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
    check(&run("g-set,pn-counter"), &expect![[r#""#]]);
    check(&run("1"), &expect![[r#""#]]);
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
                "3b=--strategy wrong",
                "class/dora",
            ],
        )),
        &expect![[r#"
            exit code 1
            ---- stdout
            challenge        module           valid      msgs/op  median ms     max ms  availability   wall ms
            1                echo             true           0.0          -          -           1.0 WALL
            3b               broadcast        false            -          -          -             - WALL
              at 0 s, node n0: the guest failed in handle: it exited with code 2; a node runs until it is stopped
                in: __wasi_proc_exit < _Exit < exit < std::sys::exit::exit < std::process::exit < <broadcast::Broadcast as guest_sdk::node::Node>::init < handle
                event: message {"src":"c0","dest":"n0","body":{"node_id":"n0","node_ids":["n0","n1","n2","n3","n4"],"type":"init","msg_id":1}}
                stderr: wrong arguments: unknown variant `wrong`, expected one of `star`, `gossip`, `plumtree`, `flood`
                nothing that this step asked for was done
              replay: host sim --module class/dora/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 20 --seed 1 -- --strategy wrong

            msgs/op: messages between servers for each operation. median ms, max ms: from the
            acknowledgement of a value until every read has it. Seed: 1.

        "#]],
    );
}

#[test]
fn a_report_has_a_page_of_the_suite_and_of_each_run() {
    let class = Class::small();
    let output = suite(
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
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let index = fs::canonicalize(class.path("report/index.html")).unwrap();
    let last = format!("What happened, event by event: file://{}", index.display());
    assert_eq!(text.lines().last(), Some(last.as_str()));
    for id in ["echo", "flood"] {
        assert!(fs::read_to_string(&index).unwrap().contains(id), "{id}");
    }
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
            error: invalid value 'echo' for '--args <ID=ARGS>': expected ID=ARGS, such as 3e=--window-ms 1700

            For more information, try '--help'.

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
    check(&suite(&class, &["list"]), &expect![[r#""#]]);
}

#[test]
fn a_challenge_is_shown_with_its_targets() {
    let class = Class::empty();
    check(&suite(&class, &["show", "3d"]), &expect![[r#"
        exit code 0
        ---- stdout
        3d: Efficient broadcast, part I
        module:  broadcast
        points:  10
        options: -w broadcast --node-count 25 --rate 100 --time-limit 20 --latency 100
        targets: msgs-per-op < 30, stable-median-ms < 400, stable-max-ms < 600, visible-median-ms < 500, visible-max-ms < 700

    "#]]);
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
    expect![[r#""#]].assert_eq(&text);
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
    expect![[r#""#]].assert_eq(&show(&["echo"]));
    expect![[r#""#]].assert_eq(&show(&["--flags", "echo"]));
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

/// A row of the README is about one or several challenges: `3a, 3b, 3c`.
#[test]
fn the_readme_has_figures_of_every_challenge_in_the_order_of_the_suite() {
    let class = Class::empty();
    let readme = read("README.md");
    let rows = readme
        .lines()
        .skip_while(|line| !line.starts_with("| challenge |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let first = rows.map(|row| row.split('|').nth(1).unwrap_or_default());
    let shown: Vec<&str> = first
        .flat_map(|cell| cell.split(','))
        .map(str::trim)
        .collect();
    assert_eq!(shown, ids(&class));
}
