//! Programs with threads, call by call.

use host_guest::{GuestOptions, Limits};
use test_support::wat::assemble;

use crate::program::driver::{Driver, load_bytes};

/// A program with threads. `_start` is `main`; a thread that was started with `$argument` does
/// `thread`. They can use:
///
/// - `$spawn(argument)`: the number of a new thread, or minus the error code;
/// - `$say(number)` writes a decimal number to stderr;
/// - `$read()` reads a line, `$sleep(ns)`, `$yield()`, `$clock(0, 0, at)`;
/// - `$wait(at, expected, timeout_ns)`, `$notify(at, count)`.
fn text(pages: &str, main: &str, thread: &str) -> String {
    format!(
        r#"(module
  (import "env" "memory" (memory {pages} shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func $sync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
  (export "memory" (memory 0))
  (func $yield (drop (call $sched_yield)))
  (func $say (param $number i32)
    (local $at i32)
    (local.set $at (i32.const 311))
    (i32.store8 (i32.const 311) (i32.const 10))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at)
        (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
      (br_if $digit (local.get $number)))
    (i32.store (i32.const 320) (local.get $at))
    (i32.store (i32.const 324) (i32.sub (i32.const 312) (local.get $at)))
    (drop (call $fd_write (i32.const 2) (i32.const 320) (i32.const 1) (i32.const 328))))
  (func $read
    (i32.store (i32.const 340) (i32.const 400))
    (i32.store (i32.const 344) (i32.const 64))
    (drop (call $fd_read (i32.const 0) (i32.const 340) (i32.const 1) (i32.const 348))))
  ;; The subscription of a thread that sleeps is on a place of its own.
  (func $sleep (param $at i32) (param $ns i64)
    (i32.store8 offset=8 (local.get $at) (i32.const 0))
    (i32.store offset=16 (local.get $at) (i32.const 1))
    (i64.store offset=24 (local.get $at) (local.get $ns))
    (drop (call $poll (local.get $at) (i32.add (local.get $at) (i32.const 64)) (i32.const 1)
      (i32.add (local.get $at) (i32.const 100)))))
  (func $wait (param $at i32) (param $expected i32) (param $timeout i64) (result i32)
    (memory.atomic.wait32 (local.get $at) (local.get $expected) (local.get $timeout)))
  (func $notify (param $at i32) (param $count i32) (result i32)
    (memory.atomic.notify (local.get $at) (local.get $count)))
  (func $for_ever (loop $again (call $read) (br $again)))
  (func $main (local $i i32) {main})
  (func $start (export "_start") (call $main))
  (func $thread (param $tid i32) (param $argument i32) {thread})
  (func $begin (export "wasi_thread_start") (param i32 i32)
    (call $thread (local.get 0) (local.get 1))))"#
    )
}

fn start(pages: &str, main: &str, thread: &str, limits: Limits, seed: u64) -> Driver {
    let module = load_bytes(&assemble(&text(pages, main, thread)), &limits).unwrap();
    let options = GuestOptions {
        limits,
        seed,
        ..GuestOptions::default()
    };
    Driver::start(&module, options)
}

/// Runs a program up to its first wait.
fn begin(main: &str, thread: &str) -> Driver {
    let mut driver = start("1 4", main, thread, Limits::default(), 1);
    driver.now_ns = 1_000_000;
    driver.text("{}");
    driver
}

/// The error of a program in its first step.
fn fail(main: &str, thread: &str) -> String {
    let mut driver = start("1 4", main, thread, Limits::default(), 1);
    driver.try_text("{}").unwrap_err().to_string()
}

const SPAWN_THREE: &str = "(drop (call $spawn (i32.const 1))) (drop (call $spawn (i32.const 2)))
     (drop (call $spawn (i32.const 3)))";

#[test]
fn a_thread_runs_until_it_waits_and_the_seed_decides_who_is_next() {
    let order = |seed| {
        let main = format!("{SPAWN_THREE} (call $say (i32.const 9)) (call $for_ever)");
        let thread = "(call $say (local.get $argument)) (call $say (local.get $argument))";
        let mut driver = start("1 4", &main, thread, Limits::default(), seed);
        driver.text("{}");
        driver.logged().concat()
    };
    let mut seen: Vec<String> = (0..60).map(order).collect();
    assert_eq!(
        seen,
        (0..60).map(order).collect::<Vec<_>>(),
        "again the same"
    );
    seen.sort();
    seen.dedup();
    let all = [
        "9112233", "9113322", "9221133", "9223311", "9331122", "9332211",
    ];
    assert_eq!(seen, all);
}

