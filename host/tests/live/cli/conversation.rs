//! Input on stdin: valid lines, invalid lines, no lines, and the end of the input.

use std::fs::File;
use std::process::Stdio;

use expect_test::{Expect, expect};
use rustix::process::Signal;

use test_support::{Dir, GO, INIT, closed_pipe};

/// A request that the golden guest answers.
fn echo(text: &str) -> String {
    format!(
        "{{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{{\"type\":\"echo\",\"msg_id\":2,\"echo\":\"{text}\"}}}}\n"
    )
}

/// Runs the golden guest on `input`.
#[track_caller]
fn hears(input: impl Into<Vec<u8>>, expected: Expect) {
    let dir = Dir::new();
    dir.node(dir.guest("golden_v1")).input(input).is(expected);
}

/// Runs the golden guest on `init`, these bytes, and an echo, which it must answer.
#[track_caller]
fn survives(line: impl AsRef<[u8]>, expected: Expect) {
    let mut input = INIT.as_bytes().to_vec();
    input.extend_from_slice(line.as_ref());
    input.extend_from_slice(echo("still here").as_bytes());
    hears(input, expected);
}

#[test]
fn a_byte_order_mark_before_the_first_message() {
    hears(
        format!("\u{feff}{INIT}{}", echo("heard")),
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"heard"}}
        ---- stderr
        n1 info ready
    "#]],
    );
}

#[test]
fn lines_that_are_not_json() {
    survives(
        "hello\n{\"src\":\n",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
        ---- stderr
        n1 info ready
         WARN input line 2 ignored: a message is a JSON object: hello
         WARN input line 3 ignored: it is not a message (EOF while parsing a value at line 1 column 7): {"src":
    "#]],
    );
}

#[test]
fn lines_that_are_not_objects() {
    survives(
        "[1,2]\n7\nnull\n\"text\"\n",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
        ---- stderr
        n1 info ready
         WARN input line 2 ignored: a message is a JSON object: [1,2]
         WARN input line 3 ignored: a message is a JSON object: 7
         WARN input line 4 ignored: a message is a JSON object: null
         WARN input line 5 ignored: a message is a JSON object: "text"
    "#]],
    );
}

#[test]
fn messages_with_fields_missing_or_of_the_wrong_kind() {
    survives(
        concat!(
            "{}\n",
            "{\"src\":\"c1\",\"body\":{\"type\":\"echo\"}}\n",
            "{\"dest\":\"n1\",\"body\":{\"type\":\"echo\"}}\n",
            "{\"src\":\"c1\",\"dest\":\"n1\"}\n",
            "{\"src\":1,\"dest\":\"n1\",\"body\":{\"type\":\"echo\"}}\n",
            "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":[]}\n",
            "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{}}\n",
            "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"echo\",\"msg_id\":-1}}\n",
        ),
        expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
            ---- stderr
            n1 info ready
             WARN input line 2 ignored: it is not a message (missing field `src` at line 1 column 2): {}
             WARN input line 3 ignored: it is not a message (missing field `dest` at line 1 column 35): {"src":"c1","body":{"type":"echo"}}
             WARN input line 4 ignored: it is not a message (missing field `src` at line 1 column 36): {"dest":"n1","body":{"type":"echo"}}
             WARN input line 5 ignored: it is not a message (missing field `body` at line 1 column 24): {"src":"c1","dest":"n1"}
             WARN input line 6 ignored: it is not a message (invalid type: integer `1`, expected a string at line 1 column 8): {"src":1,"dest":"n1","body":{"type":"echo"}}
             WARN input line 7 ignored: the body of a message is a JSON object: {"src":"c1","dest":"n1","body":[]}
             WARN input line 8 ignored: its body is not one of a message (missing field `type` at line 1 column 2): {"src":"c1","dest":"n1","body":{}}
             WARN input line 9 ignored: its body is not one of a message (invalid value: integer `-1`, expected u64 at line 1 column 26): {"src":"c1","dest":"n1","body":{"type":"echo","msg_id":-1}}
        "#]],
    );
}

