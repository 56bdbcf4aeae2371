//! A suite that asks for what right programs fail is told to whoever wrote it.

use expect_test::{Expect, expect};

use host_grade::Suite;
use host_grade::demands::{Demand, unmet};
use host_grade::suite::read::read;
use host_guest::Interrupt;
use test_support::{Dir, built};

/// A suite with one challenge.
fn suite(challenge: &str) -> String {
    format!(
        "version = 1\nname = \"s\"\nseeds = \"1..4\"\n\n[[challenge]]\nid = \"it\"\ntitle = \"It\"\n\
         module = \"broadcast\"\npoints = 1\n{challenge}"
    )
}

fn told(challenge: &str) -> String {
    let suite = read("suite.toml", &suite(challenge)).unwrap();
    let unmet = unmet(&suite, &Interrupt::default());
    let lines = unmet.into_iter().map(|it| {
        let Demand {
            challenge,
            world,
            why,
        } = it;
        format!("{challenge} {}: {why}", world.as_deref().unwrap_or("-"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

const WIPE: &str =
    "workload = \"broadcast\"\nnode-count = 5\nrate = 10\ntime-limit = 20\nnemesis = [\"wipe\"]\n";

#[test]
fn the_built_in_suite_asks_for_nothing_that_right_programs_fail() {
    let suite = Suite::built_in().unwrap();
    for challenge in &suite.challenges {
        // Each for itself, so that all of them are tried.
        let one = Suite {
            challenges: vec![challenge.clone()],
            ..suite.clone()
        };
        assert_eq!(unmet(&one, &Interrupt::default()), [], "{}", challenge.id);
    }
}

#[test]
fn wipe_on_broadcast_names_the_solution_that_fails_it() {
    let dir = Dir::new();
    dir.write("suite.toml", suite(WIPE));
    let shown = dir
        .host()
        .args(["suite", "show", "--suite", "suite.toml", "it"])
        .end();
    shown.is(expect![[r#"
        exit code 0
        ---- stdout
        it: It
        module:  broadcast
        points:  1
        options: -w broadcast --node-count 5 --rate 10 --time-limit 20 --nemesis wipe
        ---- stderr
         WARN challenge it: solutions/broadcast fails it, and so does every program that acknowledges a value which only one node has: the fault wipe takes the memory and the disk of nodes. A program passes only if it first stores the value in a service such as lin-kv, or at most other nodes. If that is not what you ask for, take another fault, such as kill or power, which leave what is durable
    "#]]);
    // It does fail it.
    let grade = dir.host().args(["grade", "--suite", "suite.toml"]);
    let ended = grade
        .args(["--challenge", "it"])
        .arg(built("broadcast"))
        .end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    assert!(ended.stdout.contains("WA: wrong answer"), "{ended}");
    assert!(
        ended.stderr.contains("solutions/broadcast fails it"),
        "{ended}"
    );
}

#[track_caller]
fn check(challenge: &str, expected: &Expect) {
    expected.assert_eq(&told(challenge));
}

#[test]
fn demands_that_the_program_that_knows_all_fails_are_told() {
    let echo = "workload = \"echo\"\nnode-count = 3\nrate = 10\ntime-limit = 30\n";
    check(
        &format!("{echo}below = {{ ms-per-ok = 10 }}\n"),
        &expect![
            "it -: no program can pass it: with seed 1 the reference fails, whose nodes know all at once and answer without delay (one operation succeeds every 97.9 ms; one every 10 ms is asked for, and clients wait for each answer before they ask again)"
        ],
    );
    check(
        &format!("{echo}nemesis = [\"wipe\"]\navailability = \"total\"\n"),
        &expect![
            "it -: no program can pass it: with seed 1 the reference fails, whose nodes know all at once and answer without delay (only 99.02 % of the operations succeeded, less than asked for)"
        ],
    );
    check(
        &format!(
            "{echo}\n[[challenge.world]]\nname = \"down\"\nwhy = \"x\"\nnemesis = [\"wipe\"]\navailability = \"total\"\n"
        ),
        &expect![
            "it down: no program can pass it: with seed 1 the reference fails, whose nodes know all at once and answer without delay (only 99.02 % of the operations succeeded, less than asked for)"
        ],
    );
}

#[test]
fn what_a_program_without_a_disk_can_do_is_no_reason_to_warn() {
    for workload in [
        "g-set",
        "g-counter",
        "pn-counter",
        "lin-kv",
        "kafka",
        "unique-ids",
        "echo",
        "txn-list-append",
    ] {
        let wipe = WIPE.replace("\"broadcast\"", &format!("\"{workload}\""));
        check(&format!("{wipe}concurrency = \"2n\"\n"), &expect![""]);
    }
    for other in ["pause", "kill", "power"] {
        check(&WIPE.replace("wipe", other), &expect![""]);
    }
}
