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
    expect![[r#"
        error: unexpected argument '--rate' found

          tip: operations begin in every order; --operations N says how many there are
        error: unexpected argument '--time-limit' found

          tip: operations begin in every order; --operations N says how many there are
        error: unexpected argument '--latency' found

          tip: messages arrive in every order, and no time passes but for timers; --timers says which of those may fire
        error: unexpected argument '--latency-dist' found

          tip: messages arrive in every order, and no time passes but for timers; --timers says which of those may fire
        error: unexpected argument '--hop-time' found

          tip: messages arrive in every order, and no time passes but for timers; --timers says which of those may fire
        error: unexpected argument '--network' found

          tip: messages arrive in every order, and no time passes but for timers; --timers says which of those may fire
        error: unexpected argument '--disk-latency' found

          tip: with --kills or --power a sync ends at any point of the order, and else at once
        error: unexpected argument '--nemesis' found

          tip: a fault is a budget there, and strikes at every point: --drops, --duplicates, --kills, --power, --partitions and --timeouts, each with a number
        error: unexpected argument '--nemesis-interval' found

          tip: a fault is a budget there, and strikes at every point: --drops, --duplicates, --kills, --power, --partitions and --timeouts, each with a number
        error: unexpected argument '--swap-at' found

          tip: nodes do not change versions there
        error: unexpected argument '--availability' found

          tip: few operations say nothing about how many succeed
        error: unexpected argument '--seeds' found

          tip: the seed decides what clients ask, and all schedules of that are tried: give --seed N, and try another seed afterwards
        error: unexpected argument '--test-count' found

          tip: the seed decides what clients ask, and all schedules of that are tried: give --seed N, and try another seed afterwards
        error: unexpected argument '--keep-going' found

          tip: it ends with the first failure, which is a shortest one
        error: unexpected argument '--shrink' found

          tip: the schedule that is found to fail is a shortest one
        error: unexpected argument '--watch' found

          tip: run it again after the build: `host sim --watch` is for runs
        error: unexpected argument '--schedule' found

          tip: `host sim --schedule FILE` plays a schedule
        error: unexpected argument '--journal' found

          tip: write the schedule that fails with --write-schedule FILE, and play it with `host sim --schedule FILE`, which has this option
        error: unexpected argument '--history' found

          tip: write the schedule that fails with --write-schedule FILE, and play it with `host sim --schedule FILE`, which has this option
        error: unexpected argument '--log-stderr' found

          tip: write the schedule that fails with --write-schedule FILE, and play it with `host sim --schedule FILE`, which has this option
        error: unexpected argument '--below' found

          tip: figures are those of runs: `host sim --below`
        error: unexpected argument '--swap-module' found

          tip: nodes do not change versions there
        error: unexpected argument '--challenge' found

          tip: give the workload with -w, and a small cluster: `host suite show ID` lists the options of a challenge
        error: unexpected argument '--world' found

          tip: give the workload with -w, and a small cluster: `host suite show ID` lists the options of a challenge"#]].assert_eq(&said.join("\n"));
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
    expect![[r#"
        error: invalid value '0' for '--operations <N>': without operations no client sees anything: from 1 to 1000
        error: invalid value 'many' for '--operations <N>': expected a whole number from 1 to 1000
        error: invalid value '256' for '--drops <N>': 256 is not in 0..=255
        error: invalid value 'late' for '--timers <ORDER>'
          [possible values: any, bursts, ordered, bounded]
        error: --timers bounded needs --drift PPM: 1000 lets a timer of 1 s be late by 1 ms
        error: --drift is for --timers bounded
        error: invalid value '-1' for '--warm-up <SECONDS>': expected a number from 0 to 3600
        error: invalid value '0' for '--max-states <N>': 0 is not in 1..18446744073709551615
        error: invalid value 'best' for '--strategy <NAME>'
          [possible values: exhaustive, depth-first, random, pct, phases, pos, novelty, mutate]
        error: --runs is for strategies that choose schedules, such as --strategy pct; all of them are tried by --strategy exhaustive and depth-first, up to --max-states
        error: --max-states is for --strategy exhaustive and depth-first; others stop after --runs
        error: --delays is for --strategy exhaustive and depth-first; others choose what is late
        error: --pct-depth is for --strategy pct
        error: invalid value '0' for '--threads <N>': 0 is not in 1..=1024
        error: 17 nodes are too many to explore: at most 16
        error: a network of 9 nodes splits in too many ways: with partitions at most 8
        error: lin-kv has 2 clients for each node at every key: it needs a multiple of 6 clients, and there are 3; try --concurrency 2n
        error: invalid value 'ecko' for '--workload <NAME>'
          [possible values: echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv, bank, kv-sessions, leader, lock, membership, queue, shard-kv]

          tip: a similar value exists: 'echo'
        error: the following required arguments were not provided:
          --workload <NAME>"#]].assert_eq(&said.join("\n"));
}

#[test]
fn a_module_is_needed_and_has_to_be_one() {
    let dir = Dir::new();
    let none = dir.host().args(["explore", "-w", "echo"]).end();
    none.is(expect![[r#"
        exit code 254
        ---- stderr
        error: the following required arguments were not provided:
          --module <FILE>

        Usage: host explore --workload <NAME> --module <FILE> [MODULE] [-- <GUEST_ARGS>...]

        [TRY HELP]
    "#]]);
    let path = dir.write("none.wasm", "this is text");
    explore_file(&dir, &path, "-w echo").end().is(expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/none.wasm [CANNOT BE LOADED]
              - this is not WebAssembly: it does not begin with the bytes "\0asm"
        "#]]);
}

#[test]
fn nodes_that_do_not_begin_are_the_guests_fault() {
    let dir = Dir::new();
    let path = dir.guest("trap_in_start");
    let ended = explore_file(&dir, &path, "-w echo --node-count 1").end();
    ended.is(expect![[r#"
        exit code 1
        ---- stderr
        error: the cluster does not begin: the guest failed in its start: trap: wasm `unreachable` instruction executed
          in: begin
          [NOTHING DONE]
    "#]]);
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
    ended.is(expect![[r#"
        exit code 254
        ---- stderr
        error: --write-schedule and --write-test name the same file: one
    "#]]);
}
