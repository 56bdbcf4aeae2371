//! How kafka's results read: whole outputs.

use super::script::{poll, send, txn};
use crate::recorded::Case;
use crate::script::{history, json};
use expect_test::{Expect, expect};
use host_check::text::render_text;
use host_check::validity::Checks;
use host_check::workload::{CheckOptions, Workload, check};

fn assert_text(script: &str, expected: Expect) {
    let options = CheckOptions::default();
    let result = check(Workload::Kafka, &history(script), None, &options).unwrap();
    expected.assert_eq(&render_text(&result));
}

fn assert_case(case: &str, expected: Expect) {
    expected.assert_eq(&render_text(&Case::named(case).check(Checks::Strict)));
}

#[test]
fn a_valid_run() {
    assert_case(
        "kafka/err13-applied",
        expect![[r#"
            kafka: valid

            worst lag     15.486 s: process 19 in "9", at 16.020 s
            left open     because of [:crash "crash"]
            operations    374: 348 ok, 0 fail, 26 info; 93.05 % of invocations ok
              assign      9: 9 ok, 0 fail, 0 info
              crash       5: 0 ok, 0 fail, 5 info
              poll        180: 180 ok, 0 fail, 0 info
              send        180: 159 ok, 0 fail, 21 info
            messages      1108 sent, 1108 received; 2.96 an operation, 0.87 of them between servers

            Everything looks good! ヽ(‘ー`)ノ
        "#]],
    );
}

#[test]
fn a_run_that_lost_messages() {
    assert_case(
        "kafka/lost-write",
        expect![[r#"
            kafka: INVALID

            - 30 × int-poll-skip: op 721 (poll, process 9, 16.686 s) leaves out 15 of "12"
            - 10 × lost-write: 4 of "9", sent by op 33 (send, process 5, 0.296 s), is polled by nobody, and op 467 (poll, process 3, 4.180 s) shows what comes after it
            - 16 × poll-skip: op 721 (poll, process 9, 16.686 s), after op 713 (poll, process 9, 16.459 s), leaves out 13 of "11"
            - unseen: 12 acknowledged messages were polled by nobody: 13 16 of "11", 15 of "12", 9 16 of "13", 5 8 of "14", 1 of "5", 8 of "6", 9 of "7", 4 8 of "9"
            Also wrong (stricter than Maelstrom):
            - op 507 (process 3, 4.556 s) leaves out 1 message after what its process polled last: ["6" 8]
            - op 521 (process 0, 4.692 s) leaves out 1 message after what its process polled last: ["6" 8]
            - op 569 (process 3, 5.068 s) leaves out 1 message after what its process polled last: ["13" 9]
            - op 407 (process 3, 3.692 s) begins after 1 message that nobody can have consumed before: ["5" 1]
            - op 702 (process 6, 16.059 s) begins after 1 message that nobody can have consumed before: ["5" 1]
            - op 703 (process 4, 16.060 s) begins after 1 message that nobody can have consumed before: ["5" 1]
            - op 704 (process 7, 16.062 s) begins after 1 message that nobody can have consumed before: ["5" 1]
            - op 705 (process 9, 16.062 s) begins after 1 message that nobody can have consumed before: ["5" 1]
            - op 1081 (process 6, 25.841 s) is the last of ten polls or more that show nothing, and its process, which began at the beginning, never got 2 acknowledged messages: ["11" 16], ["13" 16]
            - op 1083 (process 9, 25.864 s) is the last of ten polls or more that show nothing, and its process, which began at the beginning, never got 2 acknowledged messages: ["11" 16], ["13" 16]
            - op 1087 (process 7, 25.950 s) is the last of ten polls or more that show nothing, and its process, which began at the beginning, never got 2 acknowledged messages: ["11" 16], ["13" 16]
            - op 1091 (process 4, 26.040 s) is the last of ten polls or more that show nothing, and its process, which began at the beginning, never got 2 acknowledged messages: ["11" 16], ["13" 16]

            worst lag     22.468 s: process 4 in "11", at 26.038 s
            operations    546: 541 ok, 0 fail, 5 info; 99.08 % of invocations ok
              assign      8: 8 ok, 0 fail, 0 info
              crash       5: 0 ok, 0 fail, 5 info
              poll        374: 374 ok, 0 fail, 0 info
              send        159: 159 ok, 0 fail, 0 info
            messages      1664 sent, 1664 received; 3.05 an operation, 0.93 of them between servers

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn a_run_with_messages_nobody_sent() {
    assert_case(
        "kafka/phantom",
        expect![[r#"
            kafka: INVALID

            - 2 × duplicate: 99999 of "12" is at the offsets 10 16
            - 2 × inconsistent-offsets: the offset 10 of "12" has 11 99999
            - 8 × int-poll-skip: op 709 (poll, process 7, 16.030 s) leaves out 7 8 9 10 11 12 13 14 … and 2 more of "7"
            - 16 × no-writer-of-value: op 329 (poll, process 4, 2.862 s) shows 99999 of "10", which nobody sent
            - 8 × nonmonotonic-poll: op 801 (poll, process 7, 18.588 s), after op 793 (poll, process 7, 18.194 s), comes to 99999 of "4" again
            Also wrong (stricter than Maelstrom):
            - op 363 (process 1, 3.147 s) begins with 1 message at or before what its process polled last: ["12" 12]
            - op 371 (process 4, 3.244 s) begins with 1 message at or before what its process polled last: ["10" 99999]
            - op 499 (process 4, 4.353 s) begins with 1 message at or before what its process polled last: ["11" 99999]
            - op 529 (process 4, 4.599 s) begins with 1 message at or before what its process polled last: ["11" 99999]
            - op 733 (process 5, 16.748 s) begins with 1 message at or before what its process polled last: ["15" 99999]
            - op 745 (process 6, 17.052 s) begins with 1 message at or before what its process polled last: ["4" 99999]
            - op 751 (process 5, 17.316 s) begins with 1 message at or before what its process polled last: ["14" 99999]
            - op 761 (process 5, 17.535 s) begins with 1 message at or before what its process polled last: ["15" 99999]
            - and 25 more like these

            worst lag     16.113 s: process 5 in "12", at 20.663 s
            operations    415: 410 ok, 0 fail, 5 info; 98.80 % of invocations ok
              assign      10: 10 ok, 0 fail, 0 info
              crash       5: 0 ok, 0 fail, 5 info
              poll        227: 227 ok, 0 fail, 0 info
              send        173: 173 ok, 0 fail, 0 info
            messages      1442 sent, 1442 received; 3.47 an operation, 1.10 of them between servers

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn a_run_that_stored_what_it_refused() {
    assert_case(
        "kafka/fail-applied",
        expect![[r#"
            kafka: INVALID

            - 76 × G1a: op 373 (poll, process 1, 3.087 s) shows 7 of "11", though op 323 (send, process 1, 2.646 s) failed to send it

            worst lag     15.476 s: process 5 in "9", at 16.026 s
            operations    383: 363 ok, 15 fail, 5 info; 94.78 % of invocations ok
              assign      9: 9 ok, 0 fail, 0 info
              crash       5: 0 ok, 0 fail, 5 info
              poll        212: 212 ok, 0 fail, 0 info
              send        157: 142 ok, 15 fail, 0 info
            messages      1188 sent, 1188 received; 3.10 an operation, 0.87 of them between servers
            errors        15 × 11 temporarily-unavailable "no" (send)

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn a_cycle_is_explained() {
    assert_text(
        &[poll(1, "[0 1]"), send(0, 1, 0)].concat(),
        expect![[r#"
            kafka: INVALID

            - 1 × G1c-realtime: op 3 (send, process 0, 3.000 s) sent 1 to "k", which op 1 (poll, process 1, 1.000 s) polled; but op 1 (poll, process 1, 1.000 s) had ended when op 3 (send, process 0, 3.000 s) began
            - 1 × strong-PL-2-cycle-exists: no strong-read-committed, by a cycle among 2 operations

            worst lag     0.000 s
            operations    2: 2 ok, 0 fail, 0 info; 100.00 % of invocations ok
              poll        1: 1 ok, 0 fail, 0 info
              send        1: 1 ok, 0 fail, 0 info

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn what_is_allowed_is_told_apart() {
    let asked = "[:send \"k\" 1] [:send \"k\" 2]";
    let parts = [
        txn(0, asked, "[:send \"k\" [0 1]] [:send \"k\" [2 2]]"),
        send(1, 3, 1),
        poll(1, "[0 1] [1 3] [2 2]"),
    ];
    assert_text(
        &parts.concat(),
        expect![[r#"
            kafka: valid

            worst lag     0.000 s
            allowed       1 × int-send-skip: op 1 (txn, process 0, 1.000 s) leaves out 3 of "k"
            operations    3: 3 ok, 0 fail, 0 info; 100.00 % of invocations ok
              poll        1: 1 ok, 0 fail, 0 info
              send        1: 1 ok, 0 fail, 0 info
              txn         1: 1 ok, 0 fail, 0 info

            Everything looks good! ヽ(‘ー`)ノ
        "#]],
    );
}

#[test]
fn json_has_jepsens_fields() {
    let script = [poll(1, "[0 1]"), send(0, 1, 0)].concat();
    let options = CheckOptions::default();
    let result = check(Workload::Kafka, &history(&script), None, &options).unwrap();
    let workload = &json(&result)["workload"];
    expect![[r#"
        {
          "G1c-realtime": {
            "count": 1,
            "errs": [
              {
                "cycle": [
                  {
                    "f": "send",
                    "index": 3,
                    "process": 0,
                    "time": 3000000000,
                    "type": "ok",
                    "value": [
                      [
                        "send",
                        "k",
                        [
                          0,
                          1
                        ]
                      ]
                    ]
                  },
                  {
                    "f": "poll",
                    "index": 1,
                    "process": 1,
                    "time": 1000000000,
                    "type": "ok",
                    "value": [
                      [
                        "poll",
                        {
                          "k": [
                            [
                              0,
                              1
                            ]
                          ]
                        }
                      ]
                    ]
                  },
                  {
                    "f": "send",
                    "index": 3,
                    "process": 0,
                    "time": 3000000000,
                    "type": "ok",
                    "value": [
                      [
                        "send",
                        "k",
                        [
                          0,
                          1
                        ]
                      ]
                    ]
                  }
                ],
                "steps": [
                  {
                    "key": "k",
                    "type": "wr",
                    "value": 1
                  },
                  {
                    "type": "realtime"
                  }
                ],
                "type": "G1c-realtime"
              }
            ]
          },
          "bad-error-types": [
            "G1c-realtime",
            "strong-PL-2-cycle-exists"
          ],
          "error-types": [
            "G1c-realtime",
            "strong-PL-2-cycle-exists"
          ],
          "info-txn-causes": [],
          "strong-PL-2-cycle-exists": {
            "count": 1,
            "errs": [
              {
                "not": "strong-read-committed",
                "scc": [
                  1,
                  3
                ],
                "scc-size": 2,
                "type": "strong-PL-2-cycle-exists"
              }
            ]
          },
          "valid?": false,
          "worst-realtime-lag": {
            "key": "k",
            "lag": 0.0,
            "process": 1,
            "time": 0.0
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(workload).unwrap());
}
