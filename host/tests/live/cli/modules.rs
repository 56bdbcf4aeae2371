//! Files that are not guests are rejected with code 3 before any of their code runs, with
//! all reasons at once. A file that cannot be read ends with code 254.

use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use expect_test::{Expect, expect};

use test_support::wat::{assemble, guest_text, returning};
use test_support::{Dir, Ended, INIT, with_placeholders};

/// Runs the file `name` with these contents as a node.
fn hand_in(name: &str, contents: impl AsRef<[u8]>) -> Ended {
    let dir = Dir::new();
    let file = dir.write(name, contents);
    dir.node(file).input(INIT)
}

/// Runs a module with this text as a node.
#[track_caller]
fn rejected(text: &str, expected: Expect) {
    hand_in("guest.wasm", assemble(text)).is(expected);
}

/// Inspects a module with this text, which a user may load and nobody may submit for this reason.
#[track_caller]
fn refused_as_submission(text: &str, reason: &str) {
    let dir = Dir::new();
    let file = dir.module("guest.wasm", text);
    let inspected = dir.host().arg("inspect").arg(file).input("");
    assert_eq!(inspected.code(), Some(0), "{inspected}");
    let (_, told) = inspected
        .stdout
        .split_once("\nIt would ")
        .expect("it says so");
    assert_eq!(
        told,
        format!("load, and as a submission it would not:\n  - {reason}\n")
    );
}

