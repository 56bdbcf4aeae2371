//! What faults touch, counted by hand: a request at 75 ms, with a message to another node and its answer,
//! each 20 ms on its way.

use host_check::value::{Name, Value};
use host_check::workload::Workload;
use host_sim::nemesis::{FaultAction, Grudges, Skew};
use host_sim::{Episode, Invocation, Latency, MS, NetworkModel, Operation, RunOptions, Script};

use crate::guest::Pings;
use crate::runs::{options, play};

const NOTHING: &str =
    "no fault touched anything: this seed tests nothing that a run without faults would not";

/// `n0` asks `n1`, at these times in ms; the fault is on from one time to another.
#[track_caller]
fn check(asks_ms: &[u64], faults: &[(u64, u64, FaultAction)], expected: &[&str]) {
    let ask = |at_ms: &u64| Invocation {
        at_ns: at_ms * MS,
        worker: 0,
        operation: Operation::new(&Name::from("echo"), Value::from("hello")),
    };
    let episode = |(from_ms, until_ms, action): &(u64, u64, FaultAction)| Episode {
        from_ns: from_ms * MS,
        until_ns: Some(until_ms * MS),
        action: action.clone(),
    };
    let script = Script {
        operations: asks_ms.iter().map(ask).collect(),
        faults: faults.iter().map(episode).collect(),
        ..Script::default()
    };
    let options = RunOptions {
        latency: Latency {
            mean_ms: 20,
            ..Latency::default()
        },
        network: NetworkModel::Ideal,
        ..options(2, 1)
    };
    let (outcome, _) = play(&Pings, Workload::Echo, &options, 1, &script);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!(outcome.coverage.lines(), expected);
    let is_said = expected.contains(&NOTHING);
    assert_eq!(outcome.coverage.touched_nothing(), is_said);
}

/// Neither of the nodes hears the other.
fn apart() -> FaultAction {
    FaultAction::Partition(None, Grudges::new(vec![vec![1], vec![0]]))
}

/// `n1` does not hear `n0`.
fn one_way() -> Grudges {
    Grudges::new(vec![vec![], vec![0]])
}

#[test]
fn a_partition_takes_what_is_on_its_way_and_what_is_sent() {
    check(
        // The answer to the first is sent at 95 and is due at 115. The second is sent at 180.
        &[75, 180],
        &[(100, 300, apart())],
        &["1 partition, 1 of them took messages: 2 (1 on its way, 1 answer)"],
    );
}

#[test]
fn a_partition_without_traffic_tests_nothing() {
    check(
        &[75],
        &[(200, 300, apart())],
        &["1 partition, 0 of them took messages", NOTHING],
    );
}

#[test]
fn only_episodes_that_took_something_are_hits() {
    check(
        &[75, 350],
        &[
            (200, 300, apart()),
            (310, 340, apart()),
            (345, 600, apart()),
        ],
        &["3 partitions, 1 of them took messages: 1"],
    );
}

#[test]
fn one_direction_is_enough() {
    check(
        &[75],
        &[(70, 300, FaultAction::OneWay(one_way()))],
        &["1 one-way partition, 1 of them took messages: 1"],
    );
}

#[test]
fn a_kill_takes_open_requests_and_what_reaches_a_dead_node() {
    check(
        &[75],
        &[(100, 300, FaultAction::Kill(None, vec![0]))],
        &[
            "1 kill, 1 of them took messages or requests: 1 message (1 on its way, 1 answer), 1 open \
           request, 1 node lost what it knew",
        ],
    );
}

#[test]
fn a_kill_of_an_idle_node_takes_what_it_knew() {
    check(
        &[75],
        &[(300, 400, FaultAction::Kill(None, vec![0]))],
        &["1 kill, 0 of them took messages or requests: 1 node lost what it knew"],
    );
}

#[test]
fn a_kill_of_a_node_that_knows_nothing_tests_nothing() {
    check(
        &[75],
        &[(10, 20, FaultAction::Kill(None, vec![0]))],
        &["1 kill, 0 of them took messages or requests", NOTHING],
    );
}

#[test]
fn a_pause_has_messages_and_timers_wait() {
    check(
        &[75],
        &[(100, 300, FaultAction::Pause(None, vec![0]))],
        &["1 pause, 1 of them had something wait: 1 message, 1 timer"],
    );
    check(
        &[75],
        &[(200, 300, FaultAction::Pause(None, vec![0, 1]))],
        &["1 pause, 0 of them had something wait", NOTHING],
    );
}

#[test]
fn slow_lossy_and_doubling_links_are_counted() {
    check(
        &[75],
        &[(50, 300, FaultAction::Slow(one_way()))],
        &["1 period of slow links, 1 of them delayed messages: 1"],
    );
    check(
        &[75],
        &[(50, 300, FaultAction::Loss(1000))],
        &["1 period of loss, 1 of them took messages: 1"],
    );
    check(
        // The ping, and the answers to both.
        &[75],
        &[(50, 300, FaultAction::Duplicate(1000))],
        &["1 period of duplication, 1 of them doubled messages: 3"],
    );
}

#[test]
fn a_clock_matters_to_a_node_that_handles_something() {
    let skew = |node| {
        FaultAction::ClockSkew(vec![Skew {
            node,
            rate_permille: 2000,
            jump_ns: 0,
        }])
    };
    check(
        // The request, the answer, and the timer.
        &[75],
        &[(50, 300, skew(0))],
        &["1 clock skew, 1 of them seen by a node: 3 events"],
    );
    check(
        &[75],
        &[(200, 300, skew(0))],
        &["1 clock skew, 0 of them seen by a node", NOTHING],
    );
}

#[test]
fn a_swap_touches_what_it_replaces() {
    check(
        &[75],
        &[(50, 300, FaultAction::Swap(Some(0)))],
        &["1 swap, 1 of them replaced a program"],
    );
}

#[test]
fn each_kind_has_a_line_and_one_that_touched_something_is_enough() {
    check(
        &[75],
        &[
            (200, 300, apart()),
            (100, 300, FaultAction::Pause(None, vec![0])),
        ],
        &[
            "1 partition, 0 of them took messages",
            "1 pause, 1 of them had something wait: 1 message, 1 timer",
        ],
    );
}

#[test]
fn a_run_without_faults_has_nothing_to_tell() {
    check(&[75], &[], &[]);
}

#[test]
fn it_is_written_without_zeros() {
    let episode = Episode {
        from_ns: 0,
        until_ns: None,
        action: apart(),
    };
    let script = Script {
        operations: Vec::new(),
        faults: vec![episode],
        ..Script::default()
    };
    let (outcome, _) = play(&Pings, Workload::Echo, &options(2, 1), 1, &script);
    assert_eq!(
        serde_json::to_string(&outcome.coverage).unwrap(),
        r#"{"partition":{"episodes":1,"hits":0},"touched-nothing?":true}"#
    );
}
