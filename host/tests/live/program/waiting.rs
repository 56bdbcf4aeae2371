//! `poll_oneoff` and `fd_read`, call by call.

use test_support::probe::{event, hex, number, probe};

use crate::program::driver::Driver;

const CLOCK: u8 = 0;
const READ: u8 = 1;
const WRITE: u8 = 2;

const BADF: u16 = 8;
const INVAL: u16 = 28;

/// Runs `body` up to its first wait.
fn begin(body: &str) -> Driver {
    let mut driver = Driver::probe(&probe(body));
    driver.now_ns = 1_000_000;
    driver.text("{}");
    driver
}

#[test]
fn a_relative_time_counts_from_the_call_and_is_not_written_back() {
    let mut driver = begin(
        "(call $on_clock (i32.const 0) (i64.const 7) (i64.const 5000000) (i32.const 0))
         (call $wait (i32.const 1)) (call $show (i32.const 24) (i32.const 8))
         (call $wait (i32.const 1)) (call $wait (i32.const 1))",
    );
    assert_eq!(driver.done(), ["timer in 5000000"]);
    driver.now_ns += 4_999_999;
    driver.text("{}");
    assert_eq!(
        driver.done(),
        [""; 0],
        "not yet, and the timer stays as it is"
    );
    driver.fire();
    let clock = format!("log {}", event(7, 0, CLOCK, 0));
    let unchanged = format!("log {}", hex(&5_000_000_u64.to_le_bytes()));
    assert_eq!(driver.done(), [&clock, &unchanged, "timer in 5000000"]);
    driver.fire();
    assert_eq!(driver.done(), [&clock, "timer in 5000000"]);
    assert_eq!(driver.now_ns, 11_000_000);
}

#[test]
fn times_are_exact_and_past_ones_are_answered_at_once() {
    let mut driver = begin(
        "(call $on_clock (i32.const 0) (i64.const 1) (i64.const 0) (i32.const 0))
         (call $wait (i32.const 1))
         (call $on_clock (i32.const 0) (i64.const 2) (i64.const 1000000) (i32.const 1))
         (call $wait (i32.const 1))
         (call $on_clock (i32.const 0) (i64.const 3) (i64.const 1000001) (i32.const 1))
         (call $wait (i32.const 1))
         (call $on_clock (i32.const 0) (i64.const 4) (i64.const -1) (i32.const 0))
         (call $wait (i32.const 1))",
    );
    let past = [1, 2].map(|id| format!("log {}", event(id, 0, CLOCK, 0)));
    assert_eq!(driver.done(), [&past[0], &past[1], "timer in 1"]);
    driver.fire();
    let (clock, for_ever) = (event(3, 0, CLOCK, 0), u64::MAX - 1_000_001);
    assert_eq!(
        driver.done(),
        [format!("log {clock}"), format!("timer in {for_ever}")]
    );
}

#[test]
fn all_that_is_ready_is_reported_with_its_userdata() {
    let mut driver = begin(
        "(call $on_fd (i32.const 0) (i64.const 11) (i32.const 1) (i32.const 0))
         (call $on_clock (i32.const 48) (i64.const 12) (i64.const 0) (i32.const 0))
         (call $on_clock (i32.const 96) (i64.const 13) (i64.const 1) (i32.const 0))
         (call $on_fd (i32.const 144) (i64.const 14) (i32.const 2) (i32.const 1))
         (call $on_fd (i32.const 192) (i64.const 15) (i32.const 1) (i32.const 5))
         (call $wait (i32.const 5)) (drop (call $read (i32.const 100)))
         (call $wait (i32.const 1))",
    );
    let events = [
        event(11, 0, READ, 3),
        event(12, 0, CLOCK, 0),
        event(14, 0, WRITE, 64 << 10),
        event(15, BADF, READ, 0),
    ];
    assert_eq!(driver.done(), events.map(|event| format!("log {event}")));
}

#[test]
fn the_timer_follows_what_is_waited_for() {
    let mut driver = begin(
        "(drop (call $read (i32.const 100)))
         (call $on_clock (i32.const 0) (i64.const 1) (i64.const 50) (i32.const 0))
         (call $on_fd (i32.const 48) (i64.const 2) (i32.const 1) (i32.const 0))
         (call $wait (i32.const 2)) (drop (call $read (i32.const 100)))
         (call $on_clock (i32.const 0) (i64.const 1) (i64.const 70) (i32.const 0))
         (call $wait (i32.const 2)) (drop (call $read (i32.const 100)))
         (drop (call $read (i32.const 100)))",
    );
    assert_eq!(driver.done(), ["timer in 50"]);
    let input = format!("log {}", event(2, 0, READ, 3));
    driver.now_ns += 10;
    driver.text("{}");
    assert_eq!(driver.done(), [&input, "timer in 70"]);
    driver.text("{}");
    assert_eq!(driver.done(), [&input, "no timer"]);
}