#[test]
fn those_that_yield_come_after_those_that_can_go_on() {
    let mut driver = begin(
        "(drop (call $spawn (i32.const 1)))
         (call $yield) (call $say (i32.const 9)) (call $yield) (call $say (i32.const 9))
         (call $for_ever)",
        "(call $say (i32.const 1)) (call $sleep (i32.const 1024) (i64.const 0))
         (call $say (i32.const 2))",
    );
    assert_eq!(driver.logged(), ["1", "2", "9", "9"]);
}

#[test]
fn a_read_stops_its_thread_and_no_other() {
    let mut driver = begin(
        "(drop (call $spawn (i32.const 1))) (call $read) (call $read) (call $say (i32.const 9))
         (call $for_ever)",
        "(loop $again (call $sleep (i32.const 1024) (i64.const 5000000)) (call $say (i32.const 1))
           (br $again))",
    );
    assert_eq!(driver.done(), ["timer in 5000000"]);
    driver.fire();
    assert_eq!(driver.done(), ["log 1", "timer in 5000000"]);
    driver.now_ns += 1_000_000;
    driver.text("{}");
    assert_eq!(driver.done(), ["log 9"]);
    driver.fire();
    assert_eq!(driver.done(), ["log 1", "timer in 5000000"]);
    assert_eq!(driver.now_ns, 11_000_000);
}

#[test]
fn a_wait_ends_when_it_is_notified_when_its_time_is_over_or_at_once() {
    // The thread waits at 1024, where 7 is, for 1 ms.
    let main = "(i32.store (i32.const 1024) (i32.const 7)) (drop (call $spawn (i32.const 0)))
         (call $yield) (call $yield)
         (call $say (call $notify (i32.const 1028) (i32.const 1)))
         (call $say (call $notify (i32.const 1024) (i32.const 5)))
         (call $say (call $notify (i32.const 1024) (i32.const 5)))
         (call $for_ever)";
    let thread = "(call $say (call $wait (i32.const 1024) (i32.const 8) (i64.const -1)))
         (call $say (call $wait (i32.const 1024) (i32.const 7) (i64.const 1000000)))
         (call $say (call $wait (i32.const 1024) (i32.const 7) (i64.const 1000000)))
         (call $say (memory.atomic.wait64 offset=8 (i32.const 1016) (i64.const 7) (i64.const 0)))
         (call $say (memory.atomic.wait64 (i32.const 1024) (i64.const 1) (i64.const -1)))";
    let mut driver = begin(main, thread);
    // Main yields to nobody once, which takes a microsecond. Not equal; nobody there; one woken; nobody left; woken; and then it waits again.
    let done = [
        "log 1",
        "log 0",
        "log 1",
        "log 0",
        "log 0",
        "timer in 1001000",
    ];
    assert_eq!(driver.done(), done);
    driver.fire();
    // Its time is over, twice; not equal.
    assert_eq!(driver.done(), ["log 2", "log 2", "log 1"]);
}

#[test]
fn who_has_waited_longest_is_woken_first() {
    let mut driver = begin(
        &format!(
            "{SPAWN_THREE} (call $yield) (call $yield) (call $yield) (call $yield)
             (call $say (i32.const 8))
             (call $say (call $notify (i32.const 1024) (i32.const 2)))
             (call $yield) (call $yield) (call $say (i32.const 9))
             (call $say (call $notify (i32.const 1024) (i32.const -1))) (call $for_ever)"
        ),
        "(call $say (local.get $argument))
         (drop (call $wait (i32.const 1024) (i32.const 0) (i64.const -1)))
         (call $say (local.get $argument))",
    );
    let logged = driver.logged().concat();
    let (began, ended) = logged.split_at(logged.find('8').expect("it says so"));
    let (first, last) = ended.split_at(ended.find('9').expect("it says so"));
    let mut two: Vec<char> = first[2..].chars().collect();
    let mut longest: Vec<char> = began[..2].chars().collect();
    two.sort_unstable();
    longest.sort_unstable();
    assert_eq!((two, &first[..2]), (longest, "82"), "{logged}");
    assert_eq!(last, format!("91{}", &began[2..]), "{logged}");
}

