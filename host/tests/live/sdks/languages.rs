//! The examples of the SDKs, stepped: what they understand, what they send, and that a snapshot has all of it.

mod disk;

use std::process::Command;

use host_guest::{ErrorKind, GuestOptions, Limits};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use test_support::{Dir, program, root};

use crate::program::driver::{Driver, load};

/// In C with the header alone, in C and C++ with others' compilers and libraries, in Go, in AssemblyScript.
const ECHOES: [&str; 5] = [
    "sdk-c-echo",
    "sdk-wasi-echo",
    "sdk-zig-echo",
    "sdk-go-echo",
    "sdk-assemblyscript-echo",
];
const GOSSIPS: [&str; 5] = [
    "sdk-c-gossip",
    "sdk-cpp-gossip",
    "sdk-zig-gossip",
    "sdk-go-gossip",
    "sdk-assemblyscript-gossip",
];

const MS: u64 = 1_000_000;

fn started(name: &str, nodes: &[&str]) -> Driver {
    let mut driver = Driver::built(name, &[], 1);
    driver.now_ns = 1_700_000_000_000_000_000;
    driver.init(nodes);
    driver
}

/// What the body of an answer has, its payload to the byte.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EchoOk {
    r#type: String,
    in_reply_to: u64,
    echo: Box<RawValue>,
}

