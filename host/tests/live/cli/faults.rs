//! Guests that trap, loop, exceed a limit or return invalid answers: the node ends with
//! code 1 and names the guest's function, the event and the reason. Messages of earlier
//! steps are on stdout, those of the failed step are not.

use expect_test::{Expect, expect};

use test_support::wat::returning;
use test_support::{Dir, GO, INIT};

/// Runs the guest `name` with `init` and two requests, at which it fails.
#[track_caller]
fn fails<'a>(name: &str, flags: impl IntoIterator<Item = &'a str>, expected: Expect) {
    let dir = Dir::new();
    let node = dir.node(dir.guest(name)).args(flags);
    node.input(format!("{INIT}{GO}{GO}")).is(expected);
}

#[test]
fn a_trap_names_the_guests_functions_and_the_event() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("trap"));
    node.input(format!("{INIT}{GO}{GO}"))
        .is_exactly(expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: trap: integer divide by zero
          in: average < go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          nothing that this step asked for was done
    "#]]);
}

#[test]
fn a_panic_shows_its_message_and_the_function_that_panicked() {
    fails(
        "panic",
        [],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: panicked at src/lib.rs:7:9: no value for key 3
          in: store_value < go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          stderr: thread '<unnamed>' panicked at src/lib.rs:7:9:
          stderr: no value for key 3
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn the_message_of_a_panic_is_shown_even_when_much_was_printed_before() {
    let dir = Dir::new();
    let ended = dir
        .node(dir.guest("says_much_then_panics"))
        .input(format!("{INIT}{GO}"));
    let last = ended.stderr.lines().rev().nth(1).unwrap();
    assert_eq!(
        last, "  stderr: panicked at src/lib.rs:7:9: no value for key 3",
        "{ended}"
    );
}

#[test]
fn a_function_of_the_guest_is_named_even_if_it_begins_like_one_of_a_library() {
    fails(
        "abort_in_name",
        [],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: trap: wasm `unreachable` instruction executed
          in: abort_transaction < go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_trap_in_alloc_is_told_apart_from_one_in_handle() {
    fails(
        "trap_in_alloc",
        [],
        expect![[r#"
        exit code 1
        ---- stderr
        error: the guest failed in alloc: trap: wasm `unreachable` instruction executed
          in: alloc
          event: message {"id":0,"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_trap_in_the_start_function_is_an_error_before_the_first_event() {
    fails(
        "trap_in_start",
        [],
        expect![[r#"
        exit code 1
        ---- stderr
        error: the guest failed in its start: trap: wasm `unreachable` instruction executed
          in: begin
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    fails(
        "loop",
        ["--max-fuel", "1000000"],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: out of fuel: a step may use 1000000 units (--max-fuel); does it loop for ever?
          in: go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn an_endless_loop_in_the_start_function_runs_out_of_fuel() {
    fails(
        "loop_in_start",
        ["--max-fuel", "1000000"],
        expect![[r#"
        exit code 1
        ---- stderr
        error: the guest failed in its start: out of fuel: a step may use 1000000 units (--max-fuel); does it loop for ever?
          in: begin
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn an_endless_loop_in_initialize_runs_out_of_fuel() {
    fails(
        "loop_in_initialize",
        ["--max-fuel", "1000000"],
        expect![[r#"
            exit code 1
            ---- stderr
            error: the guest failed in its start: out of fuel: a step may use 1000000 units (--max-fuel); does it loop for ever?
              in: begin
              [NOTHING DONE]
        "#]],
    );
}

#[test]
fn fuel_is_for_one_step_and_does_not_run_out_over_many() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("fuel_hungry"));
    let steps = 20;
    let ended = node
        .args(["--max-fuel", "1500000"])
        .input(INIT.to_owned() + &GO.repeat(steps));
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert_eq!(ended.stdout.lines().count(), 1 + steps, "{ended}");
}

#[test]
fn an_endless_loop_with_fuel_for_ever_runs_out_of_time() {
    let flags = ["--max-fuel", "18446744073709551615", "--max-step-ms", "1"];
    fails(
        "loop",
        flags,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: out of time: a step may take 1 ms (--max-step-ms)
          in: go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_start_function_with_fuel_for_ever_runs_out_of_time() {
    let flags = ["--max-fuel", "18446744073709551615", "--max-step-ms", "1"];
    fails(
        "loop_in_start",
        flags,
        expect![[r#"
        exit code 1
        ---- stderr
        error: the guest failed in its start: out of time: a step may take 1 ms (--max-step-ms)
          in: begin
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_guest_that_dies_for_want_of_memory_did_not_just_trap() {
    fails(
        "memory_bomb",
        [],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: out of memory: it asked for 134283264 bytes and may have 134217728 (--max-memory-mib)
          in: handle_alloc_error < go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn the_memory_limit_can_be_lowered() {
    fails(
        "memory_bomb",
        ["--max-memory-mib", "1"],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: out of memory: it asked for 4259840 bytes and may have 1048576 (--max-memory-mib)
          in: handle_alloc_error < go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_guest_that_copes_with_refused_memory_goes_on() {
    fails(
        "memory_refused",
        [],
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"ffffffffffffffff"}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"ffffffffffffffff"}}
    "#]],
    );
}

#[test]
fn memory_refused_in_one_step_does_not_explain_a_trap_in_the_next() {
    fails(
        "memory_refused_then_trap",
        [],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        {"src":"n1","dest":"c1","body":{"type":"value","value":"ffffffffffffffff"}}
        ---- stderr
        error: the guest failed in handle: trap: wasm `unreachable` instruction executed
          in: go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_table_bomb_is_refused() {
    fails(
        "table_bomb",
        [],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: table too large: it asked for 100001 elements and may have 100000
          in: go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn the_limit_on_tables_is_for_all_of_them_together() {
    fails(
        "tables_together",
        [],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: table too large: it asked for 200000 elements and may have 100000
          in: go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn unbounded_recursion_overflows_the_guests_stack_not_the_hosts() {
    fails(
        "recursion",
        [],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: stack overflow: does it recurse for ever?
          in: descend < descend < descend < descend < descend < descend < descend < descend
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn leaving_through_proc_exit_is_a_failure_whatever_the_code() {
    fails(
        "exit",
        [],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: it exited with code 0; a node runs until it is stopped
          in: go < handle
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn alloc_may_not_answer_with_an_address_outside_of_memory() {
    fails(
        "alloc_outside",
        [],
        expect![[r#"
        exit code 1
        ---- stderr
        error: the guest failed in alloc: the range it returned, 139 bytes at address 4294967288, is not inside its memory of 65536 bytes
          event: message {"id":0,"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn the_size_of_the_memory_in_a_message_is_the_one_after_the_call() {
    fails(
        "alloc_grows_outside",
        [],
        expect![[r#"
        exit code 1
        ---- stderr
        error: the guest failed in alloc: the range it returned, 139 bytes at address 4294967288, is not inside its memory of 131072 bytes
          event: message {"id":0,"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}
          [NOTHING DONE]
    "#]],
    );
}

/// Runs a guest whose `handle` returns this range for GO.
#[track_caller]
fn returns(ptr: u32, len: u32, expected: Expect) {
    let dir = Dir::new();
    let packed = u64::from(ptr) << 32 | u64::from(len);
    let module = dir.module("returns.wasm", &returning(&format!("(i64.const {packed})")));
    dir.node(module).input(format!("{INIT}{GO}")).is(expected);
}

/// Runs a guest whose `handle` returns an effect of GO, pointer and length swapped.
#[track_caller]
fn returns_swapped(ptr: u32, expected: Expect) {
    let dir = Dir::new();
    let effect = r#"{"log":{"text":"hi"}}"#;
    let packed = (effect.len() as u64) << 32 | u64::from(ptr);
    let escaped = effect.replace('"', "\\22");
    let data = format!("(i64.const {packed}))\n(data (i32.const {ptr}) \"{escaped}\"");
    let module = dir.module("swapped.wasm", &returning(&data));
    dir.node(module).input(format!("{INIT}{GO}")).is(expected);
}

#[test]
fn pointer_and_length_that_are_swapped_get_a_hint() {
    returns_swapped(
        40_000,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 1 cannot be understood: expected value at line 1 column 1
          effect: dest":"c0","body":{"type":"init_ok","in_reply_to":1}}}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}{"send":{"src":"n1","dest":"c1","body":{"type":"value","value":"0123456789abcdef"}}}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}… (39800 more bytes)
          hint: pointer and length are swapped: the effects are 21 bytes at address 40000; return (pointer << 32) | length
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_returned_range_may_not_begin_behind_the_memory() {
    returns(
        65_536,
        1,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: the range it returned, 1 bytes at address 65536, is not inside its memory of 65536 bytes
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_returned_range_may_not_end_behind_the_memory() {
    returns(
        65_530,
        7,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: the range it returned, 7 bytes at address 65530, is not inside its memory of 65536 bytes
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_returned_range_may_not_wrap_around() {
    returns(
        u32::MAX,
        2,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: the range it returned, 2 bytes at address 4294967295, is not inside its memory of 65536 bytes
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_negative_length_is_a_very_large_one() {
    returns(
        0,
        u32::MAX,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: 4294967295 bytes of output: a step may return 8388608 (--max-output-bytes)
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_huge_length_is_too_much_output() {
    returns(
        0,
        8_388_609,
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: 8388609 bytes of output: a step may return 8388608 (--max-output-bytes)
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn a_length_of_zero_means_nothing_whatever_the_pointer() {
    returns(
        u32::MAX,
        0,
        expect![[r#"
        exit code 0
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
    "#]],
    );
}

#[test]
fn what_a_step_printed_before_it_answered_nonsense_is_shown() {
    fails(
        "says_then_nonsense",
        [],
        expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
        ---- stderr
        error: the guest failed in handle: effect 1 cannot be understood: expected value at line 1 column 1
          effect: the queue
          event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
          stderr: the queue has 3 entries
          [NOTHING DONE]
    "#]],
    );
}

#[test]
fn names_from_the_module_cannot_control_the_terminal() {
    let dir = Dir::new();
    let text = returning(r#"(call $"\u{1b}[2Jevil") (i64.const 0)"#).replace(
        "(memory ",
        r#"(func $"\u{1b}[2Jevil" (unreachable)) (memory "#,
    );
    let module = dir.module("names.wasm", &text);
    dir.node(module)
        .input(format!("{INIT}{GO}"))
        .is(expect![[r#"
            exit code 1
            ---- stdout
            {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
            ---- stderr
            error: the guest failed in handle: trap: wasm `unreachable` instruction executed
              in: \u{1b}[2Jevil < go < handle
              event: message {"id":1,"src":"c1","dest":"n1","body":{"type":"go","msg_id":2}}
              [NOTHING DONE]
        "#]]);
}

#[test]
fn a_guest_that_fails_does_so_with_code_1_even_if_nobody_reads_stderr() {
    let dir = Dir::new();
    let node = dir.node(dir.guest("trap"));
    let (stdin, stdout) = (std::process::Stdio::piped(), std::process::Stdio::piped());
    let node = node.start_with(stdin, stdout, test_support::closed_pipe());
    node.write(format!("{INIT}{GO}")).end().is(expect![[r#"
        exit code 1
        ---- stdout
        {"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}
    "#]]);
}