#[test]
fn threads_that_wait_for_one_another_are_told_with_their_stacks() {
    let error = fail(
        "(drop (call $spawn (i32.const 1)))
         (drop (call $wait (i32.const 1024) (i32.const 0) (i64.const -1)))",
        "(drop (call $wait (i32.const 1028) (i32.const 0) (i64.const -1)))",
    );
    assert_eq!(
        error,
        "the guest failed in _start: deadlock: its 2 threads wait to be notified, and none is left to do it\n  \
         main thread: wait < main < start\n  \
         thread: wait < thread < begin\n  \
         event: message {}\n  \
         nothing that this step asked for was done"
    );
}

#[test]
fn a_thread_that_fails_ends_the_program() {
    let error = fail(
        "(drop (call $spawn (i32.const 1))) (call $for_ever)",
        "(call $say (i32.const 5)) (unreachable)",
    );
    assert_eq!(
        error,
        "the guest failed in wasi_thread_start: trap: wasm `unreachable` instruction executed\n  \
         in: thread < begin\n  \
         event: message {}\n  \
         stderr: 5\n  \
         nothing that this step asked for was done"
    );
}

/// The thread that is waited for runs, although the first never waits. It would spin until its fuel is used up.
#[test]
fn a_thread_that_reads_the_clock_in_a_loop_lets_others_run() {
    let mut driver = begin(
        "(drop (call $spawn (i32.const 1)))
         (loop $again
           (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 1040)))
           (br_if $again (i32.eqz (i32.atomic.load (i32.const 1024)))))
         (call $say (i32.const 9)) (call $for_ever)",
        "(call $sleep (i32.const 1060) (i64.const 5000000)) (call $say (i32.const 1))
         (i32.atomic.store (i32.const 1024) (i32.const 1)) (call $for_ever)",
    );
    // It finds nobody who can run, so it sleeps a little between the readings, longer each time.
    let mut logged = driver.logged().concat();
    while !logged.ends_with('9') {
        driver.fire();
        logged += &driver.logged().concat();
    }
    let told = "it yields or reads the clock in a loop and does nothing else, so it sleeps between the calls until \
                something arrives";
    assert_eq!(logged, format!("{told}19"));
    assert!(
        (6_000_000..20_000_000).contains(&driver.now_ns),
        "{}",
        driver.now_ns
    );
}

#[test]
fn a_program_ends_with_its_main_thread() {
    let error = fail(
        "(drop (call $spawn (i32.const 1))) (call $yield)",
        "(loop $again (call $sleep (i32.const 1024) (i64.const 5)) (br $again))",
    );
    assert!(error.contains("it exited with code 0"), "{error}");
}

#[test]
fn a_program_that_has_ended_stays_so() {
    let mut driver = start("1 4", "", "", Limits::default(), 1);
    for _ in 0..3 {
        let error = driver.try_text("{}").unwrap_err().to_string();
        assert!(error.contains("it exited with code 0"), "{error}");
    }
}

#[test]
fn there_are_so_many_threads_at_a_time() {
    let spawn_until_refused = "(loop $more
           (local.set $i (call $spawn (i32.const 0)))
           (br_if $more (i32.gt_s (local.get $i) (i32.const 0))))
         (call $say (i32.sub (i32.const 0) (local.get $i)))";
    let mut driver = begin(
        &format!(
            "{spawn_until_refused} (call $yield) (call $say (i32.const 1)) {spawn_until_refused}
             (call $say (call $notify (i32.const 1024) (i32.const -1))) (call $for_ever)"
        ),
        "(if (i32.and (local.get $tid) (i32.const 1)) (then
           (drop (call $wait (i32.const 1024) (i32.const 0) (i64.const -1)))))",
    );
    // EAGAIN; the 127 that do not wait have ended; EAGAIN; the other 128 are woken.
    assert_eq!(driver.logged(), ["6", "1", "6", "128"]);
}

