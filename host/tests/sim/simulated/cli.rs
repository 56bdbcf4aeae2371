//! `host sim` as a process: whole outputs and exit codes.

use expect_test::{Expect, expect};
use test_support::{Dir, Ended, Run, built, bytes, with_placeholders};

/// `host sim` on the module of a package, whose folder shows as `DIR`.
fn host(module: &str, args: &[&str]) -> Ended {
    let module = built(module);
    Run::host()
        .arg("sim")
        .args(args)
        .args(["--no-cache", "--module"])
        .arg(&module)
        .hide(module.parent().unwrap(), "DIR")
        .end()
}

#[track_caller]
fn check(module: &str, args: &[&str], code: i32, stdout: &Expect, stderr: &Expect) {
    let ended = host(module, args);
    stdout.assert_eq(&with_placeholders(&without_fuel(&ended.stdout)));
    stderr.assert_eq(&with_placeholders(&ended.stderr));
    assert_eq!(ended.code(), Some(code));
}

/// With the fuel that a run took as `N`: it changes with each compiler of guests.
fn without_fuel(text: &str) -> String {
    let Some((before, fuel)) = text.split_once("\"fuel\": ") else {
        return text.to_owned();
    };
    let after = fuel.trim_start_matches(|c: char| c.is_ascii_digit());
    assert!(
        fuel.len() > after.len() + 3,
        "a run takes thousands: {fuel}"
    );
    format!("{before}\"fuel\": N{after}")
}

