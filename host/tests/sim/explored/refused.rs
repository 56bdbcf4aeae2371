//! What is refused, and what is said about it.

use expect_test::expect;
use test_support::Dir;

use super::{explore, explore_file};

/// The first paragraphs of what is said.
fn said(args: &str) -> String {
    let ended = explore(&Dir::new(), "echo", args).end();
    assert_eq!((ended.code(), &*ended.stdout), (Some(254), ""), "{args}");
    let text = ended.stderr.split("\n\nUsage: ").next().unwrap();
    text.replace("\n\nFor more information, try '--help'.", "")
        .trim_end()
        .to_owned()
}

#[test]
fn options_without_a_meaning_are_refused_with_what_to_use() {
    let options = [
        "--rate 5",
        "--time-limit 5",
        "--latency 5",
        "--latency-dist uniform",
        "--hop-time 0",
        "--network ideal",
        "--disk-latency 5",
        "--nemesis kill",
        "--nemesis-interval 5",
        "--swap-at 5",
        "--availability total",
        "--seeds 0..9",
        "--test-count 5",
        "--keep-going",
        "--shrink short.json",
        "--watch",
        "--schedule file.json",
        "--journal file",
        "--history file",
        "--log-stderr",
        "--below msgs-per-op=3",
        "--swap-module file",
        "--challenge 3c",
        "--world busy",
    ];
    let said: Vec<String> = options
        .iter()
        .map(|option| said(&format!("-w echo {option}")))
        .collect();
    expect![[r#""#]].assert_eq(&said.join("\n"));
}

#[test]
fn the_same_options_are_those_of_sim() {
    // The hints are for explorations only.
    let dir = Dir::new();
    let sim = dir
        .host()
        .args(["sim", "-w", "echo", "--drops", "1", "m.wasm"]);
    let ended = sim.end();
    assert!(
        ended
            .stderr
            .starts_with("error: unexpected argument '--drops' found"),
        "{ended}"
    );
}

#[test]
fn bounds_that_are_none_are_refused() {
    let args = [
        "-w echo --operations 0",
        "-w echo --operations many",
        "-w echo --drops 256",
        "-w echo --timers late",
        "-w echo --timers bounded",
        "-w echo --drift 5",
        "-w echo --warm-up -1",
        "-w echo --max-states 0",
        "-w echo --strategy best",
        "-w echo --runs 5",
        "-w echo --strategy random --max-states 5",
        "-w echo --strategy random --delays 1",
        "-w echo --strategy pos --pct-depth 2",
        "-w echo --threads 0",
        "-w echo --node-count 17",
        "-w echo --node-count 9 --partitions 1",
        "-w lin-kv",
        "-w ecko",
        "--operations 1",
    ];
    let said: Vec<String> = args.iter().map(|args| said(args)).collect();
    expect![[r#""#]].assert_eq(&said.join("\n"));
}

#[test]
fn a_module_is_needed_and_has_to_be_one() {
    let dir = Dir::new();
    let none = dir.host().args(["explore", "-w", "echo"]).end();
    none.is(expect![[r#""#]]);
    let path = dir.write("none.wasm", "this is text");
    explore_file(&dir, &path, "-w echo")
        .end()
        .is(expect![[r#""#]]);
}

#[test]
fn nodes_that_do_not_begin_are_the_guests_fault() {
    let dir = Dir::new();
    let path = dir.guest("trap_in_start");
    let ended = explore_file(&dir, &path, "-w echo --node-count 1").end();
    ended.is(expect![[r#""#]]);
}

#[test]
fn an_output_that_would_replace_another_file_is_refused_before_anything_is_tried() {
    let dir = Dir::new();
    for option in ["--write-schedule", "--write-test"] {
        let file = dir.write("mine", "my own");
        let run = explore(&dir, "echo", "-w echo").arg(option).arg("mine");
        let ended = run.end();
        assert_eq!((ended.code(), &*ended.stdout), (Some(254), ""), "{ended}");
        assert!(ended.stderr.contains("it stays as it is"), "{ended}");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "my own");
    }
    let both = "-w echo --write-schedule one --write-test one";
    let ended = explore(&dir, "echo", both).end();
    ended.is(expect![[r#""#]]);
}
