//! Dropping a suspended program releases all its memory.

use host_guest::{Event, EventKind, GuestOptions, Limits};
use host_sandbox::GuestModule;
use serde_json::json;
use test_support::memory::{alone, status_kib};
use test_support::probe::with_memory;
use test_support::program;
use test_support::wat::assemble;

use crate::program::driver::{load, load_bytes};

/// The resident memory and the number of mappings of this process.
fn resident_kib_and_mappings() -> (u64, usize) {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has /proc");
    let kib = status_kib("self", "VmRSS").expect("Linux tells VmRSS");
    (kib, maps.lines().count())
}

fn start_and_kill(module: &GuestModule) {
    let mut guest = module.start(GuestOptions::default()).expect("it starts");
    let body = json!({"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": ["n1", "n2"]});
    let text = json!({"src": "c0", "dest": "n1", "body": body}).to_string();
    let event = Event {
        now_ns: 1,
        node: "n1",
        kind: EventKind::Message(&text),
    };
    guest.step(&event).expect("it waits");
}

/// The bounds are far above what the allocator retains, and far below what a leak would add.
#[track_caller]
fn check_no_growth(module: &GuestModule, times: usize) {
    for _ in 0..times / 10 {
        start_and_kill(module);
    }
    let (kib_before, mappings_before) = resident_kib_and_mappings();
    for _ in 0..times {
        start_and_kill(module);
    }
    let (kib, mappings) = resident_kib_and_mappings();
    assert!(kib < kib_before + (256 << 10), "{kib_before} -> {kib} KiB");
    assert!(
        mappings < mappings_before + 500,
        "{mappings_before} -> {mappings} mappings"
    );
}

#[test]
fn ten_thousand_starts_and_kills_leave_nothing_behind() {
    alone(
        "program::memory::ten_thousand_starts_and_kills_leave_nothing_behind",
        || {
            // Each writes to 256 KiB of memory: gigabytes if it leaked.
            let body = "(memory.fill (i32.const 8192) (i32.const 1) (i32.const 250000))
                 (loop $for_ever (drop (call $read (i32.const 100))) (br $for_ever))";
            let module = load_bytes(&with_memory(4, body), &Limits::default());
            check_no_growth(&module.expect("it loads"), 10_000);
        },
    );
}

#[test]
fn go_programs_with_timers_leave_nothing_behind() {
    alone(
        "program::memory::go_programs_with_timers_leave_nothing_behind",
        || check_no_growth(&load(&program("go-gossip"), &Limits::default()), 300),
    );
}

#[test]
fn programs_with_threads_leave_nothing_behind() {
    alone(
        "program::memory::programs_with_threads_leave_nothing_behind",
        || {
            // Four threads wait on stacks of their own, over 256 KiB of memory that is written to.
            let text = r#"(module
              (import "env" "memory" (memory 4 8 shared))
              (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
              (import "wasi_snapshot_preview1" "fd_read"
                (func $read (param i32 i32 i32 i32) (result i32)))
              (export "memory" (memory 0))
              (func $wait
                (loop $for_ever
                  (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 64))
                  (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
                  (br $for_ever)))
              (func (export "_start") (local $i i32)
                (memory.fill (i32.const 8192) (i32.const 1) (i32.const 250000))
                (loop $more
                  (drop (call $spawn (local.get $i)))
                  (br_if $more (i32.lt_u
                    (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
                (call $wait))
              (func (export "wasi_thread_start") (param i32 i32) (call $wait)))"#;
            let module = load_bytes(&assemble(text), &Limits::default());
            check_no_growth(&module.expect("it loads"), 2_000);
        },
    );
}
