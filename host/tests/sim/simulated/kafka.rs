//! Logs: correct nodes pass, and the anomaly of wrong ones is named.

use std::fmt::Write;

use expect_test::expect;
use host_check::history::write_edn;
use host_check::text::render_text;
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{Latency, RunOptions, SECOND};

use crate::simulated::runs::{kafka, options, run};

/// `--node-count 2 --concurrency 2n --rate 100`, with a bug of the program or none.
fn with_bug(bug: &str) -> RunOptions {
    let bug = (!bug.is_empty()).then(|| bug.to_owned());
    RunOptions {
        concurrency: 4,
        rate: 100.0,
        guest_args: bug.into_iter().collect(),
        ..options(2, 10)
    }
}

#[test]
fn logs_of_one_leader_are_right_also_if_it_is_cut_off_now_and_then() {
    let options = RunOptions {
        faults: vec![Fault::Partition],
        nemesis_interval_ns: 2 * SECOND,
        latency: Latency {
            mean_ms: 10,
            ..Latency::default()
        },
        ..with_bug("")
    };
    for seed in 0..5 {
        let (report, _) = run(kafka(), Workload::Kafka, &options, seed);
        let result = report.result.as_ref().unwrap();
        assert_eq!(report.valid(), Validity::True, "{}", render_text(result));
    }
}

/// The bound on fuel hid what was wrong before it.
#[test]
fn a_run_that_is_stopped_is_judged_up_to_there() {
    let stopped_with = |bug: &str, share: u64| {
        let mut options = with_bug(bug);
        let (whole, _) = run(kafka(), Workload::Kafka, &options, 1);
        options.bounds.fuel = whole.used.fuel / share;
        let (report, _) = run(kafka(), Workload::Kafka, &options, 1);
        assert!(report.result.is_err(), "{bug}");
        let names = report.anomalies().into_iter().map(|name| name.to_string());
        names.collect::<Vec<_>>()
    };
    let names = stopped_with("split", 2);
    assert!(
        names.contains(&"inconsistent-offsets".to_owned()),
        "{names:?}"
    );
    let stop = names.last().cloned();
    for share in [2, 3, 5] {
        assert_eq!(stop.as_slice(), stopped_with("", share));
    }
}

