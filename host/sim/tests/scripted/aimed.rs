//! Aimed faults: what they hit, how much of a run they leave alone, and that a script of them is
//! the same run.

use std::collections::BTreeSet;

use host_check::workload::Workload;
use host_sim::nemesis::{Fault, FaultAction};
use host_sim::{Distribution, Latency, NetworkModel, Outcome, RunOptions, SECOND, Script};
use serde_json::Value as Json;

use crate::guest::{Committee, Echo};
use crate::runs::{of_kind, options, play, record, run};

/// A busy run of a cluster under some faults.
fn hunted(faults: &[Fault], mean_ms: u64, distribution: Distribution) -> RunOptions {
    RunOptions {
        rate: 20.0,
        faults: faults.to_vec(),
        nemesis_interval_ns: SECOND / 5,
        latency: Latency {
            mean_ms,
            distribution,
        },
        ..options(5, 10)
    }
}

/// Everything that a run leaves.
fn all_of((outcome, journal): &(Outcome, String)) -> (&str, String, u64, u64) {
    let ops = format!("{:?}", outcome.ops);
    (journal, ops, outcome.end_ns, outcome.messages)
}

fn script_of(run: &(Outcome, String)) -> Script {
    run.0.script.clone().unwrap()
}

#[test]
fn a_script_of_a_hunt_is_the_same_run_to_the_byte() {
    let hunt = &[Fault::Hunt][..];
    let pieces = &Fault::DRAWN_BY_HUNT[..];
    let and_more = &[Fault::Partition, Fault::Pause, Fault::Loss, Fault::Hunt][..];
    let mixed = &[Fault::Duplicate, Fault::Slow, Fault::Hunt, Fault::Stall][..];
    for (faults, mean_ms, distribution) in [
        (hunt, 0, Distribution::Constant),
        (hunt, 10, Distribution::Constant),
        (hunt, 10, Distribution::Exponential),
        (pieces, 10, Distribution::Constant),
        (and_more, 5, Distribution::Uniform),
        (mixed, 50, Distribution::Exponential),
    ] {
        for network in [NetworkModel::Maelstrom, NetworkModel::Ideal] {
            let options = RunOptions {
                network,
                ..hunted(faults, mean_ms, distribution)
            };
            for seed in 0..2 {
                let first = record(&Committee, Workload::UniqueIds, &options, seed);
                assert!(first.0.stopped.is_none(), "{:?}", first.0.stopped);
                let script = script_of(&first);
                assert!(script.faults.len() > 2, "{faults:?}, seed {seed}");
                let again = play(&Committee, Workload::UniqueIds, &options, seed, &script);
                assert!(all_of(&again) == all_of(&first), "{faults:?}, seed {seed}");
            }
        }
    }
}

#[test]
fn a_hunt_draws_every_aimed_fault() {
    let mut seen = BTreeSet::new();
    for seed in 0..8 {
        let options = hunted(&[Fault::Hunt], 10, Distribution::Constant);
        let run = record(&Committee, Workload::UniqueIds, &options, seed);
        seen.extend(script_of(&run).kinds());
    }
    assert!(seen.into_iter().eq(Fault::DRAWN_BY_HUNT));
}

#[test]
fn what_is_named_beside_a_hunt_goes_on_by_itself() {
    let mut faults = Fault::DRAWN_BY_HUNT.to_vec();
    faults.push(Fault::Hunt);
    let options = |faults: &[Fault]| hunted(faults, 10, Distribution::Constant);
    let both = run(&Committee, Workload::UniqueIds, &options(&faults), 1);
    faults.pop();
    let pieces = run(&Committee, Workload::UniqueIds, &options(&faults), 1);
    assert!(all_of(&both) == all_of(&pieces));
}

