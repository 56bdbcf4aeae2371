//! Transactions: correct nodes pass, and the anomaly of wrong ones is named.

use std::fmt::Write;

use expect_test::expect;
use host_check::history::write_edn;
use host_check::text::render_text;
use host_check::txn::model::Model;
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{RunOptions, SECOND};

use crate::simulated::runs::{self, options, run, run_trial, trial, txn};

const BOTH: [Workload; 2] = [Workload::TxnListAppend, Workload::TxnRwRegister];

/// `--node-count 2 --rate 100 --latency 5`, with a bug of the program or none.
fn with_bug(bug: &str) -> RunOptions {
    runs::with_bug(2, 6, 5, bug)
}

#[test]
fn transactions_of_one_leader_are_strictly_serializable_also_in_partitions() {
    let options = RunOptions {
        faults: vec![Fault::Partition],
        nemesis_interval_ns: 2 * SECOND,
        ..with_bug("")
    };
    for workload in BOTH {
        for seed in 0..5 {
            let (report, _) = run(txn(), workload, &options, seed);
            let result = report.result.as_ref().unwrap();
            assert_eq!(report.valid(), Validity::True, "{}", render_text(result));
        }
    }
}

#[test]
fn wrong_transactions_are_caught_and_it_is_said_what_is_wrong() {
    let mut table = String::new();
    for workload in BOTH {
        for bug in [
            "aborted", "internal", "invents", "split", "stale", "torn", "twice",
        ] {
            if bug == "twice" && workload == Workload::TxnRwRegister {
                continue; // there is nothing wrong with writing something twice at once
            }
            let (report, _) = run(txn(), workload, &with_bug(bug), 1);
            assert_eq!(report.valid(), Validity::False, "{workload} {bug}");
            let result = report.result.as_ref().unwrap();
            let result = serde_json::to_value(&result.workload).unwrap();
            let types = result["anomaly-types"].as_array().unwrap().iter();
            let types: Vec<&str> = types.map(|name| name.as_str().unwrap()).collect();
            writeln!(table, "{workload} {bug}: {}", types.join(" ")).unwrap();
        }
    }
    expect![[r#"
        txn-list-append aborted: G1a dirty-update
        txn-list-append internal: internal
        txn-list-append invents: incompatible-order internal unwritten-read
        txn-list-append split: G-single-item G0 incompatible-order lost-update
        txn-list-append stale: G-single-item-realtime
        txn-list-append torn: G-single-item G0 G1b G1c internal lost-update
        txn-list-append twice: duplicate-elements internal
        txn-rw-register aborted: G1a
        txn-rw-register internal: G-single-item G-single-item-realtime G0 G0-realtime G1c internal
        txn-rw-register invents: internal unwritten-read
        txn-rw-register split: G-nonadjacent-item G-single-item-realtime G2-item lost-update
        txn-rw-register stale: G-single-item-realtime
        txn-rw-register torn: G-single-item G-single-item-realtime G0 G1b G1c G2-item internal lost-update
    "#]].assert_eq(&table);
}

#[test]
fn what_is_wrong_depends_on_the_consistency_model() {
    for workload in BOTH {
        for (model, valid) in [
            (Model::StrictSerializable, Validity::False),
            (Model::Serializable, Validity::True),
        ] {
            let mut trial = trial(txn(), workload, &with_bug("stale"));
            trial.scenario.checks.consistency_models = vec![model];
            let (report, _) = run_trial(&trial, 1);
            let result = report.result.as_ref().unwrap();
            // That registers stay stale after recovery is no matter of models.
            assert_eq!(result.workload.valid(), valid, "{}", render_text(result));
            let disagree = report.anomalies().iter().any(|it| it.0 == "nodes-disagree");
            assert_eq!(disagree, workload == Workload::TxnRwRegister);
        }
    }
}

#[test]
fn a_short_run_has_the_operations_of_a_recorded_one() {
    let options = RunOptions {
        rate: 4.0,
        ..options(1, 2)
    };
    let mut histories = String::new();
    for workload in BOTH {
        let (report, journal) = run(txn(), workload, &options, 3);
        let (_, again) = run(txn(), workload, &options, 3);
        assert_eq!(journal, again);
        histories += &write_edn(report.history.as_ref().unwrap());
    }
    expect![[r#"
        {:index 0, :time 0, :type :invoke, :process 0, :f :txn, :value [[:append 9 1] [:r 8 nil] [:append 9 2]]}
        {:index 1, :time 0, :type :ok, :process 0, :f :txn, :value [[:append 9 1] [:r 8 nil] [:append 9 2]]}
        {:index 2, :time 433804387, :type :invoke, :process 0, :f :txn, :value [[:append 9 3] [:append 9 4] [:r 9 nil]]}
        {:index 3, :time 433804387, :type :ok, :process 0, :f :txn, :value [[:append 9 3] [:append 9 4] [:r 9 [1 2 3 4]]]}
        {:index 4, :time 572711621, :type :invoke, :process 0, :f :txn, :value [[:r 8 nil] [:r 9 nil] [:r 9 nil] [:append 8 1]]}
        {:index 5, :time 572711621, :type :ok, :process 0, :f :txn, :value [[:r 8 nil] [:r 9 [1 2 3 4]] [:r 9 [1 2 3 4]] [:append 8 1]]}
        {:index 6, :time 650959778, :type :invoke, :process 0, :f :txn, :value [[:append 9 5] [:append 4 1]]}
        {:index 7, :time 650959778, :type :ok, :process 0, :f :txn, :value [[:append 9 5] [:append 4 1]]}
        {:index 8, :time 729260629, :type :invoke, :process 0, :f :txn, :value [[:append 8 2]]}
        {:index 9, :time 729260629, :type :ok, :process 0, :f :txn, :value [[:append 8 2]]}
        {:index 10, :time 961751079, :type :invoke, :process 0, :f :txn, :value [[:r 8 nil]]}
        {:index 11, :time 961751079, :type :ok, :process 0, :f :txn, :value [[:r 8 [1 2]]]}
        {:index 12, :time 1154201228, :type :invoke, :process 0, :f :txn, :value [[:r 9 nil] [:append 9 6] [:append 8 3] [:r 9 nil]]}
        {:index 13, :time 1154201228, :type :ok, :process 0, :f :txn, :value [[:r 9 [1 2 3 4 5]] [:append 9 6] [:append 8 3] [:r 9 [1 2 3 4 5 6]]]}
        {:index 14, :time 1383781196, :type :invoke, :process 0, :f :txn, :value [[:append 9 7] [:r 9 nil] [:append 9 8]]}
        {:index 15, :time 1383781196, :type :ok, :process 0, :f :txn, :value [[:append 9 7] [:r 9 [1 2 3 4 5 6 7]] [:append 9 8]]}
        {:index 16, :time 1776747522, :type :invoke, :process 0, :f :txn, :value [[:append 9 9] [:r 9 nil] [:r 9 nil] [:r 5 nil]]}
        {:index 17, :time 1776747522, :type :ok, :process 0, :f :txn, :value [[:append 9 9] [:r 9 [1 2 3 4 5 6 7 8 9]] [:r 9 [1 2 3 4 5 6 7 8 9]] [:r 5 nil]]}
        {:index 18, :time 11776747522, :type :invoke, :process 0, :f :txn, :value [[:r 4 nil] [:r 8 nil] [:r 9 nil]], :final? true}
        {:index 19, :time 11776747522, :type :ok, :process 0, :f :txn, :value [[:r 4 [1]] [:r 8 [1 2 3]] [:r 9 [1 2 3 4 5 6 7 8 9]]], :final? true}
        {:index 0, :time 0, :type :invoke, :process 0, :f :txn, :value [[:w 9 1] [:r 8 nil] [:w 9 2]]}
        {:index 1, :time 0, :type :ok, :process 0, :f :txn, :value [[:w 9 1] [:r 8 nil] [:w 9 2]]}
        {:index 2, :time 433804387, :type :invoke, :process 0, :f :txn, :value [[:w 9 3] [:w 9 4] [:r 9 nil]]}
        {:index 3, :time 433804387, :type :ok, :process 0, :f :txn, :value [[:w 9 3] [:w 9 4] [:r 9 4]]}
        {:index 4, :time 572711621, :type :invoke, :process 0, :f :txn, :value [[:r 8 nil] [:r 9 nil] [:r 9 nil] [:w 8 1]]}
        {:index 5, :time 572711621, :type :ok, :process 0, :f :txn, :value [[:r 8 nil] [:r 9 4] [:r 9 4] [:w 8 1]]}
        {:index 6, :time 650959778, :type :invoke, :process 0, :f :txn, :value [[:w 9 5] [:w 4 1]]}
        {:index 7, :time 650959778, :type :ok, :process 0, :f :txn, :value [[:w 9 5] [:w 4 1]]}
        {:index 8, :time 729260629, :type :invoke, :process 0, :f :txn, :value [[:w 8 2]]}
        {:index 9, :time 729260629, :type :ok, :process 0, :f :txn, :value [[:w 8 2]]}
        {:index 10, :time 961751079, :type :invoke, :process 0, :f :txn, :value [[:r 8 nil]]}
        {:index 11, :time 961751079, :type :ok, :process 0, :f :txn, :value [[:r 8 2]]}
        {:index 12, :time 1154201228, :type :invoke, :process 0, :f :txn, :value [[:r 9 nil] [:w 9 6] [:w 8 3] [:r 9 nil]]}
        {:index 13, :time 1154201228, :type :ok, :process 0, :f :txn, :value [[:r 9 5] [:w 9 6] [:w 8 3] [:r 9 6]]}
        {:index 14, :time 1383781196, :type :invoke, :process 0, :f :txn, :value [[:w 9 7] [:r 9 nil] [:w 9 8]]}
        {:index 15, :time 1383781196, :type :ok, :process 0, :f :txn, :value [[:w 9 7] [:r 9 7] [:w 9 8]]}
        {:index 16, :time 1776747522, :type :invoke, :process 0, :f :txn, :value [[:w 9 9] [:r 9 nil] [:r 9 nil] [:r 5 nil]]}
        {:index 17, :time 1776747522, :type :ok, :process 0, :f :txn, :value [[:w 9 9] [:r 9 9] [:r 9 9] [:r 5 nil]]}
        {:index 18, :time 11776747522, :type :invoke, :process 0, :f :txn, :value [[:r 4 nil] [:r 8 nil] [:r 9 nil]], :final? true}
        {:index 19, :time 11776747522, :type :ok, :process 0, :f :txn, :value [[:r 4 1] [:r 8 3] [:r 9 9]], :final? true}
    "#]].assert_eq(&histories);
}
