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
        let check = ["check", "-w", "echo", "history.edn", "--format", format];
        commands.push(check.to_vec());
        commands.push(vec!["inspect", "echo.wasm", "--format", format]);
        let seeds = ["sim", "--format", format, "--seeds", "1..3"];
        commands.push([&seeds, &ECHO[..10]].concat());
        let shrink = ["sim", "--format", format, "--shrink", "short.json"];
        commands.push([&shrink, &FLOOD[..]].concat());
    }
    for format in ["text", "json", "junit", "gradescope", "csv"] {
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
    let flood = class.host().arg("sim").args(&FLOOD[..10]);
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

#[test]
fn a_disk_that_is_full_halfway_leaves_the_old_file_and_is_told() {
    let class = folder();
    let before = std::fs::read(class.path("history.edn")).unwrap();
    // Files may have one block, and what is beyond it is refused.
    let limited = |args: &[&str]| {
        let script = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(test_support::host());
        let output = command
            .args(args)
            .current_dir(class.path(""))
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), stderr)
    };
    let sim = [
        &["sim", "--no-cache", "--history", "history.edn"],
        &ECHO[..],
    ]
    .concat();
    assert_eq!(
        limited(&sim),
        (
            Some(254),
            "error: cannot write to history.edn: File too large (os error 27)\n".to_owned()
        )
    );
    assert_eq!(std::fs::read(class.path("history.edn")).unwrap(), before);

    let grade = [
        "grade",
        "--suite",
        "suite.toml",
        "--challenge",
        "echo",
        "--seeds",
        "1..20",
    ];
    let rest = ["--no-cache", "--resume", "runs.jsonl", "class"];
    assert_eq!(
        limited(&[&grade[..], &rest].concat()),
        (
            Some(254),
            "error: cannot write to runs.jsonl: File too large (os error 27)\n".to_owned()
        )
    );
}
