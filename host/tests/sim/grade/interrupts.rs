//! The first signal ends a command within two seconds, with what is done.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value as Json;
use test_support::class::{Class, SUITE, parse};
use test_support::{Ended, Live, Run};

use crate::hostile::bombs::branches_over_locals;

/// How long a command may take to end.
const END: Duration = Duration::from_secs(2);

/// Time for a command to come to the work that does not end.
const BEGIN: Duration = Duration::from_millis(1500);

/// Limits that no test reaches.
const FOR_EVER: [&str; 3] = [
    "--max-fuel=18446744073709551615",
    "--max-run-fuel=18446744073709551615",
    "--max-step-ms=4294967295",
];

/// A suite whose limits no test reaches.
fn endless() -> String {
    let limits = "[limits]\nmax-fuel = 9223372036854775807\nmax-step-ms = 4294967295\n\
                  max-run-fuel = 9223372036854775807\n\n[[challenge]]";
    SUITE.replacen("[[challenge]]", limits, 1)
}

/// `host sim` with a guest that loops.
fn endless_sim(class: &Class) -> Run {
    class.guest("echo.wasm", "loop");
    let sim = class.host().args(["sim", "-w", "echo", "--node-count=1"]);
    sim.args(["--module", "class/echo.wasm"]).args(FOR_EVER)
}

/// Sends a signal, after which it has to end in time.
#[track_caller]
pub(super) fn ends(live: Live, signal: Signal) -> Ended {
    let begin = Instant::now();
    live.signal(signal);
    let ended = live.wait();
    let took = begin.elapsed();
    assert!(took < END, "{took:?}");
    ended
}

#[test]
fn a_guest_that_loops_does_not_keep_the_grader_and_has_no_verdict() {
    for signal in [Signal::INT, Signal::TERM] {
        let class = Class::empty();
        class.built("alice/echo.wasm", "echo");
        class.guest("bob/echo.wasm", "loop");
        fs::write(class.path("suite.toml"), endless()).unwrap();
        let grader = class.grader().args(["--resume", "runs.jsonl"]);
        let grader = grader.args(["--format", "json", "--challenge", "echo", "class"]);
        let grader = grader.start();
        let runs = || fs::read_to_string(class.path("runs.jsonl")).unwrap_or_default();
        while runs().lines().count() < 4 {
            sleep(Duration::from_millis(10));
        }
        sleep(BEGIN);
        let ended = ends(grader, signal);
        assert_eq!(ended.code(), Some(1));
        assert_eq!(ended.stderr, "interrupted: the same command goes on\n");
        let grade = parse(&ended);
        let states = [0, 1].map(|at| grade["submissions"][at]["challenges"][0]["state"].clone());
        assert_eq!(states, ["judged", "pending"].map(Json::from));
        // The head and alice's three runs: what was interrupted is not kept.
        assert_eq!(runs().lines().count(), 4, "{}", runs());
        assert!(runs().lines().skip(1).all(|run| run.contains("\"AC\"")));
    }
}

#[test]
fn a_module_that_is_being_compiled_does_not_keep_the_grader() {
    let class = Class::empty();
    class.write("bob/echo.wasm", &branches_over_locals(300, 1000, 100));
    let grader = class
        .grader()
        .args(["--format", "json", "--challenge", "echo", "class"]);
    let grader = grader.start();
    sleep(BEGIN);
    let ended = ends(grader, Signal::INT);
    assert_eq!(ended.code(), Some(1));
    let grade = parse(&ended);
    let state = &grade["submissions"][0]["challenges"][0]["state"];
    assert_eq!(state, &Json::from("pending"));
}

#[test]
fn a_run_of_the_simulator_that_is_interrupted_is_not_judged() {
    let class = Class::empty();
    let sim = endless_sim(&class).args(["--seed=7", "--journal=run.jsonl"]);
    let sim = sim.start();
    sleep(BEGIN);
    let ended = ends(sim, Signal::INT);
    assert_eq!(ended.code(), Some(130));
    assert_eq!(
        ended.stderr,
        "interrupted: the run with seed 7 had come to 0.004 s, and is not judged\n"
    );
    // What happened until then is in the journal, whole lines only.
    let journal = fs::read_to_string(class.path("run.jsonl")).unwrap();
    assert!(
        journal.contains("\"init\"") && journal.ends_with("}\n"),
        "{journal}"
    );
}

#[test]
fn of_many_runs_those_that_are_done_are_told() {
    let class = Class::empty();
    let sim = endless_sim(&class).arg("--seeds=0..9").start();
    sleep(BEGIN);
    let ended = ends(sim, Signal::TERM);
    assert_eq!(ended.code(), Some(130));
    assert_eq!(
        ended.stderr,
        "interrupted: 0 of 9 runs are done, and valid\n"
    );
}

#[test]
fn a_suite_that_is_run_once_ends_too() {
    let class = Class::empty();
    class.guest("alice/echo.wasm", "loop");
    fs::write(class.path("suite.toml"), endless()).unwrap();
    let run = class
        .host()
        .args(["suite", "run", "--suite", "suite.toml", "class/alice"]);
    let run = run.start();
    sleep(BEGIN);
    let ended = ends(run, Signal::TERM);
    assert_eq!(ended.code(), Some(1));
    assert_eq!(ended.stderr, "interrupted: the challenges above are done\n");
    assert_eq!(ended.stdout.lines().count(), 1, "{ended}"); // the head of the table
}

#[test]
fn a_search_for_the_shortest_run_ends_with_the_shortest_so_far() {
    let class = Class::empty();
    class.built("broadcast.wasm", "broadcast-flood");
    let sim = class
        .host()
        .args(["sim", "-w", "broadcast", "--node-count=9", "--module"]);
    let sim = sim.args(["class/broadcast.wasm", "--nemesis=partition", "--seed=1"]);
    let sim = sim
        .args(["--rate=100", "--time-limit=60", "--shrink=short.json"])
        .start();
    sleep(BEGIN * 4);
    let ended = ends(sim, Signal::INT);
    // It may have been in the run itself, in the search, or done.
    let (code, stderr) = (ended.code(), &ended.stderr);
    if stderr.starts_with("interrupted: the run with seed 1 had come to ") {
        assert_eq!(code, Some(130), "{ended}");
        return;
    }
    assert_eq!(code, Some(1), "{ended}");
    let found = "interrupted: the shortest run found so far has ";
    assert!(stderr.is_empty() || stderr.starts_with(found), "{ended}");
    let again = [
        "sim",
        "--module=class/broadcast.wasm",
        "--schedule=short.json",
    ];
    assert_eq!(class.host().args(again).end().code(), Some(1));
}

#[test]
fn a_check_has_nothing_to_save() {
    let class = Class::empty();
    let check = class
        .host()
        .args(["check", "-w", "echo", "/dev/stdin"])
        .start();
    sleep(BEGIN);
    assert_eq!(ends(check, Signal::TERM).code(), None); // the signal ended it
}
