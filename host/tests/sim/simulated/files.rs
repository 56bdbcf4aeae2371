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
    let run = sim("--seed 1 --shrink")
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
    expect![[r#""#]].assert_eq(&with_placeholders(&told.join("\n")));
}
