//! Invariants of workloads hold in all states, or are broken by a shortest schedule.

use expect_test::expect;
use test_support::Dir;

use super::explore;

/// Bursts, since a node is patient for some ticks of its timer.
const ELECTION: &str = "-w leader --node-count 3 --operations 1 --timers bursts --fires 2";

/// Both leaders have the vote of the third node in the same term, without any fault.
#[test]
fn two_leaders_in_a_term_are_found_by_what_nodes_hold() {
    let ended = explore(&Dir::new(), "leader-mutants", ELECTION)
        .args(["--", "--bug", "votes-again"])
        .end();
    ended.is(expect![[r#"
        exit code 1
        ---- stdout
        leader: INVALID: broken-invariant after 2 moves

          n0: timer 1 fires
          n0: timer 2 fires
          n0: timer 3 fires
          n0: timer 4 fires
          n0: timer 5 fires
          n0: timer 6 fires
          n0: timer 7 fires
          n0: timer 8 fires
          n0: timer 9 fires
          n0: timer 10 fires
          n0: timer 11 fires
          n0: what it has written is durable
          n1: timer 1 fires
          n1: timer 2 fires
          n1: timer 3 fires
          n1: timer 4 fires
          n1: timer 5 fires
          n1: timer 6 fires
          n1: timer 7 fires
          n1: timer 8 fires
          n1: timer 9 fires
          n1: timer 10 fires
          n1: timer 11 fires
          n1: timer 12 fires
          n1: what it has written is durable
          from here on nothing goes wrong: faults end, messages arrive, timers fire, and clients ask for the last time

        bounds        3 nodes, 3 clients; at most 2 bursts of timers in any order; no faults
        operations    who; each by any client, in this order (seed 1)
        explored      31 states, 36 moves; all schedules of up to 2 moves were tried

        The simulator plays this schedule:

        leader: INVALID

        The run could not go on: at 0 s, node n0: an invariant does not hold any more: n1 and n0 both lead in term 1
        simulated     0 s with seed 1; 38 events
        next          keep: host explore -w leader --node-count 3 --operations 1 --timers bursts --fires 2 --cache-dir CACHE DIR/leader-mutants.wasm --write-schedule schedule.json -- --bug votes-again

        [INVALID]
    "#]]);
    let depth_first = format!("{ELECTION} --strategy depth-first");
    let ended = explore(&Dir::new(), "leader-mutants", &depth_first)
        .args(["--", "--bug", "votes-again"])
        .end();
    let first = ended.stdout.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("leader: INVALID: broken-invariant after "),
        "{ended}"
    );
}

#[test]
fn two_nodes_of_ours_never_lead_in_one_term() {
    let two = "-w leader --node-count 2 --operations 1 --timers bursts --fires 2";
    explore(&Dir::new(), "leader", two).end().is(expect![[r#"
        exit code 0
        ---- stdout
        leader: all 705 states within these bounds: no failure

        bounds        2 nodes, 2 clients; at most 2 bursts of timers in any order; no faults
        operations    who; each by any client, in this order (seed 1)
        explored      705 states, 941 moves; the longest way to one has 10 moves
        goal          leader-elected: can be reached from all 705 states

        No schedule within these bounds fails.
    "#]]);
}
