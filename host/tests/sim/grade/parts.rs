//! Grading in parts: repeated, resumed after a kill, in shards.

use std::fs;

use rustix::process::Signal;
use serde_json::Value as Json;

use test_support::class::{Class, parse, without_timings};

#[test]
fn two_grades_of_a_class_are_the_same_whoever_ran_first() {
    let class = Class::small();
    let one = class.json(&[]);
    let other = class.grader().args(["--format", "json", "class"]);
    let other = parse(&other.env("RAYON_NUM_THREADS", "5").end());
    assert_eq!(without_timings(one), without_timings(other));
}

/// Enough runs to be interrupted, however fast the machine.
const MANY: [&str; 6] = [
    "--seeds",
    "1..200",
    "--challenge",
    "cut",
    "--format",
    "json",
];

#[test]
fn a_grader_that_is_killed_goes_on_to_the_same_grade() {
    let class = Class::small();
    let whole = class.grade(&[&MANY[..], &["class"]].concat());
    let resuming = || {
        let grader = class.grader().args(["--resume", "runs.jsonl"]);
        grader.args(MANY).arg("class")
    };
    let first = resuming().start();
    let runs = || fs::read_to_string(class.path("runs.jsonl")).unwrap_or_default();
    while runs().lines().count() < 20 {
        std::thread::yield_now();
    }
    first.signal(Signal::KILL);
    assert_eq!(first.wait().code(), None);
    let done = runs().lines().count();
    assert!(done < 199, "it was killed too late: {done}");
    // As if it had been killed in the middle of a line.
    let cut = runs().trim_end().len() - 7;
    fs::write(class.path("runs.jsonl"), &runs()[..cut]).unwrap();

    let resumed = resuming().end();
    assert_eq!(
        without_timings(parse(&resumed)),
        without_timings(parse(&whole))
    );
    // Nothing is left to do, and the file stays as it is.
    let before = runs();
    let again = resuming().end();
    assert_eq!(
        without_timings(parse(&again)),
        without_timings(parse(&whole))
    );
    assert_eq!(runs(), before);
}

#[test]
fn an_interrupted_grader_shows_what_is_done() {
    let class = Class::small();
    let grader = class
        .grader()
        .args(["--resume", "runs.jsonl", "--seeds", "1..100000"])
        .args(["--format", "json", "class"])
        .start();
    let runs = || fs::read_to_string(class.path("runs.jsonl")).unwrap_or_default();
    while runs().lines().count() < 20 {
        std::thread::yield_now();
    }
    grader.signal(Signal::INT);
    let ended = grader.wait();
    assert_eq!(ended.code(), Some(1));
    assert_eq!(ended.stderr, "interrupted: the same command goes on\n");
    let grade = parse(&ended);
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
        let merge = class.host().args(["merge", "--format", "json"]);
        merge.args(names).end()
    };
    let merged = merge(&shares);
    assert_eq!(merged.code(), Some(1));
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
    let other = ["grade", "--format", "json", "--challenge", "1", "class"];
    let other = class.host().args(other).end().stdout;
    fs::write(class.path("other.json"), other).unwrap();
    fs::write(class.path("none.json"), "{}").unwrap();
    let merge = |names: &[&str]| {
        let ended = class.host().arg("merge").args(names).end();
        assert_eq!(ended.code(), Some(254));
        ended.stderr
    };
    assert_eq!(
        merge(&["one.json", "other.json"]),
        "error: other.json: its suite is not that of one.json; shares are judged by one program \
         with one suite\n"
    );
    assert_eq!(
        merge(&["none.json"]),
        "error: none.json: neither a grade (host grade --format json) nor a summary (host sim \
         --summary --format json): missing field `format` at line 1 column 2\n"
    );
}

#[test]
fn runs_of_another_suite_are_not_gone_on_with() {
    let class = Class::small();
    class.json(&["--resume", "runs.jsonl"]);
    let suite = fs::read_to_string(class.path("suite.toml")).unwrap();
    let other = suite.replace("time-limit = 3", "time-limit = 4");
    fs::write(class.path("suite.toml"), other).unwrap();
    let ended = class.grade(&["--resume", "runs.jsonl", "class"]);
    assert_eq!(ended.code(), Some(254));
    let stderr = ended.stderr;
    assert!(
        stderr.starts_with("error: runs.jsonl: its runs were judged by host "),
        "{stderr}"
    );
}
