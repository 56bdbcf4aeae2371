//! Failing runs are shrunk to a minimal one, whose text fits on a page.

use expect_test::{Expect, expect};
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sandbox::GuestModule;
use host_sim::nemesis::Fault;
use host_sim::{Distribution, Latency, RunOptions, SECOND};
use host_trial::schedule::Schedule;
use host_trial::shrink::{self, Budget, Shrunk, cost, size};
use test_support::with_placeholders;

use crate::simulated::runs::{
    flood, kafka, lin_kv, module, options, retrying, trial, txn, with_bug,
};
use crate::simulated::scripted::{INIT_OK, Step, from_the_start};

/// Shrinks a schedule, with its own result.
fn shrink(schedule: Schedule, module: &GuestModule, budget: Budget) -> Option<Shrunk> {
    let report = schedule.play(module, None, Vec::new());
    shrink::shrink(schedule, report, module, None, budget)
}

fn record(module: &GuestModule, workload: Workload, options: &RunOptions, seed: u64) -> Schedule {
    let trial = trial(module, workload, options);
    let (report, script) = trial.record(seed, Vec::new());
    assert_eq!(report.valid(), Validity::False);
    Schedule::of(&trial, seed, script)
}

/// `--node-count N --concurrency 2n --time-limit 10 --rate 100 --latency 10`, with a bug.
fn busy(nodes: usize, bug: &str) -> RunOptions {
    with_bug(nodes, 2 * nodes, 10, bug)
}

fn under(fault: Fault, nodes: usize) -> RunOptions {
    RunOptions {
        rate: 10.0,
        faults: vec![fault],
        ..options(nodes, 20)
    }
}

/// The module, the workload and the options of runs that fail with seed 1.
fn failures() -> Vec<(&'static GuestModule, Workload, RunOptions)> {
    let far = RunOptions {
        latency: Latency {
            mean_ms: 100,
            distribution: Distribution::Exponential,
        },
        ..under(Fault::Loss, 9)
    };
    let aimed = |fault| RunOptions {
        latency: Latency {
            mean_ms: 10,
            distribution: Distribution::Constant,
        },
        nemesis_interval_ns: SECOND,
        ..under(fault, 5)
    };
    vec![
        (flood(), Workload::Broadcast, under(Fault::Partition, 5)),
        (flood(), Workload::Broadcast, under(Fault::OneWay, 5)),
        (flood(), Workload::Broadcast, far),
        (retrying(), Workload::Broadcast, under(Fault::Wipe, 5)),
        (lin_kv(), Workload::LinKv, busy(3, "cache")),
        (lin_kv(), Workload::LinKv, busy(3, "torn-cas")),
        (txn(), Workload::TxnListAppend, busy(3, "torn")),
        (txn(), Workload::TxnRwRegister, busy(2, "split")),
        (kafka(), Workload::Kafka, busy(2, "split")),
        (flood(), Workload::Broadcast, aimed(Fault::Hunt)),
        (flood(), Workload::Broadcast, aimed(Fault::LoseOne)),
    ]
}

/// The whole text of a shrunk run.
#[track_caller]
fn check(module: &GuestModule, workload: Workload, options: &RunOptions, expected: &Expect) {
    let schedule = record(module, workload, options, 1);
    let whole = size(&schedule);
    let shrunk = shrink(schedule, module, Budget::default()).unwrap();
    assert!(shrunk.is_minimal);
    let text = format!(
        "{whole}\n{}, {}, {} runs\n\n{}",
        shrunk.size(),
        shrunk.anomaly,
        shrunk.runs,
        shrunk.story(module, None)
    );
    expected.assert_eq(&with_placeholders(&text));
}