/// Has a payload echoed.
fn echoed(driver: &mut Driver, payload: &str) -> String {
    // Names and types may be written with escapes, and a msg_id may be as large as it gets.
    let text = format!(
        r#"{{"dest":"n1","body":{{"echo":{payload},"x":{{"type":"no","msg_id":1}},"ty\u0070e":"\u0065cho","msg_id":18446744073709551615}},"src":"c\u0031"}}"#
    );
    driver.text(&text);
    let sent = driver.sent();
    let [line] = &sent[..] else {
        panic!("{sent:?}");
    };
    let body = line.strip_prefix("-> c1 ").expect(line);
    let body: EchoOk = serde_json::from_str(body).expect(body);
    assert_eq!((&*body.r#type, body.in_reply_to), ("echo_ok", u64::MAX));
    body.echo.get().to_owned()
}

#[test]
fn any_json_is_echoed_as_it_is() {
    let nested = format!("{}{}", "[".repeat(120), "]".repeat(120));
    let long = format!("\"{}\"", "long ".repeat(20_000));
    let payloads = [
        r#""hi""#,
        "null",
        "18446744073709551616",
        "-9223372036854775809",
        "-0.10e+05",
        r#""\ud83d\ude00 \u0000 \" \\ \/ \b\f\n\r\t é €""#,
        r#"{"type":"echo","":{},"a\"}":["]",{"b":[]}]}"#,
        &nested,
        &long,
    ];
    for name in ECHOES {
        let mut driver = started(name, &["n1"]);
        for payload in payloads {
            assert_eq!(echoed(&mut driver, payload), payload, "{name}");
        }
    }
}

#[test]
fn what_they_do_not_know_is_answered_with_error_10_and_ignored_if_nobody_waits() {
    for name in ECHOES {
        let mut driver = started(name, &["n1"]);
        driver.tell("c1", json!({"type": "say \"hi\"", "msg_id": 7}));
        let sent = driver.sent();
        let [line] = &sent[..] else {
            panic!("{name}: {sent:?}");
        };
        let body: serde_json::Value =
            serde_json::from_str(line.strip_prefix("-> c1 ").unwrap()).unwrap();
        assert_eq!(
            (&body["type"], &body["code"], &body["in_reply_to"]),
            (&json!("error"), &json!(10), &json!(7)),
            "{name}"
        );
        assert!(body["text"].as_str().unwrap().contains("say "), "{name}");
        driver.tell("c1", json!({"type": "other"}));
        driver.tell("c1", json!({"type": "late", "in_reply_to": 9}));
        assert_eq!(driver.done(), [""; 0], "{name}");
    }
}

/// Has a client give a value; returns what was sent to others.
fn broadcast(driver: &mut Driver, value: &str) -> Vec<String> {
    let body = format!(r#"{{"type":"broadcast","msg_id":1,"message":{value}}}"#);
    driver.text(&format!(r#"{{"src":"c1","dest":"n1","body":{body}}}"#));
    let mut sent = driver.sent();
    sent.retain(|line| !line.starts_with("-> c1 "));
    sent
}

/// The body of a message that was sent.
fn body(line: &str) -> serde_json::Value {
    let (_, body) = line[3..].split_once(' ').expect(line);
    serde_json::from_str(body).expect(body)
}

fn read(driver: &mut Driver) -> serde_json::Value {
    driver.tell("c1", json!({"type": "read", "msg_id": 2}));
    let sent = driver.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    body(&sent[0])
}

#[test]
fn a_call_is_tried_again_with_longer_waits_until_it_is_answered() {
    for name in GOSSIPS {
        let mut driver = started(name, &["n1", "n2"]);
        let begin_ns = driver.now_ns;
        let first = broadcast(&mut driver, "5");
        let [gossip] = &first[..] else {
            panic!("{name}: {first:?}");
        };
        let msg_id = body(gossip)["msg_id"].as_u64().unwrap();
        assert_eq!(
            body(gossip),
            json!({"type": "gossip", "msg_id": msg_id, "message": 5}),
            "{name}"
        );
        // The waits double up to eight times the first; all but the first are up to a quarter longer.
        let mut sent_ms = Vec::new();
        for wait_ms in [200, 400, 800, 1600, 1600, 1600] {
            let before_ns = driver.now_ns;
            driver.fire();
            assert_eq!(driver.sent(), [&**gossip], "{name}: the same message");
            let waited_ns = driver.now_ns - before_ns;
            let longest_ns = if wait_ms == 200 { 200 } else { wait_ms * 5 / 4 } * MS;
            assert!(
                (wait_ms * MS..=longest_ns).contains(&waited_ns),
                "{name}: {waited_ns} instead of {wait_ms} ms"
            );
            sent_ms.push((driver.now_ns - begin_ns) / MS);
        }
        assert_ne!(sent_ms, [200, 600, 1400, 3000, 4600, 6200], "{name}: noise");
        driver.tell("n2", json!({"type": "gossip_ok", "in_reply_to": msg_id}));
        driver.tell("n2", json!({"type": "gossip_ok", "in_reply_to": msg_id}));
        assert_eq!(driver.done(), ["no timer"], "{name}: acknowledged, once");
        assert_eq!(driver.timers.next_deadline(), None, "{name}");
        // The receiver of a gossip that it knows spreads it no further.
        driver.tell("n2", json!({"type": "gossip", "msg_id": 1, "message": 5}));
        let sent = driver.sent();
        assert_eq!(sent.len(), 1, "{name}: {sent:?}");
        let gossip_ok = json!({"type": "gossip_ok", "in_reply_to": 1});
        assert_eq!(body(&sent[0]), gossip_ok, "{name}");
    }
}

#[test]
fn a_call_that_is_made_once_ends_with_its_timeout() {
    for name in GOSSIPS {
        let mut driver = Driver::built(name, &["--retry", "never"], 1);
        driver.init(&["n1", "n2"]);
        assert_eq!(broadcast(&mut driver, "5").len(), 1, "{name}");
        driver.fire();
        assert_eq!(driver.done(), [""; 0], "{name}");
        assert_eq!(driver.timers.next_deadline(), None, "{name}");
    }
}

#[test]
fn what_is_unavailable_is_tried_again_and_any_other_error_ends_a_call() {
    for name in GOSSIPS {
        let mut driver = started(name, &["n1", "n2"]);
        let gossip = &broadcast(&mut driver, "5")[0];
        let answer = |driver: &mut Driver, code: u32| {
            let id = &body(gossip)["msg_id"];
            let error = json!({"type": "error", "in_reply_to": id, "code": code, "text": "no"});
            driver.tell("n2", error);
            driver.done()
        };
        assert_eq!(answer(&mut driver, 11), [""; 0], "{name}");
        driver.fire();
        assert_eq!(driver.sent(), [&**gossip], "{name}");
        assert_eq!(answer(&mut driver, 13), ["no timer"], "{name}");
    }
}

#[test]
fn integers_are_right_to_their_limits_and_refused_beyond() {
    const VALUES: [&str; 4] = ["-9223372036854775808", "-1", "0", "9223372036854775807"];
    for name in GOSSIPS {
        let mut driver = started(name, &["n1"]);
        for value in VALUES {
            broadcast(&mut driver, value);
        }
        let values: Vec<i64> = VALUES.iter().map(|it| it.parse().unwrap()).collect();
        let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "messages": values});
        assert_eq!(read(&mut driver), read_ok, "{name}");
        for wrong in [
            "9223372036854775808",
            "-9223372036854775809",
            "1.5",
            r#""1""#,
            "[1]",
            "true",
        ] {
            let text = format!(r#"{{"type":"broadcast","msg_id":9,"message":{wrong}}}"#);
            driver.text(&format!(r#"{{"src":"c1","dest":"n1","body":{text}}}"#));
            let sent = driver.sent();
            assert_eq!(sent.len(), 1, "{name}: {sent:?}");
            let answer = body(&sent[0]);
            assert_eq!(
                (&answer["type"], &answer["code"], &answer["in_reply_to"]),
                (&json!("error"), &json!(12), &json!(9)),
                "{name}: {wrong}"
            );
        }
        assert_eq!(read(&mut driver), read_ok, "{name}: nothing was kept");
    }
}

/// A fresh guest of the module that continues from this one's snapshot, with its timers.
fn continued(name: &str, from: &mut Driver) -> (Driver, String) {
    let snapshot = from.guest.snapshot().unwrap().expect("it has a snapshot");
    let mut next = Driver::built(name, &[], 2);
    next.now_ns = from.now_ns;
    next.guest.restore(&snapshot).unwrap();
    next.timers = from.timers.clone();
    (next, String::from_utf8(snapshot).expect("text"))
}

#[test]
fn a_snapshot_has_the_state_and_the_calls_in_flight_and_what_follows_is_the_same() {
    for name in GOSSIPS {
        let mut old = started(name, &["n1", "n2", "n3"]);
        let sent = broadcast(&mut old, "5");
        assert_eq!(sent.len(), 2, "{name}");
        old.fire();
        old.done();
        let (mut new, snapshot) = continued(name, &mut old);
        // What the simulator shows: JSON, in which the values stand.
        let shown: serde_json::Value = serde_json::from_str(&snapshot).expect(&snapshot);
        assert_eq!(shown["node"]["messages"], json!([5]), "{snapshot}");
        let goes_on = |driver: &mut Driver| {
            let id = body(&sent[0])["msg_id"].as_u64().unwrap();
            driver.pass(300 * MS);
            driver.tell("n2", json!({"type": "gossip_ok", "in_reply_to": id}));
            driver.tell(
                "c1",
                json!({"type": "broadcast", "msg_id": 4, "message": 6}),
            );
            driver.pass(200 * MS);
            driver.tell("c1", json!({"type": "read", "msg_id": 2}));
            let ends = driver.timers.next_deadline();
            (driver.done(), ends)
        };
        let (went_on, ends) = goes_on(&mut old);
        assert!(went_on.len() > 8, "{name}: {went_on:?}");
        assert!(ends.is_some(), "{name}");
        if name == "sdk-go-gossip" {
            // Go's noise is its runtime's, which no snapshot has.
            let sent = |lines: Vec<String>| -> Vec<String> {
                let lines = lines.into_iter();
                lines.filter(|line| !line.starts_with("timer")).collect()
            };
            assert_eq!(sent(goes_on(&mut new).0), sent(went_on), "{name}");
        } else {
            assert_eq!(goes_on(&mut new), (went_on, ends), "{name}");
        }
    }
}

#[test]
fn a_snapshot_before_init_is_restored_as_nothing() {
    for name in GOSSIPS {
        let mut old = Driver::built(name, &[], 1);
        let (mut new, snapshot) = continued(name, &mut old);
        assert_eq!(snapshot, "null", "{name}");
        new.init(&["n1"]);
        broadcast(&mut new, "5");
        let read_ok = json!({"type": "read_ok", "in_reply_to": 2, "messages": [5]});
        assert_eq!(read(&mut new), read_ok, "{name}");
    }
}

#[test]
fn a_snapshot_that_does_not_fit_is_refused() {
    for name in GOSSIPS {
        let snapshot = started(name, &["n1"]).guest.snapshot().unwrap().unwrap();
        let text = String::from_utf8(snapshot).unwrap();
        let other = text.replace("\"messages\":[]", "\"messages\":[1,\"x\"]");
        assert_ne!(other, text, "{name}");
        let wrong = [
            "{}".to_owned(),
            "[]".to_owned(),
            r#"{"format":1,"state_version":1,"node":{},"ctx":{}}"#.to_owned(),
            other,
        ];
        for wrong in wrong {
            let mut driver = Driver::built(name, &[], 1);
            let refused = driver.guest.restore(wrong.as_bytes()).unwrap_err();
            assert!(
                matches!(refused.kind, ErrorKind::Refused(1)),
                "{name}: {wrong}: {refused}"
            );
        }
    }
}

/// No goroutine runs between two events, and Go's collector has some: it has to work all the same. What is thrown away here
/// is several times as much as the memory that there is.
#[test]
fn garbage_is_collected() {
    for (name, memory_mib) in [("sdk-go-echo", 24), ("sdk-assemblyscript-echo", 4)] {
        let limits = Limits {
            memory_bytes: memory_mib << 20,
            ..Limits::default()
        };
        let module = load(&program(name), &limits);
        let options = GuestOptions {
            limits,
            ..GuestOptions::default()
        };
        let mut driver = Driver::start(&module, options);
        driver.init(&["n1"]);
        let payload = format!("\"{}\"", "x".repeat(30_000));
        for _ in 0..300 {
            assert_eq!(echoed(&mut driver, &payload), payload, "{name}");
        }
    }
}

/// The size of a module in KiB, the fuel of its start with `init` in millions of units, and that of an echo in thousands.
fn costs(name: &str) -> [f64; 3] {
    const ECHOES: u32 = 200;
    let bytes = std::fs::metadata(program(name)).unwrap().len();
    let mut driver = started(name, &["n1"]);
    let start = driver.guest.fuel_used();
    for _ in 0..ECHOES {
        driver.tell("c1", json!({"type": "echo", "msg_id": 2, "echo": "hi"}));
    }
    let echoes = driver.guest.fuel_used() - start;
    #[expect(clippy::cast_precision_loss, reason = "they are far below 2^53")]
    let [bytes, start, echoes] = [bytes, start, echoes].map(|number| number as f64);
    [
        bytes / 1024.0,
        start / 1e6,
        echoes / 1e3 / f64::from(ECHOES),
    ]
}

/// Up to a quarter: another version of a compiler makes other code.
#[test]
fn the_page_says_what_they_cost() {
    let page = std::fs::read_to_string(root().join("docs/other-languages.md")).unwrap();
    let mut wrong = Vec::new();
    for (toolchain, name) in [
        ("| C, clang", "sdk-c-echo"),
        ("| C, Zig", "sdk-zig-echo"),
        ("| Go 1", "sdk-go-echo"),
        ("| AssemblyScript 0", "sdk-assemblyscript-echo"),
    ] {
        let row = page.lines().find(|line| line.starts_with(toolchain));
        let cells: Vec<&str> = row.expect(toolchain).split('|').map(str::trim).collect();
        let costs = costs(name);
        let is_told = cells[2..5].iter().zip(costs).all(|(told, cost)| {
            let told: f64 = told.replace(',', "").parse().expect(told);
            (cost / told - 1.0).abs() < 0.25
        });
        if !is_told {
            wrong.push(format!("{toolchain}: {costs:.2?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// Runs a command that has to succeed, with Go from `target/tools` and nothing of the caller's own.
fn run(command: &mut Command) -> String {
    let tools = root().join("target/tools");
    command
        .env("GOROOT", tools.join("go"))
        .env("GOPATH", root().join("target/new/gopath"))
        .env("GOCACHE", root().join("target/new/go-cache"))
        .envs([
            ("GOENV", "off"),
            ("GOTOOLCHAIN", "local"),
            ("GOPROXY", "off"),
        ])
        .envs([("GOFLAGS", ""), ("GOWORK", "off"), ("GOTELEMETRY", "off")]);
    let output = command.output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout
}

/// With sanitizers, as no WebAssembly would show what they see.
#[test]
fn the_header_in_c_passes_its_own_tests() {
    let dir = Dir::new();
    let test = dir.path("test");
    let mut build = Command::new("cc");
    build
        .args(["-g", "-O1", "-Wall", "-Wextra", "-Werror"])
        .args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"])
        .arg(root().join("guest-sdk/c/tests/test.c"))
        .arg("-o")
        .arg(&test);
    run(&mut build);
    // What is forgotten between two tests is not what they are about.
    let mut tests = Command::new(&test);
    tests.env("ASAN_OPTIONS", "detect_leaks=0");
    assert_eq!(run(&mut tests), "15 tests passed\n");
}

#[test]
fn the_package_in_go_passes_its_own_tests() {
    let go = root().join("target/tools/go/bin/go");
    let mut test = Command::new(go);
    test.args(["test", "-vet=off", "."])
        .current_dir(root().join("guest-sdk/go"));
    assert!(run(&mut test).starts_with("ok "));
}
