//! Whole outputs in every format.

use expect_test::expect;
use serde_json::Value as Json;

use test_support::class::{Class, check, parse};
use test_support::with_placeholders;

#[test]
fn a_class_as_text() {
    check(
        &Class::small().grade(&["class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            submission  echo  flood  cut  score
            alice       AC    AC     AC   10/10
            bob         RTE   AC     WA   3/10
            carol       CE    -      -    0/10
            dora        -     -      -    0/10

            bob: notes.txt is not a .wasm file

            bob echo
              RTE: runtime error, with seed 1, after 0 seeds that passed
                at 0.005 s, node n0: the guest failed in handle: trap: integer divide by zero
                  in: average < go < handle
                  event: message {"src":"c2","dest":"n0","body":{"echo":"Please echo 68","type":"echo","msg_id":1}}
                  [NOTHING DONE]
              shortest trace that fails:
                1 node, 1 client, 1 operation and 0 faults in 0.001 s:
                0  op 0: client 0 asks n0 to echo "Please echo 68"
              replay: host sim --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 1
              pages: host sim --report report --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 1

            bob cut
              WA: wrong answer, with seed 1, after 0 seeds that passed
                24 known elements lost, not in the last reads: 0 1 2 3 4 5 6 8 … and 16 more
                Also wrong (stricter than Maelstrom):
                op 210 (process 1, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23
                op 211 (process 0, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23
                op 212 (process 3, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23
                op 213 (process 2, 19.935 s) lacks 5 known elements for good: 7 10 18 20 23
              shortest trace that fails:
                2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s:
                0       the link from n0 to n1 is cut
                0.001   op 2: client 0 asks n0 to broadcast 2
                0.001   n0 tells n1: gossip {"message":2}, but the link is cut, and n0 never tries again
                0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9
                0.001   the links work again
                10.001  op 6: client 0 asks n0 to read
                10.001  op 7: client 1 asks n1 to read
                10.001  op 8: n0 answers client 0: [2]  <-- contradicts op 9
                10.001  op 9: n1 answers client 1: []  <-- shows lost-elements
                - 1 known element lost, not in the last reads: 2
              replay: host sim --module class/bob/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 1
              pages: host sim --report report --module class/bob/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 1
              targets: msgs-per-op 1.34 (below 60)

            carol echo
              CE: module rejected
                this is not WebAssembly: it does not begin with the bytes "\0asm"
              replay: host inspect class/carol/echo.wasm

            dora: the folder is empty: nothing was handed in

            1 of 4 submissions passed (suite small, host 0.1.0, wasmtime 48.0.8)
        "#]],
    );
}

#[test]
fn a_class_as_json() {
    let mut grade = Class::small().json(&[]);
    for submission in grade["submissions"].as_array_mut().unwrap() {
        for challenge in submission["challenges"].as_array_mut().unwrap() {
            // They change with each compiler; `sha256` is of the module.
            for field in ["usage", "sha256"] {
                challenge.as_object_mut().unwrap().remove(field);
            }
        }
    }
    let timings = grade.as_object_mut().unwrap().remove("timings").unwrap();
    assert!(timings["wall-ms"].is_u64());
    let text = serde_json::to_string_pretty(&grade).unwrap();
    expect![[r#"
        {
          "complete": true,
          "format": "host-grade",
          "judge": {
            "cost-table": {
              "block": 0,
              "branch": 8,
              "branch-if": 12,
              "branch-table": 25,
              "buffer": 100,
              "bulk-operation": 130,
              "call": 20,
              "call-indirect": 120,
              "call-of-the-host": 1000,
              "copied-byte": 1,
              "divide": 60,
              "effect": 8000,
              "event": 8000,
              "float": 20,
              "float-convert": 45,
              "float-divide": 60,
              "float-round": 25,
              "input-byte": 5,
              "instruction": 1,
              "load": 10,
              "loop": 8,
              "memory-copy-per-byte": 1,
              "memory-fill-per-byte": 1,
              "memory-grow": 255,
              "memory-grow-per-page": 255,
              "memory-init-per-byte": 1,
              "name": 1000,
              "nop": 0,
              "other-thread": 50,
              "output-byte": 15,
              "random-byte": 3,
              "reference-of-a-function": 255,
              "store": 10,
              "table-copy-per-element": 25,
              "table-fill-per-element": 15,
              "table-get": 30,
              "table-grow": 255,
              "table-grow-per-element": 20,
              "table-init-per-element": 25,
              "thread": 400000,
              "unsynced-change": 300,
              "vector": 20,
              "version": 4
            },
            "engine": "wasmtime 48.0.8",
            "host": "0.1.0"
          },
          "passed": false,
          "submissions": [
            {
              "challenges": [
                {
                  "id": "echo",
                  "module": "class/alice/echo.wasm",
                  "score": 2,
                  "seeds-passed": 3,
                  "state": "judged",
                  "verdict": "AC"
                },
                {
                  "id": "flood",
                  "module": "class/alice/broadcast.wasm",
                  "score": 3,
                  "seeds-passed": 3,
                  "state": "judged",
                  "verdict": "AC"
                },
                {
                  "id": "cut",
                  "module": "class/alice/broadcast.wasm",
                  "score": 5,
                  "seeds-passed": 3,
                  "state": "judged",
                  "targets": {
                    "msgs-per-op": {
                      "below": 60.0,
                      "worst": 2.4466019
                    }
                  },
                  "verdict": "AC"
                }
              ],
              "name": "alice",
              "passed": true,
              "points": 10,
              "score": 10
            },
            {
              "challenges": [
                {
                  "failure": {
                    "anomalies": [
                      "trap"
                    ],
                    "anomaly": [
                      "at 0.005 s, node n0: the guest failed in handle: trap: integer divide by zero",
                      "  in: average < go < handle",
                      "  event: message {\"src\":\"c2\",\"dest\":\"n0\",\"body\":{\"echo\":\"Please echo 68\",\"type\":\"echo\",\"msg_id\":1}}",
                      "  [NOTHING DONE]"
                    ],
                    "backtrace": [
                      "average",
                      "go",
                      "handle"
                    ],
                    "replay": "host sim --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 1",
                    "seed": 1,
                    "trace": [
                      "1 node, 1 client, 1 operation and 0 faults in 0.001 s:",
                      "0  op 0: client 0 asks n0 to echo \"Please echo 68\""
                    ]
                  },
                  "id": "echo",
                  "module": "class/bob/echo.wasm",
                  "score": 0,
                  "seeds-passed": 0,
                  "state": "judged",
                  "verdict": "RTE"
                },
                {
                  "id": "flood",
                  "module": "class/bob/broadcast.wasm",
                  "score": 3,
                  "seeds-passed": 3,
                  "state": "judged",
                  "verdict": "AC"
                },
                {
                  "failure": {
                    "anomalies": [
                      "lost-elements",
                      "final-read-lacks"
                    ],
                    "anomaly": [
                      "24 known elements lost, not in the last reads: 0 1 2 3 4 5 6 8 … and 16 more",
                      "Also wrong (stricter than Maelstrom):",
                      "op 210 (process 1, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23",
                      "op 211 (process 0, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23",
                      "op 212 (process 3, 19.934 s) lacks 5 known elements for good: 7 10 18 20 23",
                      "op 213 (process 2, 19.935 s) lacks 5 known elements for good: 7 10 18 20 23"
                    ],
                    "replay": "host sim --module class/bob/broadcast.wasm -w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition --seed 1",
                    "seed": 1,
                    "trace": [
                      "2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s:",
                      "0       the link from n0 to n1 is cut",
                      "0.001   op 2: client 0 asks n0 to broadcast 2",
                      "0.001   n0 tells n1: gossip {\"message\":2}, but the link is cut, and n0 never tries again",
                      "0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9",
                      "0.001   the links work again",
                      "10.001  op 6: client 0 asks n0 to read",
                      "10.001  op 7: client 1 asks n1 to read",
                      "10.001  op 8: n0 answers client 0: [2]  <-- contradicts op 9",
                      "10.001  op 9: n1 answers client 1: []  <-- shows lost-elements",
                      "- 1 known element lost, not in the last reads: 2"
                    ]
                  },
                  "id": "cut",
                  "module": "class/bob/broadcast.wasm",
                  "score": 0,
                  "seeds-passed": 0,
                  "state": "judged",
                  "targets": {
                    "msgs-per-op": {
                      "below": 60.0,
                      "worst": 1.3398058
                    }
                  },
                  "verdict": "WA"
                }
              ],
              "name": "bob",
              "notes": [
                "notes.txt is not a .wasm file"
              ],
              "passed": false,
              "points": 10,
              "score": 3
            },
            {
              "challenges": [
                {
                  "failure": {
                    "anomaly": [
                      "this is not WebAssembly: it does not begin with the bytes \"\\0asm\""
                    ],
                    "replay": "host inspect class/carol/echo.wasm"
                  },
                  "id": "echo",
                  "module": "class/carol/echo.wasm",
                  "score": 0,
                  "seeds-passed": 0,
                  "state": "judged",
                  "verdict": "CE"
                },
                {
                  "id": "flood",
                  "score": 0,
                  "state": "missing"
                },
                {
                  "id": "cut",
                  "score": 0,
                  "state": "missing"
                }
              ],
              "name": "carol",
              "passed": false,
              "points": 10,
              "score": 0
            },
            {
              "challenges": [
                {
                  "id": "echo",
                  "score": 0,
                  "state": "missing"
                },
                {
                  "id": "flood",
                  "score": 0,
                  "state": "missing"
                },
                {
                  "id": "cut",
                  "score": 0,
                  "state": "missing"
                }
              ],
              "name": "dora",
              "notes": [
                "the folder is empty: nothing was handed in"
              ],
              "passed": false,
              "points": 10,
              "score": 0
            }
          ],
          "suite": {
            "challenges": [
              {
                "hidden": false,
                "id": "echo",
                "limits": {
                  "events": 20000000,
                  "node-memory-bytes": 134217728,
                  "run-fuel": 430000000000,
                  "run-memory-bytes": 402653184,
                  "step-fuel": 10000000000
                },
                "module": "echo",
                "optional": false,
                "options": "-w echo --node-count 1 --rate 5 --time-limit 3",
                "points": 2,
                "seeds": [
                  1,
                  2,
                  3
                ],
                "title": "Echo"
              },
              {
                "hidden": true,
                "id": "flood",
                "limits": {
                  "events": 20000000,
                  "node-memory-bytes": 134217728,
                  "run-fuel": 430000000000,
                  "run-memory-bytes": 402653184,
                  "step-fuel": 10000000000
                },
                "module": "broadcast",
                "optional": false,
                "options": "-w broadcast --node-count 3 --rate 5 --time-limit 5",
                "points": 3,
                "seeds": [
                  1,
                  2,
                  3
                ],
                "title": "Broadcast"
              },
              {
                "hidden": false,
                "id": "cut",
                "limits": {
                  "events": 20000000,
                  "node-memory-bytes": 134217728,
                  "run-fuel": 430000000000,
                  "run-memory-bytes": 402653184,
                  "step-fuel": 10000000000
                },
                "module": "broadcast",
                "optional": false,
                "options": "-w broadcast --node-count 5 --rate 10 --time-limit 10 --nemesis partition",
                "points": 5,
                "seeds": [
                  1,
                  2,
                  3
                ],
                "targets": {
                  "msgs-per-op": 60.0
                },
                "title": "Broadcast that survives partitions"
              }
            ],
            "name": "small",
            "sha256": "36eff3ccbd9541189158f11abd5c15d3243fc4c7920aa564bf75913196e0d034"
          },
          "version": 1
        }"#]].assert_eq(&with_placeholders(&text));
}

#[test]
fn a_class_as_csv() {
    check(
        &Class::small().grade(&["--format", "csv", "class"]),
        &expect![[r#"
            exit code 1
            ---- stdout
            submission,passed,score,points,echo,flood,cut
            alice,true,10,10,AC,AC,AC
            bob,false,3,10,RTE,AC,WA
            carol,false,0,10,CE,missing,missing
            dora,false,0,10,missing,missing,missing
        "#]],
    );
}

/// The XML without times.
fn timeless(xml: &str) -> String {
    let mut text = String::new();
    for (index, part) in xml.split(" time=\"").enumerate() {
        text += match index {
            0 => part,
            _ => part.split_once('"').unwrap().1,
        };
    }
    text
}

#[test]
fn a_class_as_junit() {
    let mut ended = Class::small().grade(&["--format", "junit", "--challenge", "echo", "class"]);
    ended.stdout = timeless(&ended.stdout);
    check(
        &ended,
        &expect![[r#"
            exit code 1
            ---- stdout
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="small" tests="4" skipped="0" failures="3" errors="0">
                <testsuite name="alice" tests="1" skipped="0" errors="0" failures="0">
                    <testcase name="echo" classname="alice"/>
                </testsuite>
                <testsuite name="bob" tests="1" skipped="0" errors="0" failures="1">
                    <testcase name="echo" classname="bob">
                        <failure message="at 0.005 s, node n0: the guest failed in handle: trap: integer divide by zero" type="RTE">RTE: runtime error, with seed 1, after 0 seeds that passed
              at 0.005 s, node n0: the guest failed in handle: trap: integer divide by zero
                in: average &lt; go &lt; handle
                event: message {&quot;src&quot;:&quot;c2&quot;,&quot;dest&quot;:&quot;n0&quot;,&quot;body&quot;:{&quot;echo&quot;:&quot;Please echo 68&quot;,&quot;type&quot;:&quot;echo&quot;,&quot;msg_id&quot;:1}}
                [NOTHING DONE]
            shortest trace that fails:
              1 node, 1 client, 1 operation and 0 faults in 0.001 s:
              0  op 0: client 0 asks n0 to echo &quot;Please echo 68&quot;
            replay: host sim --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 1
            pages: host sim --report report --module class/bob/echo.wasm -w echo --node-count 1 --rate 5 --time-limit 3 --seed 1</failure>
                    </testcase>
                    <system-out>notes.txt is not a .wasm file</system-out>
                </testsuite>
                <testsuite name="carol" tests="1" skipped="0" errors="0" failures="1">
                    <testcase name="echo" classname="carol">
                        <failure message="this is not WebAssembly: it does not begin with the bytes &quot;\0asm&quot;" type="CE">CE: module rejected
              this is not WebAssembly: it does not begin with the bytes &quot;\0asm&quot;
            replay: host inspect class/carol/echo.wasm</failure>
                    </testcase>
                </testsuite>
                <testsuite name="dora" tests="1" skipped="0" errors="0" failures="1">
                    <testcase name="echo" classname="dora">
                        <failure message="there is no module for it" type="missing">There is no module for it: echo.wasm was looked for.
              the folder is empty: nothing was handed in</failure>
                    </testcase>
                    <system-out>the folder is empty: nothing was handed in</system-out>
                </testsuite>
            </testsuites>
        "#]],
    );
}

#[test]
fn a_submission_for_gradescope() {
    let class = Class::small();
    let ended = class.grade(&["--format", "gradescope", "class/alice"]);
    assert_eq!(ended.code(), Some(0));
    let mut results = parse(&ended);
    assert!(results["execution_time"].is_u64());
    results["execution_time"] = Json::Null;
    for test in results["tests"].as_array_mut().unwrap() {
        // What it used changes with each compiler.
        let output = test["output"].as_str().unwrap().to_owned();
        test["output"] = output.lines().next().unwrap().into();
    }
    expect![[r#"
        {
          "execution_time": null,
          "extra_data": {
            "engine": "wasmtime 48.0.8",
            "host": "0.1.0",
            "internal_errors": [],
            "suite": "small",
            "suite_sha256": "36eff3ccbd9541189158f11abd5c15d3243fc4c7920aa564bf75913196e0d034"
          },
          "leaderboard": [
            {
              "name": "points",
              "order": "desc",
              "value": 7.0
            },
            {
              "name": "cut msgs-per-op",
              "order": "asc",
              "value": 2.4466019
            }
          ],
          "output": "Suite small.",
          "output_format": "text",
          "score": 10,
          "tests": [
            {
              "max_score": 2,
              "name": "Echo",
              "number": "echo",
              "output": "AC: accepted with 3 seeds",
              "output_format": "text",
              "score": 2,
              "status": "passed",
              "visibility": "visible"
            },
            {
              "max_score": 3,
              "name": "Broadcast",
              "number": "flood",
              "output": "AC: accepted with 3 seeds",
              "output_format": "text",
              "score": 3,
              "status": "passed",
              "visibility": "hidden"
            },
            {
              "max_score": 5,
              "name": "Broadcast that survives partitions",
              "number": "cut",
              "output": "AC: accepted with 3 seeds",
              "output_format": "text",
              "score": 5,
              "status": "passed",
              "visibility": "visible"
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&results).unwrap());
    check(
        &class.grade(&["--format", "gradescope", "class/alice", "class/bob"]),
        &expect![[r#"
            exit code 254
            ---- stderr
            error: --format gradescope is for one submission; here are 2: --each DIR writes a file for each
        "#]],
    );
    let whole = class.grade(&["--format", "gradescope", "class"]);
    expect![[r#"
        WARN class is taken as one submission, although 3 of its folders hold modules; for a class, --each DIR writes a file for each
    "#]]
    .assert_eq(whole.stderr.trim_start());
}
