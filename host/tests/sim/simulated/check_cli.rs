//! `host check` as a process: its output and exit code.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use expect_test::{Expect, expect};
use serde_json::Value as Json;
use test_support::{Ended, Run, closed_pipe, root, with_placeholders};

use host_check::history;
use host_check::workload::{CheckOptions, check};

/// The recorded histories.
fn fixtures() -> PathBuf {
    root().join("host/check/tests/fixtures")
}

/// Runs `host check` in the directory of the fixtures.
fn run(args: &[&str], stdin: &str) -> Ended {
    let run = Run::host().in_dir(&fixtures()).arg("check").args(args);
    run.input(stdin)
}

/// The exit code, then stdout, then stderr with `! ` before its lines, with placeholders for what
/// other tests own.
#[track_caller]
fn assert_run(args: &[&str], stdin: &str, expected: Expect) {
    let ended = run(args, stdin);
    let mut shown = format!("exit code {}\n{}", ended.code().unwrap(), ended.stdout);
    for line in ended.stderr.lines() {
        shown.push_str(&format!("! {line}\n"));
    }
    // The help has white space at the ends of lines, which no editor keeps.
    let shown: Vec<&str> = shown.split('\n').map(str::trim_end).collect();
    expected.assert_eq(&with_placeholders(&shown.join("\n")));
}

