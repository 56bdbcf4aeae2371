//! Clients: what ends an operation, and as which process a worker goes on.

use expect_test::expect;
use host_check::history::{History, Op, write_edn};
use host_check::workload::Workload;
use host_sim::RunOptions;

use crate::guest::Scripted;
use crate::runs::{of_kind, options, run};

/// The history without its times, which the seed decides.
fn history(ops: &[Op]) -> String {
    let edn = write_edn(&History::new(ops.to_vec()).unwrap());
    let lines = edn.lines().map(|line| {
        let (index, rest) = line.split_once(", :time ").unwrap();
        let (_, rest) = rest.split_once(", ").unwrap();
        format!("{index}, {rest}\n")
    });
    lines.collect()
}

/// One node and one worker; operations follow each other as soon as they can.
fn busy(seconds: u64) -> RunOptions {
    RunOptions {
        rate: 1000.0,
        ..options(1, seconds)
    }
}

fn reply(client: usize, msg_id: u64, fields: &str) -> String {
    format!(
        r#"{{"send":{{"src":"n0","dest":"c{client}","body":{{"in_reply_to":{msg_id},{fields}}}}}}}"#
    )
}

#[test]
fn errors_and_timeouts_end_operations_as_maelstrom_ends_them() {
    let definite = reply(2, 1, r#""type":"error","code":11,"text":"not now""#);
    let indefinite = reply(2, 2, r#""type":"error","code":13,"text":"oops""#);
    let malformed = reply(3, 1, r#""type":"generate_ok","id":1,"more":2"#);
    let fine = reply(2, 4, r#""type":"generate_ok","id":[1]"#);
    // unique-ids keeps its client, so all answers go to c2.
    let malformed = malformed.replace("c3", "c2").replace(":1,", ":3,");
    let script = [definite, indefinite, malformed, fine];
    let (outcome, _) = run(&Scripted::new(&script), Workload::UniqueIds, &busy(1), 1);
    expect![[r#"
        {:index 0, :type :invoke, :process 0, :f :generate, :value nil}
        {:index 1, :type :fail, :process 0, :f :generate, :value nil, :error [:temporarily-unavailable "not now"]}
        {:index 2, :type :invoke, :process 0, :f :generate, :value nil}
        {:index 3, :type :info, :process 0, :f :generate, :value nil, :error [:crash "oops"]}
        {:index 4, :type :invoke, :process 1, :f :generate, :value nil}
        {:index 5, :type :info, :process 1, :f :generate, :value nil, :error "indeterminate: Malformed RPC response", :exception {:via [{:type clojure.lang.ExceptionInfo, :message "Malformed RPC response", :data {:type :malformed-rpc-response, :why "unknown field \"more\"; expected only the field \"id\"", :body {:in_reply_to 3, :type "generate_ok", :id 3, :more 2}}, :at []}], :trace [], :cause "Malformed RPC response", :data {:type :malformed-rpc-response, :why "unknown field \"more\"; expected only the field \"id\"", :body {:in_reply_to 3, :type "generate_ok", :id 3, :more 2}}}}
        {:index 6, :type :invoke, :process 2, :f :generate, :value nil}
        {:index 7, :type :ok, :process 2, :f :generate, :value [1]}
        {:index 8, :type :invoke, :process 2, :f :generate, :value nil}
        {:index 9, :type :info, :process 2, :f :generate, :value nil, :error :net-timeout}
    "#]]
    .assert_eq(&history(&outcome.ops));
}

#[test]
fn a_client_waits_five_seconds_and_its_worker_goes_on_with_another() {
    let late = reply(2, 1, r#""type":"echo_ok","echo":"too late""#);
    let fine = reply(3, 1, r#""type":"echo_ok","echo":"another""#);
    let script = [String::new(), format!("{late}\n{fine}")];
    let (outcome, journal) = run(&Scripted::new(&script), Workload::Echo, &busy(6), 1);
    let ops = &outcome.ops;
    assert_eq!(ops[1].time_ns - ops[0].time_ns, 5_000_000_000);
    let timeout = "{:index 1, :type :info, :process 0, :f :echo, ";
    assert!(
        history(&outcome.ops).contains(timeout),
        "{}",
        history(&outcome.ops)
    );
    let invoked = "{:index 2, :type :invoke, :process 1, :f :echo, ";
    assert!(
        history(&outcome.ops).contains(invoked),
        "{}",
        history(&outcome.ops)
    );
    let dropped = of_kind(&journal, "drop");
    assert_eq!(dropped.len(), 1);
    assert_eq!(
        (&dropped[0]["dest"], &dropped[0]["why"]),
        (&"c2".into(), &"gone".into())
    );
    assert_eq!(ops[3].kind.name(), "ok");
}

#[test]
fn a_read_that_fails_has_not_happened() {
    let topology = reply(1, 1, r#""type":"topology_ok""#);
    let script = [topology];
    let (outcome, _) = run(&Scripted::new(&script), Workload::Broadcast, &busy(30), 1);
    let ops = &outcome.ops;
    let completions = ops.iter().filter(|op| op.kind.name() != "invoke");
    for op in completions {
        let expected = if &*op.f == "read" { "fail" } else { "info" };
        assert_eq!(
            (op.kind.name(), op.error.as_ref().unwrap().to_string()),
            (expected, ":net-timeout".into())
        );
    }
}

#[test]
fn clients_of_sets_and_counters_throw_whatever_is_wrong() {
    let definite = reply(2, 1, r#""type":"error","code":11,"text":"no""#);
    let (outcome, _) = run(&Scripted::new(&[definite]), Workload::GSet, &busy(1), 1);
    let history = history(&outcome.ops);
    let first = history.lines().nth(1).unwrap();
    expect![[r#"{:index 1, :type :info, :process 0, :f :read, :value nil, :error "indeterminate: throw+: {:type :rpc-error, :code 11, :name :temporarily-unavailable, :definite? true, :body {:in_reply_to 1, :type \"error\", :code 11, :text \"no\"}}", :exception {:via [{:type clojure.lang.ExceptionInfo, :message "throw+: {:type :rpc-error, :code 11, :name :temporarily-unavailable, :definite? true, :body {:in_reply_to 1, :type \"error\", :code 11, :text \"no\"}}", :data {:type :rpc-error, :code 11, :name :temporarily-unavailable, :definite? true, :body {:in_reply_to 1, :type "error", :code 11, :text "no"}}, :at []}], :trace [], :cause "throw+: {:type :rpc-error, :code 11, :name :temporarily-unavailable, :definite? true, :body {:in_reply_to 1, :type \"error\", :code 11, :text \"no\"}}", :data {:type :rpc-error, :code 11, :name :temporarily-unavailable, :definite? true, :body {:in_reply_to 1, :type "error", :code 11, :text "no"}}}}"#]]
    .assert_eq(first);
}

#[test]
fn process_numbers_grow_by_the_number_of_workers() {
    let options = RunOptions {
        concurrency: 3,
        ..busy(6)
    };
    let (outcome, _) = run(&Scripted::new::<&str>(&[]), Workload::Echo, &options, 1);
    let ops = &outcome.ops;
    let invoked = ops.iter().filter(|op| op.kind.name() == "invoke");
    let mut processes: Vec<String> = invoked.map(|op| op.process.to_string()).collect();
    processes.sort_unstable();
    assert_eq!(processes, ["0", "1", "2", "3", "4", "5"]);
}

/// Nothing was sent, so nothing is polled or inspected, and the node waits for nothing.
#[test]
fn a_run_with_nothing_left_to_do_ends() {
    let options = RunOptions {
        rate: 0.0,
        ..options(1, 1)
    };
    let (outcome, _) = run(&Scripted::new::<&str>(&[]), Workload::Kafka, &options, 1);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert!(outcome.ops.iter().all(|op| &*op.f == "crash"));
}
