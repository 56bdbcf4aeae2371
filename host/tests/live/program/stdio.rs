//! Output of a program, its exit, and its limits.

use std::time::Duration;

use host_guest::{ErrorKind, GuestError, GuestOptions, Limits};
use serde_json::json;
use test_support::probe::{HELLO, hello, hex, number, probe, with_memory};
use test_support::with_placeholders;

use crate::program::driver::{Driver, load_bytes};

const READ: &str = "(drop (call $read (i32.const 100)))";

fn begin(body: &str) -> Driver {
    let mut driver = Driver::probe(&probe(body));
    driver.text("{}");
    driver
}

/// The error of a program that runs `body` on its first message.
fn failure(body: &str) -> GuestError {
    let mut driver = Driver::probe(&probe(body));
    let failure = driver.try_text("{}").expect_err("it fails");
    assert_eq!(driver.done(), [""; 0], "nothing of a failed step happens");
    *failure
}

#[test]
fn whole_lines_are_sent_and_partial_ones_kept() {
    let (half, rest) = (20, HELLO.len() + 1 - 20);
    let mut driver = begin(&format!(
        "{READ} (call $say (i32.const 3100) (i32.const {half}))
         {READ} (call $say (i32.const {}) (i32.const {rest})) {hello}
         (call $say (i32.const 3100) (i32.const 5))
         {READ} {READ}",
        3100 + half,
        hello = hello(),
    ));
    let note = "log stdout ends with 20 bytes without a newline: they are sent when their line is complete";
    assert_eq!(driver.done(), [note]);
    driver.text("{}");
    let sent = r#"-> c1 {"type":"hello"}"#;
    assert_eq!(driver.done(), [&note.replace("20", "5"), sent, sent]);
    driver.text("{}");
    assert_eq!(driver.done(), [""; 0], "said once");
}

