//! Workloads that fail: the run ends, and it is told that no node is at fault.

use expect_test::{Expect, expect};

use test_support::Dir;
use test_support::bytes;

const DECLARATION: &str = r#"{"name":"broken","operations":[{"f":"echo"}],"messages":["echo {echo: integer} -> echo_ok {echo: integer}"],"judge":{"specification":"linearizable"},"options":[{"name":"keys","default":3}]}"#;

/// A module that answers `describe` with the first of these texts, `next` with the second, `begin` with the third,
/// `apply` with the fourth, `initial` with an empty state, `observe` with [`SHOWS`] and everything else with an empty object. An empty text is a loop for ever.
fn module([describe, next, begin, apply]: [&str; 4]) -> String {
    let answers = [describe, next, begin, apply, r#"{"state":{}}"#, SHOWS];
    let mut data = String::new();
    let mut cases = String::new();
    // The first letters of requests: `{"describe"`, `{"next"`, `{"begin"`, `{"apply"`, `{"initial"`, `{"observe"`.
    let letters = ['d', 'n', 'b', 'a', 'i', 'o'];
    for (at, (letter, answer)) in letters.into_iter().zip(answers).enumerate() {
        let place = 4096 * (at + 1);
        let escaped = answer.replace('\\', "\\5c").replace('"', "\\22");
        data += &format!("(data (i32.const {place}) \"{escaped}\")\n");
        let (letter, len) = (u32::from(letter), answer.len());
        let then = match answer {
            "" => "(loop $ever (br $ever)) (unreachable)".to_owned(),
            "trap" => "(unreachable)".to_owned(),
            _ => format!(
                "(return (i64.or (i64.shl (i64.const {place}) (i64.const 32)) (i64.const {len})))"
            ),
        };
        // `answer` begins with the same letter as `apply`; its first two are 28257 as a number.
        cases += &format!(
            "(if (i32.and (i32.eq (i32.load8_u (i32.const 65538)) (i32.const {letter}))
               (i32.ne (i32.load16_u (i32.const 65538)) (i32.const 28257))) (then {then}))\n"
        );
    }
    format!(
        "(module (memory (export \"memory\") 2)
           (func (export \"maelstrom_workload_v1\"))
           (func (export \"alloc\") (param i32) (result i32) (i32.const 65536))
           (func (export \"handle\") (param i32 i32) (result i64)
             {cases}
             (i64.or (i64.shl (i64.const 0) (i64.const 32)) (i64.const 2)))
           (data (i32.const 0) \"{{}}\")
           {data})"
    )
}

/// The goal that each node shows.
const SHOWS: &str = r#"{"goals":["there"]}"#;

const NEXT: &str = r#"{"invoke":{"f":"echo","value":7}}"#;
const BEGIN: &str = r#"{"call":{"body":{"type":"echo","echo":7},"completes":{"field":"echo"}}}"#;
const APPLY: &str = r#"{"state":{}}"#;

/// Exit code, output and error of `host sim` with such a workload and our echo.
fn run(answers: [&str; 4], flags: &[&str]) -> String {
    let dir = Dir::new();
    dir.module("broken.wasm", &module(answers));
    dir.write("echo.wasm", bytes("echo"));
    let run = dir
        .host()
        .args([
            "sim",
            "-w",
            "broken.wasm",
            "--module",
            "echo.wasm",
            "--no-cache",
            "--seed",
            "1",
        ])
        .args(["--node-count", "1", "--rate", "5", "--time-limit", "1"])
        .args(flags);
    let ended = run.end();
    let next = ended.stdout.find("\nnext ").unwrap_or(ended.stdout.len());
    format!(
        "exit code {}\n{}{}",
        ended.code().unwrap(),
        &ended.stdout[..next],
        ended.stderr
    )
}

#[track_caller]
fn check(answers: [&str; 4], expected: Expect) {
    expected.assert_eq(&run(answers, &[]));
}

#[test]
fn an_operation_that_begins_with_its_request_is_not_asked_to_begin() {
    let next = format!(r#"{{"begin":{{"operation":{{"f":"echo","value":7}},"step":{BEGIN}}}}}"#);
    let right = run([DECLARATION, &next, "trap", APPLY], &[]);
    assert!(right.starts_with("exit code 0\nbroken: valid\n"), "{right}");
    let next = next.replace(BEGIN, r#"{"malformed":"no"}"#);
    let wrong = run([DECLARATION, &next, "trap", APPLY], &[]);
    assert!(wrong.starts_with("exit code 254\n"), "{wrong}");
    let why = "it says that an operation is malformed: no";
    assert!(wrong.contains(why), "{wrong}");
}

#[test]
fn the_module_that_the_others_are_made_from_is_right() {
    // What it specifies is reached by any answer.
    let right = run([DECLARATION, NEXT, BEGIN, APPLY], &[]);
    assert!(right.starts_with("exit code 0\nbroken: valid\n"), "{right}");
}

#[test]
fn a_declaration_that_is_wrong_is_told_before_the_run() {
    let with = |from: &str, to: &str| {
        assert!(DECLARATION.contains(from));
        let declaration = DECLARATION.replace(from, to);
        run([&declaration, NEXT, BEGIN, APPLY], &[])
    };
    expect![[r#"
        exit code 254
        error: --workload: the workload broken.wasm cannot be used: it judges nothing: it declares no specification, no invariants, no check of the history and no checker
    "#]].assert_eq(&with(
        "\"judge\":{\"specification\":\"linearizable\"}",
        "\"judge\":{}",
    ));
    expect![[r#"
        exit code 254
        error: --workload: the workload broken.wasm cannot be used: its message "echo {echo: integer} -> echo_ok {echo: int}": there is no type "int"; types are integer, number, string, boolean, any, [T] and {T}
    "#]].assert_eq(&with("echo_ok {echo: integer}", "echo_ok {echo: int}"));
    expect![[r#"
        exit code 254
        error: --workload: the workload broken.wasm cannot be used: its name is "a b", which is no name
    "#]].assert_eq(&with("\"broken\"", "\"a b\""));
    let goal = r#"{"name":"there","kind":"reachable"}"#;
    let twice = format!("\"goals\":[{goal},{goal}],\"judge\"");
    expect![[r#"
        exit code 254
        error: --workload: the workload broken.wasm cannot be used: it declares the goal "there" twice
    "#]].assert_eq(&with("\"judge\"", &twice));
    expect![[r#"
        exit code 254
        error: --workload: the workload broken.wasm cannot be used: its answer has not the form that it should have: unknown field `jugde`, expected one of `name`, `about`, `operations`, `messages`, `options`, `goals`, `last`, `definite_errors`, `handles_errors`, `keeps_client`, `timeout_ms`, `judge` at line 1 column 115: {"name":"broken","operations":[{"f":"echo"}],"messages":["echo {echo: integer} -> echo_ok {echo: integer}"],"jugde":{"specification":"linearizable"},"options":[{"name":"keys","default":3}]} (request: {"describe":{}})
    "#]].assert_eq(&with("\"judge\"", "\"jugde\""));
    expect![[r#"
        exit code 254
        error: --workload: the workload broken.wasm cannot be used: its answer has not the form that it should have: key must be a string at line 1 column 2: {name:"broken","operations":[{"f":"echo"}],"messages":["echo {echo: integer} -> echo_ok {echo: integer}"],"judge":{"specification":"linearizable"},"options":[{name:"keys","default":3}]} (request: {"describe":{}})
    "#]].assert_eq(&with("{\"name\"", "{name"));
}

#[test]
fn options_are_those_that_are_declared() {
    let with = |flags: &[&str]| run([DECLARATION, NEXT, BEGIN, APPLY], flags);
    assert!(with(&["--option", "keys=9"]).starts_with("exit code 0\n"));
    options_are_kept();
    expect![[r#"
        exit code 254
        error: --option: broken has no option "keyz"; its options are keys
    "#]]
    .assert_eq(&with(&["--option", "keyz=9"]));
    // As flags.
    let as_flag = with(&["--keys", "9"]);
    assert!(as_flag.starts_with("exit code 0\n"), "{as_flag}");
    assert_eq!(with(&["--keys=many"]), with(&["--option", "keys=many"]));
    expect![[r#"
        exit code 254
        error: unexpected argument '--keyz' found

          tip: a similar argument exists: '--keys'
          tip: to pass '--keyz' as a value, use '-- --keyz'

        Usage: host sim --workload <NAME> --module <FILE> --no-cache --seed <N> --node-count <N> --rate <OPS> --time-limit <SECONDS> --keys <N> [MODULE] [-- <GUEST_ARGS>...]

        For more information, try '--help'.
    "#]].assert_eq(&with(&["--keyz", "9"]));
    expect![[r#"
        exit code 254
        error: unexpected argument '--cages' found

          tip: a similar argument exists: '--checks'
          tip: to pass '--cages' as a value, use '-- --cages'

        Usage: host sim --workload <NAME> --module <FILE> --no-cache --seed <N> --node-count <N> --rate <OPS> --time-limit <SECONDS> --checks <RULES> [MODULE] [-- <GUEST_ARGS>...]

        For more information, try '--help'.
    "#]].assert_eq(&with(&["--cages", "9"]));
    expect![[r#"
        exit code 254
        error: a value is required for '--keys <N>' but none was supplied

        For more information, try '--help'.
    "#]]
    .assert_eq(&with(&["--keys"]));
    expect![[r#"
        exit code 254
        error: --option: the option keys is a whole number, not "many"
    "#]]
    .assert_eq(&with(&["--option", "keys=many"]));
    expect![[r#"
        exit code 254
        error: invalid value 'keys' for '--option <NAME=VALUE,...>': expected NAME=VALUE, found "keys"

        For more information, try '--help'.
    "#]].assert_eq(&with(&["--option", "keys"]));
}

/// In a schedule, and in the command that makes a run again.
fn options_are_kept() {
    let dir = Dir::new();
    dir.module("broken.wasm", &module([DECLARATION, NEXT, BEGIN, APPLY]));
    dir.write("echo.wasm", bytes("echo"));
    let run = dir.host().args([
        "sim",
        "-w",
        "broken.wasm",
        "--module",
        "echo.wasm",
        "--no-cache",
    ]);
    let run = run.args([
        "--keys",
        "9",
        "--time-limit",
        "1",
        "--write-schedule",
        "s.json",
    ]);
    let run = run.args(["--format", "json"]);
    let ended = run.end();
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(
        dir.read("s.json")
            .contains("\"option\": [\n    \"keys=9\"\n  ]"),
        "{}",
        dir.read("s.json")
    );
    let again = dir.host().args([
        "sim",
        "--schedule",
        "s.json",
        "--module",
        "echo.wasm",
        "--no-cache",
    ]);
    assert_eq!(again.end().code(), Some(0));
}

#[test]
fn a_workload_that_fails_ends_the_run_and_no_node_is_blamed() {
    check(
        [DECLARATION, "", BEGIN, APPLY],
        expect![[r#"
            exit code 254
            error: seed 1: at 0.001 s, the workload failed, not the nodes: out of fuel: a request may use 1000000000 units; does it loop for ever?
              request: {"next":{"phase":"main","now_ns":1416630,"worker":0,"process":0,"begins":true}}
        "#]],
    );
    check(
        [DECLARATION, "trap", BEGIN, APPLY],
        expect![[r#"
            exit code 254
            error: seed 1: at 0.001 s, the workload failed, not the nodes: the guest failed in handle: trap: wasm `unreachable` instruction executed
              in: function 2
              event: {"next":{"phase":"main","now_ns":1416630,"worker":0,"process":0,"begins":true}}
              nothing that this step asked for was done
        "#]],
    );
    check(
        [DECLARATION, "{\"invoke\":{\"f\":\"sing\"}}", BEGIN, APPLY],
        expect![[r#"
            exit code 254
            error: seed 1: at 0.001 s, the workload failed, not the nodes: it invokes "sing", which is none of its operations (request: {"next":{"phase":"main","now_ns":1416630,"worker":0,"process":0,"begins":true}})
        "#]],
    );
    check(
        [
            DECLARATION,
            NEXT,
            "{\"call\":{\"body\":{\"type\":\"sing\"}}}",
            APPLY,
        ],
        expect![[r#"
            exit code 254
            error: seed 1: at 0.001 s, the workload failed, not the nodes: it sends a request "sing", which is none of its messages (request: {"begin":{"worker":0,"operation":{"f":"echo","value":7}}})
        "#]],
    );
    check(
        [DECLARATION, NEXT, "{\"call\":{\"body\":3}}", APPLY],
        expect![[r#"
            exit code 254
            error: seed 1: at 0.001 s, the workload failed, not the nodes: its request is no message: invalid type: integer `3`, expected struct Header at line 1 column 1 (request: {"begin":{"worker":0,"operation":{"f":"echo","value":7}}})
        "#]],
    );
    check(
        [DECLARATION, NEXT, "nonsense", APPLY],
        expect![[r#"
            exit code 254
            error: seed 1: at 0.001 s, the workload failed, not the nodes: its answer has not the form that it should have: expected value at line 1 column 1: nonsense (request: {"begin":{"worker":0,"operation":{"f":"echo","value":7}}})
        "#]],
    );
    check(
        [DECLARATION, NEXT, BEGIN, "trap"],
        expect![[r#"
            exit code 254
            error: seed 1: at 0.984 s, the workload failed, not the nodes: the guest failed in handle: trap: wasm `unreachable` instruction executed
              in: function 2
              event: {"apply":{"state":{},"operation":{"f":"echo","value":7},"outcome":7}}
              nothing that this step asked for was done
        "#]],
    );
    check(
        [DECLARATION, NEXT, BEGIN, "{\"stat\":1}"],
        expect![[r#"
            exit code 254
            error: seed 1: at 0.984 s, the workload failed, not the nodes: its answer has not the form that it should have: unknown variant `stat`, expected `state` or `impossible` at line 1 column 7: {"stat":1} (request: {"apply":{"state":{},"operation":{"f":"echo","value":7},"outcome":7}})
        "#]],
    );
}

#[test]
fn answers_that_are_not_as_declared_are_malformed() {
    let declaration = DECLARATION.replace("echo_ok {echo: integer}", "echo_ok {echo: string}");
    check(
        [&declaration, NEXT, BEGIN, APPLY],
        expect![[r#"
            exit code 1
            broken: INVALID

            - n0 answered echo with {"type":"echo_ok","echo":7}: field "echo" is 7; expected string (6 times)
            - no echo succeeded, of 6

            keys          1: 1 linearizable, 0 not, 0 unknown
            operations    6: 0 ok, 0 fail, 6 info; 0.00 % of invocations ok
            messages      14 sent, 14 received; 2.33 an operation, 0.00 of them between servers
            simulated     0.986 s with seed 1; 7 events"#]],
    );
}

#[test]
fn an_exploration_needs_a_snapshot() {
    let dir = Dir::new();
    dir.module("broken.wasm", &module([DECLARATION, NEXT, BEGIN, APPLY]));
    dir.write("echo.wasm", bytes("echo"));
    let run = dir
        .host()
        .args([
            "explore",
            "-w",
            "broken.wasm",
            "--module",
            "echo.wasm",
            "--no-cache",
            "--seed",
            "1",
        ])
        .args(["--node-count", "1", "--operations", "1"]);
    let ended = run.end();
    expect![[r#"
        exit code 254
        error: the workload failed, not the nodes: it has no snapshot and no restore, which explorations need (docs/workloads.md)
    "#]].assert_eq(&format!(
        "exit code {}\n{}{}",
        ended.code().unwrap(),
        ended.stdout,
        ended.stderr
    ));
}

/// Nodes are shown to a workload with goals by explorations, not by runs.
#[test]
fn goals_that_nodes_show_are_declared() {
    let explore = |goal: &str| {
        let dir = Dir::new();
        let goals = format!("\"goals\":[{{\"name\":\"{goal}\",\"kind\":\"reachable\"}}],\"judge\"");
        let declaration = DECLARATION.replace("\"judge\"", &goals);
        let answers = [declaration.as_str(), NEXT, BEGIN, APPLY];
        let module = module(answers).replacen(
            "(func",
            "(func (export \"snapshot\") (result i64) (i64.const 2))
             (func (export \"restore\") (param i32 i32) (result i32) (i32.const 0)) (func",
            1,
        );
        dir.module("broken.wasm", &module);
        dir.write("echo.wasm", bytes("echo"));
        let run = dir
            .host()
            .args(["explore", "-w", "broken.wasm", "--no-cache"]);
        let run = run.args(["--node-count", "1", "--operations", "1", "echo.wasm"]);
        run.end()
    };
    explore("there").is(expect![[r#"
        exit code 0
        ---- stdout
        broken: all 2 states within these bounds: no failure

        bounds        1 node, 1 client; at most 4 timers in order; no faults
        operations    echo 7; each by any client, in this order (seed 1)
        explored      2 states, 1 move; the longest way to one has 1 move
        goal          there: reached

        No schedule within these bounds fails.
    "#]]);
    explore("here").is(expect![[r#"
        exit code 254
        ---- stderr
        error: the workload failed, not the nodes: it shows "there", which is none of its goals (request: {"observe":{"now_ns":0,"node":0,"state":{"format":3,"state_version":1,"node":null,"ctx":{"id":"n0","nodes":["n0"],"next_msg_id":1767304371374458,"next_timer":1,"calls":[],"timers":[],"rng":80199105662… (12 more bytes))
    "#]]);
}
