//! `--resume`: an exploration that was stopped, and the same command again.

use std::fs;

use expect_test::expect;
use rustix::process::Signal;
use test_support::Dir;

use super::explore;

const BOUNDS: &str = "-w broadcast --node-count 2 --operations 3 --fires 3 --drops 1";

#[test]
fn the_same_command_goes_on() {
    let dir = Dir::new();
    let args = |more: &str| format!("{BOUNDS} --resume kept {more}");
    let stopped = explore(&dir, "broadcast-retry", &args("--max-states 2000")).end();
    stopped.is(expect![[r#"
        exit code 2
        ---- stdout
        broadcast: stopped at the budget of states, after 2,105 states: no failure so far

        bounds        2 nodes, 2 clients; at most 3 timers in order; at most 1 lost message
        operations    broadcast 0, broadcast 1, read; each by any client, in this order (seed 1)
        explored      2,105 states, 2,884 moves; all schedules of up to 6 moves were tried; 1,164 states lead further

        Not all schedules within these bounds were tried; the same command with a larger --max-states goes on.
    "#]]);
    let resumed = explore(&dir, "broadcast-retry", &args("--threads 1")).end();
    resumed.is(expect![[r#"
        exit code 0
        ---- stdout
        broadcast: all 18,449 states within these bounds: no failure

        bounds        2 nodes, 2 clients; at most 3 timers in order; at most 1 lost message
        operations    broadcast 0, broadcast 1, read; each by any client, in this order (seed 1)
        explored      18,449 states, 46,650 moves; the longest way to one has 16 moves
        resumed       after 2,105 states

        No schedule within these bounds fails.
    "#]]);
    let whole = explore(&dir, "broadcast-retry", BOUNDS).end();
    let row = "resumed       after 2,105 states\n";
    assert_eq!(resumed.stdout.replace(row, ""), whole.stdout);
    // It is over, and says so at once.
    let again = explore(&dir, "broadcast-retry", &args("--max-states 1")).end();
    let row = "resumed       it was over before, and nothing was tried again\n";
    assert!(again.stdout.contains(row), "{again}");
    assert_eq!(again.stdout.replace(row, ""), whole.stdout);
    assert_eq!(again.code(), Some(0), "{again}");
}

#[test]
fn a_failure_is_kept_too() {
    let dir = Dir::new();
    let args = "-w broadcast --node-count 2 --operations 2 --drops 1 --write-schedule";
    let whole = explore(&dir, "broadcast-flood", &format!("{args} whole.json")).end();
    assert_eq!(whole.code(), Some(1), "{whole}");
    for (budget, code) in [(5, 2), (1000, 1), (5, 1)] {
        let args = format!("{args} resumed.json --resume kept --max-states {budget}");
        let ended = explore(&dir, "broadcast-flood", &args).end();
        assert_eq!(ended.code(), Some(code), "{ended}");
    }
    assert_eq!(dir.read("resumed.json"), dir.read("whole.json"));
}

#[test]
fn signals_stop_it_and_it_goes_on_from_there() {
    let dir = Dir::new();
    let args = "-w broadcast --operations 1000 --fires 1000 --drops 9 --resume kept --max-states";
    let mut before = None;
    for signal in [Signal::INT, Signal::TERM] {
        let run = explore(&dir, "broadcast-retry", &format!("{args} 4000000000"));
        let mut live = run.env("RUST_LOG", "host::cli::explore=debug").start();
        assert!(live.next_log_line().contains("exploring with"));
        live.signal(signal);
        let ended = live.wait();
        assert_eq!(ended.code(), Some(130), "{ended}");
        let told = ended.stderr.lines().last().unwrap();
        assert!(told.ends_with("; the same command goes on"), "{ended}");
        // A signal that comes before anything was met leaves what there is.
        let kept = fs::read(dir.path("kept")).ok();
        assert!(before.is_none() || kept.is_some());
        before = kept;
    }
    let first = explore(&dir, "broadcast-retry", &format!("{args} 3000")).end();
    let second = explore(&dir, "broadcast-retry", &format!("{args} 1")).end();
    assert_eq!([first.code(), second.code()], [Some(2); 2], "{first}");
    let head = |text: &str| text.split_once(":").unwrap().1.to_owned();
    assert_eq!(
        head(first.stdout.lines().next().unwrap()),
        head(second.stdout.lines().next().unwrap())
    );
}

#[test]
fn what_cannot_be_resumed_is_said_and_stays_as_it_is() {
    let dir = Dir::new();
    let args = |more: &str| format!("{BOUNDS} --max-states 100 --resume {more}");
    let kept = explore(&dir, "broadcast-retry", &args("kept")).end();
    assert_eq!(kept.code(), Some(2), "{kept}");
    let whole = fs::read(dir.path("kept")).unwrap();
    fs::write(dir.path("cut"), &whole[..whole.len() - 1]).unwrap();
    fs::write(dir.path("notes"), "not to be lost\n").unwrap();
    let said = |module: &str, more: &str| {
        let ended = explore(&dir, module, &args(more)).end();
        assert_eq!((ended.code(), &*ended.stdout), (Some(254), ""), "{ended}");
        ended.stderr.replace(&sha(module), "SHA")
    };
    let foreign = said("broadcast-flood", "kept");
    let foreign = foreign.replace(&sha("broadcast-retry"), "OTHER");
    let all = [
        said("broadcast-retry", "kept --duplicates 1 --seed 5"),
        foreign,
        said("broadcast-retry", "cut"),
        said("broadcast-retry", "notes"),
        said("broadcast-retry", "no/folder"),
        said("broadcast-retry", "kept --write-test kept"),
        said("broadcast-retry", "kept --strategy pct"),
        said("broadcast-retry", "kept --strategy depth-first"),
    ];
    expect![[r#"
        error: kept: this is of another exploration: --duplicates is 0 there and 1 here, --seed is 1 there and 5 here; use another file
        error: kept: this is of another exploration: the module is OTHER there and SHA here; use another file
        error: cut: this is not whole: its last bytes are not the hash of those before them; remove it to begin anew
        error: notes exists and is not an exploration that was kept: it stays as it is; name another file, or remove it first
        error: cannot write to no/folder: No such file or directory (os error 2)
        error: --write-test and --resume name the same file: kept
        error: --resume is for --strategy exhaustive; others are not kept
        error: --resume is for --strategy exhaustive; others are not kept
    "#]].assert_eq(&all.concat());
    assert_eq!(fs::read(dir.path("kept")).unwrap(), whole);
    assert_eq!(dir.read("notes"), "not to be lost\n");
}

fn sha(module: &str) -> String {
    use sha2::{Digest, Sha256};
    let bytes = fs::read(test_support::built(module)).unwrap();
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