#[test]
fn broadcast_without_retry_is_one_message_that_a_partition_cuts_off() {
    let options = under(Fault::Partition, 5);
    check(
        flood(),
        Workload::Broadcast,
        &options,
        &expect![[r#"
            5 nodes, 5 clients, 205 operations and 2 faults in 20 s
            2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s, lost-elements, 18 runs

            0       the link from n0 to n1 is cut
            0.001   op 2: client 0 asks n0 to broadcast 2
            0.001   n0 tells n1: gossip {"message":2}, but the link is cut, and n0 never tries again
            0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9
            0.001   the links work again
            10.001  op 6: client 0 asks n0 to read
            10.001  op 7: client 1 asks n1 to read
            10.001  op 8: n0 answers client 0: [2]  <-- contradicts op 9
            10.001  op 9: n1 answers client 1: []  <-- shows lost-elements

            - 1 known element lost, not in the last reads: 2
        "#]],
    );
}

#[test]
fn broadcast_without_retry_is_one_message_that_is_lost() {
    let (module, workload, options) = &failures()[2];
    check(
        module,
        *workload,
        options,
        &expect![[r#"
            9 nodes, 9 clients, 205 operations and 1 fault in 20 s
            2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s, lost-elements, 86 runs

            0       the network loses all messages between servers
            0.001   op 2: client 0 asks n0 to broadcast 17
            0.001   n0 tells n1: gossip {"message":17}, but the network loses it, and n0 never tries again
            0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9
            0.001   the network loses nothing any more
            10.001  op 6: client 0 asks n0 to read
            10.001  op 7: client 1 asks n1 to read
            10.001  op 8: n0 answers client 0: [17]  <-- contradicts op 9
            10.001  op 9: n1 answers client 1: []  <-- shows lost-elements

            - 1 known element lost, not in the last reads: 17
        "#]],
    );
}

#[test]
fn a_node_that_forgets_is_one_message_and_one_wipe() {
    check(
        retrying(),
        Workload::Broadcast,
        &under(Fault::Wipe, 5),
        &expect![[r#"
            5 nodes, 5 clients, 205 operations and 2 faults in 20 s
            2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s, final-read-lacks, 32 runs

            0       op 0: client 1 asks n1 to broadcast 1
            0       n1 tells n0: gossip {"messages":[1]}
            0       n0 answers n1: gossip_ok
            0       op 1: n1 answers client 1: ok  <-- contradicts op 8
            0.001   n0 is replaced and forgets everything
            0.001   n0 starts again
            10.001  op 6: client 0 asks n0 to read
            10.001  op 7: client 1 asks n1 to read
            10.001  op 8: n0 answers client 0: []  <-- shows final-read-lacks

            Wrong only by rules that are stricter than Maelstrom's; --checks maelstrom judges by Maelstrom's alone:
            - op 8 (process 0, 10.001 s) lacks 1 known element for good: 1
        "#]],
    );
}

#[test]
fn a_stale_read_is_a_read_a_change_and_a_read() {
    check(
        lin_kv(),
        Workload::LinKv,
        &busy(3, "cache"),
        &expect![[r#"
            3 nodes, 6 clients, 1019 operations and 0 faults in 10 s
            2 nodes, 4 clients, 3 operations and 0 faults in 0.003 s, not-linearizable, 45 runs

            0       op 0: client 3 asks n1 to write 0 to key 0
            0       n1 asks lin-kv: write {"key":0,"value":0}
            0       lin-kv answers n1: write_ok  (2 times, until 0.002)
            0       op 1: n1 answers client 3: ok  <-- contradicts op 10
            0.001   op 2: client 0 asks n0 to read key 0
            0.001   n0 asks lin-kv: read {"key":0}
            0.001   lin-kv answers n0: read_ok {"value":0}
            0.001   op 3: n0 answers client 0: key 0 is 0
            0.002   op 4: client 3 asks n1 to write 3 to key 0
            0.002   n1 asks lin-kv: write {"key":0,"value":3}
            0.002   op 5: n1 answers client 3: ok  <-- contradicts op 10
            10.002  op 6: client 0 asks n0 to read key 0
            10.002  op 7: client 1 asks n1 to read key 0
            10.002  op 8: client 2 asks n0 to write 2 to key 0
            10.002  op 9: client 3 asks n1 to write 1 to key 0
            10.002  n0 asks lin-kv: write {"key":0,"value":2}
            10.002  n1 asks lin-kv: write {"key":0,"value":1}
            10.002  op 10: n0 answers client 0: key 0 is 0  <-- shows not-linearizable

            - key 0: read of 0 by process 0 (op 10, ok at 10.002 s) is impossible: the register can only be 1, 2 or 3 there
        "#]],
    );
}

#[test]
fn a_torn_compare_and_set_is_two_operations_at_once_and_a_read() {
    check(
        lin_kv(),
        Workload::LinKv,
        &busy(3, "torn-cas"),
        &expect![[r#"
            3 nodes, 6 clients, 1019 operations and 0 faults in 10 s
            1 node, 2 clients, 4 operations and 0 faults in 0.044 s, not-linearizable, 68 runs

            0            op 0: client 1 asks n0 to write 3 to key 0
            0            n0 asks lin-kv: write {"key":0,"value":3}  (arrives at 0.01)
            0.001        op 1: client 0 asks n0 to set key 0 from 3 to 4
            0.001        n0 asks lin-kv: read {"key":0}  (arrives at 0.011)
            0.01         lin-kv answers n0: write_ok  (arrives at 0.02)
            0.011        lin-kv answers n0: read_ok {"value":3}  (arrives at 0.021)
            0.02         op 2: n0 answers client 1: ok
            0.021        n0 asks lin-kv: write {"key":0,"value":4}  (arrives at 0.031)
            0.031        lin-kv answers n0: write_ok  (arrives at 0.041)
            0.033072786  op 3: client 1 asks n0 to set key 0 from 4 to 2
            0.041        n0 asks lin-kv: read {"key":0}  (2 times, until 0.041)
            0.041        op 4: n0 answers client 0: ok  <-- contradicts op 7
            0.041        op 5: client 0 asks n0 to set key 0 from 4 to 1
            0.051        lin-kv answers n0: read_ok {"value":4}  (2 times, until 0.051)
            0.061        n0 asks lin-kv: write {"key":0,"value":2}  (arrives at 0.071)
            0.061        n0 asks lin-kv: write {"key":0,"value":1}  (arrives at 0.071)
            0.071        lin-kv answers n0: write_ok  (2 times, until 0.071)
            0.081        op 6: n0 answers client 1: ok  <-- contradicts op 7
            0.081        op 7: n0 answers client 0: ok  <-- shows not-linearizable

            - key 0: cas from 4 to 1 by process 0 (op 7, ok at 0.081 s) is impossible: the register can only be 2 there
        "#]],
    );
}

#[test]
fn a_fractured_read_is_two_transactions() {
    check(
        txn(),
        Workload::TxnListAppend,
        &busy(3, "torn"),
        &expect![[r#"
            3 nodes, 6 clients, 674 operations and 0 faults in 10 s
            1 node, 2 clients, 2 operations and 0 faults in 0.002 s, G-single-item, 27 runs

            0      op 0: client 0 asks n0 to read 9 and append 10 to 9
            0.001  op 1: client 1 asks n0 to read 9 and read 9
            0.06   op 2: n0 answers client 0: ok, 9 is nil  <-- contradicts op 3
            0.061  op 3: n0 answers client 1: ok, 9 is nil and 9 is [10]  <-- shows G-single-item

            - G-single-item: T1 < T2 < T1
                T1 = op 3 (txn, process 1, 0.061 s) [[:r 9 nil] [:r 9 [10]]]
                T2 = op 2 (txn, process 0, 0.060 s) [[:r 9 nil] [:append 9 10]]
                T1 < T2: T1 read key 9 without elements and T2 appended 10, the first or a later one
                but T2 < T1: T2 appended 10 to key 9 and T1 read it
            Also wrong (stricter than Maelstrom):
            - internal: op 3 read key 9 as [10] after it had seen or made it []
        "#]],
    );
}

#[test]
fn logs_of_their_own_are_two_messages() {
    check(
        kafka(),
        Workload::Kafka,
        &busy(2, "split"),
        &expect![[r#"
            2 nodes, 4 clients, 1019 operations and 0 faults in 10 s
            2 nodes, 2 clients, 2 operations and 0 faults in 0.002 s, inconsistent-offsets, 20 runs

            0      op 0: client 1 asks n1 to send 1 to "9"
            0      op 1: n1 answers client 1: ok, offset 0 in "9"  <-- contradicts op 3
            0.001  op 2: client 0 asks n0 to send 2 to "9"
            0.001  op 3: n0 answers client 0: ok, offset 0 in "9"  <-- shows inconsistent-offsets

            - 1 × inconsistent-offsets: the offset 0 of "9" has 1 2
        "#]],
    );
}

#[test]
fn a_trap_is_the_event_before_it() {
    let guest = module(&from_the_start(&[
        Step::Say(INIT_OK),
        Step::Say(""),
        Step::Say(""),
        Step::Trap,
    ]));
    check(
        &guest,
        Workload::Echo,
        &options(1, 20),
        &expect![[r#"
            1 node, 1 client, 3 operations and 0 faults in 20 s
            1 node, 1 client, 3 operations and 0 faults in 10.001 s, trap, 26 runs

            0   op 0: client 0 asks n0 to echo "Please echo 68"
            5   op 1: client 0 gives up: n0 has not answered
            5   op 2: client 1 asks n0 to echo "Please echo 43"
            10  op 3: client 1 gives up: n0 has not answered
            10  op 4: client 2 asks n0 to echo "Please echo 49"

            The run could not go on: at 10 s, node n0: the guest failed in handle: trap: wasm `unreachable` instruction executed
              in: handle
              event: message {"src":"c4","dest":"n0","body":{"echo":"Please echo 49","type":"echo","msg_id":1}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn no_operation_and_no_fault_can_be_left_out() {
    for (module, workload, options) in failures() {
        let schedule = record(module, workload, &options, 1);
        let shrunk = shrink(schedule, module, Budget::default()).unwrap();
        let Shrunk {
            schedule, anomaly, ..
        } = &shrunk;
        let fails = |schedule: &Schedule| {
            let report = schedule.play(module, None, Vec::new());
            report.anomalies().contains(anomaly)
        };
        assert!(fails(schedule), "{workload}");
        for index in 0..schedule.script.operations.len() {
            let mut without = schedule.clone();
            without.script.operations.remove(index);
            assert!(!fails(&without), "{workload}: {}", schedule.write());
        }
        for index in 0..schedule.script.faults.len() {
            let mut without = schedule.clone();
            without.script.faults.remove(index);
            assert!(!fails(&without), "{workload}: {}", schedule.write());
        }
        let read = Schedule::read(schedule.write().as_bytes()).unwrap();
        assert!(fails(&read), "{workload}: its file is another run");
    }
}

#[test]
fn a_right_program_passes_what_a_wrong_one_was_shrunk_to() {
    for (wrong, workload, options) in failures() {
        let schedule = record(wrong, workload, &options, 1);
        let shrunk = shrink(schedule, wrong, Budget::default()).unwrap();
        let mut schedule = shrunk.schedule;
        schedule.scenario.options.guest_args.clear(); // the bug
        let right = match workload {
            Workload::Broadcast => retrying(),
            _ => wrong,
        };
        let report = schedule.play(right, None, Vec::new());
        // No node sends a wiped node again what it had acknowledged.
        let wipes = schedule.script.kinds() == [Fault::Wipe];
        assert_eq!(
            report.valid() == Validity::False,
            wipes,
            "{workload}: {}",
            schedule.write()
        );
    }
}

#[test]
fn the_search_is_the_same_each_time_and_ends_with_its_budget() {
    let (module, workload, options) = &failures()[1];
    let schedule = record(module, *workload, options, 1);
    let shrunk = |budget| shrink(schedule.clone(), module, budget).unwrap();
    let twice = [(); 2].map(|()| shrunk(Budget::default()));
    assert_eq!(twice[0].schedule.write(), twice[1].schedule.write());
    assert_eq!(twice[0].runs, twice[1].runs);
    for runs in [1, 2, 5, 10] {
        let budget = Budget {
            runs,
            ..Budget::default()
        };
        let few = shrunk(budget);
        assert_eq!((few.runs, few.is_minimal), (runs, false));
        assert!(few.report.anomalies().contains(&few.anomaly));
    }
    let budget = Budget {
        units: 0,
        ..Budget::default()
    };
    assert_eq!(shrunk(budget).runs, 1);
}

/// A run costs 500,000 units at least, and none is played for longer than what is left.
#[test]
fn a_search_costs_no_more_than_its_budget() {
    let (module, workload, options) = &failures()[2];
    let schedule = record(module, *workload, options, 1);
    let original = schedule.play(*module, None, Vec::new());
    let whole = cost(&original.used);
    for units in [1, 4_000_000, whole, 2 * whole] {
        let budget = Budget {
            units,
            ..Budget::default()
        };
        let found = shrink(schedule.clone(), module, budget).unwrap();
        let most = 1 + u32::try_from(units.div_ceil(500_000)).unwrap();
        assert!(found.runs <= most, "{} runs for {units} units", found.runs);
        assert!(found.report.anomalies().contains(&found.anomaly));
        if units < 10_000_000 {
            assert!(!found.is_minimal, "{units}");
        }
    }
}

#[test]
fn a_run_that_is_valid_is_not_shrunk() {
    let trial = trial(flood(), Workload::Broadcast, &options(3, 5));
    let (report, script) = trial.record(1, Vec::new());
    assert_eq!(report.valid(), Validity::True);
    let schedule = Schedule::of(&trial, 1, script);
    assert!(shrink(schedule, flood(), Budget::default()).is_none());
}