#[test]
fn threads_that_have_ended_leave_nothing_behind() {
    // More than there may be at a time, and more tables than there may be if they stayed.
    let limits = Limits {
        table_elements: 100,
        fuel: 10_000_000_000,
        ..Limits::default()
    };
    let main = "(loop $more
           (if (i32.lt_s (call $spawn (i32.const 0)) (i32.const 0)) (then unreachable))
           (call $yield)
           (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
             (i32.const 2000))))
         (call $say (i32.load (i32.const 1024))) (call $for_ever)";
    let count = "(drop (i32.atomic.rmw.add (i32.const 1024) (i32.const 1)))";
    let text = text("1 4", main, count).replacen("(export", "(table 10 funcref) (export", 1);
    let module = load_bytes(&assemble(&text), &limits).unwrap();
    let options = GuestOptions {
        limits,
        ..GuestOptions::default()
    };
    let mut driver = Driver::start(&module, options);
    driver.text("{}");
    assert_eq!(driver.logged(), ["2000"]);
    assert!(driver.guest.memory_bytes() < 1 << 20);
}

#[test]
fn a_step_has_its_fuel_for_all_threads_together() {
    let limits = Limits {
        fuel: 20_000_000,
        ..Limits::default()
    };
    let work = "(loop $more
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $more (i32.lt_u (local.get $i) (i32.const 200000))))";
    let thread = work.replace("$i", "$tid");
    let mut one = start("1 4", &format!("{work} (call $for_ever)"), "", limits, 1);
    one.text("{}");
    let used = one.guest.fuel_used();
    assert!((2_000_000..10_000_000).contains(&used), "{used}");
    let mut three = start(
        "1 4",
        &format!("{SPAWN_THREE} {work} (call $for_ever)"),
        &thread,
        limits,
        1,
    );
    three.text("{}");
    let all = three.guest.fuel_used();
    assert!(all > 4 * used, "{all}");
    let many = "(drop (call $spawn (i32.const 1)))".repeat(8);
    let mut many = start(
        "1 4",
        &format!("{many} {work} (call $for_ever)"),
        &thread,
        limits,
        1,
    );
    let error = many.try_text("{}").unwrap_err().to_string();
    assert!(
        error.contains("out of fuel: a step may use 20000000 units"),
        "{error}"
    );
}

#[test]
fn memory_grows_for_all_threads_up_to_the_limit_or_the_modules_own() {
    let main = "(drop (call $spawn (i32.const 0))) (call $yield)
         (call $say (memory.size))
         (call $say (i32.add (memory.grow (i32.const 100)) (i32.const 1)))
         (call $say (i32.load (i32.const 100000))) (call $for_ever)";
    let thread =
        "(call $say (memory.grow (i32.const 2))) (i32.store (i32.const 100000) (i32.const 5))";
    let mut driver = begin(main, thread);
    assert_eq!(driver.logged(), ["1", "3", "0", "5"]);
    assert!(driver.guest.memory_bytes() >= 3 << 16);
    // Four pages are the module's own limit, and two are the host's.
    let limits = Limits {
        memory_bytes: 2 << 16,
        ..Limits::default()
    };
    let grow = "(call $say (memory.grow (i32.const 1)))
         (call $say (i32.add (memory.grow (i32.const 1)) (i32.const 1))) (unreachable)";
    let mut driver = start("1 4", grow, "", limits, 1);
    let error = driver.try_text("{}").unwrap_err().to_string();
    assert_eq!(
        error,
        "the guest failed in _start: out of memory: it asked for 196608 bytes and may have 131072 (--max-memory-mib)\n  \
         in: main < start\n  \
         event: message {}\n  \
         stderr: 1\n  \
         stderr: 0\n  \
         nothing that this step asked for was done"
    );
}

#[test]
fn addresses_are_checked_as_the_instruction_would() {
    for (call, trap) in [
        (
            "(call $wait (i32.const 1026) (i32.const 0) (i64.const 0))",
            "unaligned atomic",
        ),
        (
            "(call $wait (i32.const 65536) (i32.const 0) (i64.const 0))",
            "out of bounds memory access",
        ),
        (
            "(call $wait (i32.const -4) (i32.const 0) (i64.const 0))",
            "out of bounds memory access",
        ),
        (
            "(call $notify (i32.const 65536) (i32.const 0))",
            "out of bounds memory access",
        ),
        (
            "(memory.atomic.notify offset=4 (i32.const -4) (i32.const 0))",
            "out of bounds memory access",
        ),
        (
            "(memory.atomic.wait64 (i32.const 4) (i64.const 0) (i64.const 0))",
            "unaligned atomic",
        ),
    ] {
        let error = fail(&format!("(drop {call})"), "");
        assert!(error.contains(trap), "{call}: {error}");
    }
}

