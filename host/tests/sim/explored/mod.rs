//! `host explore` as a process: whole outputs, exit codes, and what it writes.

mod failures;
mod refused;

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
    "-w broadcast --node-count 2 --operations 2 --seed 5 --timers any --fires 0";

#[test]
fn all_states_within_bounds_are_counted() {
    let ended = explore(&Dir::new(), "broadcast-flood", TWO_VALUES).end();
    ended.is(expect![[r#""#]]);
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
    ended.is(expect![[r#""#]]);
}

#[test]
fn schedules_up_to_a_depth_are_all_tried() {
    let bounds = "-w broadcast --node-count 2 --operations 3 --fires 2 --depth 4";
    let ended = explore(&Dir::new(), "broadcast-retry", bounds).end();
    ended.is(expect![[r#""#]]);
}

#[test]
fn chosen_schedules_prove_nothing() {
    let bounds = "-w broadcast --operations 5 --fires 20 --drops 1 --kills 1 --strategy pct --pct-depth 2 --runs 50";
    let ended = explore(&Dir::new(), "broadcast", bounds).end();
    ended.is(expect![[r#""#]]);
}

#[test]
fn all_bounds_are_told() {
    let bounds = "-w lin-kv --node-count 2 --concurrency 2n --operations 1 --fires 1 --drops 1 --duplicates 2 --kills 1 \
                  --power 1 --partitions 1 --timeouts 1 --delays 1 --depth 1 --timers bounded --drift 1000 --warm-up 0.5 \
                  --reductions off --ends off";
    let ended = explore(&Dir::new(), "lin-kv", bounds).end();
    ended.is(expect![[r#""#]]);
}

#[test]
fn a_result_as_json() {
    let run = explore(&Dir::new(), "broadcast-flood", TWO_VALUES);
    run.args(["--format", "json"]).end().is(expect![[r#""#]]);
}

#[test]
fn a_program_is_explored_by_replay_and_it_says_so() {
    let bounds = "-w echo --node-count 1 --operations 2 --concurrency 2";
    let ended = explore_file(&Dir::new(), &program("c-echo"), bounds).end();
    ended.is(expect![[r#""#]]);
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
        assert!(told.ends_with(" moves were tried"), "{ended}");
        match format {
            "text" => assert_eq!(ended.stdout, ""),
            _ => assert_eq!(parse(&ended)["end"], "interrupted"),
        }
    }
}
