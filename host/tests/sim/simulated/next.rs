//! A failing run ends with what to do next: commands that can be typed.

use std::os::unix::ffi::OsStringExt;
use std::process::Command;

use expect_test::{Expect, expect};
use test_support::{Dir, Ended, built, bytes, host, with_placeholders};

/// The lines of an output from `next` on, without the empty ones.
fn next(stdout: &str) -> String {
    let lines = stdout.lines().skip_while(|line| !line.starts_with("next "));
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n") + "\n"
}

/// The command of an output for one purpose.
fn command<'a>(stdout: &'a str, what: &str) -> &'a str {
    let what = format!("{what}: ");
    let mut lines = stdout.lines();
    let line = lines.find(|line| line.get(14..).is_some_and(|line| line.starts_with(&what)));
    &line.unwrap_or_else(|| panic!("{stdout}"))[14 + what.len()..]
}

#[test]
fn a_command_is_typed_as_the_program_was_called_whatever_the_names_are() {
    let dir = Dir::new();
    let name = std::ffi::OsString::from_vec(b"it's \xff.wasm".to_vec());
    std::fs::write(dir.root().join(&name), bytes("echo-mutants")).unwrap();
    let link = dir.path("my host");
    std::os::unix::fs::symlink(host(), &link).unwrap();
    let run = Command::new("./my host")
        .current_dir(dir.root())
        .args([
            "sim",
            "-w",
            "echo",
            "--node-count",
            "1",
            "--time-limit",
            "1",
            "--no-cache",
        ])
        .args(["--seed", "1", "--report", "r"])
        .arg("--module")
        .arg(&name)
        .args(["--", "--bug", "constant"])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    let stdout = String::from_utf8(run.stdout).unwrap();
    expect![[r#"
        next          replay: './my host' sim -w echo --node-count 1 --time-limit 1 --no-cache --module $'it\'s \377.wasm' --seed 1 -- --bug constant
                      shrink: './my host' sim -w echo --node-count 1 --time-limit 1 --no-cache --module $'it\'s \377.wasm' --seed 1 --shrink shortest.json -- --bug constant
                      report: see r/index.html
                      play: './my host' play -w echo --node-count 1 --time-limit 1 --no-cache --module $'it\'s \377.wasm' --seed 1 -- --bug constant
        [INVALID]
    "#]].assert_eq(&with_placeholders(&next(&stdout)));
    let page = std::fs::read_to_string(dir.path("r/index.html")).unwrap();
    assert!(!page.contains("--report"), "it would replace itself");
    for what in ["replay", "shrink"] {
        let typed = Command::new("bash")
            .current_dir(dir.root())
            .args(["-c", command(&stdout, what)])
            .output()
            .unwrap();
        assert_eq!(typed.status.code(), Some(1), "{typed:?}");
    }
    assert!(dir.path("shortest.json").exists());
}

fn sim(dir: &Dir, module: &str, args: &str) -> Ended {
    let module = built(module);
    dir.host()
        .args(["sim", "--no-cache"])
        .args(args.split(' '))
        .arg(&module)
        .hide(module.parent().unwrap(), "DIR")
        .end()
}

#[track_caller]
fn check(ended: &Ended, code: i32, expected: &Expect) {
    assert_eq!(ended.code(), Some(code), "{ended}");
    expected.assert_eq(&with_placeholders(&ended.stdout));
}

const FLOOD: &str = "-w broadcast --node-count 3 --time-limit 2 --rate 10 --seed 1";

#[test]
fn a_run_that_misses_a_target_is_not_valid_and_neither_is_its_replay() {
    let dir = Dir::new();
    let missed = sim(
        &dir,
        "broadcast-flood",
        &format!("{FLOOD} --below msgs-per-op=0.5 --below stable-max-ms=1000"),
    );
    check(
        &missed,
        1,
        &expect![[r#"
            broadcast: INVALID

            - 0.78 messages between servers an operation; fewer than 0.5 are asked for

            elements      9 added: 9 stable (0 of them stale), 0 lost, 0 never read
            latency in ms     min  median    95 %    99 %     max
              stable            0       0       0       0       0  from the acknowledgement until every read has it
              visible           0       0       0       0       0  from the invocation until every read has it
            operations    23: 23 ok, 0 fail, 0 info; 100.00 % of invocations ok
              broadcast   9: 9 ok, 0 fail, 0 info
              read        14: 14 ok, 0 fail, 0 info
            messages      76 sent, 76 received; 3.30 an operation, 0.78 of them between servers

            What it did in 11.896 s, 47 events:
                n0 -> n1, n2  gossip  13 messages, 377 bytes
                n2 -> n0      gossip   3 messages, 87 bytes
                n1 -> n0      gossip   2 messages, 58 bytes
              64 messages, 18 of them between servers; a second: 39 in the first quarter of the time, 26 in the last
              largest body: 66 bytes, read_ok from n0 to clients at 11.892 s; in the first quarter of the time 51 bytes

            simulated     11.896 s with seed 1; 47 events
            next          replay: host sim --no-cache -w broadcast --node-count 3 --time-limit 2 --rate 10 --below msgs-per-op=0.5 --below stable-max-ms=1000 DIR/broadcast-flood.wasm --seed 1
                          report: host sim --no-cache -w broadcast --node-count 3 --time-limit 2 --rate 10 --below msgs-per-op=0.5 --below stable-max-ms=1000 DIR/broadcast-flood.wasm --seed 1 --report report
                          play: host play --no-cache -w broadcast --node-count 3 --time-limit 2 --rate 10 DIR/broadcast-flood.wasm --seed 1

            [INVALID]
        "#]],
    );
    let all = sim(&dir, "broadcast-flood", FLOOD);
    assert_eq!(all.code(), Some(0), "{all}");
    // A suite has the targets of its challenges.
    let of_suite = sim(
        &dir,
        "broadcast-flood",
        "--challenge 3e --time-limit 2 --seed 1",
    );
    let problems: Vec<&str> = (of_suite.stdout.lines())
        .filter(|line| line.starts_with("- "))
        .collect();
    expect!["- 24.81 messages between servers an operation; fewer than 20 are asked for"]
        .assert_eq(&problems.join("\n"));
    assert_eq!(of_suite.code(), Some(1), "{of_suite}");
    let laxer = sim(
        &dir,
        "broadcast-flood",
        "--challenge 3e --time-limit 2 --seed 1 --below msgs-per-op=1000",
    );
    assert!(
        !laxer.stdout.contains("between servers an operation; fewer"),
        "{laxer}"
    );
    // The first seed that misses one is the first that fails.
    let many = sim(
        &dir,
        "broadcast-flood",
        &format!(
            "{} --seeds 1..3 --below msgs-per-op=0.5",
            FLOOD.trim_end_matches(" --seed 1")
        ),
    );
    assert_eq!(many.code(), Some(1), "{many}");
}

#[test]
fn targets_that_are_none_are_refused() {
    let dir = Dir::new();
    let refused = |below: &str| {
        let ended = sim(&dir, "echo", &format!("-w echo --below {below}"));
        assert_eq!(ended.code(), Some(254), "{ended}");
        ended.stderr.lines().next().unwrap().to_owned()
    };
    let all = ["msgs", "msgs-per-op=0", "fast=3", "stable-max-ms=10"].map(refused);
    expect![[r#"
        error: invalid value 'msgs' for '--below <MEASURE=NUMBER>': expected a measure, = and a number above 0, such as msgs-per-op=30; measures are msgs-per-op, stable-median-ms, stable-max-ms, visible-median-ms, visible-max-ms, acknowledged-median-ms, acknowledged-max-ms, ms-per-ok
        error: invalid value 'msgs-per-op=0' for '--below <MEASURE=NUMBER>': expected a measure, = and a number above 0, such as msgs-per-op=30; measures are msgs-per-op, stable-median-ms, stable-max-ms, visible-median-ms, visible-max-ms, acknowledged-median-ms, acknowledged-max-ms, ms-per-ok
        error: invalid value 'fast=3' for '--below <MEASURE=NUMBER>': expected a measure, = and a number above 0, such as msgs-per-op=30; measures are msgs-per-op, stable-median-ms, stable-max-ms, visible-median-ms, visible-max-ms, acknowledged-median-ms, acknowledged-max-ms, ms-per-ok
        error: --below: echo has no stable-max-ms"#]].assert_eq(&all.join("\n"));
}
