//! A program with a log in a file, under losses of power.

use expect_test::expect;
use test_support::{Dir, Run, program, with_placeholders};

const POWER: &str = "-w g-set --node-count 1 --rate 50 --time-limit 20 --disk-latency 5 \
                     --disk-latency-dist exponential --nemesis power --nemesis-interval 1";

fn sim(args: &str) -> Run {
    let run = Run::host().args(["sim", "--no-cache"]);
    run.args(POWER.split(' '))
        .args(args.split(' '))
        .arg("--module")
        .arg(program("go-log"))
}

#[test]
fn a_go_program_that_syncs_its_log_is_valid() {
    let ended = sim("--seeds 1..21").end();
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(
        ended
            .stdout
            .starts_with("g-set: valid with all 20 seeds, 1 to 20\n"),
        "{ended}"
    );
}

#[test]
fn without_the_sync_it_is_caught_and_the_trace_shows_the_lost_write() {
    let dir = Dir::new();
    let shortest = dir.path("shortest.json");
    let run = sim("--seed 1")
        .arg("--shrink")
        .arg(shortest)
        .args(["--", "unsynced"]);
    let ended = run.end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    let told = ended
        .stdout
        .lines()
        .filter(|line| !line.contains(" logs: "));
    let told = told.take_while(|line| !line.starts_with("simulated"));
    let told: Vec<&str> = told.skip_while(|line| !line.starts_with("0 ")).collect();
    expect![[r#"
        0       n0 writes to disk: log, made
        0       op 0: client 0 asks n0 to add 8
        0       n0 writes to disk: log, 2 bytes written at 0
        0       op 1: n0 answers client 0: ok  <-- contradicts op 7
        0.001   n0 loses power
        0.001   n0 loses what it had not synced: log, made
        0.001   n0 loses what it had not synced: log, 2 bytes written at 0
        0.001   n0 starts again
        0.001   n0 writes to disk: log, made
        10.001  op 6: client 0 asks n0 to read
        10.001  op 7: n0 answers client 0: []  <-- shows lost-elements

        - 1 known element lost, not in the last reads: 8
    "#]]
    .assert_eq(&with_placeholders(&told.join("\n")));
}