#[test]
fn wrong_logs_are_caught_and_it_is_said_what_is_wrong() {
    let bugs = [
        "aborted",
        "loses",
        "overwrites",
        "reverses",
        "skips",
        "split",
        "twice",
    ];
    let mut table = String::new();
    for bug in bugs {
        let (report, _) = run(kafka(), Workload::Kafka, &with_bug(bug), 1);
        let result = report.result.as_ref().unwrap();
        assert_eq!(report.valid(), Validity::False, "{bug}");
        let result = serde_json::to_value(&result.workload).unwrap();
        let types = result["bad-error-types"].as_array().unwrap().iter();
        let types: Vec<&str> = types.map(|name| name.as_str().unwrap()).collect();
        writeln!(table, "{bug}: {}", types.join(" ")).unwrap();
    }
    expect![[r#"
        aborted: G1a
        loses: int-poll-skip lost-write poll-skip unseen
        overwrites: inconsistent-offsets lost-write unseen
        reverses: int-nonmonotonic-poll poll-skip
        skips: int-poll-skip
        split: inconsistent-offsets
        twice: duplicate int-nonmonotonic-poll int-poll-skip nonmonotonic-poll poll-skip
    "#]]
    .assert_eq(&table);
}

#[test]
fn a_short_run_has_the_operations_of_a_recorded_one() {
    let options = RunOptions {
        concurrency: 1,
        rate: 4.0,
        ..options(1, 3)
    };
    let (report, journal) = run(kafka(), Workload::Kafka, &options, 3);
    assert_eq!(report.valid(), Validity::True);
    let (_, again) = run(kafka(), Workload::Kafka, &options, 3);
    assert_eq!(journal, again);
    expect![[r#"
        {:index 0, :time 0, :type :invoke, :process 0, :f :send, :value [[:send "9" 1]]}
        {:index 1, :time 0, :type :ok, :process 0, :f :send, :value [[:send "9" [0 1]]]}
        {:index 2, :time 433804387, :type :invoke, :process 0, :f :crash, :value nil}
        {:index 3, :time 433804387, :type :info, :process 0, :f :crash, :value nil}
        {:index 4, :time 572711621, :type :invoke, :process 1, :f :send, :value [[:send "9" 2]]}
        {:index 5, :time 572711621, :type :ok, :process 1, :f :send, :value [[:send "9" [1 2]]]}
        {:index 6, :time 650959778, :type :invoke, :process 1, :f :send, :value [[:send "9" 3]]}
        {:index 7, :time 650959778, :type :ok, :process 1, :f :send, :value [[:send "9" [2 3]]]}
        {:index 8, :time 729260629, :type :invoke, :process 1, :f :poll, :value [[:poll]]}
        {:index 9, :time 729260629, :type :ok, :process 1, :f :poll, :value [[:poll {}]]}
        {:index 10, :time 961751079, :type :invoke, :process 1, :f :poll, :value [[:poll]]}
        {:index 11, :time 961751079, :type :ok, :process 1, :f :poll, :value [[:poll {}]]}
        {:index 12, :time 1154201228, :type :invoke, :process 1, :f :send, :value [[:send "7" 1]]}
        {:index 13, :time 1154201228, :type :ok, :process 1, :f :send, :value [[:send "7" [0 1]]]}
        {:index 14, :time 1383781196, :type :invoke, :process 1, :f :send, :value [[:send "8" 1]]}
        {:index 15, :time 1383781196, :type :ok, :process 1, :f :send, :value [[:send "8" [0 1]]]}
        {:index 16, :time 1776747522, :type :invoke, :process 1, :f :send, :value [[:send "9" 4]]}
        {:index 17, :time 1776747522, :type :ok, :process 1, :f :send, :value [[:send "9" [3 4]]]}
        {:index 18, :time 2150938691, :type :invoke, :process 1, :f :poll, :value [[:poll]]}
        {:index 19, :time 2150938691, :type :ok, :process 1, :f :poll, :value [[:poll {}]]}
        {:index 20, :time 2508351376, :type :invoke, :process 1, :f :poll, :value [[:poll]]}
        {:index 21, :time 2508351376, :type :ok, :process 1, :f :poll, :value [[:poll {}]]}
        {:index 22, :time 2543355621, :type :invoke, :process 1, :f :poll, :value [[:poll]]}
        {:index 23, :time 2543355621, :type :ok, :process 1, :f :poll, :value [[:poll {}]]}
        {:index 24, :time 2711769265, :type :invoke, :process 1, :f :send, :value [[:send "9" 5]]}
        {:index 25, :time 2711769265, :type :ok, :process 1, :f :send, :value [[:send "9" [4 5]]]}
        {:index 26, :time 12711769265, :type :invoke, :process 1, :f :crash, :value nil}
        {:index 27, :time 12711769265, :type :info, :process 1, :f :crash, :value nil}
        {:index 28, :time 12711769265, :type :invoke, :process 2, :f :assign, :value ["7" "8" "9"], :seek-to-beginning? true}
        {:index 29, :time 12711769265, :type :ok, :process 2, :f :assign, :value ["7" "8" "9"], :seek-to-beginning? true}
        {:index 30, :time 12711769265, :type :invoke, :process 2, :f :poll, :value [[:poll]], :poll-ms 1000}
        {:index 31, :time 12711769265, :type :ok, :process 2, :f :poll, :value [[:poll {"7" [[0 1]], "8" [[0 1]], "9" [[0 1] [1 2] [2 3] [3 4] [4 5]]}]], :poll-ms 1000}
        {:index 32, :time 12711769265, :type :invoke, :process 2, :f :assign, :value ["9" "8" "7"], :final? true}
        {:index 33, :time 12711769265, :type :ok, :process 2, :f :assign, :value ["9" "8" "7"], :final? true, :committed {"7" 0, "8" 0, "9" 4}}
    "#]].assert_eq(&write_edn(report.history.as_ref().unwrap()));
}