#[test]
fn two_messages_on_one_line() {
    let twice = GO.trim_end().repeat(2) + "\n";
    survives(
        twice,
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
        ---- stderr
        n1 info ready
         WARN input line 2 ignored: it is not a message (trailing characters at line 1 column 64): {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}{"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_i… (6 more bytes)
    "#]],
    );
}

#[test]
fn an_unknown_type_is_for_the_guest_to_answer() {
    survives(
        GO,
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"error","in_reply_to":2,"code":10,"text":"golden does not know this"}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
        ---- stderr
        n1 info ready
    "#]],
    );
}

#[test]
fn a_line_of_10_mb_is_skipped() {
    survives(
        "x".repeat(10_000_000) + "\n",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
        ---- stderr
        n1 info ready
         WARN input line 2 ignored: it has 10000000 bytes, 4194304 are allowed (--max-line-bytes)
    "#]],
    );
}

#[test]
fn a_bad_line_of_3_mb_is_not_repeated_in_full() {
    survives(
        "x".repeat(3_000_000) + "\n",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
        ---- stderr
        n1 info ready
         WARN input line 2 ignored: a message is a JSON object: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (2999880 more bytes)
    "#]],
    );
}

#[test]
fn a_message_of_2_mb_is_handled() {
    let text = "a".repeat(2_000_000);
    let dir = Dir::new();
    let ended = dir
        .node(dir.guest("golden_v1"))
        .input(INIT.to_owned() + &echo(&text));
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stderr, "n1 info ready\n");
    let answer = ended.stdout.lines().nth(1).unwrap();
    let expected = format!(
        "{{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{{\"type\":\"echo_ok\",\"in_reply_to\":2,\"echo\":\"{text}\"}}}}"
    );
    assert!(answer == expected, "{} bytes", answer.len());
}

#[test]
fn a_line_longer_than_the_flag_allows_is_skipped() {
    let dir = Dir::new();
    let limit = INIT.len() - 1;
    let node = dir.node(dir.guest("golden_v1"));
    let long = echo(&"a".repeat(limit));
    node.args(["--max-line-bytes", &limit.to_string()])
        .input(format!("{INIT}{long}{}", echo("short")))
        .is(expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"short"}}
            ---- stderr
            n1 info ready
             WARN input line 2 ignored: it has 166 bytes, 98 are allowed (--max-line-bytes)
        "#]]);
}

#[test]
fn a_line_that_is_not_utf_8() {
    survives(
        b"{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"\xff\"}}\n",
        expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
            ---- stderr
            n1 info ready
             WARN input line 2 ignored: it is not UTF-8 (byte 41)
        "#]],
    );
}

#[test]
fn a_line_with_zero_bytes_and_escape_sequences() {
    survives(
        b"\0\0\x1b[2J\x1b]0;owned\x07\n",
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
        ---- stderr
        n1 info ready
         WARN input line 2 ignored: a message is a JSON object: \u{0}\u{0}\u{1b}[2J\u{1b}]0;owned\u{7}
    "#]],
    );
}

#[test]
fn a_message_nested_very_deeply_is_handled() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let message = format!(
        "{{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{{\"deep\":{deep},\"type\":\"echo\",\"msg_id\":2,\"echo\":\"deep\"}}}}\n"
    );
    survives(
        message,
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"deep"}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
        ---- stderr
        n1 info ready
    "#]],
    );
}

#[test]
fn the_last_line_needs_no_newline() {
    let input = INIT.to_owned() + echo("last").trim_end();
    hears(
        input,
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"last"}}
        ---- stderr
        n1 info ready
    "#]],
    );
}

#[test]
fn blank_lines_are_nothing_and_carriage_returns_are_blank() {
    let input = format!("\n{INIT}\r\n  \t\n{}", echo("hi")).replace('\n', "\r\n");
    hears(
        input,
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"hi"}}
        ---- stderr
        n1 info ready
    "#]],
    );
}

