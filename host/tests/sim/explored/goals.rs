//! Goals of workloads, as `host explore` and `host inspect` tell of them.

use expect_test::expect;
use serde_json::json;
use test_support::class::parse;
use test_support::{Dir, built, bytes};

use super::explore;

/// A leader that was elected in the warm-up is killed.
const KILLED: &str = "-w leader --node-count 3 --operations 1 --warm-up 3 --fires 0 --kills 1 --write-schedule schedule.json";

/// Nobody doubts the leader that was killed, nor does it itself when it starts again: all name it, so that no history is wrong, and
/// it does not lead.
#[test]
fn a_cluster_without_a_leader_for_ever_is_found_by_what_nodes_hold() {
    let dir = Dir::new();
    let run = explore(&dir, "leader-mutants", KILLED);
    run.args(["--", "--bug", "trusts"])
        .end()
        .is(expect![[r#"
            exit code 1
            ---- stdout
            leader: INVALID: unreached-goal after 1 move

              n2 is killed
              from here on the goal leader-elected is out of reach, if no fault follows: none of 16 states that can follow shows it, nor does any come to it in the time that a run has to recover

            bounds        3 nodes, 3 clients; no timer fires; at most 1 kill; after a warm-up of 3 s
            operations    who; each by any client, in this order (seed 1)
            explored      60 states, 74 moves; all schedules of up to 6 moves were tried

            The simulator plays this schedule:

            leader: INVALID

            The run could not go on: at 13.001 s, the goal leader-elected was not reached: no node has shown it since the last move, or since the beginning if there are no moves, while the cluster had time to recover
            simulated     13.001 s with seed 1; 444 events
            faults        1 kill, 0 of them took messages or requests: 1 node lost what it knew
            next          replay: host sim --cache-dir CACHE DIR/leader-mutants.wasm --schedule schedule.json
                          shrink: host sim --cache-dir CACHE DIR/leader-mutants.wasm --schedule schedule.json --shrink shortest.json
                          report: host sim --cache-dir CACHE DIR/leader-mutants.wasm --schedule schedule.json --report report
                          play: host play --cache-dir CACHE DIR/leader-mutants.wasm --schedule schedule.json

            [INVALID]
        "#]]);
    let run = dir.host().args(["sim", "--schedule", "schedule.json"]);
    let run = run.arg("--no-cache").arg(built("leader-mutants"));
    let replayed = run.args(["--format", "json"]).end();
    assert_eq!(replayed.code(), Some(1), "{replayed}");
    let run = explore(&dir, "leader-mutants", KILLED);
    let run = run.args(["--format", "json", "--", "--bug", "trusts"]);
    let result = parse(&run.end());
    assert_eq!(
        result["failure"]["goal"],
        json!({
            "name": "leader-elected",
            "kind": "always-reachable",
            "following": 16,
            "for-ever?": false,
            "then": [],
        })
    );
    assert_eq!(result["failure"]["anomalies"], json!(["unreached-goal"]));
}

#[test]
fn a_cluster_that_elects_again_reaches_its_goal_from_everywhere() {
    let dir = Dir::new();
    let run = explore(&dir, "leader-mutants", KILLED);
    let result = parse(&run.args(["--format", "json"]).end());
    assert_eq!(result["end"], "complete");
    let states = &result["explored"]["states"];
    assert_eq!(
        result["goals"],
        json!([{
            "name": "leader-elected",
            "kind": "always-reachable",
            "reached?": true,
            "reached-from": states,
        }])
    );
    let short = format!("{KILLED} --max-states 10");
    let ended = explore(&dir, "leader-mutants", &short).end();
    ended.is(expect![[r#"
        exit code 2
        ---- stdout
        leader: stopped at the budget of states, after 19 states: no failure so far

        bounds        3 nodes, 3 clients; no timer fires; at most 1 kill; after a warm-up of 3 s
        operations    who; each by any client, in this order (seed 1)
        explored      19 states, 18 moves; all schedules of up to 1 move were tried; 12 states lead further
        goal          leader-elected: can be reached from all 7 states that were looked at

        Not all schedules within these bounds were tried; --max-states raises the budget.
    "#]]);
}

#[test]
fn goals_are_shown() {
    let dir = Dir::new();
    dir.write("leader.wasm", bytes("workload-leader"));
    let ended = dir.host().args(["inspect", "leader.wasm"]).end();
    let goals = ended.stdout.lines().filter(|line| line.contains(" goal "));
    let goals: Vec<&str> = goals.collect();
    assert_eq!(
        goals,
        [
            "  goal leader-elected (always-reachable)  all nodes are in one term, and one of them leads in it"
        ]
    );
    let run = dir
        .host()
        .args(["inspect", "--format", "json", "leader.wasm"]);
    let goal = json!([{
        "name": "leader-elected",
        "kind": "always-reachable",
        "of": "any",
        "help": "all nodes are in one term, and one of them leads in it",
    }]);
    assert_eq!(parse(&run.end())["workload"]["goals"], goal);
}
