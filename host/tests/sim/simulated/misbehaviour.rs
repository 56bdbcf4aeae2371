//! A node that misbehaves ends the run at once; the reason names it.

use host_check::validity::Validity;
use host_check::workload::Workload;
use host_sim::{Bounds, RunOptions};
use test_support::probe::probe;
use test_support::wat::assemble;

use crate::simulated::runs::{broadcast, module, options, run, stopped};
use crate::simulated::scripted::{INIT_OK, Step, from_the_start, guest};

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
fn a_message_to_nobody_is_no_loss_of_the_network() {
    for dest in ["n1", "n00", "c3", "kv", ""] {
        let effect =
            format!(r#"{{"send":{{"src":"n0","dest":"{dest}","body":{{"type":"hello"}}}}}}"#);
        check(
            &guest(&[Step::Say(&effect)]),
            &format!(
                "at 0 s, node n0: it sent a message to \"{dest}\", which does not exist\n  \
                 body: {{\"type\":\"hello\"}}\n  event: {ECHO}\n  \
                 [NOTHING DONE]"
            ),
        );
    }
}

#[test]
fn a_malformed_body_is_named() {
    let effect = r#"{"send":{"src":"n0","dest":"c2","body":["echo_ok"]}}"#;
    check(
        &guest(&[Step::Say(effect)]),
        &format!(
            "at 0 s, node n0: the guest failed in handle: effect 1 cannot be understood: the body \
             of a message is a JSON object\n  effect: {effect}\n  event: {ECHO}\n  \
             [NOTHING DONE]"
        ),
    );
}

#[test]
fn silence_after_init_ends_after_ten_seconds() {
    check(
        &from_the_start(&[]),
        "at 10 s, node n0: it did not answer init within 10 s",
    );
}

#[test]
fn init_has_one_right_answer() {
    let effect = r#"{"send":{"src":"n0","dest":"c0","body":{"type":"error","in_reply_to":1,"code":11,"text":"no"}}}"#;
    check(
        &from_the_start(&[Step::Say(effect)]),
        "at 0 s, node n0: its answer to init is wrong: expected init_ok, found error\n  \
         body: {\"type\":\"error\",\"in_reply_to\":1,\"code\":11,\"text\":\"no\"}",
    );
}

#[test]
fn the_workloads_own_preparation_is_needed_too() {
    let silent = module(&guest(&[]));
    let (report, _) = run(&silent, Workload::Broadcast, &options(1, 5), 1);
    assert_eq!(
        stopped(&report),
        "at 5 s, node n0: it did not answer topology within 5 s"
    );
}

#[test]
fn nothing_of_a_step_is_done_that_sends_to_nobody() {
    let effects = concat!(
        r#"{"send":{"src":"n0","dest":"c2","body":{"type":"echo_ok","in_reply_to":1}}}"#,
        "\n",
        r#"{"send":{"src":"n0","dest":"n7","body":{"type":"hello"}}}"#,
    );
    let guest = module(&guest(&[Step::Say(effects)]));
    let (_, journal) = run(&guest, Workload::Echo, &options(1, 5), 1);
    assert!(!journal.contains("echo_ok"), "{journal}");
}

#[test]
fn a_node_that_never_rests_meets_the_bound_of_the_run() {
    // Every event sends a message to itself: without latency, time stands still.
    let to_itself = concat!(
        r#"{"send":{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}}"#,
        "\n",
        r#"{"send":{"src":"n0","dest":"n0","body":{"type":"again"}}}"#,
    );
    let again = r#"{"send":{"src":"n0","dest":"n0","body":{"type":"again"}}}"#;
    let steps: Vec<Step<'_>> = std::iter::once(Step::Say(to_itself))
        .chain(std::iter::repeat_n(Step::Say(again), 200))
        .collect();
    let options = RunOptions {
        bounds: Bounds {
            steps: 100,
            ..Bounds::default()
        },
        ..options(1, 5)
    };
    check_with(
        &from_the_start(&steps),
        &options,
        "at 0 s, the nodes have handled more than 100 events (--max-steps); do they send or set \
         timers without end?",
    );
}

#[test]
fn a_node_that_sets_timers_for_ever_is_bounded_by_virtual_time() {
    let timer = r#"{"set_timer":{"id":1,"after_ns":0}}"#;
    let first = format!("{INIT_OK}\n{timer}");
    let steps: Vec<Step<'_>> = std::iter::once(Step::Say(&first))
        .chain(std::iter::repeat_n(Step::Say(timer), 1100))
        .collect();
    let options = RunOptions {
        rate: 0.0,
        ..options(1, 1)
    };
    let (report, _) = run(
        &module(&from_the_start(&steps)),
        Workload::Echo,
        &options,
        1,
    );
    // init, and a timer at each of 999 or 1000 milliseconds.
    assert!(
        (1000..=1001).contains(&report.used.steps),
        "{}",
        report.used.steps
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
            "the nodes have more than 3145728 bytes of memory together (--max-run-memory-mib)"
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
        "at 0.000010001 s, the nodes have handled more than 10000 events (--max-steps); do they send \
         or set timers without end?"
    );
}
