//! An output that cannot be written ends every command with 254 and the same sentence.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use test_support::Run;
use test_support::class::Class;

use super::{ECHO, FLOOD, folder};

/// A device that is always full.
const FULL: &str = "/dev/full";

#[track_caller]
fn fails(run: Run, what: &str) {
    let ended = run.end();
    assert_eq!(ended.code(), Some(254), "{ended}");
    let expected =
        format!("error: cannot write to {what}: No space left on device (os error 28)\n");
    assert!(ended.stderr.ends_with(&expected), "{ended}");
}

#[test]
fn a_full_stdout_is_told_by_every_command() {
    let class = folder();
    let grade = ["grade", "--suite", "suite.toml", "--challenge", "echo"];
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["--help"],
        vec!["--version"],
        vec!["sim", "--help"],
        vec!["suite"],
        vec!["suite", "list"],
        vec!["suite", "show", "1"],
        vec!["suite", "run", "--suite", "suite.toml", "class/ann"],
    ];
    for format in ["text", "json"] {
        commands.push([&["sim", "--format", format], &ECHO[..]].concat());
        commands.push(vec![
            "explore",
            "echo.wasm",
            "-w",
            "echo",
            "--format",
            format,
        ]);
        let check = ["check", "-w", "echo", "history.edn", "--format", format];
        commands.push(check.to_vec());
        commands.push(vec!["inspect", "echo.wasm", "--format", format]);
        let seeds = ["sim", "--format", format, "--seeds", "1..3"];
        commands.push([&seeds, &ECHO[..10]].concat());
        let shrink = ["sim", "--format", format, "--shrink", "short.json"];
        commands.push([&shrink, &FLOOD[..]].concat());
    }
    for format in [
        "text",
        "json",
        "junit",
        "gradescope",
        "csv",
        "markdown",
        "annotations",
        "leaderboard",
    ] {
        commands.push([&grade[..], &["--format", format, "class/ann"]].concat());
        commands.push(vec!["merge", "--format", format, "grade.json"]);
    }
    for command in commands {
        let full = File::options().write(true).open(FULL).unwrap();
        let run = class.host().args(&command);
        let ended = run.start_with(Stdio::null(), full, Stdio::piped()).wait();
        assert_eq!(ended.code(), Some(254), "{command:?}: {ended}");
        assert!(
            ended.stderr.ends_with(
                "error: cannot write to stdout: No space left on device (os error 28)\n"
            ),
            "{command:?}: {ended}"
        );
    }
}

#[test]
fn a_full_disk_is_told_for_every_file_of_a_run() {
    let class = folder();
    let echo = |option: &str| class.host().arg("sim").args(ECHO).args([option, FULL]);
    fails(echo("--history"), FULL);
    fails(echo("--journal"), FULL);
    fails(echo("--write-schedule"), FULL);
    let flood = class.host().arg("sim").args(FLOOD);
    fails(flood.args(["--shrink", FULL]), FULL);
    let explore = |option: &str| {
        let explore = class
            .host()
            .args(["explore", "flood.wasm", "-w", "broadcast"]);
        explore.args(["--node-count=2", "--drops=1", option, FULL])
    };
    fails(explore("--write-schedule"), FULL);
    fails(explore("--write-test"), FULL);
    let flood = class.host().arg("sim").args(&FLOOD[..9]);
    fails(flood.args(["--seeds=1..3", "--shrink", FULL]), FULL);
}

/// Makes a link to the full device in the place of a file.
fn fill(class: &Class, name: &str) {
    let path = class.path(name);
    std::fs::remove_file(&path).unwrap();
    symlink(FULL, &path).unwrap();
}

#[test]
fn a_full_disk_is_told_for_every_file_of_a_report() {
    let class = folder();
    let sim = || class.host().arg("sim").args(ECHO).args(["--report", "run"]);
    let grade = || {
        let grader = class.grader().args(["--challenge", "echo", "class"]);
        grader.args(["--report", "report"])
    };
    let runs = [
        ("run", "journal.jsonl", &sim as &dyn Fn() -> Run),
        ("run", "results.json", &sim),
        ("run", "history.edn", &sim),
        ("run", "messages.svg", &sim),
        ("run", "latency.svg", &sim),
        ("run", "rate.svg", &sim),
        ("report", "grade.json", &grade),
        ("report", "grade.csv", &grade),
    ];
    for (dir, name, run) in runs {
        assert_eq!(run().end().code(), Some(0));
        fill(&class, &format!("{dir}/{name}"));
        let ended = run().end();
        assert_eq!(ended.code(), Some(254), "{name}: {ended}");
        let expected =
            format!("error: cannot write to {dir}/{name}: No space left on device (os error 28)\n");
        assert!(ended.stderr.ends_with(&expected), "{name}: {ended}");
        std::fs::remove_dir_all(class.path(dir)).unwrap();
    }
    let sim = class.host().arg("sim").args(ECHO);
    let ended = sim.args(["--report", "/dev/full/report"]).end();
    assert_eq!(ended.code(), Some(254), "{ended}");
    assert!(
        ended
            .stderr
            .starts_with("error: cannot write to /dev/full/report"),
        "{ended}"
    );
}

/// The most that a file may have, in bytes. What is beyond it is refused, as on a full disk.
const FILE_BYTES_MAX: usize = 2 << 20;

/// Runs `host` where no file may have more: its exit code and stderr.
fn limited(class: &Class, args: &[&str]) -> (Option<i32>, String) {
    // In blocks of 512 bytes.
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$@\"",
        FILE_BYTES_MAX / 512
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]);
    command.arg(test_support::host()).args(args);
    let output = command.current_dir(class.path("")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), stderr)
}

#[test]
fn a_disk_that_is_full_halfway_leaves_the_old_history_and_is_told() {
    let class = folder();
    let before = std::fs::read(class.path("history.edn")).unwrap();
    let sim = ["sim", "--no-cache", "--history", "history.edn"];
    let many = ["--module", "echo.wasm", "-w", "echo", "--node-count", "1"];
    let rate = ["--rate", "5000", "--time-limit", "4", "--seed", "1"];
    assert_eq!(
        limited(&class, &[&sim[..], &many, &rate].concat()),
        (
            Some(254),
            "error: cannot write to history.edn: File too large (os error 27)\n".to_owned()
        )
    );
    assert_eq!(std::fs::read(class.path("history.edn")).unwrap(), before);
    let names = std::fs::read_dir(class.path("")).unwrap();
    let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".tmp")).count(), 0);
}

#[test]
fn a_disk_that_is_full_halfway_is_told_of_runs_that_cannot_be_kept() {
    let class = folder();
    let grade = |seeds| {
        let grade = ["grade", "--suite", "suite.toml", "--challenge", "echo"];
        let kept = ["--no-cache", "--resume", "runs.jsonl", "class"];
        [&grade[..], &["--seeds", seeds], &kept].concat()
    };
    assert_eq!(limited(&class, &grade("1..2")), (Some(0), String::new()));
    let kept = std::fs::read_to_string(class.path("runs.jsonl")).unwrap();
    let (header, run) = kept.split_once('\n').unwrap();
    let room = FILE_BYTES_MAX - header.len() - 1;
    let full = format!("{header}\n{}", run.repeat(room / run.len()));
    class.write("../runs.jsonl", full.as_bytes());
    assert_eq!(
        limited(&class, &grade("1..5")),
        (
            Some(254),
            "error: cannot write to runs.jsonl: File too large (os error 27)\n".to_owned()
        )
    );
    // What was kept still counts.
    assert_eq!(limited(&class, &grade("1..2")), (Some(0), String::new()));
}