#[test]
fn a_small_valid_run() {
    check(
        "echo",
        &[
            "-w",
            "echo",
            "--node-count",
            "1",
            "--time-limit",
            "3",
            "--seed",
            "1",
        ],
        0,
        &expect![[r#"
            echo: valid

            operations    15: 15 ok, 0 fail, 0 info; 100.00 % of invocations ok
            messages      32 sent, 32 received; 2.13 an operation, 0.00 of them between servers
            simulated     2.899 s with seed 1; 16 events

            [VALID]
        "#]],
        &expect![[""]],
    );
}

#[test]
fn a_failing_run_says_how_to_replay_it() {
    check(
        "echo",
        &[
            "-w",
            "unique-ids",
            "--node-count",
            "1",
            "--time-limit",
            "1",
            "--test-count",
            "3",
            "--seed",
            "5",
        ],
        1,
        &expect![[r#"
            0 of 3 seeds are valid before the first that is not, 5:

            unique-ids: INVALID

            - no generate succeeded, of 5: 5 × error 10 not-supported "unknown message type \"generate\"; this node knows echo"

            ids           0 given of 5 asked for, 0 duplicated; from nil to nil
            operations    5: 0 ok, 5 fail, 0 info; 0.00 % of invocations ok
            messages      12 sent, 12 received; 2.40 an operation, 0.00 of them between servers
            simulated     0.842 s with seed 5; 6 events
            next          replay: host sim -w unique-ids --node-count 1 --time-limit 1 --no-cache --module DIR/echo.wasm --seed 5
                          shrink: host sim -w unique-ids --node-count 1 --time-limit 1 --no-cache --module DIR/echo.wasm --seed 5 --shrink shortest.json
                          report: host sim -w unique-ids --node-count 1 --time-limit 1 --no-cache --module DIR/echo.wasm --seed 5 --report report
                          play: host play -w unique-ids --node-count 1 --time-limit 1 --no-cache --module DIR/echo.wasm --seed 5

            [INVALID]
        "#]],
        &expect![""],
    );
}

#[test]
fn a_run_as_json() {
    check(
        "echo",
        &[
            "-w",
            "echo",
            "--node-count",
            "1",
            "--time-limit",
            "1",
            "--seed",
            "1",
            "--format",
            "json",
        ],
        0,
        &expect![[r#"
            {
              "valid?": true,
              "seed": 1,
              "run": {
                "clock-ns": 1767304371374457487,
                "end-ns": 984686915,
                "messages": 14,
                "steps": 7,
                "fuel": N
              },
              "results": {
                "valid?": true,
                "stats": {
                  "valid?": true,
                  "count": 6,
                  "ok-count": 6,
                  "fail-count": 0,
                  "info-count": 0,
                  "by-f": {
                    "echo": {
                      "valid?": true,
                      "count": 6,
                      "ok-count": 6,
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
                "net": {
                  "all": {
                    "send-count": 14,
                    "recv-count": 14,
                    "msg-count": 14,
                    "msgs-per-op": 2.3333333
                  },
                  "clients": {
                    "send-count": 14,
                    "recv-count": 14,
                    "msg-count": 14
                  },
                  "servers": {
                    "send-count": 0,
                    "recv-count": 0,
                    "msg-count": 0,
                    "msgs-per-op": 0.0
                  },
                  "valid?": true
                },
                "workload": {
                  "valid?": true,
                  "errors": []
                }
              }
            }
        "#]],
        &expect![[""]],
    );
}

#[test]
fn several_valid_runs() {
    check(
        "echo",
        &[
            "-w",
            "echo",
            "--node-count",
            "1",
            "--time-limit",
            "1",
            "--seeds",
            "3..6",
        ],
        0,
        &expect![[r#"
            echo: valid with all 3 seeds, 3 to 5

            figures                    median     99 %    worst
              msgs-per-op                   0        0        0  with seed 3
              acknowledged-median-ms        3        4        4  with seed 4
              acknowledged-max-ms           6       11       11  with seed 4
              ms-per-ok                   132      168      168  with seed 5
              availability                  1        1        1  with seed 3

            [VALID]
        "#]],
        &expect![[""]],
    );
}

#[test]
fn mistakes_on_the_command_line_are_named() {
    let echo = ["-w", "echo"];
    let with = |more: &'static [&'static str]| [&echo[..], more].concat();
    check(
        "echo",
        &with(&["–-rate", "3"]),
        254,
        &expect![[""]],
        &expect![[r#"
            error: unexpected argument '3' found

              tip: `–-rate` has to begin with two hyphens

            Usage: host sim [OPTIONS] [MODULE] [-- <GUEST_ARGS>...]

            [TRY HELP]
        "#]],
    );
    check(
        "echo",
        &with(&["--rat", "3"]),
        254,
        &expect![[""]],
        &expect![[r#"
            error: unexpected argument '--rat' found

              tip: a similar argument exists: '--rate'
              tip: to pass '--rat' as a value, use '-- --rat'

            Usage: host sim --workload <NAME> --rate <OPS> [MODULE] [-- <GUEST_ARGS>...]

            [TRY HELP]
        "#]],
    );
    check(
        "echo",
        &with(&["--nemesis", "partition,meteor"]),
        254,
        &expect![[""]],
        &expect![[r#"
            error: invalid value 'meteor' for '--nemesis <FAULT,…>': expected a fault (partition, kill, power, wipe, pause, loss, duplicate, one-way, slow, clock-skew, swap, disk-slow, disk-full, disk-error, bit-rot, hunt, isolate, chain, flip, flap, stall, hold, lose-one), found `meteor`

            [TRY HELP]
        "#]],
    );
    check(
        "echo",
        &with(&["--node-count", "0"]),
        254,
        &expect![[""]],
        &expect![[r#"
            error: invalid value '0' for '--node-count <N>': 0 is not in 1..=10000

            [TRY HELP]
        "#]],
    );
    check(
        "echo",
        &with(&["--rate", "-1"]),
        254,
        &expect![[""]],
        &expect![[r#"
            error: invalid value '-1' for '--rate <OPS>': expected a number from 0 to 1000000

            [TRY HELP]
        "#]],
    );
    check(
        "echo",
        &with(&["--consistency-models", "serializable,perfect"]),
        254,
        &expect![[""]],
        &expect![[r#"
            error: invalid value 'perfect' for '--consistency-models <MODEL,…>': expected a consistency model (read-uncommitted, read-committed, cursor-stability, monotonic-view, monotonic-snapshot-read, monotonic-atomic-view, consistent-view, forward-consistent-view, repeatable-read, update-serializable, read-atomic, update-atomic, causal-cerone, prefix, parallel-snapshot-isolation, snapshot-isolation, serializable, strong-session-read-uncommitted, strong-session-read-committed, strong-session-snapshot-isolation, strong-session-serializable, strong-read-uncommitted, strong-read-committed, strong-snapshot-isolation, strict-serializable), found `perfect`

            [TRY HELP]
        "#]],
    );
    check(
        "echo",
        &["-w", "lin-kv", "--node-count", "3"],
        254,
        &expect![[""]],
        &expect![[r#"
            error: lin-kv has 2 clients for each node at every key: it needs a multiple of 6 clients, and there are 3; try --concurrency 2n
        "#]],
    );
    check(
        "echo",
        &["-w", "ehco"],
        254,
        &expect![[""]],
        &expect![[r#"
            error: invalid value 'ehco' for '--workload <NAME>'
              [possible values: echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, txn-list-append, txn-rw-register, lin-kv, bank, kv-sessions, leader, lock, membership, queue, shard-kv]

              tip: a similar value exists: 'echo'

            [TRY HELP]
        "#]],
    );
}

#[test]
fn logs_and_messages_are_shown_on_stderr() {
    let ended = host(
        "echo",
        &[
            "-w",
            "echo",
            "--node-count",
            "1",
            "--time-limit",
            "0.1",
            "--seed",
            "1",
            "--log-net-send",
            "--log-net-recv",
            "--log-stderr",
        ],
    );
    expect![[r#"
        0.000000000 send 0 c0 -> n0 {"node_id":"n0","node_ids":["n0"],"type":"init","msg_id":1}
        0.001392085 recv 0 c0 -> n0 {"node_id":"n0","node_ids":["n0"],"type":"init","msg_id":1}
        0.001392085 send 1 n0 -> c0 {"type":"init_ok","in_reply_to":1}
        0.001416630 recv 1 n0 -> c0 {"type":"init_ok","in_reply_to":1}
        0.001416630 send 2 c2 -> n0 {"echo":"Please echo 68","type":"echo","msg_id":1}
        0.005617218 recv 2 c2 -> n0 {"echo":"Please echo 68","type":"echo","msg_id":1}
        0.005617218 send 3 n0 -> c2 {"type":"echo_ok","echo":"Please echo 68","in_reply_to":1}
        0.005649462 recv 3 n0 -> c2 {"type":"echo_ok","echo":"Please echo 68","in_reply_to":1}
        0.019893341 send 4 c2 -> n0 {"echo":"Please echo 43","type":"echo","msg_id":2}
        0.021692455 recv 4 c2 -> n0 {"echo":"Please echo 43","type":"echo","msg_id":2}
        0.021692455 send 5 n0 -> c2 {"type":"echo_ok","echo":"Please echo 43","in_reply_to":2}
        0.021719788 recv 5 n0 -> c2 {"type":"echo_ok","echo":"Please echo 43","in_reply_to":2}
    "#]]
    .assert_eq(&ended.stderr);
}

#[test]
fn histories_are_written_as_edn_or_json() {
    let directory = tempfile::tempdir().unwrap();
    for (name, start) in [
        ("h.edn", "{:index 0, :time 0, "),
        ("h.json", "{\"index\":0,\"time\":0,"),
    ] {
        let path = directory.path().join(name);
        let ended = host(
            "echo",
            &[
                "-w",
                "echo",
                "--hop-time",
                "0",
                "--seed",
                "1",
                "--history",
                path.to_str().unwrap(),
            ],
        );
        assert_eq!(ended.code(), Some(0));
        let history = std::fs::read(&path).unwrap();
        assert!(history.starts_with(start.as_bytes()));
        assert!(host_check::history::read(&history).unwrap().ops().len() > 100);
    }
}

#[test]
fn a_module_that_is_no_guest_is_rejected() {
    let dir = Dir::new();
    dir.write("notes.wasm", "not wasm");
    let ended = dir
        .host()
        .args(["sim", "-w", "echo", "--module", "notes.wasm"]);
    assert_eq!(ended.end().code(), Some(3));
}

/// What `host sim` prints to stdout for a module, and its exit code.
fn stdout(module: &str, args: &[&str]) -> (String, Option<i32>) {
    let ended = host(module, args);
    assert_eq!(ended.stderr, "");
    (with_placeholders(&ended.stdout), ended.code())
}

#[test]
fn a_failure_is_shrunk_and_the_command_that_it_prints_replays_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (whole, short) = (path("whole.json"), path("short.json"));
    let run = "-w broadcast --node-count 3 --time-limit 10 --rate 10 --nemesis partition --seed 4";
    let run: Vec<&str> = run.split(' ').collect();
    let (first, code) = stdout(
        "broadcast-flood",
        &[&run[..], &["--write-schedule", &whole]].concat(),
    );
    assert_eq!(code, Some(1));
    let (again, code) = stdout("broadcast-flood", &["--schedule", &whole]);
    assert_eq!(code, Some(1));
    let but_replay = |text: &str| -> Vec<String> {
        let is_command =
            |line: &&str| line.contains(": host sim ") || line.contains(": host play ");
        let lines = text.lines().filter(|line| !is_command(line));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(but_replay(&first), but_replay(&again));

    let (told, code) = stdout(
        "broadcast-flood",
        &[&run[..], &["--shrink", &short]].concat(),
    );
    assert_eq!(code, Some(1));
    let told = told.replace(&short, "SHORT");
    expect![[r#"
        broadcast: INVALID

        The run with seed 4 has 3 nodes, 3 clients, 114 operations and 1 fault in 10 s.
        One that is invalid like it (lost-elements) has 2 nodes, 2 clients, 1 operation and 1 fault in 0.002 s;
        nothing of it can be left out:

        0       the link from n0 to n1 is cut
        0.001   op 2: client 0 asks n0 to broadcast 0
        0.001   n0 tells n1: gossip {"message":0}, but the link is cut, and n0 never tries again
        0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9
        0.001   the links work again
        10.001  op 6: client 0 asks n0 to read
        10.001  op 7: client 1 asks n1 to read
        10.001  op 8: n0 answers client 0: [0]  <-- contradicts op 9
        10.001  op 9: n1 answers client 1: []  <-- shows lost-elements

        - 1 known element lost, not in the last reads: 0

        simulated     10.001 s with seed 4; 7 events, after 19 runs
        next          replay: host sim --no-cache --module DIR/broadcast-flood.wasm --schedule SHORT
                      report: host sim --no-cache --module DIR/broadcast-flood.wasm --schedule SHORT --report report
                      play: host play --no-cache --module DIR/broadcast-flood.wasm --schedule SHORT

        [INVALID]
    "#]].assert_eq(&told);
    let (replayed, code) = stdout("broadcast-flood", &["--schedule", &short]);
    assert_eq!(code, Some(1));
    expect![[r#"
        broadcast: INVALID

        - 1 known element lost, not in the last reads: 0

        elements      1 added: 0 stable (0 of them stale), 1 lost, 0 never read
        latency in ms     min  median    95 %    99 %     max
          lost          10000   10000   10000   10000   10000  from the acknowledgement until no read has it
        operations    3: 3 ok, 0 fail, 0 info; 100.00 % of invocations ok
          broadcast   1: 1 ok, 0 fail, 0 info
          read        2: 2 ok, 0 fail, 0 info
        messages      15 sent, 14 received; 5.00 an operation, 0.33 of them between servers
        simulated     10.001 s with seed 4; 7 events
        faults        1 partition, 1 of them took messages: 1
        next          replay: host sim --schedule SHORT --no-cache --module DIR/broadcast-flood.wasm
                      shrink: host sim --schedule SHORT --no-cache --module DIR/broadcast-flood.wasm --shrink shortest.json
                      report: host sim --schedule SHORT --no-cache --module DIR/broadcast-flood.wasm --report report
                      play: host play --schedule SHORT --no-cache --module DIR/broadcast-flood.wasm

        [INVALID]
    "#]].assert_eq(&replayed.replace(&short, "SHORT"));
    // A minimal schedule stays as it is, and the first failing seed of many is shrunk.
    let (same, _) = stdout(
        "broadcast-flood",
        &["--schedule", &short, "--shrink", &whole],
    );
    assert_eq!(same.lines().nth(3), told.lines().nth(3));
    let many = "-w broadcast --node-count 3 --time-limit 10 --rate 10 --nemesis partition --seeds 4..9 --format json";
    let many: Vec<&str> = many.split(' ').collect();
    let (json, _) = stdout(
        "broadcast-flood",
        &[&many[..], &["--shrink", &whole]].concat(),
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    expect![[r#"
        {
          "anomaly": "lost-elements",
          "faults": 1,
          "kept": "evidence",
          "minimal?": true,
          "nodes": 2,
          "operations": 1,
          "runs": 19,
          "trace": [
            "0       the link from n0 to n1 is cut",
            "0.001   op 2: client 0 asks n0 to broadcast 0",
            "0.001   n0 tells n1: gossip {\"message\":0}, but the link is cut, and n0 never tries again",
            "0.001   op 3: n0 answers client 0: ok  <-- contradicts op 9",
            "0.001   the links work again",
            "10.001  op 6: client 0 asks n0 to read",
            "10.001  op 7: client 1 asks n1 to read",
            "10.001  op 8: n0 answers client 0: [0]  <-- contradicts op 9",
            "10.001  op 9: n1 answers client 1: []  <-- shows lost-elements"
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&json["shrunk"]).unwrap());
}

#[test]
fn a_schedule_says_itself_what_the_run_is() {
    let path = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    let path = path.path().to_str().unwrap();
    std::fs::write(path, "{}").unwrap();
    let refused = |args: &[&str]| {
        let ended = host("echo", args);
        assert_eq!(ended.code(), Some(254));
        ended
            .stderr
            .replace(path, "FILE")
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    let errors = [
        refused(&["--schedule", path]),
        refused(&["--schedule", path, "--seed", "3"]),
        refused(&["--schedule", path, "--node-count", "3"]),
        refused(&["--schedule", "none.json"]),
        refused(&["--seed", "3"]),
    ];
    expect![[r#"
        error: cannot play FILE: missing field `version` at line 1 column 2
        error: the argument '--schedule <FILE>' cannot be used with '--seed <N>'
        error: the argument '--schedule <FILE>' cannot be used with '--node-count <N>'
        error: cannot play none.json: No such file or directory (os error 2)
        error: the following required arguments were not provided:"#]]
    .assert_eq(&errors.join("\n"));
}

#[test]
fn nemesis_none_is_a_run_without_faults() {
    let dir = Dir::new();
    let module = dir.write("echo.wasm", bytes("echo"));
    let run = |nemesis: &[&str]| {
        let sim = dir
            .host()
            .args(["sim", "--no-cache", "-w", "echo", "--module"]);
        let sim = sim.arg(&module).args(["--time-limit", "2", "--seed", "1"]);
        sim.args(nemesis).end()
    };
    let without = run(&[]);
    assert_eq!(without.code(), Some(0), "{without}");
    assert_eq!(run(&["--nemesis", "none"]).to_string(), without.to_string());
    let both = run(&["--nemesis", "none,partition"]);
    assert_eq!(both.code(), Some(254), "{both}");
}
