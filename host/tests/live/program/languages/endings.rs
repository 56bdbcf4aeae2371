//! How programs in Go and C end, and what of it is told: `go-fails` and `c-fails` of
//! `host/tests/programs` answer `init` and fail with the next message as their argument says.

use host_guest::{ErrorKind, GuestError, GuestOptions, Limits};
use test_support::program;

use crate::program::driver::{Driver, load};

/// How a program ends with the `messages`th message after `init`.
fn end(name: &str, arg: &str, limits: Limits, messages: usize) -> GuestError {
    let options = GuestOptions {
        args: vec![arg.to_owned()],
        limits,
        ..GuestOptions::default()
    };
    let mut driver = Driver::start(&load(&program(name), &limits), options);
    driver.now_ns = 1_767_225_600_000_000_000; // `date -u -d 2026-01-01 +%s`
    driver.init(&["n1"]);
    for _ in 1..messages {
        driver.text("{}");
    }
    let mut ended = driver.try_text("{}");
    while ended.is_ok() {
        ended = driver.try_fire(); // Go's runtime sleeps before it exits
    }
    *ended.expect_err("it fails")
}

fn end_of_go(arg: &str) -> GuestError {
    end("go-fails", arg, Limits::default(), 1)
}

fn end_of_c(arg: &str, messages: usize) -> GuestError {
    end("c-fails", arg, Limits::default(), messages)
}

/// The first line of an error, and its hint.
fn headline(error: &GuestError) -> (String, &str) {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let begin = "the guest failed in _start: ";
    let told = first.strip_prefix(begin).expect(first);
    (told.to_owned(), &error.hint)
}

/// 1 GiB is asked for at once, beside what there is.
const REFUSED: &str = "out of memory: it asked for 1073938432 bytes and may have 134217728 \
                       (--max-memory-mib)";

#[test]
fn a_go_program_that_is_refused_memory_is_out_of_memory() {
    let error = end_of_go("memory");
    let ErrorKind::Memory { wanted, limit } = error.kind else {
        panic!("{error}");
    };
    assert_eq!(limit, 128 << 20);
    assert_eq!(
        headline(&error),
        (
            format!(
                "out of memory: it asked for {wanted} bytes and may have 134217728 \
                 (--max-memory-mib): fatal error: out of memory"
            ),
            "then it exited with code 2"
        )
    );
}

#[test]
fn a_c_program_that_is_refused_memory_and_gives_up_is_out_of_memory() {
    let exits = end_of_c("exit", 1);
    assert_eq!(
        headline(&exits),
        (REFUSED.to_owned(), "then it exited with code 1")
    );
    assert_eq!(exits.stderr, "malloc: Out of memory\n");
    assert_eq!(headline(&end_of_c("abort", 1)), (REFUSED.to_owned(), ""));
}

/// Code 0 says that all is well; that memory was refused is told all the same.
#[test]
fn a_c_program_that_is_refused_memory_and_returns_has_exited() {
    let told = "it exited with code 0; a node runs until it is stopped".to_owned();
    let hint = format!("it was refused in this step what it asked for: {REFUSED}");
    assert_eq!(headline(&end_of_c("return", 1)), (told, &*hint));
}

#[test]
fn what_was_refused_in_an_earlier_step_does_not_explain_an_end() {
    let told = "it exited with code 3; a node runs until it is stopped".to_owned();
    assert_eq!(headline(&end_of_c("go on", 2)), (told, ""));
}

#[test]
fn the_reason_of_go_is_the_headline_and_all_stacks_are_cut_in_the_middle() {
    let error = end_of_go("panic");
    let told = "it exited with code 2: panic: assignment to entry in nil map".to_owned();
    assert_eq!(headline(&error), (told, ""));
    let (begin, end) = error.stderr.split_once("\n… ").expect(&error.stderr);
    assert!(
        begin.starts_with("panic: assignment to entry in nil map\n\ngoroutine 1 ["),
        "{begin}"
    );
    let (left_out, end) = end.split_once(" bytes left out …\n").expect(end);
    assert!(left_out.parse::<usize>().unwrap() > 10_000, "{left_out}");
    assert_eq!((begin.chars().count(), end.chars().count()), (1000, 1000));
    assert!(
        end.ends_with("\n\t/main.go:33 +0xa\n") || end.contains("/main.go:"),
        "{end}"
    );
}

#[test]
fn a_goroutine_that_waits_in_a_loop_is_told_that_no_other_runs() {
    let limits = Limits {
        fuel: 100_000_000,
        ..Limits::default()
    };
    let told = "out of fuel: a step may use 100000000 units (--max-fuel); does it loop for ever?";
    let hint = "compiled to WebAssembly, Go runs no other goroutine until this one blocks: a loop that \
                waits for one has to call time.Sleep or runtime.Gosched";
    let error = end("go-fails", "wait", limits, 1);
    assert_eq!(headline(&error), (told.to_owned(), hint));
}

/// All stacks are more than the log may have, and the end is kept too.
#[test]
fn a_log_that_is_cut_off_keeps_its_end_for_the_error() {
    let whole = end_of_go("panic");
    let limits = Limits {
        log_bytes: 2000,
        ..Limits::default()
    };
    assert_eq!(end("go-fails", "panic", limits, 1), whole);
}

#[test]
fn last_words_are_the_headline() {
    let told = "it exited with code 1: 2026/01/01 00:00:00 the queue is lost";
    let error = end_of_go("exit");
    assert_eq!(headline(&error).0, told);
}