#[test]
fn a_valid_history() {
    assert_run(
        &["-w", "pn-counter", "pn-counter/valid/history.edn"],
        "",
        expect![[r#"
            exit code 0
            pn-counter: valid

            final reads   -64 -64 -64; acceptable -64
            operations    170: 170 ok, 0 fail, 0 info; 100.00 % of invocations ok
              add         90: 90 ok, 0 fail, 0 info
              read        80: 80 ok, 0 fail, 0 info

            [VALID]
        "#]],
    );
}

/// elle-cli's own notation: no `f`, no time, a list for a vector, a byte order mark.
#[test]
fn a_history_of_another_tool() {
    let history = "\u{feff}\
        {:index 4 :process 1 :type :invoke :value [[:append 70 1] [:r 70 nil]]}\
        {:index 5 :process 1 :type :ok     :value [[:append 70 1] [:r 70 (1)]]}";
    assert_run(
        &["-w", "txn-list-append", "-"],
        history,
        expect![[r#"
            exit code 2
            txn-list-append: unknown

            - empty-transaction-graph: no transaction read or overwrote what another wrote, so there is nothing to judge

            transactions  1 begun; asked for strict-serializable
            operations    1: 1 ok, 0 fail, 0 info; 100.00 % of invocations ok

            [UNKNOWN]
        "#]],
    );
    assert_run(
        &["-w", "g-set", "-"],
        history,
        expect![[r#"
        exit code 254
        ! error: stdin: line 1, column 1: expected an operation with type, process and f, found none for f (only a workload of one operation, such as txn-list-append, needs none)
    "#]],
    );
}

/// 40 MB of text, of 20,000,000 maps without entries: refused before they take more.
#[test]
fn a_history_that_takes_too_much_memory() {
    let empty = "{}".repeat(20_000_000);
    let history = format!("{{:process 0, :type :invoke, :f :echo, :value [{empty}]}}");
    assert_run(
        &["-w", "echo", "-"],
        &history,
        expect![[r#"
        exit code 254
        ! error: stdin: line 1, column 20971569: expected a text that takes at most 1024 MiB of memory once it is read, found that it takes more up to here; judge a part of it
    "#]],
    );
}

#[test]
fn an_invalid_history() {
    assert_run(
        &["-w", "g-counter", "g-counter/off-by-one/history.edn"],
        "",
        expect![[r#"
            exit code 1
            g-counter: INVALID

            - op 370 (read, process 0, 15.994 s) shows 156, acceptable is 155
            Also wrong (stricter than Maelstrom):
            - op 1 (process 0, 0.015 s) shows a value beyond what the adds until then could make: 1
            - op 17 (process 0, 0.314 s) shows a value beyond what the adds until then could make: 3
            - op 31 (process 0, 0.639 s) shows a value beyond what the adds until then could make: 10
            - op 39 (process 0, 0.753 s) shows a value beyond what the adds until then could make: 14
            - op 41 (process 0, 0.759 s) shows a value beyond what the adds until then could make: 14
            - op 47 (process 0, 0.829 s) shows a value beyond what the adds until then could make: 14
            - op 49 (process 0, 0.889 s) shows a value beyond what the adds until then could make: 14
            - op 57 (process 0, 0.994 s) shows a value beyond what the adds until then could make: 18
            - and 18 more like these

            final reads   155 156 155; acceptable 155
            operations    186: 186 ok, 0 fail, 0 info; 100.00 % of invocations ok
              add         73: 73 ok, 0 fail, 0 info
              read        113: 113 ok, 0 fail, 0 info

            [INVALID]
        "#]],
    );
}

#[test]
fn a_history_with_too_little_to_judge() {
    assert_run(
        &["-w", "g-set", "g-set/rate-0/history.edn"],
        "",
        expect![[r#"
        exit code 2
        g-set: unknown

        - no element was there to stay: there is nothing to judge

        elements      0 added: 0 stable (0 of them stale), 0 lost, 0 never read
        operations    2: 2 ok, 0 fail, 0 info; 100.00 % of invocations ok

        [UNKNOWN]
    "#]],
    );
}

#[test]
fn strict_rules_find_what_maelstroms_let_pass() {
    let file = "broadcast/deaf-node-2/history.edn";
    assert_run(
        &["-w", "broadcast", file],
        "",
        expect![[r#"
            exit code 1
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

            [INVALID]
        "#]],
    );
    assert_run(
        &["-w", "broadcast", "--checks", "maelstrom", file],
        "",
        expect![[r#"
            exit code 0
            broadcast: valid

            elements      49 added: 49 stable (32 of them stale), 0 lost, 0 never read
            latency in ms     min  median    95 %    99 %     max
              stable            0   10701   14404   14772   14772  from the acknowledgement until every read has it
              visible           0   10703   14406   14775   14775  from the invocation until every read has it
            worst stale   0, 14772 ms: known by op 7 (add, process 0, 0.229 s), last absent from op 204 (read, process 1, 15.002 s)
            operations    104: 104 ok, 0 fail, 0 info; 100.00 % of invocations ok
              broadcast   49: 49 ok, 0 fail, 0 info
              read        55: 55 ok, 0 fail, 0 info

            [VALID]
        "#]],
    );
}

#[test]
fn json_is_the_whole_result() {
    for (name, code) in [
        ("echo/valid-5nodes", 0),
        ("broadcast/amnesia", 1),
        ("broadcast/rate-0", 2),
    ] {
        let workload = name.split('/').next().unwrap();
        let file = format!("{name}/history.edn");
        let args = ["-w", workload, "--format", "json", &file];
        let ended = run(&args, "");
        let history = history::read(&fs::read(fixtures().join(&file)).unwrap()).unwrap();
        let result = check(
            workload.parse().unwrap(),
            &history,
            None,
            &CheckOptions::default(),
        );
        let mut expected = serde_json::to_value(result.unwrap()).unwrap();
        // A history does not have the number of messages.
        expected.as_object_mut().unwrap().remove("net");
        let shown: Json = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(shown, expected, "{name}");
        assert_eq!((ended.code(), &*ended.stderr), (Some(code), ""));
    }
}

#[test]
fn json_of_a_valid_history() {
    assert_run(
        &["-w", "unique-ids", "--format", "json", "-"],
        r#"{"index":0,"time":0,"type":"invoke","process":0,"f":"generate","value":null}
           {"index":1,"time":9,"type":"ok","process":0,"f":"generate","value":"a-1"}"#,
        expect![[r#"
            exit code 0
            {
              "valid?": true,
              "stats": {
                "valid?": true,
                "count": 1,
                "ok-count": 1,
                "fail-count": 0,
                "info-count": 0,
                "by-f": {
                  "generate": {
                    "valid?": true,
                    "count": 1,
                    "ok-count": 1,
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
                "valid?": true,
                "attempted-count": 1,
                "acknowledged-count": 1,
                "duplicated-count": 0,
                "duplicated": {},
                "range": [
                  "a-1",
                  "a-1"
                ]
              }
            }
        "#]],
    );
}

#[test]
fn availability_is_asked_of_every_operation() {
    let file = "echo/availability-total-fails/history.edn";
    assert_run(
        &["-w", "echo", "--availability", "0.9", file],
        "",
        expect![[r#"
            exit code 0
            echo: valid

            operations    10: 9 ok, 0 fail, 1 info; 90.00 % of invocations ok

            [VALID]
        "#]],
    );
    assert_run(
        &["-w", "echo", "--availability", "total", file],
        "",
        expect![[r#"
            exit code 1
            echo: INVALID

            - only 90.00 % of the operations succeeded, less than asked for

            operations    10: 9 ok, 0 fail, 1 info; 90.00 % of invocations ok
            no answer     a node was asked echo by process 0 at 0.596 s and did not answer within 5.002 s

            [INVALID]
        "#]],
    );
    assert_run(
        &["-w", "echo", "--availability", "most", file],
        "",
        expect![[r#"
            exit code 254
            ! error: invalid value 'most' for '--availability <PART>': expected total or a number from 0 to 1, found `most`
            !
            ! [TRY HELP]
        "#]],
    );
}

#[test]
fn a_malformed_history_is_an_error_with_its_place() {
    assert_run(
        &["-w", "echo", "-"],
        "{:index 0, :time 0, :type :invoke, :process 0, :f :echo, :value 1}\n{:index 1, :type \u{1b}}\n",
        expect![[r#"
            exit code 254
            ! error: stdin: line 2, column 18: expected a value, found `\u{1b}`
        "#]],
    );
    assert_run(
        &["-w", "echo", "-"],
        r#"[{"index":0,"time":0,"type":"done"}]"#,
        expect![[r#"
            exit code 254
            ! error: stdin: line 1, column 35: expected a type of invoke, ok, fail or info, found `"done"`
        "#]],
    );
}

#[test]
fn a_history_of_another_workload_is_an_error() {
    assert_run(
        &["-w", "echo", "unique-ids/rare-dup/history.edn"],
        "",
        expect![[r#"
            exit code 254
            ! error: unique-ids/rare-dup/history.edn: op 0 (generate, process 0, 0.007 s): expected the operations of echo (echo), found generate
        "#]],
    );
}

#[test]
fn files_that_cannot_be_read_are_errors() {
    assert_run(
        &["-w", "echo", "no-such-file.edn"],
        "",
        expect![[r#"
        exit code 254
        ! error: no-such-file.edn: No such file or directory (os error 2)
    "#]],
    );
    assert_run(
        &["-w", "echo", "echo"],
        "",
        expect![[r#"
        exit code 254
        ! error: echo: Is a directory (os error 21)
    "#]],
    );
}

#[test]
fn a_mistyped_command_line_says_what_is_known() {
    assert_run(
        &["-w", "g-sett", "-"],
        "",
        expect![[r#"
            exit code 254
            ! error: invalid value 'g-sett' for '--workload <NAME>'
            !   [possible values: echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv, bank, kv-sessions, leader, lock, membership, queue, shard-kv]
            !
            !   tip: a similar value exists: 'g-set'
            !
            ! [TRY HELP]
        "#]],
    );
    assert_run(
        &["-w", "g-set", "--checks", "lax", "-"],
        "",
        expect![[r#"
        exit code 254
        ! error: invalid value 'lax' for '--checks <RULES>'
        !   [possible values: strict, maelstrom]
        !
        ! [TRY HELP]
    "#]],
    );
    assert_run(
        &["-"],
        "",
        expect![[r#"
        exit code 254
        ! error: the following required arguments were not provided:
        !   --workload <NAME>
        !
        ! Usage: host check --workload <NAME> <HISTORY>
        !
        ! [TRY HELP]
    "#]],
    );
}

#[test]
fn the_help_names_the_workloads_and_the_exit_codes() {
    assert_run(
        &["--help"],
        "",
        expect![[r#"
            exit code 0
            Judge a recorded history, in Jepsen's EDN, as JSON or as a log

            Usage: host check [OPTIONS] <HISTORY>

            Arguments:
              <HISTORY>
                      History, such as Maelstrom's store/latest/history.edn, or `-` for stdin. It may take 1 GiB of memory; docs/histories.md says which files of other tools are read

            Options:
              -w, --workload <NAME>
                      Workload of the history, or a file that ends in .wasm: a workload of your own

                      [possible values: echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv, bank, kv-sessions, leader, lock, membership, queue, shard-kv]

              -o, --option <NAME=VALUE,...>
                      Options of a workload of your own that judge its history, such as accounts=5: those of the run. Each is a flag of its own, too: `-w bank --accounts 5`. `host check -w bank --help` lists them

                  --model <MODEL>
                      Check the history of a single object for linearizability instead

                      [possible values: register, cas-register, mutex]

                  --format <FORMAT>
                      Format of the result

                      Possible values:
                      - text: Text for people
                      - json: JSON for programs

                      [default: text]

              -h, --help
                      Print help (see a summary with '-h')

            Checks:
                  --availability <PART>
                      Fraction of operations that must succeed: `total`, or a number from 0 to 1 [default: any]

                  --consistency-models <MODEL,…>
                      Consistency models that transactions must satisfy

                      Some of them, from weak to strong: read-uncommitted, read-committed, snapshot-isolation,
                      serializable, strict-serializable.

                      [default: strict-serializable]

                  --checks <RULES>
                      Rules to judge by: Maelstrom's, or strict ones that also refuse what its checkers miss

                      [default: strict]
                      [possible values: strict, maelstrom]

            [EXIT CODES]
        "#]],
    );
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let check = Run::host().args(["check", "-w", "echo", "-"]);
    let check = check.start_with(Stdio::piped(), closed_pipe(), Stdio::piped());
    assert_eq!(check.end().to_string(), "exit code 2\n");
}
