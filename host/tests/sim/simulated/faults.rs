//! The effects of each fault.

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Latency, RunOptions, SECOND};
use host_trial::TrialResult;
use serde_json::Value as Json;
use test_support::json_lines;

use crate::simulated::runs::{broadcast, echo, flood, of_kind, options, run};

/// Ten seconds of one fault on five nodes, on a network with some latency.
fn under(fault: Fault) -> RunOptions {
    RunOptions {
        rate: 20.0,
        faults: vec![fault],
        nemesis_interval_ns: SECOND,
        latency: Latency {
            mean_ms: 5,
            ..Latency::default()
        },
        ..options(5, 10)
    }
}

fn flooded(fault: Fault, seed: u64) -> (TrialResult, String) {
    run(flood(), Workload::Broadcast, &under(fault), seed)
}

/// How many messages were dropped for this reason.
fn drops(journal: &str, why: &str) -> usize {
    let drops = of_kind(journal, "drop");
    drops.iter().filter(|entry| entry["why"] == why).count()
}

fn between_nodes(entry: &Json) -> bool {
    ["src", "dest"].map(|end| {
        entry[end]
            .as_str()
            .is_some_and(|name| name.starts_with('n'))
    }) == [true, true]
}

#[test]
fn faults_start_at_once_alternate_and_end_before_the_last_operations() {
    for fault in Fault::PLAIN {
        let (_, journal) = run(broadcast(), Workload::Broadcast, &under(fault), 3);
        let faults = of_kind(&journal, "fault");
        let names: Vec<&str> = faults
            .iter()
            .map(|entry| entry["f"].as_str().unwrap())
            .collect();
        assert_eq!(faults[0]["at_ns"], 0);
        assert!(names.len() > 4, "{names:?}");
        let (last, others) = names.split_last().unwrap();
        assert_eq!(*last, fault.stop_f());
        for (index, name) in others.iter().enumerate() {
            let expected = [fault.start_f(), fault.stop_f()][index % 2];
            assert_eq!(*name, expected, "{names:?}");
        }
        for pair in faults.windows(2).take(others.len() - 1) {
            let gap = pair[1]["at_ns"].as_u64().unwrap() - pair[0]["at_ns"].as_u64().unwrap();
            assert!(gap < 2 * SECOND, "{gap}");
        }
    }
}

#[test]
fn partitions_drop_messages_between_nodes_and_no_others() {
    let (report, journal) = flooded(Fault::Partition, 1);
    let dropped = of_kind(&journal, "drop");
    assert!(drops(&journal, "partition") > 10);
    assert!(
        dropped
            .iter()
            .all(|entry| entry["why"] == "partition" && between_nodes(entry))
    );
    assert_eq!(report.valid(), Validity::False);
}

#[test]
fn a_one_way_partition_lets_one_direction_through() {
    let (report, journal) = flooded(Fault::OneWay, 1);
    assert!(drops(&journal, "partition") > 10);
    assert_eq!(report.valid(), Validity::False);
    // In the first partition: a node that does not hear another is heard by it.
    let first = &of_kind(&journal, "fault")[0]["value"][1];
    for (node, deaf_to) in first.as_object().unwrap() {
        for other in deaf_to.as_array().unwrap() {
            let heard_by = first[other.as_str().unwrap()].as_array().unwrap();
            assert!(!heard_by.contains(&Json::from(node.as_str())));
        }
    }
}

#[test]
fn loss_loses_messages_between_nodes_for_good() {
    let (report, journal) = flooded(Fault::Loss, 1);
    assert!(drops(&journal, "loss") > 10);
    assert!(of_kind(&journal, "drop").iter().all(between_nodes));
    assert_eq!(report.valid(), Validity::False);
}

#[test]
fn duplication_delivers_messages_twice_and_counts_them_once() {
    let (report, journal) = flooded(Fault::Duplicate, 1);
    let net = report.result.as_ref().unwrap().net.unwrap();
    assert!(net.servers.counts.recv_count > net.servers.counts.send_count);
    assert_eq!(net.clients.recv_count, net.clients.send_count);
    let sends = of_kind(&journal, "send");
    let ids: Vec<u64> = sends
        .iter()
        .map(|entry| entry["id"].as_u64().unwrap())
        .collect();
    assert!(
        ids.windows(2).all(|pair| pair[0] < pair[1]),
        "each id is sent once"
    );
    assert_eq!(report.valid(), Validity::True, "a flood does not mind");
}

#[test]
fn slow_links_are_slow_and_lose_nothing() {
    let (report, journal) = flooded(Fault::Slow, 1);
    assert_eq!(of_kind(&journal, "drop").len(), 0);
    assert_eq!(report.valid(), Validity::True);
    let (fast, _) = run(
        flood(),
        Workload::Broadcast,
        &RunOptions {
            faults: Vec::new(),
            ..under(Fault::Slow)
        },
        1,
    );
    let max = |report: &TrialResult| {
        let json = serde_json::to_value(report.result.as_ref().unwrap()).unwrap();
        json["workload"]["stable-latencies"]["1"].as_u64().unwrap()
    };
    assert!(
        max(&report) > max(&fast) + 90,
        "{} {}",
        max(&report),
        max(&fast)
    );
}