#[test]
fn nothing_between_a_node_and_a_client_or_service_is_touched() {
    for seed in 0..8 {
        let options = hunted(&[Fault::Hunt], 10, Distribution::Exponential);
        let (_, journal) = run(&Committee, Workload::UniqueIds, &options, seed);
        let dropped = of_kind(&journal, "drop");
        assert!(dropped.len() > 10);
        for entry in dropped.iter().filter(|entry| entry["why"] != "gone") {
            let is_node = |end: &str| entry[end].as_str().is_some_and(|it| it.starts_with('n'));
            assert!(is_node("src") && is_node("dest"), "{entry}");
            assert!(
                ["partition", "loss"]
                    .map(Json::from)
                    .contains(&entry["why"])
            );
        }
    }
}

#[test]
fn a_third_of_a_run_is_quiet_whatever_the_interval() {
    for interval_ns in [SECOND / 100, SECOND / 2, 3 * SECOND] {
        let (mut hit_ns, mut all_ns) = (0, 0);
        for seed in 0..4 {
            let options = RunOptions {
                nemesis_interval_ns: interval_ns,
                rate: 5.0,
                time_limit_ns: 60 * SECOND,
                ..hunted(&[Fault::Hunt], 10, Distribution::Constant)
            };
            let run = record(&Committee, Workload::UniqueIds, &options, seed);
            let script = script_of(&run);
            // The faults that follow each other do not overlap.
            hit_ns += script.faults.iter().fold(0, |hit_ns, episode| {
                let single = matches!(
                    episode.action,
                    FaultAction::Hold(..) | FaultAction::LoseOne { .. }
                );
                let until_ns = episode.until_ns.unwrap_or(60 * SECOND);
                hit_ns
                    + if single {
                        0
                    } else {
                        until_ns - episode.from_ns
                    }
            });
            all_ns += 60 * SECOND;
        }
        assert!(
            hit_ns * 3 < all_ns * 2,
            "{interval_ns}: {hit_ns} of {all_ns}"
        );
        assert!(hit_ns * 20 > all_ns, "{interval_ns}: {hit_ns} of {all_ns}");
    }
}

#[test]
fn all_aimed_faults_end_with_the_main_phase() {
    let options = hunted(&[Fault::Hunt], 10, Distribution::Constant);
    for seed in 0..6 {
        let run = record(&Committee, Workload::GSet, &options, seed);
        let faults = of_kind(&run.1, "fault");
        let mut open = BTreeSet::new();
        for fault in &faults {
            let f = fault["f"].as_str().unwrap();
            match f.strip_prefix("start-") {
                Some(name) => assert!(open.insert(name), "{f}"),
                None => {
                    open.remove(f.strip_prefix("stop-").unwrap());
                }
            }
        }
        assert!(open.is_empty(), "{open:?}");
        let ends_ns = faults.last().unwrap()["at_ns"].as_u64().unwrap();
        assert!(ends_ns >= 9 * SECOND);
        // After the last fault every message arrives, those that were held too.
        let of = |event: &str, after_ns: u64| -> BTreeSet<u64> {
            let entries = of_kind(&run.1, event);
            let late = entries
                .iter()
                .filter(|entry| entry["at_ns"].as_u64().unwrap() >= after_ns);
            late.map(|entry| entry["id"].as_u64().unwrap()).collect()
        };
        assert_eq!(of("drop", ends_ns + SECOND).len(), 0);
        let gone = of("drop", 0);
        let received = of("recv", 0);
        let last_ns = ends_ns + 8 * SECOND;
        let late = of("send", last_ns);
        let sent = of("send", 0);
        let missing = sent
            .iter()
            .filter(|id| !late.contains(id) && !gone.contains(id) && !received.contains(id));
        assert_eq!(missing.count(), 0);
    }
}

#[test]
fn without_a_word_between_nodes_a_hunt_still_ends() {
    let options = hunted(&[Fault::Hunt], 0, Distribution::Constant);
    for nodes in [1, 2, 5] {
        let options = RunOptions {
            cluster: host_sim::Cluster::of(nodes),
            concurrency: nodes,
            ..options.clone()
        };
        let first = record(&Echo, Workload::Echo, &options, 3);
        assert!(first.0.stopped.is_none());
        let again = play(&Echo, Workload::Echo, &options, 3, &script_of(&first));
        assert!(all_of(&again) == all_of(&first));
    }
}
