//! Broadcast with acknowledged retry is valid where the same without retries is not.

use expect_test::expect;
use host_check::text::render_text;
use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::RunOptions;
use host_sim::nemesis::Fault;
use test_support::with_placeholders;

use crate::simulated::runs::{broadcast, flood, options, run};

/// `--node-count 5 --nemesis partition --time-limit 20 --rate 10`
fn challenge_3c() -> RunOptions {
    RunOptions {
        rate: 10.0,
        faults: vec![Fault::Partition],
        ..options(5, 20)
    }
}

#[test]
fn acknowledged_retry_survives_partitions() {
    for seed in 0..10 {
        let (report, _) = run(broadcast(), Workload::Broadcast, &challenge_3c(), seed);
        let result = report.result.as_ref().unwrap();
        assert_eq!(report.valid(), Validity::True, "{}", render_text(result));
    }
}

#[test]
fn without_it_values_are_lost_and_named() {
    let (report, _) = run(flood(), Workload::Broadcast, &challenge_3c(), 1);
    let text = render_text(report.result.as_ref().unwrap());
    expect![[r#"
        broadcast: INVALID

        - 29 known elements lost, not in the last reads: 0 1 2 3 4 5 6 8 … and 21 more
        Also wrong (stricter than Maelstrom):
        - op 425 (process 0, 29.804 s) lacks 5 known elements for good: 7 10 18 20 23
        - op 426 (process 1, 29.804 s) lacks 5 known elements for good: 7 10 18 20 23
        - op 427 (process 2, 29.804 s) lacks 5 known elements for good: 7 10 18 20 23
        - op 428 (process 3, 29.804 s) lacks 23 known elements for good: 7 10 18 20 23 41 42 43 … and 15 more

        elements      102 added: 73 stable (23 of them stale), 29 lost, 0 never read
        latency in ms     min  median    95 %    99 %     max
          stable            0       0   24070   28274   28274  from the acknowledgement until every read has it
          visible           0       0   24070   28274   28274  from the invocation until every read has it
          lost          15063   26027   29644   29794   29794  from the acknowledgement until no read has it
        worst stale   7, 28274 ms: known by op 33 (add, process 4, 1.529 s), last absent from op 423 (read, process 3, 29.804 s)
        operations    210: 210 ok, 0 fail, 0 info; 100.00 % of invocations ok
          broadcast   102: 102 ok, 0 fail, 0 info
          read        108: 108 ok, 0 fail, 0 info
        messages      906 sent, 802 received; 4.31 an operation, 2.22 of them between servers

        [INVALID]
    "#]].assert_eq(&with_placeholders(&text));
}

#[test]
fn without_it_a_network_that_loses_nothing_is_enough() {
    let options = RunOptions {
        faults: Vec::new(),
        ..challenge_3c()
    };
    let (report, _) = run(flood(), Workload::Broadcast, &options, 1);
    assert_eq!(report.valid(), Validity::True);
    let net = report.result.as_ref().unwrap().net.unwrap();
    assert_eq!(net.servers.counts.send_count, net.servers.counts.recv_count);
}