#[test]
fn a_killed_node_starts_anew_with_init() {
    let (_, journal) = run(echo(), Workload::Echo, &under(Fault::Kill), 2);
    let mut up: Vec<String> = (0..5).map(|node| format!("n{node}")).collect();
    let (mut killed, mut started) = (0, 0);
    for entry in json_lines(&journal) {
        let names = |entry: &Json| -> Vec<String> {
            entry["value"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect()
        };
        match (entry["event"].as_str().unwrap(), entry["f"].as_str()) {
            ("fault", Some("kill")) => {
                killed += names(&entry).len();
                up.retain(|node| !names(&entry).contains(node));
            }
            ("fault", Some("start")) => started += names(&entry).len(),
            ("recv", _) => {
                let dest = entry["dest"].as_str().unwrap();
                assert!(
                    dest.starts_with('c') || up.iter().any(|node| node == dest),
                    "{entry}"
                );
            }
            ("send", _) if entry["body"]["type"] == "init" => {
                let dest = entry["dest"].as_str().unwrap().to_owned();
                if !up.contains(&dest) {
                    up.push(dest);
                }
            }
            _ => {}
        }
    }
    assert!(killed > 2 && started > 0);
    assert!(drops(&journal, "down") > 0);
}

#[test]
fn a_node_that_loses_its_memory_loses_values() {
    let (report, _) = run(broadcast(), Workload::Broadcast, &under(Fault::Wipe), 1);
    assert_eq!(report.valid(), Validity::False);
}

#[test]
fn a_paused_node_does_nothing_and_forgets_nothing() {
    let (report, journal) = run(broadcast(), Workload::Broadcast, &under(Fault::Pause), 2);
    let mut resumptions = of_kind(&journal, "fault");
    resumptions.retain(|fault| fault["f"] == "resume");
    let resumptions: Vec<&Json> = resumptions.iter().map(|fault| &fault["at_ns"]).collect();
    let mut paused: Vec<String> = Vec::new();
    let mut pauses = 0;
    for entry in json_lines(&journal) {
        match (entry["event"].as_str().unwrap(), entry["f"].as_str()) {
            ("fault", Some("pause")) => {
                pauses += 1;
                paused = entry["value"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .cloned()
                    .collect();
            }
            ("recv", _) => {
                let dest = entry["dest"].as_str().unwrap();
                let resumed = resumptions.contains(&&entry["at_ns"]);
                assert!(
                    resumed || !paused.iter().any(|node| node == dest),
                    "{entry}"
                );
            }
            ("fault", Some("resume")) => paused.clear(),
            _ => {}
        }
    }
    assert!(pauses > 1);
    assert_eq!(
        of_kind(&journal, "drop")
            .iter()
            .filter(|e| e["why"] != "gone")
            .count(),
        0
    );
    assert_eq!(report.valid(), Validity::True, "{:?}", report.result);
}

#[test]
fn clocks_that_are_wrong_change_when_timers_fire() {
    let (report, skewed) = run(
        broadcast(),
        Workload::Broadcast,
        &under(Fault::ClockSkew),
        1,
    );
    assert_eq!(report.valid(), Validity::True);
    let faults = of_kind(&skewed, "fault");
    assert!(
        faults[0]["value"]
            .as_object()
            .is_some_and(|clocks| !clocks.is_empty())
    );
}

#[test]
fn faults_combine_and_each_keeps_its_own_stream() {
    let alone = |fault| {
        let (_, journal) = run(broadcast(), Workload::Broadcast, &under(fault), 4);
        of_kind(&journal, "fault")
    };
    let both = RunOptions {
        faults: vec![Fault::Partition, Fault::Pause],
        ..under(Fault::Partition)
    };
    let (_, journal) = run(broadcast(), Workload::Broadcast, &both, 4);
    let together = of_kind(&journal, "fault");
    for fault in [Fault::Partition, Fault::Pause] {
        let of_fault = |entry: &&Json| {
            let is_main = entry["at_ns"].as_u64().unwrap() < 10 * SECOND;
            is_main && [fault.start_f(), fault.stop_f()].contains(&entry["f"].as_str().unwrap())
        };
        let alone: Vec<Json> = alone(fault).iter().filter(of_fault).cloned().collect();
        let together: Vec<Json> = together.iter().filter(of_fault).cloned().collect();
        let same = alone.len().min(together.len());
        assert!(same > 3);
        assert_eq!(alone[..same - 1], together[..same - 1]);
    }
}
