//! Registers: correct nodes pass, and for wrong ones the operation that no order explains is named.

use std::fmt::Write;

use expect_test::expect;
use host_check::history::write_edn;
use host_check::text::render_text;
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::nemesis::Fault;
use host_sim::{RunOptions, SECOND};

use crate::simulated::runs::{self, lin_kv, options, run, stopped};

/// `--node-count 3 --concurrency 2n --rate 100 --latency 10`, with a bug or none.
fn with_bug(bug: &str) -> RunOptions {
    runs::with_bug(3, 6, 10, bug)
}

#[test]
fn registers_of_the_service_are_linearizable_whatever_messages_are_lost() {
    let options = RunOptions {
        faults: vec![Fault::Loss, Fault::Pause],
        nemesis_interval_ns: 2 * SECOND,
        ..with_bug("")
    };
    for seed in 0..5 {
        let (report, _) = run(lin_kv(), Workload::LinKv, &options, seed);
        let result = report.result.as_ref().unwrap();
        assert_eq!(report.valid(), Validity::True, "{}", render_text(result));
    }
}

#[test]
fn wrong_registers_are_caught_and_it_is_said_where() {
    let mut table = String::new();
    for bug in ["cache", "denial", "split", "torn-cas"] {
        let (report, _) = run(lin_kv(), Workload::LinKv, &with_bug(bug), 1);
        assert_eq!(report.valid(), Validity::False, "{bug}");
        let text = render_text(report.result.as_ref().unwrap());
        let problem = text.lines().nth(2).unwrap();
        writeln!(table, "{bug}: {problem}").unwrap();
    }
    expect![[r#"
        cache: - key 0: read of 0 by process 0 (op 20, ok at 0.093 s) is impossible: the register can only be 3 there
        denial: - key 0: read of 2 by process 0 (op 407, ok at 1.988 s) is impossible: the register can only be 0 there
        split: - key 0: cas from 0 to 3 by process 3 (op 13, ok at 0.053 s) is impossible: the register can only be 3 there
        torn-cas: - key 0: cas from 4 to 1 by process 4 (op 36, ok at 0.192 s) is impossible: the register can only be 2 there
    "#]].assert_eq(&table);
}

#[test]
fn a_short_run_has_the_operations_of_a_recorded_one() {
    let options = RunOptions {
        concurrency: 2,
        rate: 4.0,
        ..options(1, 3)
    };
    let (report, journal) = run(lin_kv(), Workload::LinKv, &options, 3);
    let (_, again) = run(lin_kv(), Workload::LinKv, &options, 3);
    assert_eq!(journal, again);
    expect![[r#"
        {:index 0, :time 0, :type :invoke, :process 1, :f :write, :value [0 2]}
        {:index 1, :time 0, :type :ok, :process 1, :f :write, :value [0 2]}
        {:index 2, :time 433804387, :type :invoke, :process 1, :f :cas, :value [0 [2 3]]}
        {:index 3, :time 433804387, :type :ok, :process 1, :f :cas, :value [0 [2 3]]}
        {:index 4, :time 572711621, :type :invoke, :process 1, :f :cas, :value [0 [1 3]]}
        {:index 5, :time 572711621, :type :fail, :process 1, :f :cas, :value [0 [1 3]], :error [:precondition-failed "current value 3 is not 1"]}
        {:index 6, :time 650959778, :type :invoke, :process 0, :f :read, :value [0 nil]}
        {:index 7, :time 650959778, :type :ok, :process 0, :f :read, :value [0 3]}
        {:index 8, :time 729260629, :type :invoke, :process 1, :f :cas, :value [0 [1 4]]}
        {:index 9, :time 729260629, :type :fail, :process 1, :f :cas, :value [0 [1 4]], :error [:precondition-failed "current value 3 is not 1"]}
        {:index 10, :time 961751079, :type :invoke, :process 0, :f :read, :value [0 nil]}
        {:index 11, :time 961751079, :type :ok, :process 0, :f :read, :value [0 3]}
        {:index 12, :time 1154201228, :type :invoke, :process 1, :f :write, :value [0 3]}
        {:index 13, :time 1154201228, :type :ok, :process 1, :f :write, :value [0 3]}
        {:index 14, :time 1383781196, :type :invoke, :process 0, :f :read, :value [0 nil]}
        {:index 15, :time 1383781196, :type :ok, :process 0, :f :read, :value [0 3]}
        {:index 16, :time 1776747522, :type :invoke, :process 0, :f :read, :value [0 nil]}
        {:index 17, :time 1776747522, :type :ok, :process 0, :f :read, :value [0 3]}
        {:index 18, :time 2150938691, :type :invoke, :process 1, :f :cas, :value [0 [1 3]]}
        {:index 19, :time 2150938691, :type :fail, :process 1, :f :cas, :value [0 [1 3]], :error [:precondition-failed "current value 3 is not 1"]}
        {:index 20, :time 2508351376, :type :invoke, :process 1, :f :cas, :value [0 [1 2]]}
        {:index 21, :time 2508351376, :type :fail, :process 1, :f :cas, :value [0 [1 2]], :error [:precondition-failed "current value 3 is not 1"]}
        {:index 22, :time 2543355621, :type :invoke, :process 1, :f :cas, :value [0 [2 0]]}
        {:index 23, :time 2543355621, :type :fail, :process 1, :f :cas, :value [0 [2 0]], :error [:precondition-failed "current value 3 is not 2"]}
        {:index 24, :time 2711769265, :type :invoke, :process 1, :f :cas, :value [0 [3 4]]}
        {:index 25, :time 2711769265, :type :ok, :process 1, :f :cas, :value [0 [3 4]]}
        {:index 26, :time 12711769265, :type :invoke, :process 0, :f :read, :value [0 nil], :final? true}
        {:index 27, :time 12711769265, :type :invoke, :process 1, :f :write, :value [0 3], :final? true}
        {:index 28, :time 12711769265, :type :ok, :process 0, :f :read, :value [0 4], :final? true}
        {:index 29, :time 12711769265, :type :ok, :process 1, :f :write, :value [0 3], :final? true}
    "#]].assert_eq(&write_edn(report.history.as_ref().unwrap()));
}

#[test]
fn clients_that_form_no_groups_are_refused() {
    let (report, _) = run(lin_kv(), Workload::LinKv, &options(3, 1), 1);
    expect!["at 0 s, lin-kv has 2 clients for each node at every key: it needs a multiple of 6 clients, and there are 3; try --concurrency 2n"].assert_eq(&stopped(&report));
}
