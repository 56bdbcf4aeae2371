//! What calls into the host cost.

use std::fmt::Write as _;

use host_guest::{Event, EventKind, Guest, GuestError, GuestOptions, Limits};

use super::fuel::CALL_UNITS;
use super::{FUNCTIONS, PROC_EXIT};
use crate::{GuestModule, Sandbox};

const EVENT: Event<'_> = Event {
    now_ns: 1,
    node: "n1",
    kind: EventKind::Message("{}"),
};

fn load(text: &str) -> GuestModule {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let sandbox = Sandbox::new(None).unwrap();
    sandbox.load_bytes(&wasm, &Limits::default()).unwrap()
}

fn started(text: &str) -> Box<dyn Guest + Send> {
    load(text).start(GuestOptions::default()).unwrap()
}

/// Imports all functions, as `$f0`, `$f1` and so on.
fn imports() -> String {
    let mut text = String::new();
    for (index, (name, params)) in FUNCTIONS.iter().enumerate() {
        write!(
            text,
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func $f{index} (param"
        )
        .unwrap();
        for param in params.chars() {
            text.push_str(if param == 'I' { " i64" } else { " i32" });
        }
        text.push_str(") (result i32)))\n");
    }
    text + "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
}

/// A call of function number `index`, with all bits of its arguments set or none.
fn call_of(index: usize, argument: i32) -> String {
    let constant = |param| match param {
        'I' => format!("(i64.const {argument})"),
        _ => format!("(i32.const {argument})"),
    };
    let arguments: String = FUNCTIONS[index].1.chars().map(constant).collect();
    format!("(drop (call $f{index} {arguments}))")
}

/// A guest of the ABI whose every step does `body`.
fn library(body: &str) -> String {
    format!(
        "(module {}
           (memory (export \"memory\") 1)
           (func (export \"maelstrom_abi_v1\") unreachable)
           (func (export \"alloc\") (param i32) (result i32) (i32.const 1024))
           (func (export \"handle\") (param i32 i32) (result i64) {body} (i64.const 0)))",
        imports()
    )
}

/// A program that does `body` and ends.
fn program(body: &str) -> String {
    let imports = imports();
    format!("(module {imports} (memory (export \"memory\") 1) (func (export \"_start\") {body}))")
}

/// The fuel of a step, which may fail.
fn fuel(text: &str) -> u64 {
    let mut guest = started(text);
    let before = guest.fuel_used();
    let _ = guest.step(&EVENT);
    guest.fuel_used() - before
}

#[test]
fn every_function_is_charged_for_whatever_its_arguments() {
    for guest in [library, program] {
        let nothing = fuel(&guest(""));
        for (index, (name, _)) in FUNCTIONS.iter().enumerate() {
            for argument in [-1, 0, 1, 70_000] {
                let used = fuel(&guest(&call_of(index, argument)));
                assert!(
                    used >= nothing + CALL_UNITS,
                    "{name}({argument}, …): {used} units"
                );
            }
        }
        let used = fuel(&guest("(call $exit (i32.const 1))"));
        assert!(used >= nothing + CALL_UNITS, "{PROC_EXIT}: {used} units");
    }
}

fn failure(text: &str) -> Box<GuestError> {
    started(text).step(&EVENT).unwrap_err()
}

/// A guest that returns `len` bytes at address 2048 of a memory of `pages` pages.
fn returning(pages: u32, data: &str, len: u32) -> String {
    format!(
        "(module
           (memory (export \"memory\") {pages})
           (data (i32.const 2048) \"{data}\")
           (func (export \"maelstrom_abi_v1\") unreachable)
           (func (export \"alloc\") (param i32) (result i32) (i32.const 1024))
           (func (export \"handle\") (param i32 i32) (result i64)
             (i64.const {})))",
        (2048_u64 << 32) | u64::from(len)
    )
}

#[test]
fn bytes_that_are_returned_and_effects_are_charged_for() {
    let effect = r"{\22cancel_timer\22:{\22id\22:1}}\0a";
    let text = "{\"cancel_timer\":{\"id\":1}}\n";
    let nothing = fuel(&returning(1, "", 0));
    let bytes = u32::try_from(text.len()).unwrap();
    let used = |count: u32| fuel(&returning(1, &effect.repeat(count as usize), bytes * count));
    // Prices of docs/grading.md: 15 for a byte, 8,000 for an effect.
    assert_eq!(used(1) - nothing, u64::from(bytes) * 15 + 8_000);
    assert_eq!(used(100) - nothing, u64::from(bytes) * 1_500 + 800_000);
}

#[test]
fn what_is_delivered_is_charged_for() {
    let of = |text: &str| {
        let mut guest = started(&returning(1, "", 0));
        let before = guest.fuel_used();
        let kind = EventKind::Message(text);
        guest.step(&Event { kind, ..EVENT }).unwrap();
        guest.fuel_used() - before
    };
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(992));
    // 5 for a byte.
    assert_eq!(of(&long) - of("{}"), 5 * (long.len() as u64 - 2));
}

#[test]
fn a_loop_of_loops_is_not_free() {
    // A `loop` was free: 100 of them and one branch cost as much as the branch.
    let loops = "(loop)".repeat(100);
    let text = library(&format!("(loop $again {loops} (br $again))"));
    let error = failure(&text).to_string();
    assert!(error.contains("out of fuel"), "{error}");
    let nothing = fuel(&library(""));
    let once = fuel(&library(&loops));
    assert!(once - nothing >= 500, "{once} {nothing}");
}

#[test]
fn memory_that_a_guest_may_not_have_is_refused_and_no_failure_of_the_host() {
    // Beyond what 32 bits can address, beyond the module's own maximum, beyond the limit.
    for grow in ["65536", "65535", "3", "1"] {
        let text = format!(
            "(module
               (memory (export \"memory\") 1 2)
               (func (export \"maelstrom_abi_v1\") unreachable)
               (func (export \"alloc\") (param i32) (result i32) (i32.const 1024))
               (func (export \"handle\") (param i32 i32) (result i64)
                 (if (i32.ne (memory.grow (i32.const {grow})) (i32.const {})) (then unreachable))
                 (i64.const 0)))",
            if grow == "1" { 1 } else { -1 }
        );
        assert_eq!(
            started(&text).step(&EVENT).map(|effects| effects.len()),
            Ok(0),
            "{grow}"
        );
    }
}

#[test]
fn a_guest_that_has_failed_is_not_called_again() {
    let text = "(module
       (memory (export \"memory\") 1)
       (func (export \"maelstrom_abi_v1\") unreachable)
       (func (export \"alloc\") (param i32) (result i32) (i32.const 1024))
       (func (export \"handle\") (param i32 i32) (result i64) (i64.const 0))
       (func (export \"snapshot\") (result i64) unreachable)
       (func (export \"restore\") (param i32 i32) (result i32) (i32.const 0)))";
    let mut guest = started(text);
    assert!(guest.step(&EVENT).is_ok());
    let error = guest.snapshot().unwrap_err();
    assert_eq!(error.kind.name(), "trap");
    for error in [
        guest.step(&EVENT).map(|_| ()).unwrap_err(),
        guest.snapshot().map(|_| ()).unwrap_err(),
        guest.restore(b"{}").unwrap_err(),
    ] {
        assert_eq!(
            error.kind.to_string(),
            "it has failed before, and is not called again"
        );
    }
}
