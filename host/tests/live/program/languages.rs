//! Programs in Go, C and Rust (`host/tests/programs`), stepped and live.

mod endings;

mod costs;

use std::time::{Duration, Instant};

use serde_json::json;
use test_support::{Dir, Node, Run, compiled, program};

use crate::program::driver::Driver;

fn echoes(name: &str) {
    let mut driver = Driver::built(name, &[], 1);
    driver.init(&["n1"]);
    driver.done();
    for i in 1..=3 {
        driver.tell(
            "c1",
            json!({"type": "echo", "msg_id": i, "echo": format!("hi {i}")}),
        );
        let done = driver.done();
        let sent: Vec<&String> = done.iter().filter(|line| line.starts_with("-> ")).collect();
        let [line] = sent[..] else {
            panic!("{done:?}");
        };
        let body: serde_json::Value =
            serde_json::from_str(line.strip_prefix("-> c1 ").expect(line)).expect(line);
        assert_eq!(
            body,
            json!({"type": "echo_ok", "in_reply_to": i, "echo": format!("hi {i}")})
        );
    }
}

#[test]
fn an_echo_in_go() {
    echoes("go-echo");
}

#[test]
fn an_echo_in_c() {
    echoes("c-echo");
}

#[test]
fn an_echo_in_rust() {
    echoes("rust-echo");
}

/// Tickers, sleeps and deadlines over five virtual hours.
fn five_hours(seed: u64) -> (Vec<String>, u64, u64) {
    let mut driver = Driver::built("go-clock", &[], seed);
    driver.now_ns = 1_700_000_000_000_000_000;
    driver.init(&["n1"]);
    driver.tell("c1", json!({"type": "wait", "msg_id": 1}));
    driver.pass(5 * 3600 * 1_000_000_000);
    (driver.done(), driver.guest.fuel_used(), driver.now_ns)
}

#[test]
fn tickers_sleeps_and_deadlines_of_go_run_on_virtual_time() {
    let (done, ..) = five_hours(1);
    let told = |what: &str| -> Vec<u64> {
        let bodies = done.iter().filter_map(|line| line.strip_prefix("-> c1 "));
        let bodies =
            bodies.map(|body| serde_json::from_str::<serde_json::Value>(body).expect(body));
        bodies
            .filter(|body| body["type"] == what)
            .map(|body| body["after_ns"].as_u64().expect("a number"))
            .collect()
    };
    const HOUR_NS: u64 = 3600 * 1_000_000_000;
    assert_eq!(told("tick"), [HOUR_NS, 2 * HOUR_NS, 3 * HOUR_NS]);
    assert_eq!(told("slept"), [4 * HOUR_NS + HOUR_NS / 2]);
    assert_eq!(told("deadline"), [4 * HOUR_NS + HOUR_NS / 2 + 1500]);
    assert!(
        done.iter()
            .any(|line| line.ends_with("as expected: context deadline exceeded"))
    );
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let first = five_hours(1);
    assert_eq!(five_hours(1), first);
    assert_ne!(five_hours(2).0, first.0);
}

#[test]
fn a_gossip_in_go_repeats_until_it_is_acknowledged() {
    let gossip = |args: &[&str]| {
        let mut driver = Driver::built("go-gossip", args, 1);
        driver.init(&["n1", "n2"]);
        driver.tell(
            "c1",
            json!({"type": "broadcast", "msg_id": 1, "message": 5}),
        );
        driver.pass(1_000_000_000);
        let sent = driver.sent();
        let gossips = sent.iter().filter(|line| line.starts_with("-> n2 "));
        (gossips.count(), driver)
    };
    let (once, _) = gossip(&["no-retry"]);
    assert_eq!(once, 1);
    let (often, mut driver) = gossip(&[]);
    assert!((4..=6).contains(&often), "{often}");
    driver.tell("n2", json!({"type": "gossip_ok", "in_reply_to": often}));
    driver.pass(1_000_000_000);
    assert_eq!(driver.sent(), [""; 0], "acknowledged");
}