/// A module with the required exports of a guest, and `fields`.
fn guest_with(fields: &str) -> String {
    format!(
        "(module {fields}
           (memory (export \"memory\") 1)
           (func (export \"maelstrom_abi_v1\"))
           (func (export \"alloc\") (param i32) (result i32) (i32.const 0))
           (func (export \"handle\") (param i32 i32) (result i64) (i64.const 0)))"
    )
}

// ---- Files that are something else ---------------------------------------------------

#[test]
fn the_least_that_a_guest_must_have_is_enough() {
    rejected(
        &guest_with(""),
        expect![[r#"
        exit code 0
    "#]],
    );
}

#[test]
fn no_such_file() {
    let dir = Dir::new();
    dir.node(dir.path("nothing.wasm"))
        .input(INIT)
        .is(expect![[r#"
            exit code 254
            ---- stderr
            error: cannot read the module [DIR]/nothing.wasm: No such file or directory (os error 2)
        "#]]);
}

#[test]
fn a_directory() {
    let dir = Dir::new();
    dir.node(dir.make_dir("guest.wasm"))
        .input(INIT)
        .is(expect![[r#"
            exit code 254
            ---- stderr
            error: cannot read the module [DIR]/guest.wasm: Is a directory (os error 21)
        "#]]);
}

#[test]
fn an_empty_file() {
    hand_in("guest.wasm", "").is_exactly(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm cannot be loaded:
          - the file is empty
    "#]]);
}

#[test]
fn a_text() {
    hand_in("notes.wasm", "Dear diary,\n").is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/notes.wasm [CANNOT BE LOADED]
          - this is not WebAssembly: it does not begin with the bytes "\0asm"
    "#]]);
}

#[test]
fn the_text_format() {
    hand_in("golden_v1.wat", guest_text("golden_v1")).is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/golden_v1.wat [CANNOT BE LOADED]
          - this is the text format of WebAssembly; assemble it first, for example with wat2wasm
    "#]]);
}

#[test]
fn a_native_program() {
    let mut start = Vec::new();
    let program = File::open(test_support::host()).unwrap();
    program.take(4096).read_to_end(&mut start).unwrap();
    hand_in("guest", start).is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest [CANNOT BE LOADED]
          - this is a native program (ELF), not WebAssembly; build it with --target wasm32-wasip1
    "#]]);
}

#[test]
fn a_file_that_is_too_large_is_not_read_to_its_end() {
    let dir = Dir::new();
    let large = dir.write("large.wasm", "");
    let file = File::options().write(true).open(&large).unwrap();
    file.set_len(1 << 40).unwrap();
    dir.node(&large).input(INIT).is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/large.wasm [CANNOT BE LOADED]
          - the file has more than 33554432 bytes
    "#]]);
    dir.node("/dev/zero").input(INIT).is(expect![[r#"
        exit code 254
        ---- stderr
        error: cannot read the module /dev/zero: it is not a regular file, but a pipe or a device
    "#]]);
}

#[test]
fn a_component() {
    rejected(
        "(component)",
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - this is a WebAssembly component, not a core module; build it with --target wasm32-wasip1 (not wasip2)
    "#]],
    );
}

#[test]
fn a_version_of_webassembly_that_does_not_exist() {
    hand_in("guest.wasm", b"\0asm\x02\0\0\0").is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - this is WebAssembly of an unknown version; version 1 is the only one there is
    "#]]);
}

#[test]
fn machine_code_that_was_compiled_earlier() {
    let engine = wasmtime::Engine::default();
    let wasm = assemble(&guest_with(""));
    let code = engine.precompile_module(&wasm).unwrap();
    hand_in("guest.cwasm", code).is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.cwasm [CANNOT BE LOADED]
          - this is machine code that wasmtime compiled earlier, which is never trusted; hand in the .wasm module itself
    "#]]);
}

// ---- Damage --------------------------------------------------------------------------

#[test]
fn a_module_cut_off_anywhere_is_rejected() {
    let wasm = assemble(&guest_text("golden_v1"));
    let sections = sections(&wasm);
    // Without names, or without names and data, it is still a module.
    let [.., data_section, name_section] = sections[..] else {
        panic!("{sections:?}");
    };
    let dir = Dir::new();
    // At every byte of the header, around the starts of all sections, and in between.
    let cuts = (0..12)
        .chain(sections.iter().flat_map(|at| at - 1..at + 4))
        .chain((12..name_section).step_by(97));
    for cut in cuts.filter(|cut| *cut < name_section && *cut != data_section) {
        let file = dir.write("guest.wasm", &wasm[..cut]);
        let ended = dir.node(file).input(INIT);
        let first = "exit code 3\n---- stderr\nerror: [DIR]/guest.wasm [CANNOT BE LOADED]\n  - ";
        let shown = with_placeholders(&ended.to_string());
        assert!(shown.starts_with(first), "cut after {cut} bytes: {ended}");
        assert!(!ended.stderr.contains("panicked"), "{cut}: {ended}");
    }
}

/// The offsets of the sections of a module.
fn sections(wasm: &[u8]) -> Vec<usize> {
    let mut sections = Vec::new();
    let mut at = 8;
    while at < wasm.len() {
        sections.push(at);
        let (mut size, mut shift) = (0, 0);
        loop {
            at += 1;
            size |= usize::from(wasm[at] & 0x7f) << shift;
            shift += 7;
            if wasm[at] & 0x80 == 0 {
                break;
            }
        }
        at += 1 + size;
    }
    sections
}

#[test]
fn a_header_cut_off() {
    hand_in("guest.wasm", b"\0asm\x01").is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - the file is cut off: it ends inside the first 8 bytes
    "#]]);
}

#[test]
fn a_section_cut_off() {
    let wasm = assemble(&guest_with(""));
    hand_in("guest.wasm", &wasm[..30]).is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - the file is cut off or damaged: it ends too early (at byte 27)
    "#]]);
}

#[test]
fn code_cut_off() {
    let wasm = assemble(&guest_with(""));
    hand_in("guest.wasm", &wasm[..wasm.len() - 1]).is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - the file is cut off or damaged: it ends too early (at byte 96)
    "#]]);
}

#[test]
fn a_section_that_does_not_exist() {
    let mut wasm = assemble(&guest_with(""));
    wasm.extend_from_slice(&[0x63, 1, 0]);
    hand_in("guest.wasm", wasm).is(expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - the module is invalid: malformed section id: 99 (at offset 0x66)
    "#]]);
}

#[test]
fn a_function_whose_types_do_not_fit() {
    rejected(
        &guest_with("(func $sum (result i32) (i32.add (i32.const 1) (i64.const 2)))"),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - the module is invalid: type mismatch: expected i32, found i64 (at offset 0x62)
        "#]],
    );
}

#[test]
fn a_function_with_nothing_inside() {
    rejected(
        &guest_with("(func (result i32))"),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - the module is invalid: type mismatch: expected i32 but nothing on stack (at offset 0x5e)
        "#]],
    );
}

#[test]
fn flipping_any_byte_never_breaks_the_host() {
    let wasm = assemble(&returning("(i64.const 0)"));
    let dir = Dir::new();
    for at in (0..wasm.len()).step_by(11) {
        let mut damaged = wasm.clone();
        damaged[at] ^= 0x55;
        let file = dir.write("guest.wasm", damaged);
        let ended = dir.node(file).args(["--max-fuel", "1000000"]).input(INIT);
        assert!(matches!(ended.code(), Some(0 | 1 | 3)), "{at}: {ended}");
        assert!(!ended.stderr.contains("panicked"), "{at}: {ended}");
    }
}

// ---- Not this ABI --------------------------------------------------------------------

#[test]
fn another_version_of_the_abi() {
    rejected(
        "(module (memory (export \"memory\") 1) (func (export \"maelstrom_abi_v2\")))",
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it speaks the guest ABI of maelstrom_abi_v2, this host that of maelstrom_abi_v1; build it with a matching SDK
        "#]],
    );
}

#[test]
fn two_versions_of_the_abi_at_once_run_as_the_known_one() {
    rejected(
        &guest_with("(func (export \"maelstrom_abi_v2\"))"),
        expect![[r#"
            exit code 0
        "#]],
    );
}

#[test]
fn a_marker_that_is_no_function() {
    rejected(
        "(module
           (memory (export \"memory\") 1)
           (global (export \"maelstrom_abi_v1\") i32 (i32.const 1))
           (func (export \"alloc\") (param i32) (result i32) (i32.const 0))
           (func (export \"handle\") (param i32 i32) (result i64) (i64.const 0)))",
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it exports maelstrom_abi_v1 as global; a guest's is () -> ()
        "#]],
    );
}

#[test]
fn no_marker() {
    rejected(
        "(module (memory (export \"memory\") 1))",
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - it is not a guest: it exports neither maelstrom_abi_v1 (docs/abi.md) nor _start (docs/programs.md)
    "#]],
    );
}

#[test]
fn a_program_without_a_memory() {
    rejected(
        "(module (func (export \"_start\")))",
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it does not export its memory
        "#]],
    );
}

#[test]
fn exports_that_are_missing_are_all_named() {
    rejected(
        "(module (func (export \"maelstrom_abi_v1\")))",
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it does not export its memory
              - it does not export alloc (i32) -> i32
              - it does not export handle (i32, i32) -> i64
        "#]],
    );
}

#[test]
fn no_handle() {
    rejected(
        "(module
           (memory (export \"memory\") 1)
           (func (export \"maelstrom_abi_v1\"))
           (func (export \"alloc\") (param i32) (result i32) (i32.const 0)))",
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it does not export handle (i32, i32) -> i64
        "#]],
    );
}

#[test]
fn exports_of_the_wrong_type_are_all_named() {
    rejected(
        "(module
           (memory (export \"memory\") 1)
           (func (export \"maelstrom_abi_v1\"))
           (func (export \"alloc\") (param i64) (result i32) (i32.const 0))
           (func (export \"handle\") (param i32 i32) (result i32 i32) (i32.const 0) (i32.const 0))
           (func (export \"_initialize\") (param i32))
           (func (export \"snapshot\") (result i32) (i32.const 0))
           (global (export \"restore\") i32 (i32.const 0)))",
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it exports alloc as (i64) -> i32; a guest's is (i32) -> i32
              - it exports handle as (i32, i32) -> (i32, i32); a guest's is (i32, i32) -> i64
              - it exports snapshot as () -> i32; a guest's is () -> i64
              - it exports restore as global; a guest's is (i32, i32) -> i32
              - it exports _initialize as (i32) -> (); a guest's is () -> ()
        "#]],
    );
}

#[test]
fn snapshot_without_restore() {
    rejected(
        &guest_with("(func (export \"snapshot\") (result i64) (i64.const 0))"),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it exports only one of snapshot and restore; they need each other
        "#]],
    );
}

#[test]
fn restore_without_snapshot() {
    rejected(
        &guest_with("(func (export \"restore\") (param i32 i32) (result i32) (i32.const 0))"),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it exports only one of snapshot and restore; they need each other
        "#]],
    );
}

// ---- Imports -------------------------------------------------------------------------

#[test]
fn imports_that_this_host_does_not_have_are_all_named() {
    rejected(
        &guest_with(
            "(import \"env\" \"foo\" (func (param i32 i64 f32 f64) (result i32)))
             (import \"wbg\" \"__wbindgen_throw\" (func (param i32 i32)))
             (import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32) (result i32)))
             (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32) (result i32)))
             (import \"wasi_snapshot_preview1\" \"fd_teleport\" (func))
             (import \"wasi_snapshot_preview1\" \"sched_yield\" (global i32))
             (import \"wasi_unstable\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))
             (import \"env\" \"table\" (table 1 funcref))",
        ),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it imports env::foo (i32, i64, f32, f64) -> i32, which this host does not have: a guest may import from wasi_snapshot_preview1 only
              - it imports wbg::__wbindgen_throw (i32, i32) -> (), which this host does not have: a guest may import from wasi_snapshot_preview1 only
              - it imports wasi_snapshot_preview1::fd_write (i32, i32) -> i32, but the type of that function is (i32, i32, i32, i32) -> i32
              - it imports wasi_snapshot_preview1::proc_exit (i32) -> i32, but the type of that function is (i32) -> ()
              - it imports wasi_snapshot_preview1::fd_teleport () -> (), which is not a function of WASI preview 1
              - it imports wasi_snapshot_preview1::sched_yield global, but the type of that function is () -> i32
              - it imports wasi_unstable::fd_write (i32, i32, i32, i32) -> i32, which this host does not have: a guest may import from wasi_snapshot_preview1 only
              - it imports env::table table, which this host does not have: a guest may import from wasi_snapshot_preview1 only
        "#]],
    );
}

#[test]
fn an_imported_memory() {
    rejected(
        "(module
           (import \"env\" \"memory\" (memory 1))
           (export \"memory\" (memory 0))
           (func (export \"maelstrom_abi_v1\"))
           (func (export \"alloc\") (param i32) (result i32) (i32.const 0))
           (func (export \"handle\") (param i32 i32) (result i64) (i64.const 0)))",
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it imports env::memory memory, which this host does not have: a guest may import from wasi_snapshot_preview1 only
        "#]],
    );
}

#[test]
fn names_of_imports_cannot_control_the_terminal() {
    rejected(
        &guest_with("(import \"env\\1b[2J\" \"a\\07\\0aerror: all is well\" (func))"),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - it imports env\u{1b}[2J::a\u{7}\nerror: all is well () -> (), which this host does not have: a guest may import from wasi_snapshot_preview1 only
        "#]],
    );
}

#[test]
fn names_that_the_validator_quotes_cannot_control_the_terminal() {
    let twice = "(export \"x\\1b[2J\\0aerror: all is well\" (func 0))".repeat(2);
    rejected(
        &guest_with(&twice),
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - the module is invalid: duplicate export name `x\u{1b}[2J\nerror: all is well` already defined (at offset 0x42)
    "#]],
    );
}

#[test]
fn a_thousand_unknown_imports_do_not_fill_the_screen() {
    let mut imports = String::new();
    for n in 0..1000 {
        let _ = write!(imports, "(import \"env\" \"function_{n}\" (func))");
    }
    let ended = hand_in("guest.wasm", assemble(&guest_with(&imports)));
    assert_eq!(ended.code(), Some(3), "{ended}");
    assert!(ended.stderr.lines().count() < 100, "{ended}");
}

// ---- Above the limits ----------------------------------------------------------------

#[test]
fn memory_that_is_too_large_from_the_beginning() {
    let text = guest_with("").replace(
        "(memory (export \"memory\") 1)",
        "(memory (export \"memory\") 2049)",
    );
    rejected(
        &text,
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - its initial memory has 134283264 bytes; the limit is 134217728
    "#]],
    );
}

#[test]
fn memory_as_large_as_it_may_be() {
    let text = guest_with("").replace(
        "(memory (export \"memory\") 1)",
        "(memory (export \"memory\") 2048)",
    );
    rejected(
        &text,
        expect![[r#"
        exit code 0
    "#]],
    );
}

#[test]
fn tables_that_are_too_large_together_from_the_beginning() {
    rejected(
        &guest_with("(table 60000 funcref) (table 60000 funcref)"),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - its tables have 120000 elements; the limit is 100000
        "#]],
    );
}

#[test]
fn too_many_locals() {
    let locals = "i64 ".repeat(5001);
    refused_as_submission(
        &guest_with(&format!("(func (local {locals}))")),
        "its function with the most has 5001 locals; the limit is 5000",
    );
}

#[test]
fn as_many_locals_as_there_may_be() {
    let locals = "i64 ".repeat(5000);
    rejected(
        &guest_with(&format!("(func (local {locals}))")),
        expect![[r#"
            exit code 0
        "#]],
    );
}

#[test]
fn a_function_that_is_too_long() {
    let nops = "nop ".repeat(512 << 10);
    refused_as_submission(
        &guest_with(&format!("(func {nops})")),
        "its largest function has 524290 bytes; the limit is 524288",
    );
}

#[test]
fn a_function_that_is_too_much_to_compile() {
    let (locals, nops) = ("i64 ".repeat(4000), "nop ".repeat(20_000));
    refused_as_submission(
        &guest_with(&format!("(func (local {locals}) {nops})")),
        "function 0 has 20005 bytes of code over 4000 locals, too much to compile in bounded time; split it",
    );
}

#[test]
fn many_functions_that_are_too_much_to_compile_together() {
    // A few bytes each, and a quarter of a microsecond to compile for each local.
    let function = format!("(func (local {}))", "i64 ".repeat(5000));
    refused_as_submission(
        &guest_with(&function.repeat(300)),
        "its functions have together 1500000 locals; the limit is 1000000",
    );
}

#[test]
fn too_many_functions() {
    let functions = "(func)".repeat(49_998);
    refused_as_submission(
        &guest_with(&functions),
        "its code section has 50001 functions; the limit is 50000",
    );
}

#[test]
fn a_module_that_is_too_much_in_every_way_says_all_of_it() {
    let text = guest_with("(import \"env\" \"foo\" (func)) (table 200000 funcref)").replace(
        "(memory (export \"memory\") 1)",
        "(memory (export \"memory\") 65536)",
    );
    rejected(
        &text,
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - it imports env::foo () -> (), which this host does not have: a guest may import from wasi_snapshot_preview1 only
          - its initial memory has 4294967296 bytes; the limit is 134217728
          - its tables have 200000 elements; the limit is 100000
    "#]],
    );
}

// ---- WebAssembly that is not allowed here --------------------------------------------

#[test]
fn tail_calls() {
    rejected(
        &guest_with("(func $f (return_call $f))"),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - the module is invalid: tail calls support is not enabled (at offset 0x5a)
        "#]],
    );
}

#[test]
fn relaxed_simd() {
    rejected(
        &guest_with(
            "(func (param v128 v128) (result v128)
           (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))",
        ),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - the module is invalid: relaxed SIMD support is not enabled (at offset 0x64)
        "#]],
    );
}

#[test]
fn a_memory_that_is_shared() {
    rejected(
        &guest_with("").replace("\"memory\") 1)", "\"memory\") 1 1 shared)"),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - its memory is shared and not imported; link it with --import-memory, as the target wasm32-wasip1-threads does
        "#]],
    );
    rejected(
        &guest_with("(import \"env\" \"memory\" (memory 1 1 shared))").replace(
            "(memory (export \"memory\") 1)",
            "(export \"memory\" (memory 0))",
        ),
        expect![[r#"
            exit code 3
            ---- stderr
            error: [DIR]/guest.wasm [CANNOT BE LOADED]
              - a guest of the ABI has one thread, and its memory is not imported; build it with --target wasm32-wasip1
        "#]],
    );
}

#[test]
fn atomic_instructions_on_a_memory_of_its_own() {
    rejected(
        &guest_with("(func (result i32) (memory.atomic.notify (i32.const 0) (i32.const 1)))"),
        expect![[r#"
            exit code 0
        "#]],
    );
}

#[test]
fn memory_of_64_bits() {
    let text = guest_with("").replace("\"memory\") 1)", "\"memory\") i64 1)");
    rejected(
        &text,
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - the module is invalid: memory64 must be enabled for 64-bit memories (at offset 0x22)
    "#]],
    );
}

#[test]
fn a_second_memory() {
    rejected(
        &guest_with("(memory 1)"),
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - it has 2 memories; a guest may have one
    "#]],
    );
}

#[test]
fn exceptions() {
    rejected(
        &guest_with("(tag $t) (func (throw $t))"),
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - the module is invalid: exceptions proposal not enabled (at offset 0x27)
    "#]],
    );
}

#[test]
fn garbage_collection() {
    rejected(
        &guest_with("(type $s (struct (field i32)))"),
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - the module is invalid: cannot define struct types when gc types are disabled (at offset 0xb)
    "#]],
    );
}

#[test]
fn references_to_things_of_the_host() {
    rejected(
        &guest_with("(table 1 externref)"),
        expect![[r#"
        exit code 3
        ---- stderr
        error: [DIR]/guest.wasm [CANNOT BE LOADED]
          - the module is invalid: gc types are disallowed but found type which requires gc (at offset 0x22)
    "#]],
    );
}

#[test]
fn inspect_gives_the_same_reasons_as_the_node() {
    let modules = [
        "(module)".to_owned(),
        guest_with("(import \"env\" \"foo\" (func))"),
        guest_with("(table 200000 funcref)"),
        guest_with("(func (result i32))"),
        guest_with("(func $f (return_call $f))"),
        guest_with("").replace("\"memory\") 1)", "\"memory\") 1 1 shared)"),
        guest_with("(memory 1)"),
        guest_with("(tag $t) (func (throw $t))"),
        guest_with("(type $s (struct (field i32)))"),
        guest_with("(table 1 externref)"),
    ];
    let reasons = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("  - "));
        lines.map(str::to_owned).collect()
    };
    let dir = Dir::new();
    for text in modules {
        let file = dir.module("guest.wasm", &text);
        let loaded = dir.node(&file).input(INIT);
        let inspected = dir.host().arg("inspect").arg(&file).input("");
        assert_eq!(inspected.code(), Some(3), "{text}: {inspected}");
        assert_eq!(
            reasons(&inspected.stdout),
            reasons(&loaded.stderr),
            "{text}"
        );
    }
}

#[test]
fn what_docs_abi_md_allows_beyond_version_1_of_webassembly_is_allowed() {
    rejected(
        &guest_with(
            "(global $g (export \"g\") (mut i32) (i32.const 0))
             (table $t 1 funcref)
             (func (param i32) (result i32) (i32.extend8_s (local.get 0)))
             (func (param f64) (result i32) (i32.trunc_sat_f64_s (local.get 0)))
             (func (result i32 i64) (i32.const 1) (i64.const 2))
             (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))
             (func (param funcref) (table.set $t (i32.const 0) (local.get 0)))
             (func (param v128) (result v128) (i8x16.add (local.get 0) (local.get 0)))",
        ),
        expect![[r#"
            exit code 0
        "#]],
    );
}

#[test]
fn the_message_shows_the_path_as_it_was_given() {
    let dir = Dir::new();
    dir.write("guest.wasm", "");
    dir.node(Path::new("guest.wasm")).input("").is(expect![[r#"
            exit code 3
            ---- stderr
            error: guest.wasm [CANNOT BE LOADED]
              - the file is empty
        "#]]);
}

#[test]
fn a_pipe_is_no_module_and_is_not_waited_for() {
    let dir = Dir::new();
    dir.fifo("pipe.wasm");
    for command in [["--module", "pipe.wasm"], ["inspect", "pipe.wasm"]] {
        dir.host().args(command).end().is(expect![[r#"
            exit code 254
            ---- stderr
            error: cannot read the module pipe.wasm: it is not a regular file, but a pipe or a device
        "#]]);
    }
}
