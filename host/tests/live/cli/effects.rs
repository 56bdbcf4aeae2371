//! Answers with invalid effects, or too many: all effects of a step happen, or none.

use expect_test::{Expect, expect};

use test_support::wat::answering;
use test_support::{Dir, GO, INIT};

/// A valid effect, which must not happen because of what follows it.
const GOOD: &str = r#"{"send":{"src":"n1","dest":"c1","body":{"type":"good"}}}"#;

/// Runs a guest that answers GO with a valid effect and then `effects`.
#[track_caller]
fn answers(effects: impl AsRef<[u8]>, expected: Expect) {
    let mut all = format!("{GOOD}\n").into_bytes();
    all.extend_from_slice(effects.as_ref());
    let dir = Dir::new();
    let module = dir.module("answers.wasm", &answering(all));
    dir.node(module).input(format!("{INIT}{GO}")).is(expected);
}

#[test]
fn a_good_effect_alone_happens() {
    answers(
        "",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"good"}}
    "#]],
    );
}

#[test]
fn text_that_is_not_json() {
    answers(
        "hello",
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 2 cannot be understood: expected value at line 1 column 1
          effect: hello
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn json_that_is_no_object() {
    answers(
        "[1,2]",
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 2 cannot be understood: expected value at line 1 column 1
          effect: [1,2]
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn an_effect_that_does_not_exist() {
    answers(
        r#"{"explode":{"now":true}}"#,
        expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: effect 2 cannot be understood: unknown variant `explode`, expected one of `send`, `set_timer`, `cancel_timer`, `log`, `write`, `append`, `put`, `truncate`, `rename`, `remove`, `sync` at line 1 column 10
              effect: {"explode":{"now":true}}
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn two_effects_in_one_object() {
    answers(
        r#"{"cancel_timer":{"id":1},"log":{"text":"x"}}"#,
        expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: effect 2 cannot be understood: expected value at line 1 column 24
              effect: {"cancel_timer":{"id":1},"log":{"text":"x"}}
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn an_effect_followed_by_something_on_its_line() {
    answers(
        r#"{"log":{"text":"x"}} {"log":{"text":"y"}}"#,
        expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: effect 2 cannot be understood: trailing characters at line 1 column 22
              effect: {"log":{"text":"x"}} {"log":{"text":"y"}}
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn a_newline_inside_of_an_effect() {
    answers(
        "{\"send\":{\"src\":\"n1\",\n\"dest\":\"c1\",\"body\":{\"type\":\"x\"}}}",
        expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: effect 2 cannot be understood: EOF while parsing a value at line 1 column 20
              effect: {"send":{"src":"n1",
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn a_forged_sender() {
    answers(
        r#"{"send":{"src":"n2","dest":"c1","body":{"type":"x"}}}"#,
        expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: effect 2 cannot be understood: it sends from "n2", but this node is "n1" and speaks only for itself
              effect: {"send":{"src":"n2","dest":"c1","body":{"type":"x"}}}
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn no_sender() {
    answers(
        r#"{"send":{"dest":"c1","body":{"type":"x"}}}"#,
        expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: effect 2 cannot be understood: missing field `src` at line 1 column 41
              effect: {"send":{"dest":"c1","body":{"type":"x"}}}
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn a_body_that_is_no_object() {
    answers(
        r#"{"send":{"src":"n1","dest":"c1","body":"x"}}"#,
        expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: effect 2 cannot be understood: the body of a message is a JSON object
              effect: {"send":{"src":"n1","dest":"c1","body":"x"}}
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn a_body_without_a_type() {
    answers(
        r#"{"send":{"src":"n1","dest":"c1","body":{"value":1}}}"#,
        expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: effect 2 cannot be understood: the body is not one of a message: missing field `type` at line 1 column 11
              effect: {"send":{"src":"n1","dest":"c1","body":{"value":1}}}
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn a_message_id_that_is_no_number() {
    answers(
        r#"{"send":{"src":"n1","dest":"c1","body":{"type":"x","msg_id":"1"}}}"#,
        expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: effect 2 cannot be understood: the body is not one of a message: invalid type: string "1", expected u64 at line 1 column 24
              effect: {"send":{"src":"n1","dest":"c1","body":{"type":"x","msg_id":"1"}}}
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn bytes_that_are_not_utf_8() {
    answers(
        b"{\"log\":{\"text\":\"\xff\xfe\"}}",
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 2 cannot be understood: invalid unicode code point at line 1 column 17
          effect: {"log":{"text":"��"}}
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn escape_sequences_in_a_bad_effect_do_not_reach_the_terminal() {
    answers(
        b"\x1b]0;owned\x07\x1b[31m",
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 2 cannot be understood: expected value at line 1 column 1
          effect: \u{1b}]0;owned\u{7}\u{1b}[31m
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_message_as_an_array() {
    answers(
        r#"{"send":["n1","c1",{"type":"x"}]}"#,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 2 cannot be understood: the value of an effect is a JSON object
          effect: {"send":["n1","c1",{"type":"x"}]}
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_timer_as_an_array() {
    answers(
        r#"{"set_timer":[1,1000000]}"#,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 2 cannot be understood: the value of an effect is a JSON object
          effect: {"set_timer":[1,1000000]}
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_negative_time() {
    answers(
        r#"{"set_timer":{"id":1,"after_ns":-1}}"#,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 2 cannot be understood: invalid value: integer `-1`, expected u64 at line 1 column 34
          effect: {"set_timer":{"id":1,"after_ns":-1}}
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn unknown_fields_empty_lines_and_white_space_are_ignored() {
    answers(
        "\n\n {\"log\": {\"text\" :\"x\",\"colour\":\"red\"}}\r\n\t{\"cancel_timer\":{\"id\":1,\"why\":null}}\n\n",
        expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"good"}}
            ---- stderr
            n1 info x
        "#]],
    );
}

#[test]
fn a_message_goes_out_on_one_line_with_its_body_as_it_is() {
    answers(
        r#"{"send":{"id":7,"body": {"type" : "x", "n":1.0e2, "s":"\u0041\n" },"dest":"c\"1","src":"n1"}}"#,
        expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"good"}}
            {"src":"n1","dest":"c\"1","body":{"type" : "x", "n":1.0e2, "s":"\u0041\n" }}
        "#]],
    );
}

#[test]
fn a_carriage_return_in_a_body_ends_no_line() {
    // In JSON it is white space. Java's readers, Maelstrom's among them, end a line there
    // and read the rest as a message of another node.
    answers(
        "{\"send\":{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\"x\",\"value\":\r\
         {\"src\":\"n2\",\"dest\":\"c1\",\"body\":{\"type\":\"forged\"}}\r}}}",
        expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"good"}}
            {"src":"n1","dest":"c1","body":{"type":"x","value": {"src":"n2","dest":"c1","body":{"type":"forged"}} }}
        "#]],
    );
}

#[test]
fn a_body_nested_very_deeply_is_passed_on() {
    let depth = 100_000;
    let value = "[".repeat(depth) + &"]".repeat(depth);
    let body = format!(r#"{{"type":"x","value":{value}}}"#);
    let send = format!(r#"{{"send":{{"src":"n1","dest":"c1","body":{body}}}}}"#);
    let dir = Dir::new();
    let module = dir.module("deep.wasm", &answering(send));
    let ended = dir.node(module).input(format!("{INIT}{GO}"));
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let line = format!("{{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{body}}}\n");
    assert!(ended.stdout.ends_with(&line), "{}", ended.stdout.len());
}

#[test]
fn log_lines_carry_node_and_level_and_escape_sequences_are_neutralised() {
    answers(
        concat!(
            r#"{"log":{"level":"trace","text":"a"}}"#,
            "\n",
            r#"{"log":{"level":"debug","text":"b"}}"#,
            "\n",
            r#"{"log":{"text":"c"}}"#,
            "\n",
            r#"{"log":{"level":"warn","text":"two\nlines"}}"#,
            "\n",
            r#"{"log":{"level":"error","text":"\u001b[31mred\u001b[0m \u0007\u009b2J\r tab\there"}}"#,
        ),
        expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"good"}}
            ---- stderr
            n1 trace a
            n1 debug b
            n1 info c
            n1 warn two
            n1 warn lines
            n1 error \u{1b}[31mred\u{1b}[0m \u{7}\u{9b}2J\r tab	here
        "#]],
    );
}

#[test]
fn a_log_level_that_does_not_exist() {
    answers(
        r#"{"log":{"level":"fatal","text":"x"}}"#,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 2 cannot be understood: unknown variant `fatal`, expected one of `trace`, `debug`, `info`, `warn`, `error` at line 1 column 23
          effect: {"log":{"level":"fatal","text":"x"}}
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_million_effects_are_too_many() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("million"));
    node.args(["--max-output-bytes", "67108864"])
        .input(format!("{INIT}{GO}"))
        .is(expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: more than 10000 effects in one step (--max-effects)
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]]);
}

#[test]
fn a_million_effects_are_too_long_already() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("million"));
    node.input(format!("{INIT}{GO}")).is(expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: 27262976 bytes of output: a step may return 8388608 (--max-output-bytes)
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]]);
}

#[test]
fn as_many_effects_as_may_be_happen_and_one_more_does_not() {
    let log = r#"{"log":{"text":"x"}}"#.to_owned() + "\n";
    let run = |effects: usize| {
        let dir = Dir::new();
        let module = dir.module("log.wasm", &answering(log.repeat(effects)));
        dir.node(module).input(format!("{INIT}{GO}"))
    };
    let ended = run(10_000);
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert_eq!(ended.stderr, "n1 info x\n".repeat(10_000));
    run(10_001).is(expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: more than 10000 effects in one step (--max-effects)
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]]);
}

#[test]
fn more_output_than_one_step_may_return() {
    let dir = Dir::new();
    let module = dir.module("answers.wasm", &answering(format!("{GOOD}\n{GOOD}")));
    let node = dir.node(module).args(["--max-output-bytes", "112"]);
    node.input(format!("{INIT}{GO}")).is(expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: 113 bytes of output: a step may return 112 (--max-output-bytes)
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]]);
}

#[test]
fn a_timer_storm_is_stopped_at_the_limit() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("timer_storm"));
    node.args(["--max-timers", "3"])
        .input(INIT.to_owned() + &GO.repeat(5))
        .is(expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: more than 3 timers outstanding (--max-timers)
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]]);
}

#[test]
fn more_timers_in_one_step_than_may_be_outstanding() {
    let timers: String = (0..10_001)
        .map(|id| format!("{{\"set_timer\":{{\"id\":{id},\"after_ns\":1}}}}\n"))
        .collect();
    let dir = Dir::new();
    let module = dir.module("timers.wasm", &answering(timers));
    let node = dir.node(module).args(["--max-effects", "20000"]);
    node.input(format!("{INIT}{GO}")).is(expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: more than 10000 timers outstanding (--max-timers)
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]]);
}

#[test]
fn a_timer_that_is_outstanding_at_the_end_of_the_input_does_not_hold_it_up() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("timer_storm"));
    node.input(format!("{INIT}{GO}")).is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
    "#]]);
}

#[test]
fn a_cancelled_timer_does_not_fire_and_one_for_the_end_of_time_does_no_harm() {
    let dir = Dir::new();
    let mut node = dir.node(dir.guest("two_timers")).start();
    node.send(format!("{INIT}{GO}"));
    for _ in ["init_ok", "timer 2"] {
        node.next_line();
    }
    node.end().is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"0000000000000002"}}
    "#]]);
}