#[test]
fn a_counter_in_go_gives_up_calls_at_their_deadline_and_tries_again() {
    let mut driver = Driver::built("go-counter", &[], 1);
    driver.now_ns = 1_000_000; // a clock at zero would be put to one
    driver.init(&["n1"]);
    driver.tell("c1", json!({"type": "add", "msg_id": 1, "delta": 3}));
    assert_eq!(
        driver.sent(),
        [r#"-> c1 {"in_reply_to":1,"type":"add_ok"}"#]
    );
    driver.pass(100_000_000);
    let stamp =
        |id| format!(r#"-> seq-kv {{"key":"stampn1","msg_id":{id},"type":"write","value":{id}}}"#);
    assert_eq!(driver.sent(), [stamp(1)]);
    driver.pass(499_999_999);
    assert_eq!(driver.sent(), [""; 0]);
    driver.pass(100_000_001);
    assert_eq!(
        driver.sent(),
        [stamp(2)],
        "the deadline has passed, the next tick tries again"
    );
    let answer = |driver: &mut Driver, body| {
        driver.tell("seq-kv", body);
        driver.sent()
    };
    let reads = answer(&mut driver, json!({"type": "write_ok", "in_reply_to": 2}));
    assert_eq!(
        reads,
        [r#"-> seq-kv {"key":"counter","msg_id":3,"type":"read"}"#]
    );
    let missing = json!({"type": "error", "code": 20, "text": "no key", "in_reply_to": 3});
    let writes = answer(&mut driver, missing);
    let cas = r#"-> seq-kv {"create_if_not_exists":true,"from":0,"key":"counter","msg_id":4,"to":3,"type":"cas"}"#;
    assert_eq!(writes, [cas]);
}

#[test]
fn a_gossip_in_rust_repeats_with_every_message() {
    let mut driver = Driver::built("rust-gossip", &[], 1);
    driver.init(&["n1", "n2"]);
    driver.tell(
        "c1",
        json!({"type": "broadcast", "msg_id": 1, "message": 5}),
    );
    let gossip = r#"-> n2 {"type":"gossip","values":[5]}"#;
    let told = [gossip, r#"-> c1 {"in_reply_to":1,"type":"broadcast_ok"}"#];
    assert_eq!(driver.sent(), told);
    driver.tell("n2", json!({"type": "gossip_ok", "values": [5]}));
    driver.tell("c1", json!({"type": "read", "msg_id": 2}));
    assert_eq!(
        driver.sent(),
        [r#"-> c1 {"in_reply_to":2,"messages":[5],"type":"read_ok"}"#]
    );
}

const SECOND_NS: u64 = 1_000_000_000;

/// The messages to `n2` that a node sends, which gossips one value and is not answered for `ns`
/// nanoseconds, and the node.
fn gossips(name: &str, args: &[&str], ns: u64) -> (Vec<String>, Driver) {
    let mut driver = Driver::built(name, args, 1);
    driver.now_ns = 1_000_000;
    driver.init(&["n1", "n2"]);
    driver.tell(
        "c1",
        json!({"type": "broadcast", "msg_id": 1, "message": 5}),
    );
    driver.pass(ns);
    let mut sent = driver.sent();
    let answer = r#"-> c1 {"in_reply_to":1,"type":"broadcast_ok"}"#;
    let answered = sent.iter().position(|line| line == answer);
    sent.remove(answered.unwrap_or_else(|| panic!("{sent:?}")));
    (sent, driver)
}

#[test]
fn a_gossip_with_threads_in_rust_repeats_until_it_is_acknowledged() {
    const GOSSIP: &str = r#"-> n2 {"type":"gossip","values":[5]}"#;
    assert_eq!(
        gossips("rust-threads", &["no-retry"], SECOND_NS).0,
        [GOSSIP]
    );
    // At once, then every 200 ms.
    let (sent, mut driver) = gossips("rust-threads", &[], SECOND_NS);
    assert_eq!(sent, [GOSSIP; 6]);
    driver.tell("n2", json!({"type": "gossip_ok", "values": [5]}));
    driver.pass(SECOND_NS);
    assert_eq!(driver.sent(), [""; 0], "acknowledged");
}

#[test]
fn a_gossip_on_tokio_repeats_until_it_is_acknowledged() {
    let gossip = |id: u64| format!(r#"-> n2 {{"msg_id":{id},"type":"gossip","values":[5]}}"#);
    assert_eq!(
        gossips("rust-tokio", &["no-retry"], SECOND_NS).0,
        [gossip(1)]
    );
    // At once; after 300 ms without an answer it sleeps for 50 ms and sends again.
    let (sent, mut driver) = gossips("rust-tokio", &[], 800_000_000);
    assert_eq!(sent, [gossip(1), gossip(2), gossip(3)]);
    driver.tell("n2", json!({"type": "gossip_ok", "in_reply_to": 3}));
    driver.pass(SECOND_NS);
    assert_eq!(driver.sent(), [""; 0], "acknowledged");
}

/// It takes one of two workers.
#[test]
fn a_task_of_tokio_that_blocks_its_worker_does_not_stop_the_others() {
    let sent = gossips("rust-tokio", &["blocks"], 400_000_000).0;
    assert_eq!(sent.len(), 2, "{sent:?}");
}

#[test]
fn posix_threads_answer_while_one_of_them_waits() {
    let mut driver = Driver::built("c-threads", &[], 1);
    driver.init(&["n1"]);
    driver.tell("c1", json!({"type": "wait", "msg_id": 2}));
    driver.tell("c1", json!({"type": "echo", "msg_id": 3, "echo": "hi"}));
    let echo = r#"-> c1 {"type":"echo_ok","in_reply_to":3,"echo":"hi"}"#;
    assert_eq!(driver.sent(), [echo]);
    driver.pass(999_999_999);
    assert_eq!(driver.sent(), [""; 0]);
    driver.pass(2);
    let wait = r#"-> c1 {"type":"wait_ok","in_reply_to":2}"#;
    assert_eq!(driver.sent(), [wait]);
}

/// Starts a program as the live node `n1` of two.
fn start(name: &str) -> Node {
    let dir = Dir::new();
    let run = dir.host().arg("--module").arg(program(name));
    let run = run.arg("--cache-dir").arg(compiled());
    let mut node = Node::of(dir, run);
    node.init(&["n1", "n2"]);
    node
}

#[test]
fn echoes_in_every_language_live() {
    for name in ["go-echo", "c-echo", "c-threads", "rust-echo"] {
        let mut node = start(name);
        node.tell("c1", json!({"type": "echo", "msg_id": 2, "echo": "hi"}));
        let body = json!({"type": "echo_ok", "in_reply_to": 2, "echo": "hi"});
        assert_eq!(node.hear(), ("c1", body), "{name}");
        assert_eq!(node.stop().code(), Some(0), "{name}");
    }
}

#[test]
fn tickers_of_go_run_in_real_time() {
    gossips_in_real_time("go-gossip", Duration::from_millis(400));
}

#[test]
fn threads_of_rust_wait_in_real_time() {
    gossips_in_real_time("rust-threads", Duration::from_millis(400));
}

#[test]
fn tasks_of_tokio_sleep_in_real_time() {
    gossips_in_real_time("rust-tokio", Duration::from_millis(900));
}

/// A node that is not answered sends four times, and takes at least so long.
fn gossips_in_real_time(name: &str, at_least: Duration) {
    let mut node = start(name);
    let begin = Instant::now();
    let broadcast = json!({"type": "broadcast", "msg_id": 2, "message": 5});
    node.tell("c1", broadcast);
    let mut gossips = 0;
    while gossips < 4 {
        gossips += u32::from(node.hear().dest == "n2");
    }
    let elapsed = begin.elapsed();
    assert!(elapsed >= at_least, "{elapsed:?}");
    assert_eq!(node.stop().code(), Some(0));
}

#[test]
fn inspect_tells_the_kind() {
    for (name, kind) in [
        ("go-echo", "a program, built by Go"),
        ("c-echo", "a program"),
        ("c-threads", "a program with threads"),
        ("rust-tokio", "a program with threads"),
    ] {
        let text = Run::host().arg("inspect").arg(program(name)).end().stdout;
        let first = text.lines().next().unwrap_or_default();
        assert!(first.ends_with(&format!("{name}.wasm: {kind}")), "{first}");
        assert!(text.ends_with("\nIt would load.\n"), "{text}");
    }
}
