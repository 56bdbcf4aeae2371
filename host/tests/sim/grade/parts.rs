//! Work in parts: twice, killed and gone on with, in shares.

use std::fs;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use crate::grade::class::{Class, parse, without_timings};

#[test]
fn two_grades_of_a_class_are_the_same_whoever_ran_first() {
    let class = Class::small();
    let one = class.json(&[]);
    let mut command = class.host();
    command
        .args([
            "grade",
            "--suite",
            "suite.toml",
            "--format",
            "json",
            "class",
        ])
        .env("RAYON_NUM_THREADS", "5");
    let other = parse(&command.output().unwrap());
    assert_eq!(without_timings(one), without_timings(other));
}

/// Runs that take a while together, however fast the machine.
const MANY: [&str; 6] = [
    "--seeds",
    "1..600",
    "--challenge",
    "cut",
    "--format",
    "json",
];

#[test]
fn a_grader_that_is_killed_goes_on_to_the_same_grade() {
    let class = Class::small();
    let whole = class.grade(&[&MANY[..], &["class"]].concat());
    let mut command = class.host();
    command
        .args(["grade", "--suite", "suite.toml", "--resume", "runs.jsonl"])
        .args(MANY)
        .arg("class");
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let runs = || fs::read_to_string(class.path("runs.jsonl")).unwrap_or_default();
    while runs().lines().count() < 20 {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    assert!(!child.wait().unwrap().success());
    let done = runs().lines().count();
    assert!(done < 600, "it was killed too late: {done}");
    // As if it had been killed in the middle of a line.
    let cut = runs().trim_end().len() - 7;
    fs::write(class.path("runs.jsonl"), &runs()[..cut]).unwrap();

    let resumed = command.stdout(Stdio::piped()).output().unwrap();
    assert_eq!(
        without_timings(parse(&resumed)),
        without_timings(parse(&whole))
    );
    // Nothing is left to do now, and the file says the same again.
    let before = runs();
    let again = command.output().unwrap();
    assert_eq!(
        without_timings(parse(&again)),
        without_timings(parse(&whole))
    );
    assert_eq!(runs(), before);
}

#[test]
fn an_interrupted_grader_shows_what_is_done() {
    let class = Class::small();
    let mut command = class.host();
    command
        .args(["grade", "--suite", "suite.toml", "--resume", "runs.jsonl"])
        .args(["--seeds", "1..100000", "--format", "json", "class"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let runs = || fs::read_to_string(class.path("runs.jsonl")).unwrap_or_default();
    while runs().lines().count() < 20 {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "interrupted: the same command goes on\n"
    );
    let grade = parse(&output);
    assert_eq!(grade["complete"], false);
    let alice = &grade["submissions"][0];
    assert_eq!(
        (&alice["name"], &alice["challenges"][0]["state"]),
        (&Json::from("alice"), &Json::from("pending"))
    );
}

#[test]
fn shares_join_to_the_whole() {
    let class = Class::small();
    let whole = class.json(&[]);
    let mut shares = Vec::new();
    for share in ["1/3", "2/3", "3/3"] {
        let grade = class.json(&["--shard", share]);
        assert_eq!(grade["complete"], false);
        let name = format!("share{}.json", shares.len());
        fs::write(class.path(&name), grade.to_string()).unwrap();
        shares.push(name);
    }
    let merge = |names: &[String]| {
        let mut command = class.host();
        command.args(["merge", "--format", "json"]).args(names);
        command.output().unwrap()
    };
    let merged = merge(&shares);
    assert_eq!(merged.status.code(), Some(1));
    assert_eq!(without_timings(parse(&merged)), without_timings(whole));
    // In any order; and what is missing is pending.
    shares.reverse();
    assert_eq!(
        without_timings(parse(&merge(&shares))),
        without_timings(parse(&merged))
    );
    assert_eq!(parse(&merge(&shares[1..]))["complete"], false);
}

#[test]
fn grades_that_do_not_belong_together_are_not_joined() {
    let class = Class::small();
    let one = class.json(&["--shard", "1/2"]);
    fs::write(class.path("one.json"), one.to_string()).unwrap();
    let mut command = class.host();
    command.args(["grade", "--format", "json", "--challenge", "1", "class"]);
    fs::write(class.path("other.json"), command.output().unwrap().stdout).unwrap();
    fs::write(class.path("none.json"), "{}").unwrap();
    let merge = |names: &[&str]| {
        let output = class.host().arg("merge").args(names).output().unwrap();
        assert_eq!(output.status.code(), Some(254));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        merge(&["one.json", "other.json"]),
        "error: other.json: its suite is not that of one.json; shares are judged by one program \
         with one suite\n"
    );
    assert_eq!(
        merge(&["none.json"]),
        "error: none.json: not a grade (host grade --format json): missing field `format` at \
         line 1 column 2\n"
    );
}

#[test]
fn runs_of_another_suite_are_not_gone_on_with() {
    let class = Class::small();
    class.json(&["--resume", "runs.jsonl"]);
    let suite = fs::read_to_string(class.path("suite.toml")).unwrap();
    let other = suite.replace("time-limit = 3", "time-limit = 4");
    fs::write(class.path("suite.toml"), other).unwrap();
    let output = class.grade(&["--resume", "runs.jsonl", "class"]);
    assert_eq!(output.status.code(), Some(254));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("error: runs.jsonl: its runs were judged by host "),
        "{stderr}"
    );
}