#[test]
fn calls_that_make_no_sense_answer_with_error_codes() {
    let mut driver = begin(
        "(call $wait (i32.const 0)) (call $wait (i32.const 1025)) (call $wait (i32.const -1))
         (call $on_fd (i32.const 0) (i64.const 1) (i32.const 3) (i32.const 0))
         (call $wait (i32.const 1))
         (call $on_clock (i32.const 0) (i64.const 2) (i64.const 1) (i32.const 0))
         (i32.store (i32.const 16) (i32.const 4))
         (call $wait (i32.const 1))
         (call $number (call $poll (i32.const 65535) (i32.const 0) (i32.const 1) (i32.const 0)))
         (call $number (call $poll (i32.const 0) (i32.const 65530) (i32.const 1) (i32.const 0)))
         (call $number (call $poll (i32.const 0) (i32.const 0) (i32.const 1) (i32.const -2)))
         (call $number (call $fd_read (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
         (call $number (call $fd_read (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0)))
         (call $number (call $fd_read (i32.const 0) (i32.const 65535) (i32.const 1) (i32.const 0)))
         (drop (call $read (i32.const 100))) (drop (call $read (i32.const 100)))",
    );
    let (inval, fault, badf) = (number(28), number(21), number(8));
    let bad_clock = event(2, INVAL, CLOCK, 0);
    let answers = [
        &inval, &inval, &inval, &inval, &bad_clock, &fault, &fault, &fault, &badf, &inval, &fault,
    ];
    assert_eq!(driver.logged(), answers.map(String::as_str));
}

#[test]
fn reading_waits_for_input_and_takes_what_fits() {
    let mut driver = begin(
        "(call $number (call $read (i32.const 2))) (call $number (call $read (i32.const 0)))
         (call $number (call $read (i32.const 2))) (call $show (i32.const 4096) (i32.const 2))
         (call $number (call $read (i32.const 100))) (call $show (i32.const 4096) (i32.const 4))
         (call $number (call $read (i32.const 100)))",
    );
    let newline = hex(b"\n}");
    assert_eq!(driver.logged(), [number(2), number(0), number(1), newline]);
    driver.text("{ }");
    assert_eq!(driver.logged(), [number(4), hex(b"{ }\n")]);
}

#[test]
fn reading_does_not_wait_if_the_program_says_so() {
    let mut driver = begin(
        "(call $number (call $set_flags (i32.const 0) (i32.const 4)))
         (drop (call $fdstat (i32.const 0) (i32.const 200)))
         (call $show (i32.const 202) (i32.const 2))
         (call $number (call $read (i32.const 100))) (call $number (call $read (i32.const 100)))
         (drop (call $set_flags (i32.const 0) (i32.const 0)))
         (drop (call $fdstat (i32.const 0) (i32.const 200)))
         (call $show (i32.const 202) (i32.const 2))
         (call $number (call $read (i32.const 100))) (drop (call $read (i32.const 100)))",
    );
    let again = number(-6);
    let nonblocking = hex(&[4, 0]);
    assert_eq!(
        driver.logged(),
        [number(0), nonblocking, number(3), again, hex(&[0, 0])]
    );
    driver.text("{  }");
    assert_eq!(driver.logged(), [number(5)]);
}

#[test]
fn input_waits_for_a_program_that_sleeps() {
    let mut driver = begin(
        "(call $on_clock (i32.const 0) (i64.const 1) (i64.const 1000) (i32.const 0))
         (call $wait (i32.const 1))
         (call $number (call $read (i32.const 100))) (drop (call $read (i32.const 100)))",
    );
    driver.text("{ }");
    driver.text("{  }");
    assert_eq!(driver.done(), ["timer in 1000"]);
    driver.fire();
    assert_eq!(driver.logged(), [event(1, 0, CLOCK, 0), number(3 + 4 + 5)]);
}

#[test]
fn a_program_that_only_looks_for_input_sleeps_in_each_look_after_the_hundredth() {
    let mut driver = begin(
        "(drop (call $read (i32.const 100)))
         (call $on_fd (i32.const 0) (i64.const 1) (i32.const 1) (i32.const 0))
         (call $on_clock (i32.const 48) (i64.const 2) (i64.const 0) (i32.const 0))
         (loop $again
           (call $wait (i32.const 2))
           (if (i32.ne (i32.load8_u (i32.const 1024)) (i32.const 1)) (then (br $again))))
         (drop (call $read (i32.const 100)))
         (loop $again (call $wait (i32.const 2)) (br $again))",
    );
    let looks = |count| vec![format!("log {}", event(2, 0, CLOCK, 0)); count];
    let then = |mut lines: Vec<String>, last: &str| {
        lines.push(last.to_owned());
        lines
    };
    assert_eq!(driver.done(), then(looks(100), "timer in 1000000"));
    driver.fire();
    assert_eq!(driver.done(), then(looks(1), "timer in 1000000"));
    driver.now_ns += 500_000;
    driver.text("{}");
    let mut arrived = looks(0);
    arrived.push(format!("log {}", event(1, 0, READ, 3)));
    arrived.push(format!("log {}", event(2, 0, CLOCK, 0)));
    arrived.extend(looks(100));
    assert_eq!(driver.done(), then(arrived, "timer in 1000000"));
}
