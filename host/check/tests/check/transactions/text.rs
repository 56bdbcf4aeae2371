//! How results on transactions read: whole outputs.

use super::script::concurrent;
use crate::recorded::Case;
use expect_test::{Expect, expect};
use host_check::text::render_text;
use host_check::validity::Checks;
use host_check::workload::{CheckOptions, Workload, check};

fn assert_text(case: &str, expected: Expect) {
    expected.assert_eq(&render_text(&Case::named(case).check(Checks::Strict)));
}

#[test]
fn a_valid_run() {
    assert_text(
        "txn-list-append/valid-partition",
        expect![[r#"
        txn-list-append: valid

        transactions  464 begun; asked for strict-serializable
        operations    464: 462 ok, 0 fail, 2 info; 99.57 % of invocations ok
        messages      1464 sent, 1462 received; 3.16 an operation, 1.15 of them between servers

        Everything looks good! ヽ(‘ー`)ノ
    "#]],
    );
}

#[test]
fn a_run_with_a_write_skew() {
    assert_text(
        "txn-list-append/si-write-skew",
        expect![[r#"
            txn-list-append: INVALID

            - G2-item (and 12 more): T1 < T2 < T1
                T1 = op 37 (txn, process 2, 0.292 s) [[:append 3 6] [:r 4 [2 3 4 7]] [:r 4 [2 3 4 7]] [:r 3 [1 2 3 4 6]]]
                T2 = op 33 (txn, process 3, 0.267 s) [[:r 3 [1 2 3 4]] [:append 4 9] [:append 4 10] [:r 4 [2 3 4 7 9 10]]]
                T1 < T2: T1 read key 4 with 7 last and T2 appended 9 right after it
                but T2 < T1: T2 read key 3 with 4 last and T1 appended 6 right after it
            - G2-item-realtime: T1 < T2 < T3 < T1
                T1 = op 909 (txn, process 5, 6.007 s) [[:append 30 13] [:r 35 [1 4]]]
                T2 = op 906 (txn, process 4, 6.001 s) [[:append 35 8] [:append 35 9]]
                T3 = op 912 (txn, process 1, 6.044 s) [[:r 30 [2 3 4 6 8 9 11 12]] [:append 36 5] [:r 34 [3 4 5 8 9]]]
                T1 < T2: T1 read key 35 with 4 last and T2 appended 8 right after it
                T2 < T3: T2 completed (op 906) 0.004 s before T3 was invoked (op 908)
                but T3 < T1: T3 read key 30 with 12 last and T1 appended 13 later, since nobody read it yet

            transactions  457 begun; asked for strict-serializable
            not           repeatable-read
            also not      serializable, strict-serializable, strong-session-serializable
            operations    457: 303 ok, 154 fail, 0 info; 66.30 % of invocations ok
            messages      1532 sent, 1532 received; 3.35 an operation, 1.34 of them between servers
            errors        154 × 30 txn-conflict "conflict"

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn a_run_that_breaks_everything() {
    assert_text(
        "txn-list-append/no-isolation",
        expect![[r#"
        txn-list-append: INVALID

        - G-single-item (and 44 more): T1 < T2 < T1
            T1 = op 79 (txn, process 4, 0.584 s) [[:append 3 16] [:r 5 [1 2 3 5 6 4 7]] [:r 5 [1 2 3 5 6 4 7 8]] [:r 5 [1 2 3 5 6 4 7 8 9 10]]]
            T2 = op 80 (txn, process 5, 0.610 s) [[:append 5 8] [:append 5 9] [:append 5 10] [:r 2 [1 2 3 4 5]]]
            T1 < T2: T1 read key 5 with 7 last and T2 appended 8 right after it
            but T2 < T1: T2 appended 8 to key 5 and T1 read it
        - G0 (and 25 more): T1 < T2 < T1
            T1 = op 63 (txn, process 2, 0.478 s) [[:append 5 3] [:append 3 11] [:append 5 4]]
            T2 = op 68 (txn, process 3, 0.506 s) [[:append 5 5] [:append 5 6] [:r 5 [1 2 3 5 6 4 7]]]
            T1 < T2: T1 appended 3 to key 5 and T2 appended 5 right after it
            but T2 < T1: T2 appended 6 to key 5 and T1 appended 4 right after it
        - G1b (and 34 more): op 69 read 5 in the list of key 5, appended by op 68, which then appended more to key 5
        - G1c (and 14 more): T1 < T2 < T1
            T1 = op 186 (txn, process 0, 1.164 s) [[:r 8 [1 4 5 6 2 3 8 9 7]] [:append 8 10] [:append 0 6] [:r 6 [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]]]
            T2 = op 187 (txn, process 2, 1.165 s) [[:append 0 7] [:append 2 14] [:r 8 [1 4 5 6 2 3 8 9 7 10]]]
            T1 < T2: T1 appended 10 to key 8 and T2 read it
            but T2 < T1: T2 appended 7 to key 0 and T1 appended 6 right after it
        - G1c-realtime: T1 < T2 < T3 < T1
            T1 = op 626 (txn, process 4, 3.904 s) [[:r 22 [1 2 3 4 5 7 6 8 9 10 11]] [:r 22 [1 2 3 4 5 7 6 8 9 10 11]]]
            T2 = op 631 (txn, process 0, 3.937 s) [[:append 26 10] [:append 18 8]]
            T3 = op 630 (txn, process 3, 3.927 s) [[:append 22 11] [:append 25 8] [:r 18 [1 2 3 4 5 6 7]] [:r 26 [2 1 3 5 4 7 6 8 9 10]]]
            T1 < T2: T1 completed (op 626) 0.001 s before T2 was invoked (op 627)
            T2 < T3: T2 appended 10 to key 26 and T3 read it
            but T3 < T1: T3 appended 11 to key 22 and T1 read it
        - internal (and 56 more): op 68 read key 5 as [1 2 3 5 6 4 7] after it had seen or made it [... 5 6]
        - lost-update (and 3 more): op 358, op 367 all read key 14 as [1 2 3 4 5 6 7 8 9 10 11 13 12] and wrote to it

        transactions  482 begun; asked for strict-serializable
        not           read-uncommitted
        also not      causal-cerone, consistent-view, cursor-stability, forward-consistent-view, monotonic-atomic-view, monotonic-snapshot-read, monotonic-view, parallel-snapshot-isolation, prefix, read-atomic, read-committed, repeatable-read, serializable, snapshot-isolation, strong-read-committed, strong-read-uncommitted, strict-serializable, strong-session-read-committed, strong-session-read-uncommitted, strong-session-serializable, strong-session-snapshot-isolation, strong-snapshot-isolation, update-atomic, update-serializable
        operations    482: 482 ok, 0 fail, 0 info; 100.00 % of invocations ok
        messages      1610 sent, 1610 received; 3.34 an operation, 1.33 of them between servers

        Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
    "#]],
    );
}

#[test]
fn a_run_that_shows_what_nobody_wrote() {
    assert_text(
        "txn-rw-register/garbage",
        expect![[r#"
            txn-rw-register: INVALID

            - internal (and 5 more): op 83 read key 3 as 13 after it had read or written 9999
            Also wrong (stricter than Maelstrom):
            - unwritten-read (and 17 more): op 10 read 9999 from key 4, which nobody wrote

            transactions  488 begun; asked for strict-serializable
            not           read-uncommitted
            also not      causal-cerone, consistent-view, cursor-stability, forward-consistent-view, monotonic-atomic-view, monotonic-snapshot-read, monotonic-view, parallel-snapshot-isolation, prefix, read-atomic, read-committed, repeatable-read, serializable, snapshot-isolation, strong-read-committed, strong-read-uncommitted, strict-serializable, strong-session-read-committed, strong-session-read-uncommitted, strong-session-serializable, strong-session-snapshot-isolation, strong-snapshot-isolation, update-atomic, update-serializable
            operations    488: 488 ok, 0 fail, 0 info; 100.00 % of invocations ok
            messages      1548 sent, 1548 received; 3.17 an operation, 1.16 of them between servers

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn json_has_elles_fields() {
    let history = concurrent(&[
        "ok [[:w 1 1] [:w 2 1]]",
        "ok [[:r 1 1] [:r 2 nil] [:r 3 7]]",
    ]);
    let result = check(
        Workload::TxnRwRegister,
        &history,
        None,
        &CheckOptions::default(),
    )
    .unwrap();
    expect![[r#"
        {
          "valid?": false,
          "anomaly-types": [
            "G-single-item",
            "unwritten-read"
          ],
          "anomalies": {
            "G-single-item": [
              {
                "words": "T1 < T2 < T1",
                "txns": [
                  {
                    "index": 3,
                    "time": 3000000000,
                    "type": "ok",
                    "process": 1,
                    "f": "txn",
                    "value": [
                      [
                        "r",
                        1,
                        1
                      ],
                      [
                        "r",
                        2,
                        null
                      ],
                      [
                        "r",
                        3,
                        7
                      ]
                    ]
                  },
                  {
                    "index": 2,
                    "time": 2000000000,
                    "type": "ok",
                    "process": 0,
                    "f": "txn",
                    "value": [
                      [
                        "w",
                        1,
                        1
                      ],
                      [
                        "w",
                        2,
                        1
                      ]
                    ]
                  }
                ],
                "steps": [
                  {
                    "from": "T1",
                    "to": "T2",
                    "type": "rw",
                    "key": 2,
                    "because": "T1 read key 2 as nil, before any write, and T2 wrote 1"
                  },
                  {
                    "from": "T2",
                    "to": "T1",
                    "type": "wr",
                    "key": 1,
                    "because": "T2 wrote 1 to key 1 and T1 read it"
                  }
                ]
              }
            ],
            "unwritten-read": [
              {
                "words": "op 3 read 7 from key 3, which nobody wrote",
                "key": 3,
                "values": [
                  7
                ],
                "txns": [
                  {
                    "index": 3,
                    "time": 3000000000,
                    "type": "ok",
                    "process": 1,
                    "f": "txn",
                    "value": [
                      [
                        "r",
                        1,
                        1
                      ],
                      [
                        "r",
                        2,
                        null
                      ],
                      [
                        "r",
                        3,
                        7
                      ]
                    ]
                  }
                ]
              }
            ]
          },
          "not": [
            "read-uncommitted"
          ],
          "also-not": [
            "causal-cerone",
            "consistent-view",
            "cursor-stability",
            "forward-consistent-view",
            "monotonic-atomic-view",
            "monotonic-snapshot-read",
            "monotonic-view",
            "parallel-snapshot-isolation",
            "prefix",
            "read-atomic",
            "read-committed",
            "repeatable-read",
            "serializable",
            "snapshot-isolation",
            "strong-read-committed",
            "strong-read-uncommitted",
            "strong-serializable",
            "strong-session-read-committed",
            "strong-session-read-uncommitted",
            "strong-session-serializable",
            "strong-session-snapshot-isolation",
            "strong-snapshot-isolation",
            "update-atomic",
            "update-serializable"
          ],
          "maelstrom-missed-types": [
            "unwritten-read"
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&result.workload).unwrap());
}

#[test]
fn a_run_without_anything_to_judge_says_so() {
    let history = concurrent(&["ok [[:append 1 1]]"]);
    let result = check(
        Workload::TxnListAppend,
        &history,
        None,
        &CheckOptions::default(),
    )
    .unwrap();
    let problems = host_check::text::render_problems(&result);
    assert_eq!(
        problems.trim(),
        "- empty-transaction-graph: no transaction read or overwrote what another wrote, so there is \
         nothing to judge"
    );
}