#[test]
fn a_sync_stops_all_threads_until_the_disk_has_answered() {
    let main = "(drop (call $spawn (i32.const 1)))
         (i32.store8 (i32.const 2000) (i32.const 97))
         (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 2000) (i32.const 1)
           (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 2004)))
         (call $say (call $sync (i32.load (i32.const 2004)))) (call $for_ever)";
    let mut driver = begin(main, "(call $say (i32.const 1)) (call $for_ever)");
    assert_eq!(driver.done(), ["sync File(1)"]);
    driver.text("{}");
    assert_eq!(driver.done(), [""; 0]);
    assert!(driver.answer_sync());
    let mut done = driver.done();
    done.sort();
    assert_eq!(done, ["log 0", "log 1"]);
}

#[test]
fn each_thread_gets_the_answer_of_its_own_sync() {
    // Both make a file and sync it; the disk fails the first and not the second.
    let make_and_sync = |name: u8, at: u32| {
        format!(
            "(i32.store8 (i32.const {at}) (i32.const {name}))
             (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const {at}) (i32.const 1)
               (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const {})))
             (call $say (call $sync (i32.load (i32.const {}))))",
            at + 4,
            at + 4
        )
    };
    for seed in 0..8 {
        let main = format!(
            "(drop (call $spawn (i32.const 1))) {} (call $for_ever)",
            make_and_sync(b'a', 2000)
        );
        let thread = format!("{} (call $for_ever)", make_and_sync(b'b', 3000));
        let mut driver = start("1 4", &main, &thread, Limits::default(), seed);
        driver.text("{}");
        assert_eq!(driver.done(), ["sync File(1)"]);
        driver.fail_sync();
        // EIO is 29. The second may begin before the first has its answer.
        while driver.answer_sync() {}
        let mut done = driver.done();
        done.sort();
        assert_eq!(done, ["log 0", "log 29", "sync File(2)"], "seed {seed}");
    }
}

const NOTE: &str = "log it yields or reads the clock in a loop and does nothing else, so it sleeps between the \
     calls until something arrives";

#[test]
fn a_program_that_only_yields_sleeps_longer_each_time_until_something_arrives() {
    let mut driver = begin("(loop $again (call $yield) (br $again))", "");
    assert_eq!(driver.done(), [NOTE, "timer in 1101000"]);
    for sleep_ms in [2, 4, 8, 16, 32, 64, 100, 100] {
        driver.fire();
        // Twenty more yields of a microsecond, and the one that sleeps.
        assert_eq!(
            driver.done(),
            [format!("timer in {}", sleep_ms * 1_000_000 + 21_000)]
        );
    }
    driver.now_ns += 1;
    driver.text("{}");
    assert_eq!(driver.done(), ["timer in 100041999"], "it looked around");
}

#[test]
fn a_program_that_yields_until_a_time_sleeps_less() {
    let mut driver = begin(
        "(loop $again (call $yield) (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 1024)))
           (br_if $again (i64.lt_u (i64.load (i32.const 1024)) (i64.const 51000000))))
         (call $say (i32.const 1)) (call $for_ever)",
        "",
    );
    let mut fired = 0;
    while driver.timers.next_deadline().is_some() {
        driver.fire();
        fired += 1;
    }
    assert_eq!(driver.logged().last().map(String::as_str), Some("1"));
    assert!(
        driver.now_ns < 61_000_000 && fired < 12,
        "{} {fired}",
        driver.now_ns
    );
}

#[test]
fn a_program_that_computes_between_yields_does_not_sleep() {
    let mut driver = begin(
        "(loop $again (call $yield) (call $work)
           (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
             (i32.const 500))))
         (call $say (i32.const 1)) (call $for_ever)"
            .replace("(call $work)", "(local.set $i (i32.add (local.get $i) (i32.const 0)))
               (i32.store (i32.const 1024) (i32.const 9000))
               (loop $work (i32.store (i32.const 1024) (i32.sub (i32.load (i32.const 1024)) (i32.const 1)))
                 (br_if $work (i32.load (i32.const 1024))))")
            .as_str(),
        "",
    );
    assert_eq!(driver.done(), ["log 1"]);
}