#[test]
fn the_newline_may_come_in_a_write_of_its_own() {
    let mut driver = begin(&format!(
        "{READ} (call $say (i32.const 3100) (i32.const {}))
         (call $say (i32.const {}) (i32.const 1)) {READ}",
        HELLO.len(),
        3100 + HELLO.len(),
    ));
    assert_eq!(driver.done(), [r#"-> c1 {"type":"hello"}"#]);
}

#[test]
fn the_environment_says_where_home_is_and_nothing_else() {
    let mut driver = begin(&format!(
        "{READ} (drop (call $environ_sizes (i32.const 1024) (i32.const 1028)))
         (call $number (i32.load (i32.const 1024))) (call $number (i32.load (i32.const 1028)))
         (drop (call $environ (i32.const 1024) (i32.const 2048)))
         (call $number (i32.load (i32.const 1024))) (call $show (i32.const 2048) (i32.const 7)) {READ}",
    ));
    let shown = [number(1), number(7), number(2048), hex(b"HOME=/\0")];
    assert_eq!(driver.done(), shown.map(|it| format!("log {it}")));
}

#[test]
fn a_program_that_ends_has_failed_with_its_code() {
    let exits = failure("(call $exit (i32.const 7))");
    assert_eq!(exits.kind, ErrorKind::Exit(7));
    let returns = failure(&format!(
        "{READ} {} (call $say (i32.const 3100) (i32.const 9))",
        hello()
    ));
    assert_eq!(
        with_placeholders(&returns.to_string()),
        "the guest failed in _start: it exited with code 0; a node runs until it is stopped\n  \
         event: message {}\n  \
         stdout without a newline at its end: {\"src\":\"n\n  \
         [NOTHING DONE]"
    );
}

#[test]
fn a_line_that_is_not_a_message_fails_the_step() {
    let mut driver = begin(&format!(
        "{READ} {hello} {READ} {hello} (call $say (i32.const 3100) (i32.const 9))
         (call $say (i32.const {}) (i32.const 1)) {READ}",
        3100 + HELLO.len(),
        hello = hello(),
    ));
    assert_eq!(driver.done(), [r#"-> c1 {"type":"hello"}"#]);
    let failure = driver.try_text("{}").expect_err("it fails");
    let reason = "EOF while parsing a string at line 1 column 9".to_owned();
    let text = "{\"src\":\"n".to_owned();
    assert_eq!(
        failure.kind,
        ErrorKind::BadLine {
            number: 3,
            reason,
            text
        }
    );
    assert_eq!(driver.done(), [""; 0], "nothing of a failed step happens");
}

#[test]
fn a_program_that_never_waits_runs_out_of_fuel() {
    // A busy machine may be slow: it is the fuel that ends the step, not the time.
    let limits = Limits {
        wall: Duration::from_secs(600),
        ..Limits::default()
    };
    let module = load_bytes(&probe("(loop $again (br $again))"), &limits).expect("it loads");
    let options = GuestOptions {
        limits,
        ..GuestOptions::default()
    };
    let mut driver = Driver::start(&module, options);
    let failure = driver.try_text("{}").expect_err("it fails");
    let limit = limits.fuel;
    assert_eq!(failure.kind, ErrorKind::Fuel { limit });
    assert_eq!(failure.entry, "_start");
}

#[test]
fn each_step_has_the_whole_budget() {
    let loops = "(local.set 0 (i32.const 0))
        (loop $again
          (local.set 0 (i32.add (local.get 0) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get 0) (i32.const 1000))))";
    let body = format!("(local i32) (loop $for_ever {READ} {loops} (br $for_ever))");
    let limits = Limits {
        fuel: 60_000,
        ..Limits::default()
    };
    let module = load_bytes(&probe(&body), &limits).expect("it loads");
    let mut driver = Driver::start(
        &module,
        GuestOptions {
            limits,
            ..GuestOptions::default()
        },
    );
    let mut used = Vec::new();
    for _ in 0..10 {
        let before = driver.guest.fuel_used();
        driver.text("{}");
        used.push(driver.guest.fuel_used() - before);
    }
    assert!(
        used.iter().all(|used| (25_000..50_000).contains(used)),
        "{used:?}"
    );
    assert!(used[1..].iter().all(|step| *step == used[1]), "{used:?}");
}

#[test]
fn a_trap_says_where_and_what_stderr_said() {
    let failure = failure("(call $number (i32.const 5)) unreachable");
    let reason = "wasm `unreachable` instruction executed";
    assert_eq!(failure.kind, ErrorKind::Trap(reason.to_owned()));
    assert_eq!(failure.stderr, format!("{}\n", number(5)));
    assert_eq!(failure.backtrace, ["_start"]);
}

#[test]
fn memory_is_bounded() {
    let failure = failure("(drop (memory.grow (i32.const 4000))) unreachable");
    let limit = Limits::default().memory_bytes;
    assert_eq!(
        failure.kind,
        ErrorKind::Memory {
            wanted: 4001 << 16,
            limit
        }
    );
}

#[test]
fn stdout_is_bounded() {
    let body = "(loop $again (call $say (i32.const 0) (i32.const 65536)) (br $again))";
    let limit = Limits::default().output_bytes;
    let bytes = u32::try_from(limit).expect("it is small") + (1 << 16);
    assert_eq!(failure(body).kind, ErrorKind::Output { bytes, limit });
}

#[test]
fn too_much_log_is_cut_off_because_libraries_log_every_message() {
    let lines = 300;
    let body = format!(
        "(local i32) (i32.store8 (i32.const 1023) (i32.const 10)) {READ}
         (loop $again
           (call $write (i32.const 2) (i32.const 0) (i32.const 1024))
           (local.set 0 (i32.add (local.get 0) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get 0) (i32.const {lines}))))
         {} {READ}",
        hello()
    );
    let mut driver = Driver::probe(&with_memory(1, &body));
    driver.text("{}");
    let done = driver.done();
    assert_eq!(done.len(), 256 + 2);
    let dropped = (lines - 256) * 1024;
    assert_eq!(
        done[256..],
        [
            format!(
                "log {dropped} more bytes of stderr in this step are not shown (--max-log-bytes)"
            ),
            r#"-> c1 {"type":"hello"}"#.to_owned(),
        ]
    );
}

#[test]
fn a_program_that_stops_reading_fails_before_it_fills_the_memory() {
    let mut driver = begin(
        "(call $on_clock (i32.const 0) (i64.const 1) (i64.const -1) (i32.const 0))
         (call $wait (i32.const 1))",
    );
    let text = json!({"filler": "x".repeat(1 << 20)}).to_string();
    let failures: Vec<GuestError> = (0..16)
        .filter_map(|_| Some(*driver.try_text(&text).err()?))
        .collect();
    let [failure] = &failures[..] else {
        panic!("{failures:?}");
    };
    assert_eq!(failure.kind, ErrorKind::Unread { limit: 16 << 20 });
}

#[test]
fn a_clock_that_is_waited_for_moves_and_never_goes_back() {
    let begin = "(drop (call $clock (i32.const 1) (i64.const 0) (i32.const 100)))";
    let until = "(loop $again
        (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 108)))
        (br_if $again (i64.lt_u (i64.sub (i64.load (i32.const 108)) (i64.load (i32.const 100)))
          (i64.const 20000000))))";
    let show = "(call $show (i32.const 108) (i32.const 8))";
    let clock = "(drop (call $clock (i32.const 1) (i64.const 0) (i32.const 108)))";
    let yields = "(drop (call $yield)) (drop (call $yield))";
    let body = format!(
        "{READ} {begin} {until} {show} {READ} {clock} {show} {yields} {clock} {show} {READ}"
    );
    let mut driver = Driver::probe(&probe(&body));
    driver.now_ns = 5_000_000;
    driver.text("{}");
    let shows = |time_ns: u64| test_support::probe::hex(&time_ns.to_le_bytes());
    assert_eq!(driver.logged(), [shows(25_000_000)]);
    driver.now_ns = 6_000_000;
    driver.text("{}");
    assert_eq!(driver.logged(), [shows(25_000_000), shows(25_002_000)]);
}

#[test]
fn a_program_has_no_state_to_hand_out() {
    let mut driver = begin(&format!("{READ} {READ} {READ}"));
    assert!(!driver.guest.keeps_state());
    assert_eq!(driver.guest.snapshot(), Ok(None));
    let refused = driver.guest.restore(b"").expect_err("it cannot");
    assert_eq!(
        refused.kind,
        ErrorKind::Denied("a program cannot take over a state".into())
    );
    driver.text("{}");
}
