//! `host explore` as a process: whole outputs, exit codes, and what it writes.

mod alike;
mod failures;
mod goals;
mod invariants;
mod refused;
mod resumed;

use expect_test::expect;
use rustix::process::Signal;
use test_support::class::parse;
use test_support::{Dir, Run, built, compiled, program};

/// `host explore` on the module of a package.
fn explore(dir: &Dir, module: &str, args: &str) -> Run {
    explore_file(dir, &built(module), args)
}

fn explore_file(dir: &Dir, module: &std::path::Path, args: &str) -> Run {
    let run = dir.host().env("RUST_LOG", "warn").arg("explore");
    let run = run.args(args.split(' ')).arg("--cache-dir").arg(compiled());
    let run = run.arg(module).hide(module.parent().unwrap(), "DIR");
    run.hide(&compiled(), "CACHE")
}

/// Two nodes that flood are told a value each: 1 + 2 + 2 states with at most one told, and 2 · 2 with both, twice, since a
/// history says which came first. Thirteen: see host-explore's tests, where a brute force counts them too.
const TWO_VALUES: &str =
    "-w broadcast --node-count 2 --operations 2 --seed 2 --timers any --fires 0";

#[test]
fn all_states_within_bounds_are_counted() {
    let ended = explore(&Dir::new(), "broadcast-flood", TWO_VALUES).end();
    ended.is(expect![[r#"
        exit code 0
        ---- stdout
        broadcast: all 21 states within these bounds: no failure

        bounds        2 nodes, 2 clients; no timer fires; no faults
        operations    broadcast 0, broadcast 1; each by any client, in this order (seed 2)
        explored      21 states, 26 moves; the longest way to one has 4 moves

        No schedule within these bounds fails.
    "#]]);
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let dir = Dir::new();
    let bounds = "-w broadcast --node-count 2 --operations 3 --fires 3 --drops 1 --max-states 2000";
    for more in ["", " --strategy random --runs 100"] {
        let bounds = match more {
            "" => bounds.to_owned(),
            more => bounds.replace(" --max-states 2000", more),
        };
        let ended = ["1", "2"].map(|threads| {
            let run = explore(&dir, "broadcast-retry", &bounds);
            run.args(["--threads", threads]).end()
        });
        assert_eq!(ended[0].to_string(), ended[1].to_string());
    }
}

#[test]
fn an_exploration_that_stops_at_its_budget_says_how_far_it_came() {
    let dir = Dir::new();
    let bounds = "-w broadcast --node-count 2 --operations 3 --fires 3 --drops 1 --max-states 2000";
    let ended = explore(&dir, "broadcast-retry", bounds).end();
    ended.is(expect![[r#"
        exit code 2
        ---- stdout
        broadcast: stopped at the budget of states, after 2,105 states: no failure so far

        bounds        2 nodes, 2 clients; at most 3 timers in order; at most 1 lost message
        operations    broadcast 0, broadcast 1, read; each by any client, in this order (seed 1)
        explored      2,105 states, 2,884 moves; all schedules of up to 6 moves were tried; 1,164 states lead further

        Not all schedules within these bounds were tried; --max-states raises the budget.
    "#]]);
}

#[test]
fn memory_is_a_budget_too() {
    let dir = Dir::new();
    let bounds = "-w broadcast --operations 30 --fires 30 --drops 3 --max-states-mib 1";
    for more in ["", " --strategy random"] {
        let ended = explore(&dir, "broadcast-retry", &format!("{bounds}{more}")).end();
        assert_eq!(ended.code(), Some(2), "{ended}");
        let head = "broadcast: stopped at the budget of memory, after ";
        assert!(ended.stdout.starts_with(head), "{ended}");
        let last = "Not all schedules within these bounds were tried; --max-states-mib raises the budget.\n";
        assert!(ended.stdout.ends_with(last), "{ended}");
    }
}

#[test]
fn depth_first_meets_the_same_states() {
    let dir = Dir::new();
    let bounds = "-w broadcast --node-count 2 --operations 3 --fires 2 --strategy depth-first";
    let ended = explore(&dir, "broadcast-retry", bounds).end();
    ended.is(expect![[r#"
        exit code 0
        ---- stdout
        broadcast: all 3,243 states within these bounds: no failure

        bounds        2 nodes, 2 clients; at most 2 timers in order; no faults
        operations    broadcast 0, broadcast 1, read; each by any client, in this order (seed 1)
        explored      3,243 states, 6,759 moves; depth first: the longest schedule has 13 moves

        No schedule within these bounds fails.
    "#]]);
    let ended = explore(&dir, "broadcast-retry", &format!("{bounds} --depth 4")).end();
    ended.is(expect![[r#"
        exit code 0
        ---- stdout
        broadcast: all 149 states that 4 moves reach within these bounds: no failure

        bounds        2 nodes, 2 clients; at most 2 timers in order; no faults; at most 4 moves
        operations    broadcast 0, broadcast 1, read; each by any client, in this order (seed 1)
        explored      149 states, 210 moves; depth first: the longest schedule has 4 moves; 104 states lead further

        No schedule within these bounds fails; longer ones were not tried.
    "#]]);
    let run = explore(
        &dir,
        "broadcast-retry",
        &format!("{bounds} --max-states 50"),
    );
    let result = parse(&run.args(["--format", "json"]).end());
    assert_eq!(result["end"], "states");
    assert_eq!(result["explored"]["strategy"], "depth-first");
    assert_eq!(result["explored"]["states"], 50);
}

#[test]
fn a_failure_that_is_found_depth_first_is_shortened() {
    let dir = Dir::new();
    let bounds = "-w broadcast --node-count 2 --operations 2 --seed 2 --drops 1 --write-schedule";
    let breadth = explore(&dir, "broadcast-flood", &format!("{bounds} breadth.json")).end();
    let bounds = format!("{bounds} depth.json --strategy depth-first");
    let depth = explore(&dir, "broadcast-flood", &bounds).end();
    assert_eq!([breadth.code(), depth.code()], [Some(1); 2], "{depth}");
    let head = "broadcast: INVALID: lost-elements after 2 moves\n";
    assert!(breadth.stdout.starts_with(head), "{breadth}");
    assert!(depth.stdout.starts_with(head), "{depth}");
    let row = "; depth first: the longest schedule has ";
    assert!(depth.stdout.contains(row), "{depth}");
}

#[test]
fn schedules_up_to_a_depth_are_all_tried() {
    let bounds = "-w broadcast --node-count 2 --operations 3 --fires 2 --depth 4";
    let ended = explore(&Dir::new(), "broadcast-retry", bounds).end();
    ended.is(expect![[r#"
        exit code 0
        ---- stdout
        broadcast: all 149 states that 4 moves reach within these bounds: no failure

        bounds        2 nodes, 2 clients; at most 2 timers in order; no faults; at most 4 moves
        operations    broadcast 0, broadcast 1, read; each by any client, in this order (seed 1)
        explored      149 states, 173 moves; all schedules of up to 4 moves were tried; 104 states lead further

        No schedule within these bounds fails; longer ones were not tried.
    "#]]);
}

#[test]
fn chosen_schedules_prove_nothing() {
    let bounds = "-w broadcast --operations 5 --fires 20 --drops 1 --kills 1 --strategy pct --pct-depth 2 --runs 50";
    let ended = explore(&Dir::new(), "broadcast", bounds).end();
    ended.is(expect![[r#"
        exit code 0
        ---- stdout
        broadcast: 50 runs: no failure

        bounds        3 nodes, 3 clients; at most 20 timers in order; at most 1 lost message and 1 kill
        operations    broadcast 0, broadcast 1, read, broadcast 2, broadcast 3; each by any client, in this order (seed 1)
        explored      50 runs, 1,897 moves, 1,528 states; by the strategy pct of depth 2
        states        the guest reads the clock, so each has a time: there are more of them

        Those that were tried do not fail; it proves nothing about others.
    "#]]);
}

#[test]
fn all_bounds_are_told() {
    let bounds = "-w lin-kv --node-count 2 --concurrency 2n --operations 1 --fires 1 --drops 1 --duplicates 2 --kills 1 \
                  --power 1 --partitions 1 --timeouts 1 --delays 1 --depth 1 --timers bounded --drift 1000 --warm-up 0.5 \
                  --reductions off --ends off";
    let ended = explore(&Dir::new(), "lin-kv", bounds).end();
    ended.is(expect![[r#"
        exit code 0
        ---- stdout
        lin-kv: all 11 states that 1 move reach within these bounds: no failure

        bounds        2 nodes, 4 clients; at most 1 timer in order but for 1000 ppm; at most 1 lost message, 2 doubled messages, 1 kill, 1 power failure, 1 partition and 1 timeout; at most 1 late message; at most 1 move; after a warm-up of 0.5 s; no reductions
        operations    write 0 to key 0; each by any client, in this order (seed 1)
        explored      11 states, 10 moves; all schedules of up to 1 move were tried; 10 states lead further
        ends          not tried: what shows only in the end was not looked for

        No schedule within these bounds fails; longer ones were not tried.
    "#]]);
}

#[test]
fn a_result_as_json() {
    let dir = Dir::new();
    let run = explore(&dir, "broadcast-flood", TWO_VALUES);
    run.args(["--format", "json"]).end().is(expect![[r#"
        exit code 0
        ---- stdout
        {
          "valid?": true,
          "end": "complete",
          "seed": 2,
          "bounds": {
            "nodes": 2,
            "clients": 2,
            "fires": 0,
            "timers": "any",
            "drift-ppm": 0,
            "drops": 0,
            "duplicates": 0,
            "kills": 0,
            "power": 0,
            "partitions": 0,
            "timeouts": 0,
            "delays": null,
            "depth": null,
            "warm-up-ns": 0,
            "reduces?": true,
            "symmetric?": false,
            "tries-ends?": true
          },
          "operations": [
            "broadcast 0",
            "broadcast 1"
          ],
          "explored": {
            "strategy": "exhaustive",
            "states": 21,
            "moves": 26,
            "depth": 5,
            "frontier": 0
          },
          "mode": {
            "by-replay?": false,
            "reads-clock?": false
          }
        }
    "#]]);
}

#[test]
fn a_program_is_explored_by_replay_and_it_says_so() {
    let bounds = "-w echo --node-count 1 --operations 2 --concurrency 2";
    let ended = explore_file(&Dir::new(), &program("c-echo"), bounds).end();
    ended.is(expect![[r#"
        exit code 0
        ---- stdout
        echo: all 3 states within these bounds: no failure

        bounds        1 node, 2 clients; at most 4 timers in order; no faults
        operations    echo "Please echo 68", echo "Please echo 43"; each by any client, in this order (seed 1)
        explored      3 states, 2 moves; the longest way to one has 2 moves
        states        the guest has no snapshot of all its state, so each is what nodes were told, and they are told it again: slower, and more states

        No schedule within these bounds fails.
    "#]]);
}

#[test]
fn a_terminal_shows_how_far_it_has_come() {
    let dir = Dir::new();
    let record = dir.path("record");
    let run = dir.host().on_terminal(&record).arg("explore");
    let run = run.args(TWO_VALUES.split(' '));
    let run = run.arg("--cache-dir").arg(compiled());
    let ended = run.arg(built("broadcast-flood")).end();
    assert_eq!(ended.code(), Some(0), "{ended}");
    let begin = ended.stdout.split_once(" a second; depth 0; frontier 1; ");
    assert!(begin.unwrap().1.contains(" MiB"), "{ended}");
}

#[test]
fn an_interrupt_says_how_far_it_came() {
    let dir = Dir::new();
    let bounds = "-w broadcast --operations 1000 --fires 1000 --drops 9 --max-states 4000000000";
    for format in ["text", "json"] {
        let run = explore(&dir, "broadcast-retry", bounds);
        let run = run.args(["--format", format]);
        let mut live = run.env("RUST_LOG", "host::cli::explore=debug").start();
        assert!(live.next_log_line().contains("exploring with"));
        live.signal(Signal::INT);
        let ended = live.wait();
        assert_eq!(ended.code(), Some(130), "{ended}");
        let told = ended.stderr.lines().last().unwrap();
        assert!(told.starts_with("interrupted: "), "{ended}");
        assert!(
            told.contains(" were met, and none fails; all schedules of up to "),
            "{ended}"
        );
        match format {
            "text" => assert_eq!(ended.stdout, ""),
            _ => assert_eq!(parse(&ended)["end"], "interrupted"),
        }
    }
}
