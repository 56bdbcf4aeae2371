//! A text that is no history is an error that says where and why, never a verdict.

use host_check::availability::Goal;
use host_check::edn::{self, DEPTH_MAX};
use host_check::history::{Kind, Op, Process, read};
use host_check::validity::Checks;
use host_check::value::Value;
use host_check::workload::{CheckOptions, Workload, check};

fn edn_error(text: &str) -> String {
    edn::read(text.as_bytes()).expect_err(text).to_string()
}

fn history_error(text: &str) -> String {
    read(text.as_bytes()).expect_err(text).to_string()
}

#[test]
fn edn_errors_say_where_and_what() {
    let cases = [
        (
            "",
            "line 1, column 1: expected a value, found the end of the text",
        ),
        (
            "; all comment",
            "line 1, column 14: expected a value, found the end of the text",
        ),
        (
            "1 2",
            "line 1, column 3: expected the end of the text, found `2`",
        ),
        (
            "[1 2",
            "line 1, column 5: expected a value or `]`, found the end of the text",
        ),
        (
            "[1 }",
            "line 1, column 4: expected a value or `]`, found `}`",
        ),
        (
            "(1\n 2",
            "line 2, column 3: expected a value or `)`, found the end of the text",
        ),
        (")", "line 1, column 1: expected a value, found `)`"),
        (
            "{:a 1 :b}",
            "line 1, column 9: expected a value for the key before, found `}`",
        ),
        (
            "{:a 1\n :a 2}",
            "line 2, column 2: expected each key once, found :a again",
        ),
        (
            "#{1 2 1}",
            "line 1, column 7: expected each member once, found 1 again",
        ),
        (
            "[\"é\" \"abc",
            "line 1, column 6: expected a string that ends, found no closing `\"`",
        ),
        (
            r#""a\qb""#,
            "line 1, column 3: expected an escape (\\t \\r \\n \\b \\f \\\\ \\\" \\uXXXX or octal), found `\\q`",
        ),
        (
            r#""\ud800 ""#,
            "line 1, column 2: expected an escape (\\t \\r \\n \\b \\f \\\\ \\\" \\uXXXX or octal), found `\\u`",
        ),
        (
            r"\newlines",
            r"line 1, column 1: expected a character, found `\newlines`",
        ),
        (
            r"[\ ]",
            r"line 1, column 2: expected a character after `\`, found none",
        ),
        (
            "1/0",
            "line 1, column 1: expected a ratio, found a division by zero, `1/0`",
        ),
        ("008", "line 1, column 1: expected a number, found `008`"),
        ("0x", "line 1, column 1: expected a number, found `0x`"),
        ("2r12", "line 1, column 1: expected a number, found `2r12`"),
        (
            "1.5e1x2M",
            "line 1, column 1: expected a number, found `1.5e1x2M`",
        ),
        ("12ab", "line 1, column 1: expected a number, found `12ab`"),
        (
            "1e999",
            "line 1, column 1: expected a float that 64 bits can hold, found `1e999`",
        ),
        (":", "line 1, column 1: expected a keyword, found `:`"),
        ("::a", "line 1, column 1: expected a keyword, found `::a`"),
        (
            "##Nan",
            "line 1, column 1: expected ##Inf, ##-Inf or ##NaN, found `##Nan`",
        ),
        (
            "#",
            "line 1, column 1: expected `#{`, `#_`, `##`, `#:`, `#\"` or a tag, found `#`",
        ),
        (
            "[1 #=(+ 1 2)]",
            "line 1, column 4: expected data, found `#` with code, which is not evaluated",
        ),
        (
            "#<Atom@1f\n>",
            "line 1, column 1: expected a closing `>` on the line of `#<`, found none",
        ),
        (
            "#:a [1]",
            "line 1, column 5: expected a map after its namespace, found `[`",
        ),
        (
            "#:a{:b 1, :a/b 2}",
            "line 1, column 11: expected each key once, found :a/b again",
        ),
        (
            "#inst",
            "line 1, column 6: expected a value, found the end of the text",
        ),
        ("[1 #_]", "line 1, column 6: expected a value, found `]`"),
        (
            "[^{:a 1}]",
            "line 1, column 9: expected a value after its metadata, found `]`",
        ),
    ];
    for (text, error) in cases {
        assert_eq!(edn_error(text), error, "{text}");
    }
    assert_eq!(
        edn::read(b"ab\n\xFF").unwrap_err().to_string(),
        "line 2, column 1: expected UTF-8, found the byte 0xff"
    );
}

