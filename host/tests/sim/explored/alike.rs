//! Nodes that are alike, as `--symmetric` has them.

use expect_test::expect;
use test_support::Dir;

use super::explore;

#[test]
fn states_that_differ_in_which_node_is_which_are_met_once() {
    let three = "-w broadcast --node-count 3 --topology total --operations 2 --seed 2 --symmetric";
    explore(&Dir::new(), "broadcast-flood", three)
        .end()
        .is(expect![[r#"
            exit code 0
            ---- stdout
            broadcast: all 267 states within these bounds: no failure

            bounds        3 nodes, 3 clients; at most 4 timers in order; no faults; nodes are alike
            operations    broadcast 0, broadcast 1; each by any client, in this order (seed 2)
            explored      267 states, 626 moves; the longest way to one has 10 moves

            No schedule within these bounds fails.
        "#]]);
}

/// All nodes draw the same there, so they do in the schedule.
#[test]
fn a_failure_is_a_schedule_as_any_other() {
    let dir = Dir::new();
    let bounds = "-w broadcast --node-count 2 --operations 2 --drops 1 --symmetric";
    let run = explore(&dir, "broadcast-flood", bounds);
    let ended = run.args(["--write-schedule", "schedule.json"]).end();
    assert_eq!(ended.code(), Some(1), "{ended}");
    let schedule = dir.read("schedule.json");
    assert!(schedule.contains("\"same_draws\": true"), "{schedule}");
}

#[test]
fn guests_that_do_not_treat_nodes_alike_are_refused() {
    let three = "-w broadcast --node-count 3 --topology total --operations 2 --symmetric";
    explore(&Dir::new(), "broadcast-retry", three)
        .end()
        .is(expect![[r#"
            exit code 254
            ---- stderr
            error: --symmetric: the guest does not treat nodes alike. n0 is told {"src":"c6","dest":"n0","body":{"message":0,"type":"broadcast","msg_id":1}}; with names exchanged (n0 as n2, n2 as n0), it asks for n0 {"message":0,"msg_id":1767304371374458,"type":"gossip"}, where n0 {"message":0,"msg_id":1767304371374459,"type":"gossip"} was to be expected; leave --symmetric out
        "#]]);
}

#[test]
fn it_is_for_searches_that_look_for_equal_states() {
    let chosen = "-w broadcast --symmetric --strategy pct";
    explore(&Dir::new(), "broadcast-flood", chosen)
        .end()
        .is(expect![[r#"
            exit code 254
            ---- stderr
            error: --symmetric is for --strategy exhaustive and depth-first; others do not look for equal states
        "#]]);
}