#[test]
fn no_input_no_output() {
    hears(
        "",
        expect![[r#"
        exit code 0
    "#]],
    );
}

#[test]
fn a_message_before_init_is_answered_with_error_11() {
    hears(
        echo("too early") + INIT,
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c1","body":{"type":"error","in_reply_to":2,"code":11,"text":"echo arrived before init: this node does not know its name yet"}}
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
         WARN input line 1: error 11 (temporarily-unavailable): echo arrived before init: this node does not know its name yet
        n1 info ready
    "#]],
    );
}

#[test]
fn a_message_before_init_that_wants_no_answer_gets_none() {
    hears(
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\"}}\n",
        expect![[r#"
            exit code 0
            ---- stderr
             WARN input line 1: error 11 (temporarily-unavailable): gossip arrived before init: this node does not know its name yet
        "#]],
    );
}

#[test]
fn an_init_that_makes_no_sense_is_answered_with_error_12_and_a_good_one_may_follow() {
    let init = |fields: &str| {
        format!(
            "{{\"src\":\"c0\",\"dest\":\"n1\",\"body\":{{\"type\":\"init\",\"msg_id\":1{fields}}}}}\n"
        )
    };
    hears(
        init("")
            + &init(",\"node_id\":7,\"node_ids\":[\"n1\"]")
            + &init(",\"node_id\":\"n1\",\"node_ids\":\"n1\"")
            + &init(",\"node_id\":\"n1\",\"node_ids\":[\"n2\"]")
            + INIT,
        expect![[r#"
            exit code 0
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"error","in_reply_to":1,"code":12,"text":"malformed init: missing field `node_id` at line 1 column 26"}}
            {"src":"n1","dest":"c0","body":{"type":"error","in_reply_to":1,"code":12,"text":"malformed init: invalid type: integer `7`, expected a string at line 1 column 37"}}
            {"src":"n1","dest":"c0","body":{"type":"error","in_reply_to":1,"code":12,"text":"malformed init: invalid type: string \"n1\", expected a sequence at line 1 column 56"}}
            {"src":"n1","dest":"c0","body":{"type":"error","in_reply_to":1,"code":12,"text":"malformed init: node_ids does not contain node_id \"n1\""}}
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
             WARN input line 1: error 12 (malformed-request): malformed init: missing field `node_id` at line 1 column 26
             WARN input line 2: error 12 (malformed-request): malformed init: invalid type: integer `7`, expected a string at line 1 column 37
             WARN input line 3: error 12 (malformed-request): malformed init: invalid type: string "n1", expected a sequence at line 1 column 56
             WARN input line 4: error 12 (malformed-request): malformed init: node_ids does not contain node_id "n1"
            n1 info ready
        "#]],
    );
}

#[test]
fn a_second_init_is_answered_with_error_12_and_changes_nothing() {
    let other = INIT.replace("n1", "n2");
    survives(
        other,
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n2","dest":"c0","body":{"type":"error","in_reply_to":1,"code":12,"text":"this node is already initialised as n1"}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"still here"}}
        ---- stderr
        n1 info ready
         WARN input line 2: error 12 (malformed-request): this node is already initialised as n1
    "#]],
    );
}

#[test]
fn a_name_with_escape_sequences_is_shown_without_them() {
    let init = INIT.replace("n1", "n\\u001b[31m");
    hears(
        init,
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n\u001b[31m","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        n\u{1b}[31m info ready
    "#]],
    );
}

#[test]
fn stdout_closed_by_the_reader_is_a_quiet_end() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("golden_v1"));
    let mut node = node.start_with(Stdio::piped(), closed_pipe(), Stdio::piped());
    // stdin stays open: the failed write of the answer ends the node.
    node.send(INIT);
    node.wait().is(expect![[r#"
        exit code 0
        ---- stderr
        n1 info ready
    "#]]);
}

#[test]
fn stdout_that_cannot_be_written_is_an_error() {
    let dir = Dir::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let node = dir.node(dir.guest("golden_v1"));
    let node = node.start_with(Stdio::piped(), full, Stdio::piped());
    node.write(INIT).end().is(expect![[r#"
        exit code 254
        ---- stderr
        n1 info ready
        error: cannot write to stdout: No space left on device (os error 28)
    "#]]);
}

#[test]
fn stdin_that_cannot_be_read_is_an_error() {
    let dir = Dir::new();
    let directory = File::open(dir.make_dir("somewhere")).unwrap();
    let node = dir.node(dir.guest("golden_v1"));
    let node = node.start_with(directory, Stdio::piped(), Stdio::piped());
    node.end().is(expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read stdin: Is a directory (os error 21)
    "#]]);
}

#[test]
fn warnings_that_nobody_reads_do_no_harm() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("golden_v1"));
    let node = node.start_with(Stdio::piped(), Stdio::piped(), closed_pipe());
    let input = format!("{INIT}nonsense\n{}", echo("hi"));
    node.write(input).end().is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"hi"}}
    "#]]);
}

#[test]
fn sigterm_is_a_good_end() {
    let dir = Dir::new();
    let mut node = dir.node(dir.guest("golden_v1")).start();
    node.send(INIT.to_owned() + &echo("hi"));
    for _ in ["init_ok", "echo_ok"] {
        node.next_line();
    }
    node.signal(Signal::TERM);
    node.wait().is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"hi"}}
        ---- stderr
        n1 info ready
    "#]]);
}

#[test]
fn sigint_is_a_good_end() {
    let dir = Dir::new();
    let mut node = dir.node(dir.guest("golden_v1")).start();
    node.send(INIT);
    node.next_line();
    node.signal(Signal::INT);
    node.wait().is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        n1 info ready
    "#]]);
}

#[test]
fn sigterm_in_full_flow_leaves_whole_lines_for_all_that_was_handled() {
    let messages = 200_000;
    let dir = Dir::new();
    let mut input = INIT.to_owned();
    for n in 0..messages {
        input += &echo(&n.to_string());
    }
    let mut node = dir.node(dir.guest("golden_v1")).start().write(input);
    for _ in 0..100 {
        node.next_line();
    }
    node.signal(Signal::TERM);
    let ended = node.wait();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stderr, "n1 info ready\n");
    let answers = ended.stdout.lines().skip(1);
    for (n, line) in answers.enumerate() {
        let body = format!("{{\"type\":\"echo_ok\",\"in_reply_to\":2,\"echo\":\"{n}\"}}");
        assert_eq!(
            line,
            format!("{{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{body}}}")
        );
    }
}

#[test]
fn ten_thousand_requests_are_answered_in_order() {
    let dir = Dir::new();
    let mut input = INIT.to_owned();
    for n in 0..10_000 {
        input += &echo(&n.to_string());
    }
    let ended = dir.node(dir.guest("golden_v1")).input(input);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let echoes: Vec<usize> = ended
        .stdout
        .lines()
        .skip(1)
        .map(|line| {
            let (_, rest) = line.split_once("\"echo\":\"").unwrap();
            rest.trim_end_matches("\"}}").parse().unwrap()
        })
        .collect();
    assert!(echoes.iter().copied().eq(0..10_000), "{}", echoes.len());
}

#[test]
fn the_input_may_be_a_file() {
    let dir = Dir::new();
    let input = File::open(dir.write("input", INIT.to_owned() + &echo("hi"))).unwrap();
    let node = dir.node(dir.guest("golden_v1"));
    let mut node = node.start_with(input, Stdio::piped(), Stdio::piped());
    node.next_line();
    node.end().is(expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"hi"}}
        ---- stderr
        n1 info ready
    "#]]);
}

#[test]
fn the_exit_of_the_node_does_not_wait_for_more_input() {
    // The guest fails while stdin stays open.
    let dir = Dir::new();
    let mut node = dir.node(dir.guest("trap")).start();
    node.send(INIT.to_owned() + GO);
    let ended = node.wait();
    assert_eq!(ended.code(), Some(1), "{ended}");
}
