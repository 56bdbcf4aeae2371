//! How results read: whole outputs.

use crate::recorded::{Case, cases};
use crate::script::history;
use expect_test::{Expect, expect};
use host_check::clients::Clients;
use host_check::text::{render_problems, render_text};
use host_check::validity::{Checks, Validity};
use host_check::workload::{CheckOptions, Workload, check};

fn assert_text(case: &str, expected: Expect) {
    expected.assert_eq(&render_text(&Case::named(case).check(Checks::Strict)));
}

#[test]
fn a_valid_run() {
    assert_text(
        "broadcast/valid-partition",
        expect![[r#"
            broadcast: valid

            elements      60 added: 60 stable (43 of them stale), 0 lost, 0 never read
            latency in ms     min  median    95 %    99 %     max
              stable            0     526    2934    2957    2957  from the acknowledgement until every read has it
              visible           0     528    2937    2960    2960  from the invocation until every read has it
            worst stale   0, 2957 ms: known by op 11 (add, process 0, 0.226 s), last absent from op 148 (read, process 2, 3.183 s)
            operations    133: 133 ok, 0 fail, 0 info; 100.00 % of invocations ok
              broadcast   60: 60 ok, 0 fail, 0 info
              read        73: 73 ok, 0 fail, 0 info
            messages      746 sent, 605 received; 5.61 an operation, 3.46 of them between servers

            Everything looks good! ヽ(‘ー`)ノ
        "#]],
    );
}

#[test]
fn a_run_that_maelstrom_judges_too_kindly() {
    assert_text(
        "broadcast/deaf-node-2",
        expect![[r#"
            broadcast: INVALID

            Wrong only by rules that are stricter than Maelstrom's; --checks maelstrom judges by Maelstrom's alone:
            - op 206 (process 1, 15.005 s) lacks 32 known elements for good: 0 1 3 5 9 11 13 14 … and 24 more

            elements      49 added: 49 stable (32 of them stale), 0 lost, 0 never read
            latency in ms     min  median    95 %    99 %     max
              stable            0   10701   14404   14772   14772  from the acknowledgement until every read has it
              visible           0   10703   14406   14775   14775  from the invocation until every read has it
            worst stale   0, 14772 ms: known by op 7 (add, process 0, 0.229 s), last absent from op 204 (read, process 1, 15.002 s)
            operations    104: 104 ok, 0 fail, 0 info; 100.00 % of invocations ok
              broadcast   49: 49 ok, 0 fail, 0 info
              read        55: 55 ok, 0 fail, 0 info
            messages      233 sent, 233 received; 2.24 an operation, 0.16 of them between servers

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn a_run_with_many_complaints() {
    assert_text(
        "broadcast/reads-dup",
        expect![[r#"
            broadcast: INVALID

            Wrong only by rules that are stricter than Maelstrom's; --checks maelstrom judges by Maelstrom's alone:
            - op 3 (process 1, 0.123 s) has 1 element more than once: 0
            - op 7 (process 3, 0.289 s) has 2 elements more than once: 0 1
            - op 11 (process 0, 0.428 s) has 3 elements more than once: 0 1 2
            - op 13 (process 0, 0.479 s) has 3 elements more than once: 0 1 2
            - op 15 (process 1, 0.536 s) has 3 elements more than once: 0 1 2
            - op 17 (process 2, 0.587 s) has 3 elements more than once: 0 1 2
            - op 23 (process 0, 0.689 s) has 3 elements more than once: 0 1 2
            - op 27 (process 1, 0.841 s) has 3 elements more than once: 0 1 2
            - and 61 more like these

            elements      53 added: 53 stable (0 of them stale), 0 lost, 0 never read
            latency in ms     min  median    95 %    99 %     max
              stable            0       0       0       0       0  from the acknowledgement until every read has it
              visible           0       0       0       0       0  from the invocation until every read has it
            operations    122: 122 ok, 0 fail, 0 info; 100.00 % of invocations ok
              broadcast   53: 53 ok, 0 fail, 0 info
              read        69: 69 ok, 0 fail, 0 info
            messages      696 sent, 696 received; 5.70 an operation, 3.54 of them between servers

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn a_run_that_lost_elements() {
    assert_text(
        "broadcast/no-retry-partition",
        expect![[r#"
            broadcast: INVALID

            - 23 known elements lost, not in the last reads: 0 1 2 3 5 6 7 9 … and 15 more
            Also wrong (stricter than Maelstrom):
            - op 235 (process 4, 15.936 s) lacks 9 known elements for good: 4 8 11 17 20 21 26 30 … and 1 more
            - op 237 (process 1, 15.936 s) lacks 9 known elements for good: 4 8 11 17 20 21 26 30 … and 1 more
            - op 238 (process 0, 15.936 s) lacks 9 known elements for good: 4 8 11 17 20 21 26 30 … and 1 more

            elements      56 added: 33 stable (9 of them stale), 23 lost, 0 never read
            latency in ms     min  median    95 %    99 %     max
              stable            0       0   14928   15278   15278  from the acknowledgement until every read has it
              visible           0       0   14931   15281   15281  from the invocation until every read has it
              lost          12889   14024   15417   15763   15763  from the acknowledgement until no read has it
            worst stale   4, 15278 ms: known by op 29 (add, process 2, 0.656 s), last absent from op 233 (read, process 0, 15.934 s)
            operations    117: 117 ok, 0 fail, 0 info; 100.00 % of invocations ok
              broadcast   56: 56 ok, 0 fail, 0 info
              read        61: 61 ok, 0 fail, 0 info
            messages      478 sent, 405 received; 4.09 an operation, 1.91 of them between servers

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn a_run_with_too_little_to_judge() {
    assert_text(
        "g-set/rate-0",
        expect![[r#"
        g-set: unknown

        - no element was there to stay: there is nothing to judge

        elements      0 added: 0 stable (0 of them stale), 0 lost, 0 never read
        operations    2: 2 ok, 0 fail, 0 info; 100.00 % of invocations ok
        messages      44 sent, 44 received; 22.00 an operation, 18.00 of them between servers

        Errors occurred during analysis, but no anomalies found. ಠ~ಠ
    "#]],
    );
}

#[test]
fn a_counter_that_is_wrong() {
    assert_text(
        "pn-counter/clamp0",
        expect![[r#"
        pn-counter: INVALID

        - op 353 (read, process 1, 15.987 s) shows 0, acceptable is -55
        - op 354 (read, process 2, 15.988 s) shows 0, acceptable is -55
        - op 355 (read, process 0, 15.988 s) shows 0, acceptable is -55

        final reads   0 0 0; acceptable -55
        operations    178: 178 ok, 0 fail, 0 info; 100.00 % of invocations ok
          add         80: 80 ok, 0 fail, 0 info
          read        98: 98 ok, 0 fail, 0 info
        messages      680 sent, 680 received; 3.82 an operation, 1.79 of them between servers

        Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
    "#]],
    );
}

#[test]
fn a_counter_that_applied_what_it_refused() {
    assert_text(
        "pn-counter/error-applied",
        expect![[r#"
            pn-counter: INVALID

            Wrong only by rules that are stricter than Maelstrom's; --checks maelstrom judges by Maelstrom's alone:
            - op 381 (process 4, 15.979 s) shows a value that only refused adds explain: -64
            - op 382 (process 8, 15.983 s) shows a value that only refused adds explain: -64
            - op 383 (process 9, 15.983 s) shows a value that only refused adds explain: -64

            final reads   -64 -64 -64; acceptable -72 to -53
            operations    192: 186 ok, 0 fail, 6 info; 96.88 % of invocations ok
              add         93: 87 ok, 0 fail, 6 info
              read        99: 99 ok, 0 fail, 0 info
            messages      708 sent, 708 received; 3.69 an operation, 1.66 of them between servers
            errors        6 × 11 temporarily-unavailable "no" (add)

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn an_echo_that_is_wrong() {
    assert_text(
        "echo/previous",
        expect![[r#"
        echo: INVALID

        - op 19: sent "Please echo 15", got back {:type "echo_ok", :echo "Please echo 61", :in_reply_to 10}
        - op 39: sent "Please echo 46", got back {:type "echo_ok", :echo "Please echo 106", :in_reply_to 20}
        - op 59: sent "Please echo 26", got back {:type "echo_ok", :echo "Please echo 24", :in_reply_to 30}
        - op 79: sent "Please echo 114", got back {:type "echo_ok", :echo "Please echo 92", :in_reply_to 40}
        - op 99: sent "Please echo 51", got back {:type "echo_ok", :echo "Please echo 88", :in_reply_to 50}
        - op 119: sent "Please echo 9", got back {:type "echo_ok", :echo "Please echo 106", :in_reply_to 60}
        - op 139: sent "Please echo 38", got back {:type "echo_ok", :echo "Please echo 102", :in_reply_to 70}
        - op 159: sent "Please echo 83", got back {:type "echo_ok", :echo "Please echo 47", :in_reply_to 80}
        - and 2 more like these

        operations    103: 103 ok, 0 fail, 0 info; 100.00 % of invocations ok
        messages      208 sent, 208 received; 2.02 an operation, 0.00 of them between servers

        Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
    "#]],
    );
}

#[test]
fn a_run_that_is_not_available_enough() {
    assert_text(
        "echo/availability-total-fails",
        expect![[r#"
            echo: INVALID

            - only 90.00 % of the operations succeeded, less than asked for

            operations    10: 9 ok, 0 fail, 1 info; 90.00 % of invocations ok
            messages      21 sent, 21 received; 2.10 an operation, 0.00 of them between servers
            no answer     a node was asked echo by process 0 at 0.596 s and did not answer within 5.002 s

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

#[test]
fn malformed_answers() {
    assert_text(
        "echo/missing-key",
        expect![[r#"
            echo: INVALID

            Wrong only by rules that are stricter than Maelstrom's; --checks maelstrom judges by Maelstrom's alone:
            - echo of process 0 was answered with {"type":"echo_ok"}: it breaks the workload's schema (17 times)

            operations    107: 90 ok, 0 fail, 17 info; 84.11 % of invocations ok
            messages      216 sent, 216 received; 2.02 an operation, 0.00 of them between servers

            Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
        "#]],
    );
}

/// What is wrong with a history, if the first node is `n0` of two and there are four clients.
#[track_caller]
fn assert_problems(workload: Workload, script: &str, expected: Expect) {
    let options = CheckOptions {
        clients: Some(Clients {
            workers: 4,
            nodes: 2,
            first_node: 0,
        }),
        ..CheckOptions::default()
    };
    let result = check(workload, &history(script), None, &options).unwrap();
    expected.assert_eq(&render_problems(&result));
}

#[test]
fn an_answer_that_nobody_can_read_is_told_before_all_else() {
    let malformed = r#":exception {:data {:type :malformed-rpc-response, :why "unknown field \"values\"; expected \"messages\"", :body {:type "read_ok", :values [11 12 13 14 15 16 17 18 19 20 21 22 23 24], :in_reply_to 1}}}"#;
    let script = format!(
        "
        0 invoke read nil
        0 info read nil {malformed}
        1 invoke broadcast 1
        1 ok broadcast 1
        4 invoke read nil
        4 info read nil {malformed}
        "
    );
    assert_problems(
        Workload::Broadcast,
        &script,
        expect![[r#"
            - n0 answered read with {"type":"read_ok","values":[…]}: unknown field "values"; expected "messages" (2 times)
            - no read succeeded, of 2"#]],
    );
}

#[test]
fn errors_and_missing_answers_are_why_nothing_succeeded() {
    assert_problems(
        Workload::Echo,
        r#"
        0 invoke echo "a"
        0 info echo "a" :error [:crash "oops in handler"]
        1 invoke echo "b"
        1 fail echo "b" :error [:not-supported "no echo"]
        5 invoke echo "c"
        5 info echo "c" :error :net-timeout
        4 invoke echo "d"
        4 info echo "d" :error [:crash "oops in handler"]
        "#,
        expect![[r#"
            - no echo succeeded, of 4: 2 × error 13 crash "oops in handler"; 1 × error 10 not-supported "no echo"; n1 was asked echo by process 5 at 4 s and did not answer within 1 s"#]],
    );
}

#[test]
fn an_echo_that_is_refused_did_not_come_back_wrong() {
    assert_problems(
        Workload::Echo,
        r#"
        0 invoke echo "a"
        0 fail echo "a" :error [:not-supported "no echo"]
        1 invoke echo "b"
        1 ok echo {:echo "b"}
        0 invoke echo "c"
        0 fail echo "c" :error [:not-supported "no echo"]
        1 invoke echo "d"
        1 ok echo {:echo "c"}
        "#,
        expect![[r#"
            - op 7: sent "d", got back {:echo "c"}
            - 2 × an echo was answered with error 10 not-supported "no echo", the first in op 1"#]],
    );
}

#[test]
fn what_is_wrong_only_by_strict_rules_passes_in_maelstrom() {
    let mut told = 0;
    for case in cases().into_iter().filter(Case::is_judged) {
        let strict = case.check(Checks::Strict);
        if render_problems(&strict).starts_with("Wrong only by rules that are stricter") {
            let maelstrom = case.check(Checks::Maelstrom);
            assert_eq!(maelstrom.valid, Validity::True, "{}", case.name);
            told += 1;
        }
    }
    assert!(told > 5, "{told}");
}

#[test]
fn duplicated_ids() {
    assert_text(
        "unique-ids/dup-map",
        expect![[r#"
        unique-ids: INVALID

        - the id {"a" 71, "n" "n0"} was given 2 times
        - the id {"a" 72, "n" "n0"} was given 2 times
        - the id {"a" 73, "n" "n0"} was given 2 times
        - the id {"a" 74, "n" "n0"} was given 2 times
        - the id {"a" 75, "n" "n0"} was given 2 times
        - the id {"a" 76, "n" "n0"} was given 2 times
        - the id {"a" 77, "n" "n0"} was given 2 times
        - the id {"a" 78, "n" "n0"} was given 2 times
        - and 213 more like these

        ids           507 given of 507 asked for, 221 duplicated; from {"n" "n0", "a" -200} to {"n" "n0", "a" 118}
        operations    507: 507 ok, 0 fail, 0 info; 100.00 % of invocations ok
        messages      1020 sent, 1020 received; 2.01 an operation, 0.00 of them between servers

        Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻
    "#]],
    );
}

#[test]
fn a_run_in_which_nothing_succeeded() {
    let nothing = history("0 invoke echo 1\n 0 info echo 1");
    let result = check(Workload::Echo, &nothing, None, &CheckOptions::default()).unwrap();
    expect![[r#"
        echo: unknown

        - unknown: no echo succeeded, of 1: too few to know whether one should have
        - no operation succeeded: there is nothing to judge

        operations    1: 0 ok, 0 fail, 1 info; 0.00 % of invocations ok

        Errors occurred during analysis, but no anomalies found. ಠ~ಠ
    "#]]
    .assert_eq(&render_text(&result));
}

#[test]
fn json_has_maelstroms_fields_and_names_what_it_missed() {
    let run = history(
        "
        0 invoke broadcast 1
        0 ok broadcast 1
        wait 10
        1 invoke read nil final
        0 invoke read nil final
        1 ok read [7] final
        0 ok read [1 1] final
        ",
    );
    let result = check(Workload::Broadcast, &run, None, &CheckOptions::default()).unwrap();
    expect![[r#"
        {
          "valid?": false,
          "stats": {
            "valid?": true,
            "count": 3,
            "ok-count": 3,
            "fail-count": 0,
            "info-count": 0,
            "by-f": {
              "broadcast": {
                "valid?": true,
                "count": 1,
                "ok-count": 1,
                "fail-count": 0,
                "info-count": 0
              },
              "read": {
                "valid?": true,
                "count": 2,
                "ok-count": 2,
                "fail-count": 0,
                "info-count": 0
              }
            }
          },
          "availability": {
            "valid?": true,
            "ok-fraction": 1.0
          },
          "exceptions": {
            "valid?": true
          },
          "workload": {
            "valid?": false,
            "attempt-count": 1,
            "stable-count": 1,
            "lost-count": 0,
            "lost": [],
            "never-read-count": 0,
            "never-read": [],
            "stale-count": 1,
            "stale": [
              1
            ],
            "worst-stale": [
              {
                "element": 1,
                "outcome": "stable",
                "stable-latency": 11000,
                "lost-latency": null,
                "known": {
                  "index": 1,
                  "time": 1000000000,
                  "type": "ok",
                  "process": 0,
                  "f": "add",
                  "value": 1
                },
                "last-absent": {
                  "index": 2,
                  "time": 12000000000,
                  "type": "invoke",
                  "process": 1,
                  "f": "read",
                  "value": null,
                  "final?": true
                }
              }
            ],
            "stable-latencies": {
              "0": 11000,
              "0.5": 11000,
              "0.95": 11000,
              "0.99": 11000,
              "1": 11000
            },
            "visible-latencies": {
              "0": 12000,
              "0.5": 12000,
              "0.95": 12000,
              "0.99": 12000,
              "1": 12000
            },
            "duplicated-count": 1,
            "duplicated": {
              "1": 2
            },
            "maelstrom-missed": [
              {
                "what": "never-added",
                "op": 4,
                "time": 14000000000,
                "process": 1,
                "count": 1,
                "elements": [
                  7
                ]
              },
              {
                "what": "duplicates",
                "op": 5,
                "time": 15000000000,
                "process": 0,
                "count": 1,
                "elements": [
                  1
                ]
              },
              {
                "what": "final-read-lacks",
                "op": 4,
                "time": 14000000000,
                "process": 1,
                "count": 1,
                "elements": [
                  1
                ]
              }
            ],
            "maelstrom-missed-counts": {
              "final-read-lacks": 1,
              "duplicates": 1,
              "never-added": 1
            }
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&result).unwrap());
}
