//! A node that misbehaves ends the run at once; the reason names it.

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::{Bounds, RunOptions};
use test_support::probe::probe;
use test_support::wat::assemble;

use crate::simulated::runs::{broadcast, module, options, run, stopped};
use crate::simulated::scripted::{Step, guest};

/// Runs one node, whose first operation comes at 0 s.
#[track_caller]
fn check(wasm: &[u8], expected: &str) {
    check_with(wasm, &options(1, 5), expected);
}

#[track_caller]
fn check_with(wasm: &[u8], options: &RunOptions, expected: &str) {
    let (report, _) = run(&module(wasm), Workload::Echo, options, 1);
    assert_eq!(stopped(&report), expected);
    assert_eq!(report.valid(), Validity::False);
}

const ECHO: &str =
    r#"message {"src":"c2","dest":"n0","body":{"echo":"Please echo 68","type":"echo","msg_id":1}}"#;

#[test]
fn a_trap_is_told_with_its_event() {
    check(
        &guest(&[Step::Trap]),
        &format!(
            "at 0 s, node n0: the guest failed in handle: trap: wasm `unreachable` instruction \
             executed\n  in: handle\n  event: {ECHO}\n  [NOTHING DONE]"
        ),
    );
}

#[test]
fn an_exit_is_told_too() {
    check(
        &guest(&[Step::Exit(3)]),
        &format!(
            "at 0 s, node n0: the guest failed in handle: it exited with code 3; a node runs \
             until it is stopped\n  in: handle\n  event: {ECHO}\n  [NOTHING DONE]"
        ),
    );
}

#[test]
fn an_infinite_loop_runs_out_of_fuel() {
    let mut options = options(1, 5);
    options.limits.fuel = 1_000_000;
    check_with(
        &guest(&[Step::Loop]),
        &options,
        &format!(
            "at 0 s, node n0: the guest failed in handle: out of fuel: a step may use 1000000 \
             units (--max-fuel); does it loop for ever?\n  in: handle\n  event: {ECHO}\n  \
             [NOTHING DONE]"
        ),
    );
}

#[test]
fn the_fuel_and_the_memory_of_all_nodes_together_are_bounded() {
    let mut options = options(5, 10);
    options.bounds.fuel = 100_000;
    let (report, _) = run(broadcast(), Workload::Broadcast, &options, 1);
    let text = stopped(&report);
    assert!(
        text.ends_with(
            "the nodes have used more than 100000 units of fuel together (--max-run-fuel)"
        ),
        "{text}"
    );
    // One step more than the bound allows, and no further.
    assert!(report.used.fuel < 200_000, "{:?}", report.used);

    options.bounds = Bounds {
        memory_bytes: 3 << 20,
        ..Bounds::default()
    };
    let (report, _) = run(broadcast(), Workload::Broadcast, &options, 1);
    let text = stopped(&report);
    assert!(
        text.ends_with(
            "the nodes, their disks and the services hold more than 3145728 bytes together (--max-run-memory-mib)"
        ),
        "{text}"
    );
}

#[test]
fn nodes_that_begin_with_much_memory_do_not_all_begin() {
    let greedy = assemble(
        r#"(module
             (memory (export "memory") 1)
             (func (export "maelstrom_abi_v1"))
             (func (export "_initialize") (drop (memory.grow (i32.const 1599))))
             (func (export "alloc") (param i32) (result i32) (i32.const 0))
             (func (export "handle") (param i32 i32) (result i64) (i64.const 0)))"#,
    );
    let mut options = options(25, 10);
    options.bounds.memory_bytes = 256 << 20;
    let (report, _) = run(&module(&greedy), Workload::Broadcast, &options, 1);
    assert!(stopped(&report).contains("--max-run-memory-mib"));
    // Of 100 MiB each, the third is one too many.
    assert_eq!(report.used.memory_bytes, 300 << 20);
}

/// Why a run of a program stopped.
fn program_stopped(body: &str) -> String {
    let mut options = RunOptions {
        rate: 10.0,
        ..options(1, 5)
    };
    options.bounds.steps = 10_000;
    let (report, _) = run(&module(&probe(body)), Workload::Echo, &options, 1);
    stopped(&report)
}

#[test]
fn a_program_that_exits_is_reported_with_the_node_and_the_event() {
    assert_eq!(
        program_stopped("(call $exit (i32.const 3))"),
        "at 0 s, node n0: the guest failed in _start: it exited with code 3; a node runs until it \
         is stopped\n  \
         in: _start\n  \
         event: message {\"src\":\"c0\",\"dest\":\"n0\",\"body\":{\"node_id\":\"n0\",\
         \"node_ids\":[\"n0\"],\"type\":\"init\",\"msg_id\":1}}\n  \
         [NOTHING DONE]"
    );
}

#[test]
fn a_program_that_waits_for_nanoseconds_cannot_stop_time() {
    let body = "(call $on_clock (i32.const 0) (i64.const 1) (i64.const 1) (i32.const 0))
         (loop $again
           (drop (call $poll (i32.const 0) (i32.const 1024) (i32.const 1) (i32.const 3036)))
           (br $again))";
    assert_eq!(
        program_stopped(body),
        "at 0.00001 s, the nodes have handled more than 10000 events (--max-steps); do they send \
         or set timers without end?"
    );
}