#[test]
fn edn_reads_what_the_format_describes() {
    let cases = [
        ("[1, 2,,3]", "[1 2 3]"),
        ("+5", "5"),
        ("-0", "0"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9223372036854775808N"),
        ("5N", "5"),
        ("-0N", "0"),
        ("0x1F", "31"),
        ("-0XffN", "-255"),
        ("017", "15"),
        ("2r1010", "10"),
        ("36rZz", "1295"),
        ("0xffffffffffffffffff", "4722366482869645213695N"),
        ("1/2", "1/2"),
        ("-6/4", "-3/2"),
        ("4/2", "2"),
        ("1.50M", "1.5M"),
        ("10M", "10M"),
        ("-0.0M", "0M"),
        ("1E5M", "1E5M"),
        ("08.5", "8.5"),
        ("#\"a\\.b\"", "#regex \"a\\\\.b\""),
        ("#'clojure.core/map", "#var \"clojure.core/map\""),
        (
            "[#<Atom@1f: {:a <b>}> 2]",
            "[#unreadable \"Atom@1f: {:a <b>}\" 2]",
        ),
        (
            "#object[java.lang.Object 0x1f \"java.lang.Object@1f\"]",
            "#object [java.lang.Object 31 \"java.lang.Object@1f\"]",
        ),
        ("#foo.bar.Baz{:a 1}", "#foo.bar.Baz {:a 1}"),
        (
            "#:a{:b 1, :_/c 2, :d/e 3, \"f\" 4}",
            "{:a/b 1, :c 2, :d/e 3, \"f\" 4}",
        ),
        ("#::a{:b 1}", "{:a/b 1}"),
        ("[^{:a 1} [] ^:b #^String c]", "[[] c]"),
        ("\u{feff}[1]", "[1]"),
        ("1.50", "1.5"),
        ("1e3", "1000.0"),
        ("-2.5E-3", "-0.0025"),
        (r#""\u0041\n\101\ud83d\ude00""#, "\"A\\nA😀\""),
        (
            r"[\a \newline \u0041 \o101 \( \é]",
            r"[\a \newline \A \A \( \é]",
        ),
        ("(a/b :c/d #{} {})", "[a/b :c/d #{} {}]"),
        ("#inst \"2026-01-01\"", "#inst \"2026-01-01\""),
        ("#_ #_ a b c", "c"),
        ("[1 #_ {:a 1} 2 #_3]", "[1 2]"),
        ("[##Inf ##-Inf ##NaN]", "[##Inf ##-Inf ##NaN]"),
        ("{:a 1 ; one\n :b nil}", "{:a 1, :b nil}"),
    ];
    for (text, written) in cases {
        assert_eq!(
            edn::read(text.as_bytes()).map(|value| value.to_string()),
            Ok(written.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(edn::read(nested(DEPTH_MAX).as_bytes()).is_ok());
    assert_eq!(
        edn_error(&nested(DEPTH_MAX + 1)),
        "line 1, column 129: expected collections nested at most 128 deep, found one deeper"
    );
    assert_eq!(
        edn_error(&"#_".repeat(1_000_000)),
        "line 1, column 259: expected collections nested at most 128 deep, found one deeper"
    );
    let json = format!(
        r#"{{"index":0,"time":0,"type":"invoke","process":0,"f":"read","value":{}}}"#,
        nested(200)
    );
    assert_eq!(
        history_error(&json),
        "line 1, column 194: recursion limit exceeded"
    );
}

/// An invocation at `:index`, with the rest as given.
fn op(index: u64, time: i64, rest: &str) -> String {
    format!("{{:index {index}, :time {time}, {rest}, :value nil}}")
}

const INVOKE: &str = ":type :invoke, :process 0, :f :read";
const OK: &str = ":type :ok, :process 0, :f :read";

#[test]
fn history_errors_say_where_and_what() {
    let lines = |lines: &[String]| lines.join("\n");
    let cases = [
        (
            "5".to_owned(),
            "line 1, column 1: expected an operation `{:type …}`, found `5`",
        ),
        (
            "{5 6}".to_owned(),
            "line 1, column 2: expected a keyword, found `5`",
        ),
        (
            "{:index 0".to_owned(),
            "line 1, column 10: expected a keyword, found the end of the text",
        ),
        (
            "{:index 0, :time 0}".to_owned(),
            "line 1, column 1: expected an operation with type, process and f, found none for type",
        ),
        (
            "{:type :invoke, :f :read}".to_owned(),
            "line 1, column 1: expected an operation with type, process and f, found none for process (by which completions are paired with their invocations)",
        ),
        (
            "{:type :invoke, :process 0}".to_owned(),
            "line 1, column 1: expected an operation with type, process and f, found none for f (only a workload of one operation, such as txn-list-append, needs none)",
        ),
        (
            "{:index -2}".to_owned(),
            "line 1, column 9: expected an index of 0 or more, found `-2`",
        ),
        (
            "{:index 0, :index 0}".to_owned(),
            "line 1, column 19: expected each key once, found index again",
        ),
        (
            "{:index 0, :time 1.5}".to_owned(),
            "line 1, column 18: expected a time in nanoseconds, found `1.5`",
        ),
        (
            "{:type :done}".to_owned(),
            "line 1, column 8: expected a type of invoke, ok, fail or info, found `:done`",
        ),
        (
            "{:process :n1}".to_owned(),
            "line 1, column 11: expected a process that is an integer or nemesis, found `:n1`; give each client a number",
        ),
        (
            "{:f nil}".to_owned(),
            "line 1, column 5: expected a name for f, found `nil`",
        ),
        (
            lines(&[op(0, 5, INVOKE), op(1, 6, OK), op(2, 7, OK)]),
            "line 3, column 1: expected an invocation before the ok of op 2 (read, process 0, 0.000 s), found none open",
        ),
        (
            lines(&[op(0, 5, INVOKE), op(1, 6, INVOKE)]),
            "line 2, column 1: expected process 0 to complete op 0 (read, process 0, 0.000 s) first, found it invoking op 1",
        ),
        (
            lines(&[op(0, 5, INVOKE), op(1, 6, ":type :ok, :process 0, :f :add")]),
            "line 2, column 1: expected op 1 (add, process 0, 0.000 s) to complete a add, found that op 0 (read, process 0, 0.000 s) is open",
        ),
        (
            lines(&[op(3, 5, INVOKE), op(3, 5, OK)]),
            "line 2, column 1: expected an index above 3, found 3",
        ),
        (
            format!("[{}] x", op(0, 0, INVOKE)),
            "line 1, column 72: expected the end of the history, found `x`",
        ),
    ];
    for (text, error) in cases {
        assert_eq!(history_error(&text), error, "{text}");
    }
}

#[test]
fn json_history_errors_say_where_and_what() {
    let good = r#"{"index":0,"time":0,"type":"invoke","process":0,"f":"read","value":null}"#;
    let cases = [
        (
            format!("{good}\n{{\"index\":1,\n \"time\":\"x\"}}"),
            "line 3, column 12: expected a time in nanoseconds, found `\"x\"`",
        ),
        (
            format!("[{good}, {{\"index\":1}}]"),
            "line 1, column 86: expected an operation with type, process and f, found none for type",
        ),
        (
            format!("{good}\n{{\"index\":1"),
            "line 2, column 10: EOF while parsing an object",
        ),
        (
            format!("{good}\n{good}"),
            "line 2, column 1: expected an index above 0, found 0",
        ),
        (
            format!("{good}\n{{\"index\":1,\n\"é\":1 x}}"),
            "line 3, column 7: expected `,` or `}`",
        ),
        (format!("{good}\nn\n"), "line 2, column 2: expected ident"),
        (
            r#"{"index":0,"a b":1}"#.to_owned(),
            r#"line 1, column 16: expected a name for a key, found "a b""#,
        ),
        (
            r#"{"index":0,"value":{"a":1,"a":2}}"#.to_owned(),
            r#"line 1, column 32: expected each key once, found "a" again"#,
        ),
    ];
    for (text, error) in cases {
        assert_eq!(history_error(&text), error, "{text}");
    }
}

#[test]
fn a_history_of_another_workload_gets_no_verdict() {
    let judge = |workload: Workload, f: &str, value: &str| {
        let text = format!(
            "{{:index 0, :time 0, :type :invoke, :process 0, :f :{f}, :value nil}}\n{{:index 1, :time 1, :type :ok, :process 0, :f :{f}, :value {value}}}"
        );
        check(
            workload,
            &read(text.as_bytes()).unwrap(),
            None,
            &CheckOptions::default(),
        )
        .unwrap_err()
        .to_string()
    };
    assert_eq!(
        judge(Workload::Echo, "generate", "1"),
        "op 0 (generate, process 0, 0.000 s): expected the operations of echo (echo), found generate"
    );
    assert_eq!(
        judge(Workload::Broadcast, "read", "5"),
        "op 1 (read, process 0, 0.000 s): expected a vector of elements, found an integer"
    );
    assert_eq!(
        judge(Workload::GCounter, "read", "[1]"),
        "op 1 (read, process 0, 0.000 s): expected an integer of 64 bits, found a vector"
    );
    assert_eq!(
        judge(Workload::PnCounter, "add", "1"),
        "op 0 (add, process 0, 0.000 s): expected an integer of 64 bits, found nil"
    );
    assert_eq!(
        "g-map".parse::<Workload>().unwrap_err().to_string(),
        "expected a workload (echo, unique-ids, broadcast, g-set, g-counter, pn-counter, kafka, \
         txn-list-append, txn-rw-register, lin-kv), found `g-map`"
    );
}

#[test]
fn sums_beyond_64_bits_are_an_error() {
    let ops = (0..4).map(|i| Op {
        index: i,
        time_ns: 0,
        kind: if i % 2 == 0 { Kind::Invoke } else { Kind::Info },
        process: Process::Client(0),
        f: "add".into(),
        value: Value::Int(i64::MAX / 3),
        error: None,
        extra: Vec::new(),
    });
    let history = host_check::history::History::new(ops.collect()).unwrap();
    let options = CheckOptions {
        checks: Checks::Maelstrom,
        ..CheckOptions::default()
    };
    assert_eq!(
        check(Workload::GCounter, &history, None, &options)
            .unwrap_err()
            .to_string(),
        "op 2 (add, process 0, 0.000 s): expected adds whose sum has 62 bits, found a larger one"
    );
}

#[test]
fn options_have_maelstroms_names() {
    assert_eq!("total".parse(), Ok(Goal::Total));
    assert_eq!("0.5".parse(), Ok(Goal::AtLeast(0.5)));
    for wrong in ["1.1", "-1", "NaN", "half"] {
        let error = format!("expected total or a number from 0 to 1, found `{wrong}`");
        assert_eq!(wrong.parse::<Goal>().unwrap_err().to_string(), error);
    }
    assert_eq!("strict".parse(), Ok(Checks::Strict));
    assert_eq!("maelstrom".parse(), Ok(Checks::Maelstrom));
    assert_eq!(
        "lax".parse::<Checks>().unwrap_err().to_string(),
        "expected strict or maelstrom, found `lax`"
    );
}
